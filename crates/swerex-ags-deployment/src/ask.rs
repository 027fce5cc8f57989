//! Asking AGS for an instance: whatever comes of it, and whoever still waits for it, the instance is somebody's.

use std::time::Duration;

use ags_api::{
    Error, ErrorKind, Phase,
    model::{DescribeSandboxInstanceListRequest, SandboxInstance},
};
use ags_http::Reached;
use uuid::Uuid;

use crate::{
    account::{Account, Leftover},
    config::TencentAgsDeploymentConfig,
    error::{Cause, Left, Stage, StartFailed},
    instance::{Guard, has_ended},
    marks, requests,
};

/// When an instance is looked for whose start was not answered, each after the one before.
const LOOKS: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(15),
];

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
    account.in_background("a start", async move {
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
            stop_unanswered(&asking, &start).await;
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
                ErrorKind::Internal
                    | ErrorKind::Unavailable
                    | ErrorKind::InProgress
                    | ErrorKind::Other
            ),
            _ => false,
        };
    !is_certain
}

/// Looks for the instance of a start that was not answered, for a while, and stops it.
async fn stop_unanswered(account: &Account, start: &str) {
    let mut was_listed = false;
    for pause in LOOKS {
        tokio::time::sleep(pause).await;
        was_listed = false;
        let request = DescribeSandboxInstanceListRequest::default();
        let all = match account.client().list_all(&request).await {
            Ok(all) => all,
            Err(error) => {
                tracing::warn!(start, %error, "the instance of an unanswered start cannot be looked for");
                continue;
            }
        };
        was_listed = true;
        let Some(found) = all
            .iter()
            .find(|instance| marks::start_of(instance) == Some(start))
        else {
            continue;
        };
        if !found.status.as_ref().is_some_and(has_ended) {
            let instance_id = found.instance_id.as_deref().unwrap_or_default();
            tracing::warn!(
                start,
                instance_id,
                "AGS started it without saying so; stopping it"
            );
            if let Err(error) = account.stop_instance(instance_id).await {
                tracing::error!(instance_id, cause = %error.source, "it could not be stopped");
                account.not_stopped(Leftover::Instance(instance_id.to_owned()), error);
                return;
            }
        }
        if let Some(journal) = account.journal() {
            journal.over(start);
        }
        return;
    }
    tracing::warn!(
        start,
        "AGS did not answer a start and lists no instance of it"
    );
    if was_listed && let Some(journal) = account.journal() {
        journal.over(start);
    }
}
