//! Ctrl-c while a start stands still, at each of its stages: the program ends soon, and nothing is left.

use std::{process::Stdio, time::Duration};

use ags_emulator::Behaviour;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Lab, Said};

/// How soon the program ends.
const SOON: Duration = Duration::from_secs(60);

/// The first call of these is not answered; AGS has carried it out, or has not.
const STANDSTILLS: [&str; 9] = [
    "DescribeSandboxToolList:hang",
    "CreateSandboxTool:hang",
    "CreateSandboxTool:hang,after",
    "StartSandboxInstance:hang",
    "StartSandboxInstance:hang,after",
    "DescribeSandboxInstances:hang",
    "AcquireSandboxInstanceToken:hang",
    "AcquireSandboxInstanceToken:hang,after",
    "/is_alive:hang",
];

async fn interrupted(fault: &str) {
    let lab = Lab::with(|builder| {
        let mut behaviour = Behaviour::default();
        behaviour.set("start-answers", "starting").unwrap();
        builder
            .behaviour(behaviour)
            .start_delay(Duration::from_millis(200))
            .fault(fault.parse().unwrap())
    })
    .await;
    let mut child = lab
        .command(&["-q", "run", "--deployment.reuse_tool=false", "--", "true"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while lab.emulator.faults().iter().all(|(_, times)| *times == 0) {
        if let Some(status) = child.try_wait().unwrap() {
            panic!("{fault}: it ended with {status}");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let ended = tokio::time::timeout(SOON, child.wait_with_output()).await;
    let said = Said::of(
        ended
            .unwrap_or_else(|_| panic!("{fault}: it goes on"))
            .unwrap(),
    );
    assert!(
        said.error(130).starts_with("interrupted by"),
        "{fault}: {said:?}"
    );
    lab.nothing_runs().await;
    // The state file has nothing left to collect either.
    let collected = lab.json(&["instance", "gc", "--yes"]).await;
    assert_eq!(lab.emulator.live_instances(), [], "{fault}: {collected}");
    assert_eq!(lab.emulator.tools(), [], "{fault}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_at_any_stage_of_a_start_leaves_nothing() {
    let all = STANDSTILLS.map(interrupted);
    futures_util::future::join_all(all).await;
}
