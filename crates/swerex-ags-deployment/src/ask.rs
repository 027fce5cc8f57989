//! Asking AGS for an instance: whatever comes of it, and whoever still waits for it, the instance is somebody's.

use std::time::Duration;

use ags_api::{Error, ErrorKind, Phase, model::SandboxInstance};
use ags_http::Reached;
use uuid::Uuid;

use crate::{
    account::{Account, Leftover},
    config::TencentAgsDeploymentConfig,
    error::{Cause, Left, Stage, StartFailed},
    instance::Guard,
    requests,
};

/// Asks once, for at most `limit`, without the time in the queue of our own limits. The question runs on if this future is dropped, so that its answer is not lost: whatever comes of it is stopped.
pub(crate) async fn for_instance(
    account: &Account,
    config: &TencentAgsDeploymentConfig,
    tool_id: &str,
    limit: Duration,
) -> Result<(Guard, SandboxInstance), StartFailed> {
    let start = Uuid::new_v4().to_string();
    let request = requests::instance(config, tool_id, &start);
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let asking = account.clone();
    let name = format!("the start {start}, which AGS has not answered");
    account.in_background(name, async move {
        if let Some(journal) = asking.journal() {
            journal.asked(&start);
        }
        let (outcome, may_be_there) = match asking.client().within(limit).call(&request).await {
            Ok(answer) => {
                let instance = answer.reply.instance.unwrap_or_default();
                match instance.instance_id.clone() {
                    Some(id) => {
                        if let Some(journal) = asking.journal() {
                            journal.started(&start, &id);
                        }
                        (Ok((Guard::new(asking.clone(), id), instance)), false)
                    }
                    None => {
                        let message = format!(
                            "AGS started an instance without an id (request id {})",
                            answer.request_id
                        );
                        (Err(Cause::State(message)), true)
                    }
                }
            }
            Err(error) => {
                let may_be_there = may_be_there(&error);
                (Err(Cause::Api(error)), may_be_there)
            }
        };
        let is_error = outcome.is_err();
        // Nobody there to take it: dropping the guard stops it.
        let left = if may_be_there {
            Left::Unknown
        } else {
            Left::Nothing
        };
        let failed = |cause| StartFailed::new(Stage::Instance, cause).leaving(left);
        drop(sender.send(outcome.map_err(failed)));
        if may_be_there {
            asking.end_unanswered(Leftover::Start(start)).await;
        } else if is_error && let Some(journal) = asking.journal() {
            journal.over(&start);
        }
    });
    let lost = |_| {
        let cause = Cause::State("the start was interrupted".to_owned());
        StartFailed::new(Stage::Instance, cause)
    };
    receiver.await.map_err(lost)?
}

/// Whether AGS may have made what was asked for all the same.
pub(crate) fn may_be_there(error: &Error) -> bool {
    // An earlier attempt may have been carried out, whatever the last one says.
    let is_certain = error.attempts() <= 1
        && match error.phase() {
            Phase::Invalid { .. } | Phase::Credential(_) => true,
            Phase::Transport(error) => error.reached() == Reached::NotSent,
            Phase::Service { code, .. } => !matches!(
                code.kind(),
                // It stands for something that was made.
                ErrorKind::Conflict
                    | ErrorKind::Internal
                    | ErrorKind::Unavailable
                    | ErrorKind::InProgress
                    | ErrorKind::Other
            ),
            _ => false,
        };
    !is_certain
}
