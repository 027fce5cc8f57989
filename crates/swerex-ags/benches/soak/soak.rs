//! The soak itself: lives, looks at the bridge, and a verdict.

use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{task::JoinSet, time::Instant};

use crate::{
    account::Account,
    bridge::{Bridge, KEY},
    life,
    usage_of::{children, descriptors},
};

/// Agents at a time.
const AGENTS: usize = 16;

/// How soon after the end the bridge is as before.
const GRACE: Duration = Duration::from_secs(10);

/// How much more memory it may have: what an allocator keeps differs from run to run.
const SLACK_MB: f64 = 4.0;

/// How often it is looked at on the way.
const LOOKS: u32 = 15;

/// How long and how much.
pub(super) struct Plan {
    pub(super) minutes: f64,
    pub(super) sandboxes: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            minutes: 15.0,
            sandboxes: 2000,
        }
    }
}

/// The bridge at one moment.
#[derive(Clone, Copy)]
struct Look {
    descriptors: usize,
    megabytes: f64,
}

/// What all agents have done.
#[derive(Default)]
struct Score {
    lived: AtomicUsize,
    failed: AtomicUsize,
}

impl Look {
    #[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
    fn of(bridge: &Bridge) -> Self {
        Self {
            descriptors: descriptors(bridge.child.id()),
            megabytes: bridge.memory("VmRSS:") as f64 / 1024.0,
        }
    }

    /// Whether nothing is left of what was done since `before`.
    fn is_as(self, before: Self) -> bool {
        self.descriptors == before.descriptors && self.megabytes <= before.megabytes + SLACK_MB
    }
}

pub(super) async fn run(plan: &Plan) -> ExitCode {
    let account = Account::start();
    let bridge = Bridge::start(&account.ready);
    let home = tempfile::tempdir().unwrap();
    println!(
        "{AGENTS} agents, {} sandboxes through one bridge in {} minutes\n",
        plan.sandboxes, plan.minutes
    );
    println!(
        "{:>8} {:>10} {:>8} {:>12} {:>10}",
        "s", "sandboxes", "errors", "descriptors", "RSS MB"
    );
    let begun = Instant::now();
    let score = Arc::new(Score::default());
    let tell = |look: Look, name: &str| {
        println!(
            "{:>8} {:>10} {:>8} {:>12} {:>10.1}  {name}",
            begun.elapsed().as_secs(),
            score.lived.load(Ordering::Relaxed),
            score.failed.load(Ordering::Relaxed),
            look.descriptors,
            look.megabytes
        );
    };
    let spread = |name: &'static str, each: usize, pace: Duration| {
        let mut agents = JoinSet::new();
        for agent in 0..AGENTS {
            let (url, score) = (bridge.url.clone(), Arc::clone(&score));
            let file = home.path().join(format!("file-{agent}"));
            agents.spawn(async move {
                let http = life::client();
                let file = file.to_str().unwrap();
                // Not all at the same moment.
                let share = u32::try_from(agent).unwrap();
                tokio::time::sleep(pace * share / u32::try_from(AGENTS).unwrap()).await;
                let mut turns = tokio::time::interval(pace.max(Duration::from_millis(1)));
                for number in 0..each {
                    turns.tick().await;
                    let address = format!("{url}/v1/soak/{name}-{agent}-{number}");
                    let lived = life::live(&address, KEY, &http, file).await;
                    let count = if lived.is_ok() {
                        &score.lived
                    } else {
                        &score.failed
                    };
                    count.fetch_add(1, Ordering::Relaxed);
                    if let Err(why) = lived {
                        println!("{why}");
                    }
                }
            });
        }
        agents
    };

    tell(Look::of(&bridge), "fresh");
    spread("first", 1, Duration::ZERO).join_all().await;
    tokio::time::sleep(GRACE).await;
    let before = Look::of(&bridge);
    tell(before, "before");
    let each = plan.sandboxes.div_ceil(AGENTS);
    let time = Duration::from_secs_f64(plan.minutes * 60.0);
    let mut agents = spread("more", each, time / u32::try_from(each).unwrap());
    let mut looks = tokio::time::interval(time / LOOKS);
    looks.tick().await;
    loop {
        tokio::select! {
            ended = agents.join_next() => match ended {
                Some(ended) => ended.unwrap(),
                None => break,
            },
            _ = looks.tick() => tell(Look::of(&bridge), ""),
        }
    }
    tell(Look::of(&bridge), "the last one has ended");
    let is_back = comes_back(&bridge, before).await;
    tell(Look::of(&bridge), "after it");
    let processes = children(account.child.id());
    let failed = score.failed.load(Ordering::Relaxed);
    let ended_well = bridge.stop();
    let running = account.end();
    println!("\nprocesses left of sandboxes: {processes}; sandboxes left: {running}");
    let verdict = |is_met: bool| if is_met { "met" } else { "MISSED" };
    let is_clean = processes == 0 && running == 0 && ended_well;
    println!(
        "goals: no error {}, as before within {} s (memory: + {SLACK_MB} MB for the allocator) {}, nothing left {}",
        verdict(failed == 0),
        GRACE.as_secs(),
        verdict(is_back),
        verdict(is_clean),
    );
    if failed == 0 && is_back && is_clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Whether the bridge is as before within [`GRACE`].
async fn comes_back(bridge: &Bridge, before: Look) -> bool {
    const PAUSE: Duration = Duration::from_millis(200);
    let until = Instant::now() + GRACE;
    while Instant::now() < until {
        if Look::of(bridge).is_as(before) {
            return true;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Look::of(bridge).is_as(before)
}
