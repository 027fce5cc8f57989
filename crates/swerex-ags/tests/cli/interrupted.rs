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

#[tokio::test]
async fn a_copy_that_is_given_up_leaves_nothing() {
    let lab = Lab::new().await;
    let id = lab.up().await;
    let there = lab.path("there");
    for number in 0..3_000 {
        let directory = there.join(format!("d{number}"));
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("f"), "x").unwrap();
    }
    // It never comes to its end.
    let endless = std::fs::File::create(there.join("endless")).unwrap();
    endless.set_len(60 << 30).unwrap();
    let here = lab.path("here");
    for is_there in [false, true] {
        if is_there {
            std::fs::create_dir(&here).unwrap();
        }
        let place = if is_there {
            &here
        } else {
            lab.directory.path()
        };
        let from = format!("{id}:{}", there.display());
        let to = if is_there { "here/." } else { "here" };
        let mut command = lab.command(&["-q", "cp", &from, to]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let rooms = || {
            let names = std::fs::read_dir(place).unwrap();
            names
                .map(|entry| entry.unwrap().path())
                .find(|path| path.to_string_lossy().contains("/.swerex-"))
        };
        while rooms().is_none_or(|room| !room.join("tree/endless").exists()) {
            assert_eq!(child.try_wait().unwrap(), None);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
        kill_process(pid, Signal::INT).unwrap();
        let said = Said::of(child.wait_with_output().await.unwrap());
        assert!(said.error(130).starts_with("interrupted by"), "{said:?}");
        assert_eq!(rooms(), None);
        assert_eq!(here.exists(), is_there);
    }
    lab.json(&["down", &id, "--yes"]).await;
}

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
