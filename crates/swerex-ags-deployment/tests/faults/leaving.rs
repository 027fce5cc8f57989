//! Every way out of a start, at every stage of it: nothing is left running.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt as _;
use swerex_ags_deployment::{Hook, Step};
use tokio::sync::Notify;

use crate::lab::Lab;

/// Where a start stands still: the call that is not answered, and whether AGS carries it out.
const STANDSTILLS: [&str; 9] = [
    "DescribeSandboxToolList:hang,times=50",
    "CreateSandboxTool:hang,times=50",
    "CreateSandboxTool:hang,after,times=50",
    "StartSandboxInstance:hang,times=50",
    "StartSandboxInstance:hang,after,times=50",
    "DescribeSandboxInstances:hang,times=50",
    "AcquireSandboxInstanceToken:hang,times=50",
    "AcquireSandboxInstanceToken:hang,after,times=50",
    "/is_alive:hang,times=50",
];

/// Wakes somebody as soon as the call that hangs has been made.
async fn hanging(lab: &Lab) {
    loop {
        if lab.emulator.faults().iter().any(|(_, times)| *times > 0) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn lab() -> Lab {
    let mut lab = Lab::with(|builder| {
        let mut behaviour = ags_emulator::Behaviour::default();
        behaviour.set("start-answers", "starting").unwrap();
        builder
            .behaviour(behaviour)
            .start_delay(Duration::from_millis(20))
    })
    .await;
    // One of its own can leak as well.
    lab.config.reuse_tool = false;
    lab
}

/// What hangs is let go, so that what cleans up gets its answers.
async fn nothing_is_left(lab: &Lab, what: &str) {
    lab.emulator.disarm();
    lab.nothing_runs(what).await;
    assert_eq!(lab.emulator.tools(), [], "{what}");
}

#[tokio::test]
async fn a_start_that_is_dropped_at_any_stage_leaves_nothing() {
    let lab = lab().await;
    for fault in STANDSTILLS {
        lab.arm(fault);
        let mut deployment = lab.deployment();
        tokio::select! {
            outcome = deployment.start() => panic!("{fault}: {outcome:?}"),
            () = hanging(&lab) => {}
        }
        drop(deployment);
        nothing_is_left(&lab, fault).await;
    }
}

#[tokio::test]
async fn a_start_whose_time_is_up_at_any_stage_leaves_nothing_and_says_where() {
    let mut lab = lab().await;
    lab.config.startup_timeout = Duration::from_millis(900);
    for (fault, stage) in STANDSTILLS.iter().zip([
        "tool", "tool", "tool", "instance", "instance", "instance", "token", "token", "server",
    ]) {
        lab.arm(fault);
        let mut deployment = lab.deployment();
        let failed = deployment.start().await.unwrap_err();
        assert_eq!(failed.stage().as_str(), stage, "{fault}: {failed:?}");
        nothing_is_left(&lab, fault).await;
    }
}

/// Panics at one step.
struct Trap {
    at: usize,
    steps: AtomicUsize,
}

impl Hook for Trap {
    fn on_step(&self, _: &Step) {
        if self.steps.fetch_add(1, Ordering::SeqCst) == self.at {
            std::panic::resume_unwind(Box::new("a trap"));
        }
    }
}

#[tokio::test]
async fn a_panic_at_any_step_leaves_nothing() {
    let lab = lab().await;
    for at in 0.. {
        let trap = Arc::new(Trap {
            at,
            steps: AtomicUsize::new(0),
        });
        let mut deployment = lab
            .deployment()
            .with_hook(Arc::clone(&trap) as Arc<dyn Hook>);
        let outcome = AssertUnwindSafe(deployment.start()).catch_unwind().await;
        drop(deployment);
        nothing_is_left(&lab, &format!("a panic at step {at}")).await;
        if let Ok(started) = outcome {
            started.unwrap();
            assert!(at >= 5, "there were only {at} steps");
            return;
        }
    }
}

#[tokio::test]
async fn a_started_deployment_that_is_dropped_is_stopped_and_so_is_its_tool() {
    let lab = lab().await;
    let gone = Arc::new(Notify::new());
    let (deployment, waiting) = (lab.started().await, Arc::clone(&gone));
    let user = tokio::spawn(async move {
        let _deployment = deployment;
        waiting.notify_one();
        std::future::pending::<()>().await;
    });
    gone.notified().await;
    user.abort();
    assert!(user.await.unwrap_err().is_cancelled());
    nothing_is_left(&lab, "an aborted task").await;
}
