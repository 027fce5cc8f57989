//! Sandboxes on AGS, for the bridge.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ags_http::{Body, BoxFuture, body};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use swerex_ags_deployment::{
    Account, QUOTA_PATIENCE, Step, TencentAgsDeployment, TencentAgsDeploymentConfig,
};
use swerex_ags_runtime::{AgsRuntime, Error};
use swerex_proto::{Action, Command, ExceptionBody, route};

use super::{
    address::Address,
    attached, reply,
    sandbox::{CallFailed, Sandbox, Stage, StartProblem, Starter},
};

/// The largest body that is kept so that it can be sent again, in bytes; larger ones stream through once.
const LARGEST_KEPT: u64 = 4 << 20;

/// Time for calls that run no command, in addition to the transfer itself.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(3600);

/// Time for a sandbox that was ready to say that it still is.
const ALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// Starts sandboxes of one account; the image is the address's, everything else the configuration's.
#[derive(Clone, Debug)]
pub(crate) struct AgsStarter {
    pub(crate) config: TencentAgsDeploymentConfig,
    pub(crate) account: Account,
}

#[derive(Debug)]
struct AgsSandbox {
    runtime: AgsRuntime,
    deployment: tokio::sync::Mutex<TencentAgsDeployment>,
}

impl Starter for AgsStarter {
    fn start(
        &self,
        address: &Address,
        stage: Stage,
    ) -> BoxFuture<'static, Result<Arc<dyn Sandbox>, StartProblem>> {
        let mut config = self.config.clone();
        config.image.clone_from(&address.image);
        let account = self.account.clone();
        Box::pin(async move {
            let mut deployment = TencentAgsDeployment::with_account(config, account)
                .map_err(|error| problem(&error))?
                // Agents wait for each other's sandboxes to end.
                .with_quota_patience(QUOTA_PATIENCE)
                .with_hook(Arc::new(move |step: &Step| stage.set(step.to_string())));
            deployment.start().await.map_err(|error| problem(&error))?;
            let runtime = deployment
                .runtime()
                .map_err(|error| StartProblem(error.to_string()))?
                .clone();
            let sandbox: Arc<dyn Sandbox> = Arc::new(AgsSandbox {
                runtime,
                deployment: deployment.into(),
            });
            Ok(sandbox)
        })
    }
}

impl Sandbox for AgsSandbox {
    fn call(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, CallFailed>> {
        Box::pin(self.pass_on(request))
    }

    fn is_alive(&self) -> BoxFuture<'_, bool> {
        Box::pin(async {
            let answer = self.runtime.is_alive(ALIVE_TIMEOUT).await;
            answer.is_ok_and(|answer| answer.is_alive)
        })
    }

    fn stop(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async {
            self.deployment
                .lock()
                .await
                .stop()
                .await
                .map_err(|error| chain(&error))
        })
    }
}

impl AgsSandbox {
    async fn pass_on(&self, request: Request<Body>) -> Result<Response<Body>, CallFailed> {
        let (parts, incoming) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let length = parts
            .headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if length.is_none_or(|length| length > LARGEST_KEPT) {
            // Sent on as it comes, once.
            let once = Mutex::new(Some(incoming));
            let again = || {
                Error::Invalid(
                    "the gateway wants another token, but this body cannot be sent twice"
                        .to_owned(),
                )
            };
            let make = move || {
                once.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take()
                    .ok_or_else(again)
            };
            return self.forward(&path, parts.headers, make).await;
        }
        let limit = usize::try_from(LARGEST_KEPT).unwrap_or(usize::MAX);
        let bytes = body::collect(incoming, limit)
            .await
            .map_err(|error| CallFailed::Unreachable(chain(&error)))?;
        // Commands go through the runtime's own calls, which know how long to wait and what may be repeated. What they do not understand is
        // the server's to refuse, in its own words.
        if path == route::EXECUTE
            && let Some(command) = parsed::<Command>(&bytes)
        {
            return answered(self.runtime.execute(&command).await);
        }
        if path == attached::PATH
            && let Some(command) = parsed::<Command>(&bytes)
        {
            return answered(attached::execute(&self.runtime, command).await);
        }
        if path == route::RUN_IN_SESSION
            && let Some(action) = parsed::<Action>(&bytes)
        {
            return answered(self.runtime.run_in_session(&action).await);
        }
        self.forward(&path, parts.headers, move || Ok(body::full(bytes.clone())))
            .await
    }

    async fn forward(
        &self,
        path: &str,
        headers: HeaderMap,
        body: impl Fn() -> Result<Body, Error> + Send + Sync + 'static,
    ) -> Result<Response<Body>, CallFailed> {
        self.runtime
            .forward(path, headers, body, Some(TRANSFER_TIMEOUT))
            .await
            .map_err(failed)
    }
}

fn parsed<T: DeserializeOwned>(bytes: &Bytes) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}

/// A typed outcome as the answer it came from.
fn answered<T: Serialize>(outcome: Result<T, Error>) -> Result<Response<Body>, CallFailed> {
    let json = |status, text: Result<Vec<u8>, serde_json::Error>| match text {
        Ok(text) => Ok(reply::with_body(status, body::full(text))),
        Err(error) => Err(CallFailed::Unreachable(error.to_string())),
    };
    match outcome {
        Ok(value) => json(StatusCode::OK, serde_json::to_vec(&value)),
        Err(Error::Remote(error)) => {
            let status = StatusCode::from_u16(reply::STATUS_EXCEPTION)
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            json(status, serde_json::to_vec(&ExceptionBody::from(error)))
        }
        Err(error) => Err(failed(error)),
    }
}

fn failed(error: Error) -> CallFailed {
    if error.is_environment_expired() {
        CallFailed::Gone(chain(&error))
    } else {
        CallFailed::Unreachable(chain(&error))
    }
}

fn problem(error: &swerex_ags_deployment::StartFailed) -> StartProblem {
    let mut text = chain(error);
    if let Some(hint) = error.hint() {
        text.push_str("; ");
        text.push_str(hint);
    }
    StartProblem(text)
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
