//! One task per instance: it starts what runs inside, follows what the actions want, and cleans up.

use std::{path::Path, sync::Arc, time::Duration};

use ags_api::model::{InstanceStatus, StopReason};

use super::{Running, Upstream};
use crate::{clock::Moment, shared::Shared, state::Instance};

/// Lives from the start of the instance `id` until it is stopped or has failed.
pub(crate) async fn supervise(shared: Arc<Shared>, id: String) {
    let directory = shared.directory.join(&id);
    let supervisor = Supervisor { shared, id };
    let running = supervisor.start(&directory).await;
    if let Some(running) = running {
        supervisor.follow(running, &directory).await;
    }
    // The directory holds what the instance wrote; nobody needs it now. Its removal may be much work.
    let gone = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(&directory)).await;
    if let Ok(Err(error)) = gone
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::debug!(%error, "the directory of an instance cannot be removed");
    }
}

struct Supervisor {
    shared: Arc<Shared>,
    id: String,
}

impl Supervisor {
    /// Changes the instance; false when it is not known any more.
    fn change<T>(&self, change: impl FnOnce(&mut Instance, Moment) -> T) -> Option<T> {
        let now = self.shared.clock.now();
        let changed = self
            .shared
            .state()
            .instance_mut(&self.id)
            .map(|instance| change(instance, now));
        self.shared.tell();
        changed
    }

    fn status(&self) -> InstanceStatus {
        self.shared
            .state()
            .instance(&self.id)
            .map_or(InstanceStatus::STOPPED, |instance| instance.status.clone())
    }

    /// Waits until the instance has been in its status for `span`. It counts from the change, not from
    /// here, so that a clock that was moved since then has moved this too.
    async fn for_at_least(&self, span: Duration) {
        let since = self
            .shared
            .state()
            .instance(&self.id)
            .map(|instance| instance.updated);
        if let Some(since) = since {
            self.shared.clock.sleep_until(since.after(span)).await;
        }
    }

    /// From `STARTING` to `RUNNING`, or to what came instead.
    async fn start(&self, directory: &Path) -> Option<Running> {
        let starting = InstanceStatus::STARTING;
        let launched = tokio::select! {
            launched = self.launch_after_delay(directory) => launched,
            () = self.shared.left(&self.id, &starting) => {
                // Stopped before it ran. What was launched so far is dropped, and with that killed.
                self.finish_stop().await;
                return None;
            }
        };
        match launched {
            Ok(running) => {
                self.went_live(&running);
                Some(running)
            }
            Err(why) => {
                self.change(|instance, now| {
                    instance.status_reason = Some(why);
                    instance.stop_reason = Some(StopReason::ERROR);
                    if instance.status == InstanceStatus::STARTING {
                        instance.goes_to(InstanceStatus::STARTING_FAILED, now);
                    } else {
                        instance.goes_to(InstanceStatus::STOPPED, now);
                    }
                });
                None
            }
        }
    }

    async fn launch_after_delay(&self, directory: &Path) -> Result<Running, String> {
        self.for_at_least(self.shared.settings.start_delay).await;
        self.launch(directory).await
    }

    async fn launch(&self, directory: &Path) -> Result<Running, String> {
        let planned = self
            .shared
            .state()
            .instance(&self.id)
            .map(|instance| (Arc::clone(&instance.plan), instance.dies));
        let Some((plan, dies)) = planned else {
            return Err("the instance is gone".to_owned());
        };
        if dies {
            return Err("its command was ended by signal 9".to_owned());
        }
        tokio::fs::create_dir_all(directory)
            .await
            .map_err(|error| format!("cannot create the directory of the instance: {error}"))?;
        let running = Running::launch(&self.shared, &self.id, &plan, directory).await;
        running.map_err(|why| format!("FailedOperation.ContainerStart: {why}"))
    }

    /// The instance runs, and its countdown begins.
    fn went_live(&self, running: &Running) {
        self.change(|instance, now| {
            instance.live.upstream = running.upstream();
            instance.live.process = running.process();
            instance.expires = instance.timeout.map(|timeout| now.after(timeout));
            if [InstanceStatus::STARTING, InstanceStatus::RESUMING].contains(&instance.status) {
                instance.goes_to(InstanceStatus::RUNNING, now);
            }
        });
    }

    async fn follow(&self, running: Running, directory: &Path) {
        let mut running = Some(running);
        loop {
            let status = self.status();
            if status == InstanceStatus::RUNNING {
                if let Some(inside) = &running {
                    self.while_running(inside).await;
                }
            } else if status == InstanceStatus::PAUSING {
                running = self.pause(running).await;
            } else if status == InstanceStatus::PAUSED {
                self.while_paused(running.as_ref()).await;
            } else if status == InstanceStatus::RESUMING {
                running = self.resume(running, directory).await;
            } else {
                // STOPPING, or FAILED because its process ended.
                let stopping = status == InstanceStatus::STOPPING;
                if let Some(inside) = running.take() {
                    let grace = if stopping {
                        self.shared.settings.kill_grace
                    } else {
                        Duration::ZERO
                    };
                    inside.stop(grace).await;
                }
                if stopping {
                    self.finish_stop().await;
                }
                return;
            }
        }
    }

    async fn while_running(&self, inside: &Running) {
        let Some((expires, mut changes, dies)) = self
            .shared
            .state()
            .instance(&self.id)
            .filter(|instance| instance.status == InstanceStatus::RUNNING)
            .map(|instance| (instance.expires, instance.live.changes(), instance.dies))
        else {
            return;
        };
        if dies {
            self.died("its command was ended by signal 9");
            return;
        }
        let expired = async {
            match expires {
                Some(at) => self.shared.clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = expired => {
                self.change(|instance, now| {
                    // The countdown may have been restarted meanwhile.
                    if instance.expires.is_some_and(|at| at <= now) {
                        instance.stop(StopReason::TIMEOUT, now);
                    }
                });
            }
            how = inside.ended() => self.died(&how),
            // Looked at anew: another status, another end, or an order to die.
            _ = changes.changed() => {}
        }
    }

    async fn while_paused(&self, running: Option<&Running>) {
        let ended = async {
            match running {
                Some(inside) => inside.ended().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.shared.left(&self.id, &InstanceStatus::PAUSED) => {}
            how = ended => self.died(&how),
        }
    }

    async fn pause(&self, running: Option<Running>) -> Option<Running> {
        let keeps = self
            .shared
            .state()
            .instance(&self.id)
            .is_some_and(|instance| instance.pause_keeps_memory);
        let kept = match running {
            Some(inside) if keeps => {
                inside.freeze(true).await;
                Some(inside)
            }
            Some(inside) => {
                inside.stop(self.shared.settings.kill_grace).await;
                None
            }
            None => None,
        };
        self.for_at_least(self.shared.settings.pause_delay).await;
        self.change(|instance, now| {
            if instance.status == InstanceStatus::PAUSING {
                instance.expires = None;
                instance.goes_to(InstanceStatus::PAUSED, now);
            }
        });
        kept
    }

    async fn resume(&self, running: Option<Running>, directory: &Path) -> Option<Running> {
        self.for_at_least(self.shared.settings.pause_delay).await;
        let resumed = match running {
            Some(inside) => {
                inside.freeze(false).await;
                Ok(inside)
            }
            None => self.launch(directory).await,
        };
        match resumed {
            Ok(inside) => {
                self.went_live(&inside);
                Some(inside)
            }
            Err(why) => {
                self.died(&why);
                None
            }
        }
    }

    fn died(&self, how: &str) {
        self.change(|instance, now| {
            if [InstanceStatus::STOPPING, InstanceStatus::STOPPED].contains(&instance.status) {
                return;
            }
            instance.live.upstream = Upstream::Nothing;
            instance.live.process = None;
            instance.status_reason = Some(how.to_owned());
            instance.stop_reason = Some(StopReason::ERROR);
            instance.expires = None;
            instance.goes_to(InstanceStatus::FAILED, now);
        });
    }

    async fn finish_stop(&self) {
        self.change(|instance, _| {
            instance.live.upstream = Upstream::Nothing;
            instance.live.process = None;
        });
        tokio::select! {
            () = self.for_at_least(self.shared.settings.stop_delay) => {}
            () = self.shared.stop.cancelled() => {}
        }
        self.change(|instance, now| instance.goes_to(InstanceStatus::STOPPED, now));
        self.shared.state().tokens.forget(&self.id);
    }
}
