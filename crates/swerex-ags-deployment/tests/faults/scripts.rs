//! Random fault scripts under random interleavings: never two executions, never a leak, never a hang past the deadline.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;
use swerex_ags_deployment::TencentAgsDeployment;
use swerex_proto::{BashAction, Command, CreateBashSessionRequest};

use crate::lab::{LONG, Lab};

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

/// Does the work; gives the files that must have one line.
async fn user(lab: Arc<Lab>, mut deployment: TencentAgsDeployment, number: usize, work: Vec<Work>) {
    if deployment.start().await.is_err() {
        return;
    }
    let runtime = deployment.runtime().unwrap().clone();
    let request = CreateBashSessionRequest {
        startup_timeout: 5.0,
        ..CreateBashSessionRequest::default()
    };
    let session = runtime.create_session(&request.into()).await.is_ok();
    for (at, work) in work.into_iter().enumerate() {
        let name = format!("user {number} work {at}");
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
    }
    if number.is_multiple_of(2) {
        // Otherwise it is dropped. A stop that fails says so, and what goes on is stopped when the deployment is dropped.
        drop(deployment.stop().await);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_nothing_runs_twice_or_stays(
        faults in prop::collection::vec(fault(), 0..6),
        users in prop::collection::vec(work(), 1..5),
        starting in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut behaviour = ags_emulator::Behaviour::default();
            if starting {
                behaviour.set("start-answers", "starting").unwrap();
            }
            let mut lab = Lab::with(|builder| builder.behaviour(behaviour)).await;
            lab.config.startup_timeout = Duration::from_secs(4);
            lab.config.runtime_timeout = Duration::from_secs(1);
            let lab = Arc::new(lab);
            for fault in &faults {
                lab.arm(fault);
            }
            let users = users.into_iter().enumerate().map(|(number, work)| {
                tokio::spawn(user(Arc::clone(&lab), lab.deployment(), number, work))
            });
            let all = futures_util::future::join_all(users);
            let all = tokio::time::timeout(LONG, all).await.expect("a user hangs");
            for ended in all {
                ended.unwrap();
            }
            lab.emulator.disarm();
            lab.nothing_runs(&format!("{faults:?}")).await;
        });
    }
}
