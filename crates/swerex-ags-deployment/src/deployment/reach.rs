//! The way to the server in an instance that runs: its token, its address, its key, and the wait until it answers.

use std::{sync::Arc, time::Duration};

use ags_api::model::SandboxInstance;
use ags_http::retry::RetryPolicy;
use swerex_ags_runtime::{AgsRuntime, AgsRuntimeConfig, Secret, TokenCache, gateway};

use super::{TencentAgsDeployment, start::Laps};
use crate::{
    budget::Budget,
    error::{Cause, Stage, StartFailed},
    hook::Step,
    instance::{Progress, ended, progress},
    server_key,
    token_source::InstanceTokens,
};

/// When it is asked for the first time whether an instance whose server does not answer still runs.
const DEATH_PAUSE: Duration = Duration::from_secs(2);

/// How long the question may take whether a server takes any key.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

impl TencentAgsDeployment {
    /// Acquires a token for an instance that runs and waits for its server. Gives the tokens besides.
    pub(super) async fn reach(
        &self,
        instance_id: &str,
        key: Option<Secret>,
        clock: &Budget,
        laps: &mut Laps<'_>,
    ) -> Result<(AgsRuntime, Arc<TokenCache<InstanceTokens>>), StartFailed> {
        self.tell(&Step::AcquiringToken {
            instance_id: instance_id.to_owned(),
        });
        let tokens = InstanceTokens::new(self.account.clone(), instance_id.to_owned());
        let first = async {
            let fetched = tokens.fetch(Some(clock.for_a_call())).await;
            fetched.map_err(|error| StartFailed::new(Stage::Token, Cause::Api(error)))
        };
        let first = clock.bound(Stage::Token, "the token", first).await?;
        let cache = Arc::new(TokenCache::starting_with(tokens, first));
        laps.took(Stage::Token);
        let runtime = self.connect(instance_id, key, Arc::clone(&cache))?;
        self.tell(&Step::WaitingForServer {
            instance_id: instance_id.to_owned(),
        });
        tokio::select! {
            // A call's time, so that there is some left to ask what became of the instance.
            alive = runtime.wait_until_alive(clock.for_a_call()) => {
                if let Err(error) = alive {
                    return Err(self.not_alive(error, instance_id, clock.left()).await);
                }
            }
            death = self.until_dead(instance_id) => return Err(death),
        }
        laps.took(Stage::Server);
        Ok((runtime, cache))
    }

    /// Where an instance's server is reached. What is no address is refused when it is needed.
    pub(super) fn address(&self, instance_id: &str) -> Option<http::Uri> {
        let base = gateway::endpoint(self.config.port, instance_id, &self.config.domain).ok()?;
        base.as_str().parse().ok()
    }

    /// Warns of a server that was given a key and takes any. Ours asks for the one that it was given; a script in front of a Python one may keep it
    /// from doing so.
    pub(super) async fn warn_if_open(
        &self,
        instance_id: &str,
        tokens: Arc<TokenCache<InstanceTokens>>,
        left: Duration,
    ) {
        let Some(another) = server_key::random() else {
            return;
        };
        let Ok(runtime) = self.connect(instance_id, Some(another), tokens) else {
            return;
        };
        if runtime.is_alive(left.min(OPEN_TIMEOUT)).await.is_ok() {
            tracing::warn!(
                instance_id,
                "the server in the sandbox was given a key and takes any: whatever runs in the sandbox can use it"
            );
        }
    }

    fn connect(
        &self,
        instance_id: &str,
        key: Option<Secret>,
        tokens: Arc<TokenCache<InstanceTokens>>,
    ) -> Result<AgsRuntime, StartFailed> {
        let wrong = |problem: swerex_ags_runtime::InvalidConfig| {
            StartFailed::new(
                Stage::Server,
                Cause::State(format!("the sandbox has no address: {problem}")),
            )
        };
        let base =
            gateway::endpoint(self.config.port, instance_id, &self.config.domain).map_err(wrong)?;
        let config = AgsRuntimeConfig {
            auth_token: key,
            runtime_timeout: self.config.runtime_timeout,
            tally: self.account.calls(),
            retry: RetryPolicy {
                overall: Duration::MAX,
                ..RetryPolicy::default()
            },
            ..AgsRuntimeConfig::new(base)
        };
        AgsRuntime::new(config, self.account.data(), Some(tokens)).map_err(wrong)
    }

    /// An instance that ends before its server has answered: why. Looks seldom, as most servers are there soon.
    async fn until_dead(&self, instance_id: &str) -> StartFailed {
        let dead = |instance: Option<SandboxInstance>| {
            let instance = instance?;
            let status = instance.status.clone().unwrap_or_default();
            (progress(&status) == Progress::Failed).then(|| ended(&instance))
        };
        loop {
            tokio::time::sleep(DEATH_PAUSE).await;
            if let Ok(failed) = self.account.board().until_instance(instance_id, dead).await {
                return failed;
            }
        }
    }

    /// Why the server did not come up: an instance that died says so itself.
    async fn not_alive(
        &self,
        error: swerex_ags_runtime::Error,
        instance_id: &str,
        left: Duration,
    ) -> StartFailed {
        let look = self.account.board().instance(instance_id);
        if let Ok(Ok(Some(instance))) = tokio::time::timeout(left, look).await
            && instance
                .status
                .as_ref()
                .is_some_and(|status| progress(status) == Progress::Failed)
        {
            return ended(&instance);
        }
        let failed = match error {
            swerex_ags_runtime::Error::NotAlive { asked, last, .. } => StartFailed::new(
                Stage::Server,
                Cause::Timeout {
                    after: self.config.startup_timeout,
                    last: format!("{last} (the server was asked {asked} times)"),
                },
            ),
            other => {
                let is_refused = matches!(other, swerex_ags_runtime::Error::Unauthorized { .. });
                let failed = StartFailed::new(Stage::Server, Cause::Runtime(Box::new(other)));
                return if is_refused {
                    failed.with_hint(
                        "a server that brings its own key is reached with auth_token set to that (or SWEREX_AUTH_TOKEN)",
                    )
                } else {
                    failed
                };
            }
        };
        failed.with_hint(self.startup_hint())
    }

    fn startup_hint(&self) -> String {
        let mut hint = String::new();
        if self.config.mount_image.is_empty() && self.config.tool_id.is_empty() {
            hint.push_str(
                "AGS gives the server 30 s from its process's start, and installing it takes longer: set mount_image (and role_arn) to an \
                 image that holds the server, or use an image that has swerex-remote; ",
            );
        }
        hint.push_str(&format!(
            "a first use of an image takes longer, `swerex-ags image prewarm {}` pre-caches it; startup_timeout gives more time",
            self.config.image
        ));
        hint
    }
}
