//! A tool that one deployment made for itself: it goes with it, whatever happens.

use uuid::Uuid;

use super::{api, state};
use crate::{
    account::{Account, Leftover},
    ask::{Trace, trace},
    budget::Budget,
    config::TencentAgsDeploymentConfig,
    error::{Left, StartFailed, StopFailed},
    requests,
};

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
    let what = format!("the creation of the tool {name}, which AGS has not answered");
    account.in_background(what, async move {
        let outcome = match asking.client().within(limit).call(&request).await {
            Ok(answer) => answer.reply.tool_id.ok_or(None),
            Err(error) => Err(Some(error)),
        };
        let trace = match &outcome {
            Ok(_) => Trace::None,
            Err(None) => Trace::Likely,
            Err(Some(error)) => trace(error),
        };
        let outcome = match outcome {
            Ok(id) => Ok(OwnTool {
                account: asking.clone(),
                id: Some(id),
            }),
            Err(Some(error)) => Err(api(error)),
            Err(None) => Err(state("AGS created a tool without an id".to_owned())),
        };
        let left = if trace == Trace::Likely {
            Left::UnknownTool(name.as_str().into())
        } else {
            Left::Nothing
        };
        // Nobody there to take it: dropping the tool deletes it.
        drop(sender.send(outcome.map_err(|failed| failed.leaving(left))));
        match trace {
            Trace::Likely => asking.end_unanswered(Leftover::Creation(name)).await,
            Trace::Unlikely => {
                asking.end_refused(Leftover::Creation(name)).await;
            }
            Trace::None => {}
        }
    });
    receiver
        .await
        .map_err(|_| state("the start was interrupted".to_owned()))?
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
            Err(error) if super::is_in_use(&error) => Ok(()),
            Err(error) => Err(StopFailed::new(Leftover::Tool(id), error)),
        }
    }
}

impl Drop for OwnTool {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.account.abandon(Leftover::Tool(id));
        }
    }
}
