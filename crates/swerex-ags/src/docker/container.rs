//! One container: a process that holds a sandbox and serves SWE-ReX for it on a loopback port, until it is told to end, its owner dies, or its
//! time is over.

use std::{future::Future, io, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    time::Instant,
};

use super::{
    process::Process,
    records::{Record, Records},
};
use crate::serve::{
    address::Address,
    bridge::{Bridge, Key, Settings},
    descriptors,
    sandbox::Starter,
    slot::{Purpose, Refused},
};

/// Sandboxes are not freed for being idle: the owner's life is watched instead. This is only a last resort.
const IDLE_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// How long a start may take; SWE-ReX's DockerDeployment gives up by itself, as its `startup_timeout` says.
const START_TIMEOUT: Duration = Duration::from_secs(3600);

/// What a container is to be.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) image: String,
    /// 0: any free one.
    pub(crate) port: u16,
    pub(crate) key: String,
    pub(crate) workdir: Option<String>,
    pub(crate) env: Vec<(String, String)>,
    /// What was asked to run in it first.
    #[serde(default)]
    pub(crate) command: Vec<String>,
    #[serde(default)]
    pub(crate) labels: Vec<(String, String)>,
    /// Seconds since 1970 when it was asked for.
    #[serde(default)]
    pub(crate) created: u64,
    /// The container ends when this process does.
    pub(crate) owner: Option<Process>,
    /// The container ends after this many seconds.
    pub(crate) lifetime: Option<u64>,
}

/// How a container ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// As it should: everything is freed.
    Well,
    /// It did not start, and why.
    NotStarted(String),
    /// Something could not be stopped.
    Leaving,
}

impl Plan {
    /// Holds the container until it ends. `ready` is told once, when the sandbox takes commands. `unwanted` ends it from outside.
    pub(crate) async fn hold(
        self,
        starter: Arc<dyn Starter>,
        records: &Records,
        ready: impl FnOnce(),
        unwanted: impl Future<Output = ()>,
    ) -> io::Result<Ended> {
        // The agent's process group is ours: what its terminal sends is for the agent, which then asks us to end, or ends.
        let mut interrupts = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let mut quit = signal(SignalKind::quit())?;
        descriptors::raise();
        let listener = TcpListener::bind(("127.0.0.1", self.port))
            .await
            .map_err(|error| {
                io::Error::new(
                    error.kind(),
                    format!("cannot listen on 127.0.0.1:{}: {error}", self.port),
                )
            })?;
        let record = self.record(listener.local_addr()?.port())?;
        records.add(&record)?;

        let address = Address {
            image: self.image.clone(),
            instance: self.name.clone(),
        };
        let settings = Settings {
            idle_timeout: IDLE_TIMEOUT,
            start_timeout: START_TIMEOUT,
            only: Some(address.clone()),
        };
        let bridge = Bridge::new(Key::new(self.key.clone()), settings, starter);
        let slot = bridge.slot(&address);
        let mut problem = None;
        let ended = async {
            match slot
                .sandbox(Purpose::Use, Instant::now() + START_TIMEOUT)
                .await
            {
                Ok(in_use) => drop(in_use),
                // The agent was faster and asked for it to end.
                Err(Refused::Closed | Refused::Stopping) => {}
                Err(refused) => {
                    problem = Some(words(refused));
                    return;
                }
            }
            ready();
            std::future::pending().await
        };
        let owner = async {
            match self.owner {
                Some(owner) => match owner.gone().await {
                    Ok(()) => tracing::info!("the owner has ended"),
                    Err(error) => {
                        tracing::warn!(%error, "the owner cannot be watched");
                        std::future::pending().await
                    }
                },
                None => std::future::pending().await,
            }
        };
        let lifetime = async {
            match self.lifetime {
                Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
                None => std::future::pending().await,
            }
        };
        let deaf = async {
            loop {
                tokio::select! {
                    _ = interrupts.recv() => {}
                    _ = quit.recv() => {}
                }
            }
        };
        let shutdown = async {
            tokio::select! {
                // First, so that the sandbox is starting before anybody can ask whether it is there.
                biased;
                () = ended => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
                () = owner => {}
                () = lifetime => {}
                () = unwanted => {}
                () = deaf => {}
            }
        };
        let freed = bridge.serve(listener, shutdown).await;
        records.remove(&record.id)?;
        Ok(match (problem, freed) {
            (Some(why), _) => Ended::NotStarted(why),
            (None, true) => Ended::Well,
            (None, false) => Ended::Leaving,
        })
    }

    fn record(&self, port: u16) -> io::Result<Record> {
        let holder =
            Process::this().ok_or_else(|| io::Error::other("this process is not in /proc"))?;
        Ok(Record {
            name: self.name.clone(),
            id: self.id.clone(),
            image: self.image.clone(),
            holder,
            port,
            key: self.key.clone(),
            workdir: self.workdir.clone(),
            env: self.env.clone(),
            command: self.command.clone(),
            labels: self.labels.clone(),
            created: self.created,
        })
    }
}

fn words(refused: Refused) -> String {
    match refused {
        Refused::NotStarted(problem) => problem.0,
        Refused::Dead(why) => why,
        Refused::Held | Refused::Closed | Refused::Stopping => {
            "it was closed while it started".to_owned()
        }
    }
}
