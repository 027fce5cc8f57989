//! The deployment: starts a sandbox, hands out its runtime, stops it.

mod keep;

use std::{sync::Arc, time::Duration};

use ags_api::model::{InstanceStatus, SandboxInstance};
use ags_http::retry::RetryPolicy;
use swerex_ags_runtime::{AgsRuntime, AgsRuntimeConfig, TokenCache, gateway};
use swerex_proto::IsAliveResponse;
use tokio::time::Instant;

use crate::{
    account::Account,
    ask,
    budget::Budget,
    config::TencentAgsDeploymentConfig,
    error::{Cause, NotStarted, Stage, StartFailed, StopFailed},
    hook::{Hook, Step},
    instance::{Guard, Progress, ended, progress},
    token_source::InstanceTokens,
    tool::{self, Tool},
};

/// How long a start waits for room in the account's quota, besides its `startup_timeout`: instances that were stopped count for minutes.
pub const QUOTA_PATIENCE: Duration = Duration::from_secs(600);

/// The longest pause between two attempts to start while the quota is used up.
const QUOTA_PAUSE: Duration = Duration::from_secs(15);

/// How long closing the sessions may hold up a stop.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// A sandbox on AGS that runs a SWE-ReX server.
///
/// [`start`](Self::start) and [`stop`](Self::stop) may alternate. Dropping a deployment that is started stops its instance in the background;
/// [`Account::settled`] waits for that.
pub struct TencentAgsDeployment {
    config: TencentAgsDeploymentConfig,
    account: Account,
    hooks: Vec<Arc<dyn Hook>>,
    running: Option<Running>,
}

/// What a start leaves behind.
struct Running {
    /// Dropped before the tool: a tool outlives its instances.
    guard: Guard,
    tool: Tool,
    runtime: AgsRuntime,
}

impl TencentAgsDeployment {
    /// A deployment over connections of its own. Deployments that are to share an account's limits and calls take
    /// [`with_account`](Self::with_account).
    ///
    /// # Errors
    /// [`StartFailed`] at [`Stage::Configure`]: the key, the value, the remedy.
    pub fn new(config: TencentAgsDeploymentConfig) -> Result<Self, StartFailed> {
        let account = Account::of(&config)?;
        Self::with_account(config, account)
    }

    /// A deployment that shares an account with others.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_account(
        config: TencentAgsDeploymentConfig,
        account: Account,
    ) -> Result<Self, StartFailed> {
        config
            .validate()
            .map_err(|problem| StartFailed::new(Stage::Configure, Cause::Config(problem)))?;
        Ok(Self {
            config,
            account,
            hooks: Vec::new(),
            running: None,
        })
    }

    /// Tells a hook each step from now on.
    #[must_use]
    pub fn with_hook(mut self, hook: Arc<dyn Hook>) -> Self {
        self.hooks.push(hook);
        self
    }

    /// The configuration.
    pub fn config(&self) -> &TencentAgsDeploymentConfig {
        &self.config
    }

    /// The account.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The instance's id.
    ///
    /// # Errors
    /// [`NotStarted`].
    pub fn instance_id(&self) -> Result<&str, NotStarted> {
        self.running
            .as_ref()
            .map(|running| running.guard.id())
            .ok_or(NotStarted)
    }

    /// The runtime of the started sandbox.
    ///
    /// # Errors
    /// [`NotStarted`].
    pub fn runtime(&self) -> Result<&AgsRuntime, NotStarted> {
        self.running
            .as_ref()
            .map(|running| &running.runtime)
            .ok_or(NotStarted)
    }

    /// Starts a sandbox and waits until it takes commands: tool, instance, token, server. One that is started already is left alone.
    ///
    /// All of it may take `startup_timeout`; waiting for room in the quota is bounded by [`QUOTA_PATIENCE`] besides. Dropping the future stops
    /// what it started.
    ///
    /// # Errors
    /// [`StartFailed`] names the stage, the cause and, where it is known, what to do. Nothing is left running.
    pub async fn start(&mut self) -> Result<(), StartFailed> {
        if self.running.is_some() {
            return Ok(());
        }
        let running = self.start_one().await?;
        self.running = Some(running);
        Ok(())
    }

    async fn start_one(&self) -> Result<Running, StartFailed> {
        let started = Instant::now();
        let mut clock = Budget::of(self.config.startup_timeout);
        let tell = |step| self.tell(&step);
        let mut tool = clock
            .bound(
                Stage::Tool,
                "the tool",
                tool::ready(&self.account, &self.config, &tell),
            )
            .await?;
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
                        tool::ready(&self.account, &self.config, &tell),
                    )
                    .await?;
                self.start_instance(&tool, &mut clock).await?
            }
            (outcome, _) => outcome?,
        };
        let instance_id = guard.id().to_owned();
        if instance.status != Some(InstanceStatus::RUNNING) {
            self.tell(&Step::WaitingForInstance {
                instance_id: instance_id.clone(),
            });
            clock
                .bound(
                    Stage::Instance,
                    "the instance",
                    self.until_running(&instance_id),
                )
                .await?;
        }
        let runtime = self.reach(&instance_id, &clock).await?;
        self.tell(&Step::Ready {
            instance_id,
            after: started.elapsed(),
        });
        Ok(Running {
            guard,
            tool,
            runtime,
        })
    }

    /// Acquires a token for an instance that runs and waits for its server.
    async fn reach(&self, instance_id: &str, clock: &Budget) -> Result<AgsRuntime, StartFailed> {
        self.tell(&Step::AcquiringToken {
            instance_id: instance_id.to_owned(),
        });
        let tokens = InstanceTokens {
            client: self.account.client().clone(),
            instance_id: instance_id.to_owned(),
        };
        let cache = Arc::new(TokenCache::new(tokens));
        let first = swerex_ags_runtime::TokenSource::token(&*cache);
        let token = async {
            let failed = |source| {
                let error = swerex_ags_runtime::Error::Token {
                    call: "start",
                    source,
                };
                StartFailed::new(Stage::Token, Cause::Runtime(Box::new(error)))
            };
            first.await.map_err(failed)
        };
        clock.bound(Stage::Token, "the token", token).await?;
        let runtime = self.connect(instance_id, cache)?;
        self.tell(&Step::WaitingForServer {
            instance_id: instance_id.to_owned(),
        });
        if let Err(error) = runtime.wait_until_alive(clock.left()).await {
            return Err(self.not_alive(error, instance_id).await);
        }
        Ok(runtime)
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
        let mut pause = Duration::from_secs(2);
        loop {
            let asked = clock
                .bound(
                    Stage::Instance,
                    "the instance",
                    ask::for_instance(&self.account, &self.config, &tool.id),
                )
                .await;
            match asked {
                Err(StartFailed {
                    cause: Cause::Api(error),
                    ..
                }) if tool::is_quota(&error) && Instant::now() + pause < patience => {
                    let message = error.to_string();
                    self.tell(&Step::WaitingForQuota {
                        retry_in: pause,
                        message,
                    });
                    tokio::time::sleep(pause).await;
                    // Waiting for others is not this start's time.
                    clock.extend(pause);
                    pause = (pause * 3 / 2).min(QUOTA_PAUSE);
                }
                outcome => return outcome,
            }
        }
    }

    async fn until_running(&self, instance_id: &str) -> Result<(), StartFailed> {
        let settled = |instance: Option<SandboxInstance>| {
            // An instance that was just started may not be listed yet.
            let instance = instance?;
            let status = instance.status.clone().unwrap_or_default();
            match progress(&status) {
                Progress::Running => Some(Ok(())),
                Progress::Waiting => None,
                Progress::Failed => Some(Err(ended(instance_id, &instance))),
            }
        };
        let polled = self
            .account
            .board()
            .until_instance(instance_id, settled)
            .await;
        polled.map_err(|error| StartFailed::new(Stage::Instance, Cause::Api(error)))?
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
            retry: RetryPolicy {
                overall: Duration::MAX,
                ..RetryPolicy::default()
            },
            ..AgsRuntimeConfig::new(base)
        };
        AgsRuntime::new(config, self.account.data(), Some(tokens)).map_err(wrong)
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
            swerex_ags_runtime::Error::NotAlive { last, .. } => StartFailed::new(
                Stage::Server,
                Cause::Timeout {
                    after: self.config.startup_timeout,
                    last,
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

    /// Stops the sandbox. One that is not started is stopped already.
    ///
    /// # Errors
    /// [`StopFailed`] names what goes on. The deployment forgets nothing: calling it again tries again.
    pub async fn stop(&mut self) -> Result<(), StopFailed> {
        let Some(running) = &self.running else {
            return Ok(());
        };
        let instance_id = running.guard.id().to_owned();
        self.tell(&Step::Stopping {
            instance_id: instance_id.clone(),
        });
        // Sessions end with the instance anyway; asking them to lets their programs end in order.
        if let Ok(Err(error)) = tokio::time::timeout(CLOSE_TIMEOUT, running.runtime.close()).await {
            tracing::debug!(instance_id, %error, "the sessions were not closed");
        }
        self.account.stop_instance(&instance_id).await?;
        if let Some(Running { guard, tool, .. }) = self.running.take() {
            guard.stopped();
            if let Some(own) = tool.own {
                own.delete().await?;
            }
        }
        self.tell(&Step::Stopped { instance_id });
        Ok(())
    }

    /// Asks the sandbox whether it takes commands.
    ///
    /// # Errors
    /// [`NotStarted`]. A sandbox that does not answer is no error: the answer says why.
    pub async fn is_alive(&self, timeout: Duration) -> Result<IsAliveResponse, NotStarted> {
        Ok(match self.runtime()?.is_alive(timeout).await {
            Ok(answer) => answer,
            Err(error) => IsAliveResponse {
                is_alive: false,
                message: error.to_string(),
            },
        })
    }

    fn tell(&self, step: &Step) {
        tracing::info!(%step);
        for hook in &self.hooks {
            hook.on_step(step);
        }
    }
}

impl std::fmt::Debug for TencentAgsDeployment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TencentAgsDeployment")
            .field("config", &self.config)
            .field("instance_id", &self.instance_id().ok())
            .finish_non_exhaustive()
    }
}
