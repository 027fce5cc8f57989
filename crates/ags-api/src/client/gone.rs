//! Endings for which it is as good if the resource is gone already.

use crate::{
    client::Client,
    error::Error,
    model::{DeleteSandboxToolRequest, StopSandboxInstanceRequest},
};

impl Client {
    /// Stops an instance; `false` if it was gone already.
    ///
    /// The stop is accepted, not over: the instance may be `STOPPING` for minutes.
    ///
    /// # Errors
    /// As [`Client::call`], except that an instance that does not exist is no error.
    pub async fn stop_if_there(&self, instance_id: &str) -> Result<bool, Error> {
        let request = StopSandboxInstanceRequest {
            instance_id: Some(instance_id.to_owned()),
            ..Default::default()
        };
        was_there(self.call(&request).await)
    }

    /// Deletes a tool; `false` if it was gone already.
    ///
    /// # Errors
    /// As [`Client::call`], except that a tool that does not exist is no error.
    pub async fn delete_tool_if_there(&self, tool_id: &str) -> Result<bool, Error> {
        let request = DeleteSandboxToolRequest {
            tool_id: Some(tool_id.to_owned()),
            ..Default::default()
        };
        was_there(self.call(&request).await)
    }
}

fn was_there<T>(ended: Result<T, Error>) -> Result<bool, Error> {
    match ended {
        Ok(_) => Ok(true),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}
