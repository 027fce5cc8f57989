//! Sandboxes that outlive the program that started them: leaving one running, and coming back to it.

use super::{
    AgsRuntime, Guard, NotStarted, Running, Stage, StartFailed, TencentAgsDeployment, start::Laps,
};
use crate::{
    budget::Budget,
    error::Cause,
    instance::{Progress, ended, progress},
    server_key,
};

impl TencentAgsDeployment {
    /// Leaves the started sandbox running and gives its id; so does a tool of its own. It ends with its lifetime, or when somebody stops it.
    ///
    /// # Errors
    /// [`NotStarted`].
    pub fn keep(mut self) -> Result<String, NotStarted> {
        let Running { guard, tool, .. } = self.running.take().ok_or(NotStarted)?;
        if let Some(own) = tool.own {
            own.keep();
        }
        Ok(Guard::keep(guard))
    }

    /// The runtime of an instance that runs already, whoever started it: its server is at this configuration's `port`, and its key is the one
    /// that AGS tells of the instance, else the configuration's. The instance stays somebody else's to stop.
    ///
    /// All of it may take `startup_timeout`.
    ///
    /// # Errors
    /// [`StartFailed`]: there is no such instance, it does not run, or its server does not answer.
    pub async fn attach(&self, instance_id: &str) -> Result<AgsRuntime, StartFailed> {
        let clock = Budget::of(self.config.startup_timeout);
        let look = async {
            let looked = self.account.board().instance(instance_id).await;
            looked.map_err(|error| StartFailed::new(Stage::Instance, Cause::Api(error)))
        };
        let instance = clock.bound(Stage::Instance, "the instance", look).await?;
        let key = match instance {
            None => {
                let message = format!(
                    "there is no instance {instance_id} in {}",
                    self.config.region
                );
                let missing = StartFailed::new(Stage::Instance, Cause::State(message));
                return Err(missing.with_hint("check the id and the region"));
            }
            Some(instance) => {
                let status = instance.status.clone().unwrap_or_default();
                if progress(&status) == Progress::Failed {
                    return Err(ended(&instance));
                }
                server_key::of(&instance).or_else(|| self.config.auth_token.clone())
            }
        };
        let mut laps = Laps::new(&self.account);
        let (runtime, _) = self.reach(instance_id, key, &clock, &mut laps).await?;
        Ok(runtime)
    }
}
