//! The stages of a start: tool, instance, token, server.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use ags_api::model::{InstanceStatus, SandboxInstance};
use ags_http::retry::RetryPolicy;
use swerex_ags_runtime::{AgsRuntime, AgsRuntimeConfig, TokenCache, gateway};
use tokio::time::Instant;
use tracing::Span;

use super::{QUOTA_PATIENCE, Running, TencentAgsDeployment};
use crate::{
    account::Account,
    ask,
    budget::Budget,
    error::{Cause, Left, Stage, StartFailed},
    extension::Extension,
    hook::Step,
    instance::{Guard, Progress, ended, progress},
    token_source::InstanceTokens,
    tool::{self, Tool},
};

/// The longest pause between two attempts to start while the quota is used up.
const QUOTA_PAUSE: Duration = Duration::from_secs(15);

/// The pause before the status is asked for again when the client gave up asking.
const ASK_PAUSE: Duration = Duration::from_secs(1);

/// When it is asked for the first time whether an instance whose server does not answer still runs.
const DEATH_PAUSE: Duration = Duration::from_secs(2);

/// Measures each stage.
pub(super) struct Laps<'a> {
    account: &'a Account,
    since: Instant,
}

impl<'a> Laps<'a> {
    pub(super) fn new(account: &'a Account) -> Self {
        Self {
            account,
            since: Instant::now(),
        }
    }

    /// This stage is over, the next begins.
    fn took(&mut self, stage: Stage) {
        let now = Instant::now();
        self.account
            .tally()
            .took(stage.as_str(), now.duration_since(self.since));
        self.since = now;
    }
}

impl TencentAgsDeployment {
    /// Starts a sandbox, counting what becomes of it.
    pub(super) async fn counted_start(&self) -> Result<Running, StartFailed> {
        let tally = self.account.tally();
        tally.starts.one_more();
        let begun = Instant::now();
        let started = OnceLock::new();
        match self.start_one(&started).await {
            Ok(running) => {
                tally.ready.one_more();
                tally.took("start", begun.elapsed());
                Ok(running)
            }
            Err(failed) => {
                tally.failed(failed.stage());
                // What was started is dropped by now, and stopped.
                Err(match started.into_inner() {
                    Some(id) => failed.leaving(Left::Stopping(id.into())),
                    None => failed,
                })
            }
        }
    }

    async fn start_one(&self, begun: &OnceLock<String>) -> Result<Running, StartFailed> {
        let started = Instant::now();
        let mut laps = Laps::new(&self.account);
        let mut clock = Budget::of(self.config.startup_timeout);
        let tell = |step| self.tell(&step);
        let mut tool = clock
            .bound(
                Stage::Tool,
                "the tool",
                tool::ready(&self.account, &self.config, &clock, &tell),
            )
            .await?;
        laps.took(Stage::Tool);
        let outcome = self.start_instance(&tool, &mut clock).await;
        let (guard, instance) = match (outcome, tool.shared_as.clone()) {
            // A tool that was good before is not any more: find another, once.
            (
                Err(StartFailed {
                    cause: Cause::Api(error),
                    ..
                }),
                Some(name),
            ) if tool::is_at_fault(&error) => {
                self.account.forget_tool(&name);
                tool = clock
                    .bound(
                        Stage::Tool,
                        "the tool",
                        tool::ready(&self.account, &self.config, &clock, &tell),
                    )
                    .await?;
                self.start_instance(&tool, &mut clock).await?
            }
            (outcome, _) => outcome?,
        };
        let instance_id = guard.id().to_owned();
        Span::current().record("instance_id", &instance_id);
        begun.get_or_init(|| instance_id.clone());
        if let Some(address) = self.address(&instance_id) {
            guard.is_reached_at(address);
        }
        if instance.status != Some(InstanceStatus::RUNNING) {
            self.tell(&Step::WaitingForInstance {
                instance_id: instance_id.clone(),
            });
            clock
                .bound(
                    Stage::Instance,
                    "the instance",
                    self.until_running(&instance_id, &clock),
                )
                .await?;
        }
        laps.took(Stage::Instance);
        let runtime = self.reach(&instance_id, &clock, &mut laps).await?;
        let extension = Extension::of(&self.config, &self.account, &instance_id, &runtime);
        self.tell(&Step::Ready {
            instance_id,
            after: started.elapsed(),
        });
        Ok(Running {
            _extension: extension,
            guard,
            tool,
            runtime,
        })
    }

    /// Acquires a token for an instance that runs and waits for its server.
    pub(super) async fn reach(
        &self,
        instance_id: &str,
        clock: &Budget,
        laps: &mut Laps<'_>,
    ) -> Result<AgsRuntime, StartFailed> {
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
        let runtime = self.connect(instance_id, cache)?;
        self.tell(&Step::WaitingForServer {
            instance_id: instance_id.to_owned(),
        });
        tokio::select! {
            alive = runtime.wait_until_alive(clock.left()) => {
                if let Err(error) = alive {
                    return Err(self.not_alive(error, instance_id).await);
                }
            }
            death = self.until_dead(instance_id) => return Err(death),
        }
        laps.took(Stage::Server);
        Ok(runtime)
    }

    /// Where an instance's server is reached. What is no address is refused when it is needed.
    fn address(&self, instance_id: &str) -> Option<http::Uri> {
        let base = gateway::endpoint(self.config.port, instance_id, &self.config.domain).ok()?;
        base.as_str().parse().ok()
    }

    /// Asks for an instance; waits while the quota is used up.
    async fn start_instance(
        &self,
        tool: &Tool,
        clock: &mut Budget,
    ) -> Result<(Guard, SandboxInstance), StartFailed> {
        let image = self.config.image.clone();
        self.tell(&Step::StartingInstance {
            tool_id: tool.id.clone(),
            image,
        });
        let patience = Instant::now() + QUOTA_PATIENCE;
        let mut longest = Duration::from_secs(2);
        let mut is_another = false;
        loop {
            let asked = clock
                .bound(
                    Stage::Instance,
                    "the instance",
                    ask::for_instance(&self.account, &self.config, &tool.id, clock.for_a_call()),
                )
                .await;
            match asked {
                Err(StartFailed {
                    cause: Cause::Api(error),
                    ..
                }) if tool::is_quota(&error) && Instant::now() + longest < patience => {
                    let message = error.to_string();
                    // Those that were refused together do not come back together.
                    let pause = longest.mul_f64(0.5 + fastrand::f64() / 2.0);
                    self.tell(&Step::WaitingForQuota {
                        retry_in: pause,
                        message,
                    });
                    tokio::time::sleep(pause).await;
                    // Waiting for others is not this start's time.
                    clock.extend(pause);
                    longest = (longest * 3 / 2).min(QUOTA_PAUSE);
                }
                // What an earlier attempt made is looked for and stopped; this start needs another client token.
                Err(StartFailed {
                    cause: Cause::Api(error),
                    ..
                }) if tool::is_duplicate(&error) && !is_another => is_another = true,
                outcome => return outcome,
            }
        }
    }

    /// Waits until it runs. While there is time a question that gets no answer is asked again.
    async fn until_running(&self, instance_id: &str, clock: &Budget) -> Result<(), StartFailed> {
        let settled = |instance: Option<SandboxInstance>| {
            // An instance that was just started may not be listed yet.
            let instance = instance?;
            let status = instance.status.clone().unwrap_or_default();
            clock.saw(format!("the instance {instance_id} is {}", status.as_str()));
            match progress(&status) {
                Progress::Running => Some(Ok(())),
                Progress::Waiting => None,
                Progress::Failed => Some(Err(ended(instance_id, &instance))),
            }
        };
        loop {
            match self
                .account
                .board()
                .until_instance(instance_id, settled)
                .await
            {
                Ok(outcome) => return outcome,
                Err(error) if error.is_retryable() => clock.saw(error.to_string()),
                Err(error) => return Err(StartFailed::new(Stage::Instance, Cause::Api(error))),
            }
            tokio::time::sleep(ASK_PAUSE).await;
        }
    }

    fn connect(
        &self,
        instance_id: &str,
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
            (progress(&status) == Progress::Failed).then(|| ended(instance_id, &instance))
        };
        loop {
            tokio::time::sleep(DEATH_PAUSE).await;
            if let Ok(failed) = self.account.board().until_instance(instance_id, dead).await {
                return failed;
            }
        }
    }

    /// Why the server did not come up: an instance that died says so itself.
    async fn not_alive(&self, error: swerex_ags_runtime::Error, instance_id: &str) -> StartFailed {
        if let Ok(Some(instance)) = self.account.board().instance(instance_id).await
            && instance
                .status
                .as_ref()
                .is_some_and(|status| progress(status) == Progress::Failed)
        {
            return ended(instance_id, &instance);
        }
        let failed = match error {
            swerex_ags_runtime::Error::NotAlive { asked, last, .. } => StartFailed::new(
                Stage::Server,
                Cause::Timeout {
                    after: self.config.startup_timeout,
                    last: format!("{last} (the server was asked {asked} times)"),
                },
            ),
            other => return StartFailed::new(Stage::Server, Cause::Runtime(Box::new(other))),
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
