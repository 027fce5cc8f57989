//! The bridge as a program: its key, and the sandboxes that it has ready.

use std::time::Duration;

use ags_emulator::{Behaviour, InstanceView};
use futures_util::future::join_all;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    serving::Bridge,
    support::{Lab, PATIENCE},
};

/// Waits until so many run; gives their ids.
async fn running(lab: &Lab, count: usize) -> Vec<String> {
    let is_running = |instance: &&InstanceView| instance.status == "RUNNING";
    let seen = lab
        .emulator
        .wait_for_instances(|all| all.iter().filter(is_running).count() == count);
    if tokio::time::timeout(PATIENCE, seen).await.is_err() {
        panic!("not {count}: {:?}", lab.emulator.instances());
    }
    let live = lab.emulator.live_instances();
    live.iter()
        .filter(is_running)
        .map(|instance| instance.id.clone())
        .collect()
}

#[tokio::test]
async fn sandboxes_are_ready_before_agents_come() {
    let lab = Lab::new().await;
    let args = ["-v", "--prewarm=python:3.11=2", "--prewarm=python:3.12"];
    let mut bridge = Bridge::start(&lab, &args).await;
    assert_eq!(bridge.ready["auth_token"], Value::Null, "it is known");
    for _ in 0..3 {
        bridge.says("ready ahead of time").await;
    }
    let ahead = running(&lab, 3).await;

    let session = json!({"session_type": "bash"});
    let (status, _) = bridge.post("python:3.11/a/create_session", &session).await;
    assert_eq!(status, 200);
    // Another takes its place.
    let after = running(&lab, 4).await;
    assert!(ahead.iter().all(|id| after.contains(id)), "{after:?}");
    // It was one of those that were ready: no other ends with the agent.
    bridge.post("python:3.11/a/close", &json!({})).await;
    let left = running(&lab, 3).await;
    let gone: Vec<&String> = ahead.iter().filter(|id| !left.contains(id)).collect();
    assert_eq!(gone.len(), 1, "{ahead:?} {left:?}");
    bridge.stop().await;
    lab.nothing_runs().await;
    assert_eq!(lab.emulator.instances().len(), 4, "three ahead, one more");
}

#[tokio::test]
async fn whatever_signal_ends_it_all_is_freed() {
    let lab = Lab::new().await;
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT] {
        let bridge = Bridge::start(&lab, &[]).await;
        let session = json!({"session_type": "bash"});
        let (status, _) = bridge.post("python:3.11/a/create_session", &session).await;
        assert_eq!(status, 200);
        running(&lab, 1).await;
        bridge.stop_by(signal).await;
        lab.nothing_runs().await;
    }
}

#[tokio::test]
async fn a_start_that_stands_still_is_answered_in_time_with_how_far_it_got() {
    let fault = "/is_alive:hang".parse().unwrap();
    let lab = Lab::with(|builder| builder.fault(fault)).await;
    let bridge = Bridge::start(&lab, &["--start-timeout=500ms"]).await;
    let session = json!({"session_type": "bash"});
    let (status, told) = bridge.post("python:3.11/a/create_session", &session).await;
    let told = &told["swerexception"];
    assert_eq!(
        (status, &told["class_path"]),
        (511, &json!("swerex.exceptions.DeploymentStartupError"))
    );
    let message = told["message"].as_str().unwrap();
    assert!(
        message.contains("it got as far as: waiting for the server in"),
        "{message}"
    );
    bridge.stop().await;
    lab.nothing_runs().await;
}

#[tokio::test]
async fn what_nobody_uses_is_freed_and_comes_back_fresh() {
    let lab = Lab::new().await;
    let mut bridge = Bridge::start(&lab, &["--idle-timeout=100ms"]).await;
    let session = json!({"session_type": "bash"});
    for _ in 0..2 {
        let (status, _) = bridge.post("python:3.11/a/create_session", &session).await;
        assert_eq!(status, 200);
        bridge.says("freeing an idle sandbox").await;
        lab.nothing_runs().await;
    }
    assert_eq!(lab.emulator.instances().len(), 2);
    bridge.stop().await;
}

#[tokio::test]
async fn a_silent_command_outlives_an_idle_gateway() {
    let lab = Lab::with(|builder| builder.behaviour(idle_cut())).await;
    let mut bridge = Bridge::start(&lab, &[]).await;
    let silent = |name: &str| {
        let count = lab.path(name);
        format!("echo once >>{}; sleep 3; echo well", count.display())
    };
    // A command's own timeout may be none, or short.
    let calls = [None, Some(10.0)].into_iter().enumerate();
    let done = join_all(calls.map(async |(number, timeout)| {
        let address = format!("python:3.11/agent-{number}");
        let post = async |call: &str, body: Value| {
            let (status, told) = bridge.post(&format!("{address}/{call}"), &body).await;
            assert_eq!(status, 200, "{call}: {told}");
            told
        };
        post("create_session", json!({"session_type": "bash"})).await;
        let (in_session, alone) = (format!("session-{number}"), format!("execute-{number}"));
        let (run, execute) = tokio::join!(
            post(
                "run_in_session",
                json!({"action_type": "bash", "command": silent(&in_session), "timeout": timeout}),
            ),
            post(
                "execute",
                json!({"command": silent(&alone), "shell": true, "timeout": timeout}),
            ),
        );
        assert_eq!(
            (&run["output"], &execute["stdout"]),
            (&json!("well\n"), &json!("well\n"))
        );
        for name in [in_session, alone] {
            let runs = std::fs::read_to_string(lab.path(&name)).unwrap();
            assert_eq!(runs, "once\n", "{name}");
        }
    }))
    .await;
    assert_eq!(done.len(), 2);
    // The gateway did cut.
    bridge.says("cause=\"closed\"").await;
    bridge.stop().await;
    lab.nothing_runs().await;
}

/// A gateway that cuts connections on which nothing moves for a second.
fn idle_cut() -> Behaviour {
    let mut behaviour = Behaviour::default();
    behaviour.idle_timeout = Some(Duration::from_secs(1));
    behaviour
}
