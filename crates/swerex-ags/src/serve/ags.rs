//! Sandboxes on AGS, for the bridge.

use std::{sync::Arc, time::Duration};

use ags_http::{Body, BoxFuture, text::with_causes};
use http::{HeaderMap, Request, Response, header};
use swerex_ags_deployment::{
    Account, QUOTA_PATIENCE, Step, TencentAgsDeployment, TencentAgsDeploymentConfig,
};
use swerex_ags_runtime::{AgsRuntime, Error, Forwarded};
use swerex_proto::{Command, route};

use super::{
    address::Address,
    attached,
    book::Book,
    reply,
    sandbox::{CallFailed, Sandbox, Stage, StartProblem, Starter},
    spool::kept,
};

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
    /// For a server that remembers only its last answer.
    book: Book,
    /// Who can tell what became of it.
    account: Account,
    instance_id: String,
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
            let mut deployment = TencentAgsDeployment::with_account(config, account.clone())
                .map_err(|error| problem(&error))?
                // Agents wait for each other's sandboxes to end.
                .with_quota_patience(QUOTA_PATIENCE)
                .with_hook(Arc::new(move |step: &Step| stage.set(step.to_string())));
            deployment.start().await.map_err(|error| problem(&error))?;
            let runtime = deployment
                .runtime()
                .map_err(|error| StartProblem(error.to_string()))?
                .clone();
            let instance_id = deployment
                .instance_id()
                .map_err(|error| StartProblem(error.to_string()))?
                .to_owned();
            let sandbox: Arc<dyn Sandbox> = Arc::new(AgsSandbox {
                runtime,
                book: Book::default(),
                account,
                instance_id,
                deployment: deployment.into(),
            });
            Ok(sandbox)
        })
    }
}

impl Sandbox for AgsSandbox {
    fn call(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, CallFailed>> {
        Box::pin(async {
            match self.pass_on(request).await {
                Err(CallFailed::Gone(why)) => Err(CallFailed::Gone(self.and_fate(why).await)),
                outcome => outcome,
            }
        })
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
                .map_err(|error| with_causes(&error))
        })
    }
}

impl AgsSandbox {
    /// Why it is gone, and what AGS says became of it.
    async fn and_fate(&self, why: String) -> String {
        match self.account.fate(&self.instance_id).await {
            Some(fate) => format!("{why}; {fate}"),
            None => why,
        }
    }

    async fn pass_on(&self, request: Request<Body>) -> Result<Response<Body>, CallFailed> {
        let (parts, incoming) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let length = parts
            .headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let body = kept(incoming, length).await?;
        if path == attached::PATH
            && let Forwarded::Whole(bytes) = &body
            && let Ok(command) = serde_json::from_slice::<Command>(bytes)
        {
            let runtime = self.runtime.clone();
            return attached::execute(runtime, command).await.or_else(failed);
        }
        let id = parts.headers.get(route::X_REQUEST_ID).cloned();
        if let Some(id) = id
            && let Forwarded::Whole(bytes) = &body
            && path != route::READ_FILE
            && !self.runtime.is_native()
        {
            let (bytes, runtime, to) = (bytes.clone(), self.runtime.clone(), path.clone());
            let run = || async move { forward(&runtime, &to, parts.headers, body).await };
            let asked = (path.as_str(), bytes.as_ref());
            return self.book.once(id.as_bytes(), asked, run).await;
        }
        forward(&self.runtime, &path, parts.headers, body)
            .await
            .or_else(failed)
    }
}

async fn forward(
    runtime: &AgsRuntime,
    path: &str,
    headers: HeaderMap,
    body: Forwarded,
) -> Result<Response<Body>, Error> {
    let timeout = Some(TRANSFER_TIMEOUT);
    runtime.forward(path, headers, body, timeout).await
}

/// What becomes of a call without an answer; an exception is one.
fn failed(error: Error) -> Result<Response<Body>, CallFailed> {
    match error {
        Error::Remote(error) => Ok(reply::tell(&error)),
        error => Err(CallFailed::from(&error)),
    }
}

fn problem(error: &swerex_ags_deployment::StartFailed) -> StartProblem {
    let mut text = with_causes(error);
    if let Some(hint) = error.hint() {
        text.push_str("; ");
        text.push_str(hint);
    }
    StartProblem(text)
}
