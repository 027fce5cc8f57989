//! The deployment: starts a sandbox, hands out its runtime, stops it.

mod keep;
mod reach;
mod start;

use std::{sync::Arc, time::Duration};

use swerex_ags_runtime::AgsRuntime;
use swerex_proto::IsAliveResponse;
use tracing::{Instrument as _, field::Empty};

use crate::{
    account::Account,
    config::TencentAgsDeploymentConfig,
    error::{Cause, NotStarted, Stage, StartFailed, StopFailed, with_causes},
    extension::Extension,
    hook::{Hook, Step},
    instance::Guard,
    tool::{OwnTool, Tool},
};

/// How long starts of a [`Fleet`](crate::fleet::Fleet) and a [`Pool`](crate::fleet::Pool) wait for room in the account's quota, besides their
/// `startup_timeout`: instances that were stopped count for minutes. A single start waits as long as it is told to, see
/// [`TencentAgsDeployment::with_quota_patience`].
pub const QUOTA_PATIENCE: Duration = Duration::from_secs(600);

/// How long closing the sessions may hold up a stop.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// A sandbox on AGS that runs a SWE-ReX server.
///
/// [`start`](Self::start) and [`stop`](Self::stop) may alternate. Dropping a deployment that is started stops its instance in the background,
/// which is tried for [`STOP_PATIENCE`](crate::STOP_PATIENCE) whatever AGS says; [`Account::settled`] waits for that.
pub struct TencentAgsDeployment {
    config: TencentAgsDeploymentConfig,
    account: Account,
    hooks: Vec<Arc<dyn Hook>>,
    /// What waiting for room in the quota may take besides `startup_timeout`.
    quota_patience: Duration,
    running: Option<Running>,
    /// A tool of its own that could not be deleted when it was stopped.
    leftover: Option<OwnTool>,
}

/// What a start leaves behind.
struct Running {
    /// Ends first.
    _extension: Option<Extension>,
    /// Dropped before the tool: a tool outlives its instances.
    guard: Guard,
    tool: Tool,
    runtime: AgsRuntime,
}

impl TencentAgsDeployment {
    /// A deployment over the account that is [`shared`](Account::shared) by all that name the same one.
    ///
    /// # Errors
    /// [`StartFailed`] at [`Stage::Configure`]: the key, the value, the remedy.
    pub fn new(config: TencentAgsDeploymentConfig) -> Result<Self, StartFailed> {
        let account = Account::shared(&config)?;
        Self::with_account(config, account)
    }

    /// A deployment over this account.
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
            quota_patience: Duration::ZERO,
            running: None,
            leftover: None,
        })
    }

    /// Tells a hook each step from now on.
    #[must_use]
    pub fn with_hook(mut self, hook: Arc<dyn Hook>) -> Self {
        self.hooks.push(hook);
        self
    }

    /// Lets a start wait so long for room in the account's quota besides its `startup_timeout`, for callers that have many starts under way and
    /// stop others: [`QUOTA_PATIENCE`] is a good value. Without it that wait counts into `startup_timeout`.
    #[must_use]
    pub fn with_quota_patience(mut self, patience: Duration) -> Self {
        self.quota_patience = patience;
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
    /// All of it may take `startup_timeout`, whatever AGS does meanwhile: hangs, throttling, a quota that is used up. Dropping the future stops what
    /// it started.
    ///
    /// # Errors
    /// [`StartFailed`] names the stage, the cause and, where it is known, what to do. Nothing is left running.
    pub async fn start(&mut self) -> Result<(), StartFailed> {
        if self.running.is_some() {
            return Ok(());
        }
        let span = tracing::info_span!("start", image = self.config.image, instance_id = Empty);
        let running = self.counted_start().instrument(span).await?;
        self.running = Some(running);
        Ok(())
    }

    /// Stops the sandbox. One that is not started is stopped already.
    ///
    /// # Errors
    /// [`StopFailed`] names what goes on. The deployment forgets nothing: calling it again tries again, and dropping it leaves that to the
    /// background.
    pub async fn stop(&mut self) -> Result<(), StopFailed> {
        let Ok(instance_id) = self.instance_id().map(str::to_owned) else {
            return self.delete_own_tool().await;
        };
        let span = tracing::info_span!("stop", instance_id);
        self.stop_instance(instance_id).instrument(span).await
    }

    async fn stop_instance(&mut self, instance_id: String) -> Result<(), StopFailed> {
        let Some(running) = &self.running else {
            return Ok(());
        };
        self.tell(&Step::Stopping {
            instance_id: instance_id.clone(),
        });
        // Sessions end with the instance anyway; asking them to lets their programs end in order.
        if let Ok(Err(error)) = tokio::time::timeout(CLOSE_TIMEOUT, running.runtime.close()).await {
            tracing::debug!(
                instance_id,
                cause = with_causes(&error),
                "the sessions were not closed"
            );
        }
        self.account.stop_instance(&instance_id).await?;
        if let Some(Running { guard, tool, .. }) = self.running.take() {
            guard.stopped();
            self.leftover = tool.own;
        }
        self.delete_own_tool().await?;
        self.tell(&Step::Stopped { instance_id });
        Ok(())
    }

    async fn delete_own_tool(&mut self) -> Result<(), StopFailed> {
        if let Some(own) = &mut self.leftover {
            own.delete().await?;
        }
        self.leftover = None;
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
