//! Random fault scripts under random interleavings: never two executions, never a leak, never a hang past the deadline.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use ags_emulator::Behaviour;
use futures_util::{StreamExt as _, future::join_all};
use proptest::{
    prelude::*,
    strategy::{Strategy, ValueTree as _},
    test_runner::TestRunner,
};
use swerex_ags_deployment::TencentAgsDeployment;
use swerex_proto::{BashAction, Command, CreateBashSessionRequest};

use crate::lab::{Lab, account};

/// How many random worlds are lived in; `PROPTEST_CASES` says another number.
const CASES: usize = 48;

/// How many at a time.
const AT_ONCE: usize = 8;

/// How long one attempt of a call of the control plane may take: many worlds share this machine.
const ATTEMPT: Duration = Duration::from_secs(1);

/// All that a user does is over by then, each part at its own deadline.
const DEADLINE: Duration = Duration::from_secs(120);

/// What one user does with the sandbox, one after the other.
#[derive(Clone, Copy, Debug)]
enum Work {
    Execute,
    InSession,
    WriteFile,
    /// Drops the call when it has hardly begun.
    GiveUp,
}

fn fault() -> impl Strategy<Value = String> {
    let action = prop::sample::select(vec![
        "CreateSandboxTool",
        "DescribeSandboxToolList",
        "StartSandboxInstance",
        "DescribeSandboxInstances",
        "AcquireSandboxInstanceToken",
        "StopSandboxInstance",
        "*",
    ]);
    let of_action = prop::sample::select(vec![
        "reset",
        "reset,after",
        "status=502",
        "status=503,after,retry-after=0",
        "error=InternalError",
        "error=InternalError,after",
        "error=RequestLimitExceeded",
        "error=LimitExceeded.SandboxTool",
        "error=AuthFailure.UnauthorizedOperation",
        "truncate=5",
        "hang",
        "delay=20ms",
    ]);
    let path = prop::sample::select(vec![
        "/*",
        "/is_alive",
        "/execute",
        "/create_session",
        "/run_in_session",
        "/write_file",
        "/native/file",
    ]);
    let of_path = prop::sample::select(vec![
        "reset",
        "reset,after",
        "status=502",
        "status=504,after",
        "status=429,retry-after=0",
        "status=500",
        "truncate=5",
        "stale-token",
        "expired-instance",
        "instance-dies",
        "instance-dies,after",
        "hang,after",
        "delay=20ms",
    ]);
    let (times, skip) = (1_u32..9, 0_u32..12);
    let target = prop_oneof![
        (action, of_action).prop_map(|(action, effect)| format!("{action}:{effect}")),
        (path, of_path).prop_map(|(path, effect)| format!("{path}:{effect}")),
    ];
    (target, times, skip)
        .prop_map(|(fault, times, skip)| format!("{fault},times={times},skip={skip}"))
}

fn work() -> impl Strategy<Value = Vec<Work>> {
    let one = prop::sample::select(vec![
        Work::Execute,
        Work::Execute,
        Work::InSession,
        Work::InSession,
        Work::WriteFile,
        Work::GiveUp,
    ]);
    prop::collection::vec(one, 0..8)
}

/// Starts a sandbox, does the work in it and stops it; each piece of work is done at most once. What it is about is in `at`. Gives how much
/// was done.
async fn user(
    lab: Arc<Lab>,
    mut deployment: TencentAgsDeployment,
    number: usize,
    work: Vec<Work>,
    at: Arc<Mutex<String>>,
) -> usize {
    let tell = |what: String| *at.lock().unwrap() = what;
    tell(format!("user {number} starts"));
    if deployment.start().await.is_err() {
        return 0;
    }
    let runtime = deployment.runtime().unwrap().clone();
    let request = CreateBashSessionRequest {
        startup_timeout: 5.0,
        ..CreateBashSessionRequest::default()
    };
    tell(format!("user {number} makes a session"));
    let session = runtime.create_session(&request.into()).await.is_ok();
    let mut much = 0;
    for (place, work) in work.into_iter().enumerate() {
        let name = format!("user {number} work {place}");
        tell(format!("{name}: {work:?}"));
        let line = format!("echo once >> '{}'", lab.path(&name));
        let command = Command {
            timeout: Some(2.0),
            ..Command::shell(line.as_str())
        };
        let done = match work {
            Work::Execute => runtime.execute(&command).await.is_ok(),
            Work::InSession if session => {
                let action = BashAction {
                    timeout: Some(2.0),
                    ..BashAction::new(line)
                };
                runtime.run_in_session(&action.into()).await.is_ok()
            }
            Work::InSession => false,
            Work::WriteFile => {
                let written = runtime.write_bytes(&lab.path(&name), b"once\n").await;
                written.is_ok()
            }
            Work::GiveUp => {
                let call = runtime.execute(&command);
                tokio::time::timeout(Duration::from_millis(1), call)
                    .await
                    .is_ok_and(|outcome| outcome.is_ok())
            }
        };
        let runs = lab.lines(&name);
        assert!(runs <= 1, "{name} ran {runs} times");
        assert!(!done || runs == 1, "{name} is said to have run");
        much += usize::from(done);
    }
    if number.is_multiple_of(2) {
        tell(format!("user {number} stops"));
        // Otherwise it is dropped. A stop that fails says so, and what goes on is stopped when the deployment is dropped.
        drop(deployment.stop().await);
    }
    tell(String::new());
    much
}

/// What a case is made of.
#[derive(Clone, Debug)]
struct World {
    faults: Vec<String>,
    users: Vec<Vec<Work>>,
    start_answers: &'static str,
}

fn world() -> impl Strategy<Value = World> {
    (
        prop::collection::vec(fault(), 0..6),
        prop::collection::vec(work(), 1..5),
        prop::sample::select(vec!["running", "starting"]),
    )
        .prop_map(|(faults, users, start_answers)| World {
            faults,
            users,
            start_answers,
        })
}

/// Users who do their work at the same time, while what the script says happens; nothing stays. Gives how much work was
/// done.
async fn live(world: World) -> usize {
    let mut behaviour = Behaviour::default();
    behaviour.set("start-answers", world.start_answers).unwrap();
    let mut lab = Lab::with(|builder| builder.behaviour(behaviour)).await;
    lab.config.startup_timeout = Duration::from_secs(8);
    lab.config.runtime_timeout = Duration::from_secs(1);
    lab.account = account(&lab.emulator, &lab.config, ATTEMPT);
    let lab = Arc::new(lab);
    for fault in &world.faults {
        lab.arm(fault);
    }
    let about: Vec<Arc<Mutex<String>>> = world.users.iter().map(|_| Arc::default()).collect();
    let users = world.users.into_iter().zip(&about).enumerate();
    let users = users.map(|(number, (work, at))| {
        let (lab, deployment) = (Arc::clone(&lab), lab.deployment());
        tokio::spawn(user(lab, deployment, number, work, Arc::clone(at)))
    });
    let Ok(all) = tokio::time::timeout(DEADLINE, join_all(users)).await else {
        panic!("somebody hangs: {about:?}");
    };
    let done = all.into_iter().map(Result::unwrap).sum();
    lab.emulator.disarm();
    lab.nothing_runs(&format!("{:?}", world.faults)).await;
    done
}

/// Lives in these worlds, some at a time since they mostly wait; each that goes wrong is told whole. None is made smaller: one that goes
/// wrong takes a minute or two, and what went wrong in it is seldom found again in a part of it. Gives how much work was done in all of them.
async fn live_all(worlds: impl Iterator<Item = World>) -> usize {
    let lives: Vec<Result<usize, String>> = futures_util::stream::iter(worlds)
        .map(async |world| {
            let told = format!("{world:?}");
            let ended = tokio::spawn(live(world)).await;
            ended.map_err(|error| format!("{error}\n    in {told}"))
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let failed: Vec<&String> = lives
        .iter()
        .filter_map(|life| life.as_ref().err())
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
    lives.into_iter().flatten().sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_nothing_runs_twice_or_stays() {
    let cases = std::env::var("PROPTEST_CASES").map_or(CASES, |cases| cases.parse().unwrap());
    let mut runner = TestRunner::default();
    let worlds = (0..cases).map(|_| world().new_tree(&mut runner).unwrap().current());
    let done = live_all(worlds).await;
    // About ten pieces of work a world, a sixth of which is given up.
    assert!(done > cases, "hardly anything was done: {done}");
}

/// Scripts that something stayed after, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happened_once_does_not_happen_again() {
    let once = |faults: &[&str], users: &[&[Work]], start_answers| World {
        faults: faults.iter().map(|fault| (*fault).to_owned()).collect(),
        users: users.iter().map(|work| work.to_vec()).collect(),
        start_answers,
    };
    let worlds = [
        // Stops that are refused with a code that says nothing of stops.
        once(
            &["*:error=LimitExceeded.SandboxTool,times=3,skip=8"],
            &[&[], &[], &[]],
            "running",
        ),
    ];
    live_all(worlds.into_iter()).await;
}
