//! Many sandboxes at once: a [`Fleet`] starts so many and hands each one out as it comes up, a [`Pool`] keeps some warm.
//!
//! Both start at most so many at a time, over one [`Account`] that keeps its limits. A start that fails is an error of its own and does not
//! keep the others. Starts wait for room in the account's quota, at most [`QUOTA_PATIENCE`](crate::QUOTA_PATIENCE): stop each sandbox when it
//! is done with, and a fleet may be larger than the quota.
//!
//! ```
//! use ags_emulator::{Emulator, InstanceRunner};
//! use swerex_ags_deployment::{
//!     Account, TencentAgsDeploymentConfig,
//!     fleet::{DEFAULT_CONCURRENCY, Fleet, Pool, PoolSettings},
//! };
//! use swerex_proto::Command;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let emulator = Emulator::builder().runner(InstanceRunner::Native).start().await?;
//! let mut config = TencentAgsDeploymentConfig::new(emulator.secret_id(), emulator.secret_key().expose());
//! config.http_endpoint = emulator.endpoint();
//! config.domain = emulator.domain();
//! config.ca_file = emulator.ca_file().display().to_string();
//! let account = Account::of(&config)?;
//!
//! // Five sandboxes, each used as soon as it is ready.
//! let fleet = Fleet::start_alike(&account, &config, 5, DEFAULT_CONCURRENCY);
//! while let Some(outcome) = fleet.next().await {
//!     let member = outcome?; // or go on: the error says which one it was
//!     let answer = member.runtime().execute(&Command::shell("echo well")).await?;
//!     assert_eq!(answer.stdout, "well\n");
//!     member.stop().await?;
//! }
//! assert!(fleet.stop_all().await.is_empty());
//!
//! // Two that are warm when they are needed.
//! let pool = Pool::new(&account, config, PoolSettings::new(2))?;
//! let mut deployment = pool.take().await?;
//! deployment.runtime()?.execute(&Command::shell("true")).await?;
//! deployment.stop().await?;
//! assert!(pool.close().await.is_empty());
//!
//! emulator.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! **Nothing is left running.** Dropping a fleet or a pool ends the starts under way and stops what it has in the background;
//! [`Account::settled`] waits for that before a process ends. [`Fleet::stop_all`] and [`Pool::close`] wait themselves and say what they could
//! not stop.

mod error;
mod member;
mod pool;
mod shelf;
mod starts;

use std::{fmt, sync::Arc};

use futures_util::future::{Either, select};
use tokio::sync::{
    Mutex,
    mpsc::{self, UnboundedReceiver},
    oneshot,
};

pub use self::{
    error::{MemberFailed, TakeFailed},
    member::Member,
    pool::{ALIVE_TIMEOUT, LONGEST_PAUSE, Pool, PoolSettings, SHORTEST_PAUSE},
};
use self::{
    member::Roster,
    starts::{Room, Starts},
};
use crate::{
    account::Account,
    config::TencentAgsDeploymentConfig,
    error::{Cause, Stage, StartFailed, StopFailed, with_causes},
};

/// How many starts may be under way at a time, where nobody says otherwise.
pub const DEFAULT_CONCURRENCY: usize = 100;

/// Sandboxes that are started together and handed out as they come up.
///
/// All methods take `&self`: in an [`Arc`] it can be shared by many workers, each of which takes the [`next`](Self::next) one.
pub struct Fleet {
    crew: Arc<Crew>,
    outcomes: Mutex<UnboundedReceiver<Result<Member, MemberFailed>>>,
    count: usize,
    concurrency: usize,
}

/// What the tasks of a fleet share.
struct Crew {
    starts: Starts,
    roster: Arc<Roster>,
}

impl Fleet {
    /// Starts one sandbox for each configuration, at most `concurrency` at a time (0 counts as 1), in their order. A configuration's index is
    /// its place among them, from 0.
    ///
    /// A configuration that is not valid is a failed start. Credentials, endpoint and region are the account's.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(
        account: &Account,
        configs: impl IntoIterator<Item = TencentAgsDeploymentConfig>,
        concurrency: usize,
    ) -> Self {
        let configs: Vec<TencentAgsDeploymentConfig> = configs.into_iter().collect();
        let crew = Arc::new(Crew {
            starts: Starts::new(account, concurrency),
            roster: Arc::default(),
        });
        let count = configs.len();
        let (sender, outcomes) = mpsc::unbounded_channel();
        let all = Arc::clone(&crew);
        crew.starts.spawn(async move {
            for (index, config) in configs.into_iter().enumerate() {
                let room = all.starts.room().await;
                let (crew, sender) = (Arc::clone(&all), sender.clone());
                all.starts.spawn(async move {
                    let outcome = crew.member(index, config, room).await;
                    // With nobody there to take it, it is dropped, and with that stopped.
                    drop(sender.send(outcome));
                });
            }
        });
        Self {
            crew,
            outcomes: Mutex::new(outcomes),
            count,
            concurrency,
        }
    }

    /// Starts `count` sandboxes of one configuration; otherwise as [`start`](Self::start).
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start_alike(
        account: &Account,
        config: &TencentAgsDeploymentConfig,
        count: usize,
        concurrency: usize,
    ) -> Self {
        let configs = std::iter::repeat_n(config, count).cloned();
        Self::start(account, configs, concurrency)
    }

    /// How many sandboxes it was to start.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The next sandbox that is ready, or the next start that failed; `None` when each configuration has had its turn, or after
    /// [`stop_all`](Self::stop_all). It waits as long as the starts take, each of which has its `startup_timeout`.
    ///
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`MemberFailed`] says which one, and why.
    pub async fn next(&self) -> Option<Result<Member, MemberFailed>> {
        let outcome = self.outcomes.lock().await.recv().await;
        if self.crew.starts.are_over() {
            return None;
        }
        outcome
    }

    /// Starts another sandbox of the same configuration in the place of one that died. The old one is stopped meanwhile; if that fails,
    /// [`stop_all`](Self::stop_all) tries again. It waits for its turn among the starts under way.
    ///
    /// Dropping the future ends both.
    ///
    /// # Errors
    /// [`MemberFailed`] with the old one's index. Also if the fleet is stopped meanwhile.
    pub async fn replace(&self, member: Member) -> Result<Member, MemberFailed> {
        let (index, config) = (member.index(), member.config().clone());
        let (mut sender, receiver) = oneshot::channel();
        let crew = Arc::clone(&self.crew);
        self.crew.starts.spawn(async move {
            let start = async {
                let room = crew.starts.room().await;
                crew.member(index, config, room).await
            };
            let outcome = {
                let (start, nobody_waits) =
                    (std::pin::pin!(start), std::pin::pin!(sender.closed()));
                match select(start, nobody_waits).await {
                    Either::Left((outcome, _)) => outcome,
                    Either::Right(_) => return,
                }
            };
            drop(sender.send(outcome));
        });
        let what = format!("the instance {}, which is replaced", member.instance_id());
        self.crew.starts.in_background(what, async move {
            let instance_id = member.instance_id().to_owned();
            if let Err(error) = member.stop().await {
                tracing::warn!(
                    instance_id,
                    cause = with_causes(&error.source),
                    "the replaced sandbox could not be stopped"
                );
            }
        });
        receiver.await.unwrap_or_else(|_| Err(stopped(index)))
    }

    /// Ends the starts under way and stops every sandbox, handed out or not, as many at a time as were started. Gives what could not be
    /// stopped: if that is empty, nothing is left. Calling it again tries again.
    ///
    /// AGS says which instance a start leads to when it answers, which may take 50 s; a start that it does not answer is looked for a while.
    /// This waits for both, not for what AGS goes on refusing to stop. Dropping the future leaves the rest to the fleet's end, and dropping
    /// the fleet has what could not be stopped tried for [`STOP_PATIENCE`](crate::STOP_PATIENCE) in the background.
    #[must_use = "what could not be stopped goes on"]
    pub async fn stop_all(&self) -> Vec<StopFailed> {
        self.crew.starts.end().await;
        let mut failures = self.crew.roster.stop_all(self.concurrency).await;
        failures.append(&mut self.crew.starts.settled().await);
        failures
    }
}

impl Crew {
    async fn member(
        &self,
        index: usize,
        config: TencentAgsDeploymentConfig,
        room: Room,
    ) -> Result<Member, MemberFailed> {
        let failed = |error| MemberFailed { index, error };
        let deployment = self.starts.start(config, room).await.map_err(failed)?;
        Member::enter(&self.roster, index, deployment).map_err(|_| stopped(index))
    }
}

fn stopped(index: usize) -> MemberFailed {
    let cause = Cause::State("it was stopped before it was ready".to_owned());
    MemberFailed {
        index,
        error: StartFailed::new(Stage::Instance, cause),
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.crew.starts.abandon();
        self.crew.roster.release();
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet")
            .field("count", &self.count)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}
