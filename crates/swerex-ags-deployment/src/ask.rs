//! Asking AGS for an instance: whatever comes of it, and whoever still waits for it, the instance is somebody's.

use std::time::Duration;

use ags_api::{Error, ErrorKind, model::SandboxInstance};
use swerex_ags_runtime::Secret;
use uuid::Uuid;

use crate::{
    account::{Account, Leftover},
    config::TencentAgsDeploymentConfig,
    error::{Cause, Left, Stage, StartFailed},
    instance::Guard,
    requests, server_key,
    tool::Tool,
};

/// An instance that was asked for and is there.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) guard: Guard,
    pub(crate) instance: SandboxInstance,
    /// What its server was told to ask for.
    pub(crate) key: Option<Secret>,
}

/// Asks once, for at most `limit`, without the time in the queue of our own limits. The question runs on if this future is dropped, so that its answer is not lost: whatever comes of it is stopped.
pub(crate) async fn for_instance(
    account: &Account,
    config: &TencentAgsDeploymentConfig,
    tool: &Tool,
    limit: Duration,
) -> Result<Asked, StartFailed> {
    let start = Uuid::new_v4().to_string();
    let (key, environment) = if tool.has_own_server {
        (None, None)
    } else {
        let no_key = || {
            let why = "this system gives no random numbers for the server's key".to_owned();
            StartFailed::new(Stage::Instance, Cause::State(why))
        };
        let (key, environment) = server_key::given(config, &tool.environment).ok_or_else(no_key)?;
        (Some(key), Some(environment))
    };
    let request = requests::instance(config, &tool.id, &start, environment);
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let asking = account.clone();
    let name = format!("the start {start}, which AGS has not answered");
    account.in_background(name, async move {
        if let Some(journal) = asking.journal() {
            journal.asked(&start);
        }
        let (outcome, trace) = match asking.client().within(limit).call(&request).await {
            Ok(answer) => {
                let instance = answer.reply.instance.unwrap_or_default();
                match instance.instance_id.clone() {
                    Some(id) => {
                        if let Some(journal) = asking.journal() {
                            journal.started(&start, &id);
                        }
                        let guard = Guard::new(asking.clone(), id);
                        let asked = Asked {
                            guard,
                            instance,
                            key,
                        };
                        (Ok(asked), Trace::None)
                    }
                    None => {
                        let message = format!(
                            "AGS started an instance without an id (request id {})",
                            answer.request_id
                        );
                        (Err(Cause::State(message)), Trace::Likely)
                    }
                }
            }
            Err(error) => {
                let trace = trace(&error);
                (Err(Cause::Api(error)), trace)
            }
        };
        let is_error = outcome.is_err();
        // Nobody there to take it: dropping the guard stops it.
        let left = if trace == Trace::Likely {
            Left::Unknown
        } else {
            Left::Nothing
        };
        let failed = |cause| StartFailed::new(Stage::Instance, cause).leaving(left);
        drop(sender.send(outcome.map_err(failed)));
        match trace {
            Trace::Likely => {
                asking.end_unanswered(Leftover::Start(start)).await;
                return;
            }
            Trace::Unlikely if asking.end_refused(Leftover::Start(start.clone())).await => return,
            Trace::Unlikely | Trace::None => {}
        }
        if is_error && let Some(journal) = asking.journal() {
            journal.over(&start);
        }
    });
    let lost = |_| {
        let cause = Cause::State("the start was interrupted".to_owned());
        StartFailed::new(Stage::Instance, cause)
    };
    receiver.await.map_err(lost)?
}

/// What a failed request may have left behind all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trace {
    /// Nothing: it was not sent, or was refused before anything was done.
    None,
    /// Nothing by all that is known: AGS answered that it did not. What that answer means is documented of few.
    Unlikely,
    /// Nobody knows: there was no answer, or one of trouble inside.
    Likely,
}

/// What AGS may have made of a request although it failed.
pub(crate) fn trace(error: &Error) -> Trace {
    if error.may_be_done() {
        return Trace::Likely;
    }
    match error.kind() {
        Some(
            // It stands for something that was made.
            ErrorKind::Conflict | ErrorKind::Unavailable | ErrorKind::Other,
        ) => Trace::Unlikely,
        _ => Trace::None,
    }
}
