//! A tool that one deployment made for itself: it goes with it, whatever happens.

use std::time::Duration;

use ags_api::model::{DescribeSandboxToolListRequest, Filter};
use tokio::time::Instant;
use uuid::Uuid;

use super::{api, state};
use crate::{
    account::{Account, Leftover},
    ask::may_be_there,
    budget::Budget,
    config::TencentAgsDeploymentConfig,
    error::{StartFailed, StopFailed},
    requests,
};

/// How long a deletion is tried, with growing pauses between these: the tool's instances may be stopping for minutes.
const DELETE_PATIENCE: Duration = Duration::from_secs(300);
const DELETE_PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(15));

/// A tool that is deleted in the background when it is dropped.
#[derive(Debug)]
pub(crate) struct OwnTool {
    account: Account,
    id: Option<String>,
}

/// Makes one. The question runs on if this future is dropped, so that its answer is not lost.
pub(crate) async fn create(
    account: &Account,
    config: &TencentAgsDeploymentConfig,
    name: &str,
    clock: &Budget,
) -> Result<OwnTool, StartFailed> {
    let request = requests::tool(config, name, &Uuid::new_v4().to_string());
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let (asking, name) = (account.clone(), name.to_owned());
    let limit = clock.for_a_call();
    account.in_background("a tool", async move {
        let outcome = match asking.client().within(limit).call(&request).await {
            Ok(answer) => answer.reply.tool_id.ok_or(None),
            Err(error) => Err(Some(error)),
        };
        let to_be_found = match &outcome {
            Ok(_) => false,
            Err(None) => true,
            Err(Some(error)) => may_be_there(error),
        };
        let outcome = match outcome {
            Ok(id) => Ok(OwnTool {
                account: asking.clone(),
                id: Some(id),
            }),
            Err(Some(error)) => Err(api(error)),
            Err(None) => Err(state("AGS created a tool without an id".to_owned())),
        };
        // Nobody there to take it: dropping the tool deletes it.
        drop(sender.send(outcome));
        if to_be_found {
            delete_unanswered(&asking, &name).await;
        }
    });
    receiver
        .await
        .map_err(|_| state("the start was interrupted".to_owned()))?
}

/// Looks for a tool whose creation was not answered, and deletes it: nobody else has its name.
async fn delete_unanswered(account: &Account, name: &str) {
    let filter = Filter {
        name: Some("ToolName".to_owned()),
        values: Some(vec![name.to_owned()]),
        ..Default::default()
    };
    let request = DescribeSandboxToolListRequest {
        filters: Some(vec![filter]),
        ..Default::default()
    };
    let found = match account.client().call(&request).await {
        Ok(answer) => answer.reply.sandbox_tool_set.unwrap_or_default(),
        Err(error) => {
            tracing::warn!(name, %error, "the tool of an unanswered creation cannot be looked for; `swerex-ags tool gc` does it");
            return;
        }
    };
    for tool in found {
        if tool.tool_name.as_deref() == Some(name) {
            drop(OwnTool {
                account: account.clone(),
                id: tool.tool_id,
            });
        }
    }
}

impl OwnTool {
    pub(crate) fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// Leaves the tool as it is.
    pub(crate) fn keep(mut self) {
        self.id = None;
    }

    /// Deletes it now. One whose instances are still stopping is left to the background; after an error it can be tried again.
    pub(crate) async fn delete(&mut self) -> Result<(), StopFailed> {
        let Some(id) = self.id.clone() else {
            return Ok(());
        };
        match self.account.client().delete_tool_if_there(&id).await {
            Ok(_) => {
                self.id = None;
                Ok(())
            }
            // Dropping it does the rest.
            Err(error) if is_in_use(&error) => Ok(()),
            Err(error) => Err(StopFailed {
                what: format!("tool {id}"),
                source: error,
            }),
        }
    }
}

impl Drop for OwnTool {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let (account, tool_id) = (self.account.clone(), id.clone());
        self.account.in_background(&tool_id, async move {
            let until = Instant::now() + DELETE_PATIENCE;
            let mut pause = DELETE_PAUSE.0;
            loop {
                let Err(error) = account.client().delete_tool_if_there(&id).await else {
                    return;
                };
                let may_pass = is_in_use(&error) || error.is_retryable();
                if !may_pass || Instant::now() + pause > until {
                    tracing::error!(tool_id = id, %error, "a tool could not be deleted; `swerex-ags tool gc` does it");
                    let what = format!("tool {id}");
                    account.not_stopped(Leftover::Tool(id), StopFailed { what, source: error });
                    return;
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(DELETE_PAUSE.1);
            }
        });
    }
}

fn is_in_use(error: &ags_api::Error) -> bool {
    error
        .code()
        .is_some_and(|code| code.as_str() == "ResourceInUse.SandboxTool")
}
