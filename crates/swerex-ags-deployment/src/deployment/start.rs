//! The stages of a start: tool, instance, token, server.

use std::{sync::OnceLock, time::Duration};

use ags_api::model::{InstanceStatus, SandboxInstance};
use tokio::time::Instant;
use tracing::Span;

use super::{Running, TencentAgsDeployment};
use crate::{
    account::Account,
    ask::{self, Asked},
    budget::Budget,
    error::{Cause, Left, Stage, StartFailed},
    extension::Extension,
    hook::Step,
    instance::{Progress, ended, progress},
    tool::{self, Tool},
};

/// What is kept for the last attempt when a wait for room has to end.
const LAST_ATTEMPT: Duration = Duration::from_secs(1);

/// The longest pause between two attempts to start while the quota is used up.
const QUOTA_PAUSE: Duration = Duration::from_secs(15);

/// The pause before the status is asked for again when the client gave up asking.
const ASK_PAUSE: Duration = Duration::from_secs(1);

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
    pub(super) fn took(&mut self, stage: Stage) {
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
                let failed = self.with_time_named(failed);
                // What was started is dropped by now, and stopped.
                Err(match started.into_inner() {
                    Some(id) => failed.leaving(Left::Stopping(id.into())),
                    None => failed,
                })
            }
        }
    }

    /// Names `startup_timeout` where it was what ended a call.
    fn with_time_named(&self, failed: StartFailed) -> StartFailed {
        let is_short = matches!(failed.cause(), Cause::Api(error) if error.is_timeout());
        if !is_short || failed.hint().is_some() {
            return failed;
        }
        failed.with_hint(format!(
            "all of the start may take startup_timeout, which is {} s: give it more; a first use of an image takes longest, and `swerex-ags image \
             prewarm {}` pre-caches it",
            self.config.startup_timeout.as_secs_f64(),
            self.config.image
        ))
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
        let Asked {
            guard,
            instance,
            key,
        } = match (outcome, tool.shared_as.clone()) {
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
        let is_given_a_key = key.is_some();
        let (runtime, tokens) = self.reach(&instance_id, key, &clock, &mut laps).await?;
        if is_given_a_key && !runtime.is_native() {
            self.warn_if_open(&instance_id, tokens, clock.left()).await;
        }
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

    /// Asks for an instance; waits while the quota is used up.
    async fn start_instance(&self, tool: &Tool, clock: &mut Budget) -> Result<Asked, StartFailed> {
        let image = self.config.image.clone();
        self.tell(&Step::StartingInstance {
            tool_id: tool.id.clone(),
            image,
        });
        let begun = Instant::now();
        let mut patience = self.quota_patience;
        let mut longest = Duration::from_secs(2);
        let mut is_another = false;
        loop {
            let asked = clock
                .bound(
                    Stage::Instance,
                    "the instance",
                    ask::for_instance(&self.account, &self.config, tool, clock.for_a_call()),
                )
                .await;
            match asked {
                Err(StartFailed {
                    cause: Cause::Api(error),
                    ..
                }) if tool::is_quota(&error) => {
                    // Those that were refused together do not come back together.
                    let pause = longest.mul_f64(0.5 + fastrand::f64() / 2.0);
                    // Waiting for others is not this start's time as long as somebody has patience; then it is.
                    let of_others = pause.min(patience);
                    patience -= of_others;
                    clock.extend(of_others);
                    let pause = pause.min(clock.left().saturating_sub(LAST_ATTEMPT));
                    if pause < LAST_ATTEMPT / 2 {
                        return Err(no_room(error, begun.elapsed()));
                    }
                    let message = error.to_string();
                    self.tell(&Step::WaitingForQuota {
                        retry_in: pause,
                        message,
                    });
                    tokio::time::sleep(pause).await;
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
                Progress::Failed => Some(Err(ended(&instance))),
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
}

/// All instances of the account are in use, and stayed so.
fn no_room(error: ags_api::Error, waited: Duration) -> StartFailed {
    let hint = format!(
        "no instance ended within {:.0} s: stop one (`swerex-ags ps` lists them, `swerex-ags down ID` stops one; those that are stopping count for \
         minutes), ask for a larger quota, or wait longer with startup_timeout",
        waited.as_secs_f64()
    );
    StartFailed::new(Stage::Instance, Cause::Api(error)).with_hint(hint)
}
