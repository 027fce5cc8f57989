//! What nobody outside AGS knows: one lifecycle is right under every setting of the emulator's switches, alone and together.

use std::time::Duration;

use ags_api::model::{PauseSandboxInstanceRequest, ResumeSandboxInstanceRequest, SandboxInstance};
use ags_emulator::Behaviour;
use futures_util::StreamExt as _;
use swerex_ags_runtime::{AgsRuntime, TerminalEvent};
use swerex_proto::{
    BashAction, Command, CreateBashSessionRequest,
    native::{TerminalRequest, TerminalSize},
};

use crate::lab::{LONG, Lab, shell};

/// How many random combinations are tried besides each setting alone.
const COMBINATIONS: usize = 48;

/// How many lives are lived at the same time.
const AT_ONCE: usize = 8;

/// Every switch with the settings to try. Those whose values are spans and numbers get some.
fn settings() -> Vec<(&'static str, Vec<&'static str>)> {
    Behaviour::SWITCHES
        .iter()
        .map(|(switch, values)| {
            let values = match *switch {
                "idle-timeout" => vec!["off", "300ms", "2s"],
                "body-limit" => vec!["off", "100000"],
                "not-listening" => vec!["502", "503", "504", "404"],
                "clock-skew" => vec!["0", "600", "-600"],
                _ => values.to_vec(),
            };
            (*switch, values)
        })
        .collect()
}

async fn say(runtime: &AgsRuntime, command: &str) -> String {
    let action = BashAction {
        timeout: Some(20.0),
        ..BashAction::new(command)
    };
    runtime.run_in_session(&action.into()).await.unwrap().output
}

/// A life from start to stop, under these settings.
async fn live(settings: &[(&str, &str)]) {
    let mut behaviour = Behaviour::default();
    for (switch, value) in settings {
        behaviour.set(switch, value).unwrap();
    }
    let paused_answers = behaviour.paused_answers.to_string();
    let what = behaviour.to_string();
    let lab = Lab::with(|builder| {
        builder
            .behaviour(behaviour)
            .start_delay(Duration::from_millis(5))
    })
    .await;
    let mut deployment = lab.deployment();
    deployment
        .start()
        .await
        .unwrap_or_else(|error| panic!("{what}: {error:?}"));
    let runtime = deployment.runtime().unwrap().clone();
    let id = deployment.instance_id().unwrap().to_owned();

    assert_eq!(shell(&runtime, "echo out").await.stdout, "out\n", "{what}");
    let request = CreateBashSessionRequest {
        startup_timeout: 20.0,
        ..CreateBashSessionRequest::default()
    };
    runtime.create_session(&request.into()).await.unwrap();
    assert_eq!(say(&runtime, "x=1; cd /usr").await, "", "{what}");
    assert_eq!(say(&runtime, "echo $x $PWD").await, "1 /usr\n", "{what}");

    // The gateway forgets the token; then a second one is acquired, as by another process.
    lab.emulator.revoke_tokens(&id);
    assert_eq!(say(&runtime, "echo $x").await, "1\n", "{what}");
    let other = deployment.attach(&id).await.unwrap();
    assert_eq!(
        shell(&other, "echo other").await.stdout,
        "other\n",
        "{what}"
    );
    assert_eq!(say(&runtime, "echo $x").await, "1\n", "{what}");

    // A file that is larger than the smallest limit for bodies, both ways.
    let (source, target, back) = (
        lab.directory.path().join("source"),
        lab.path("target"),
        lab.directory.path().join("back"),
    );
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    std::fs::write(&source, &bytes).unwrap();
    runtime
        .upload(&source, &target)
        .await
        .unwrap_or_else(|error| panic!("{what}: {error:?}"));
    runtime
        .download(&target, &back, &|_, _| {})
        .await
        .unwrap_or_else(|error| panic!("{what}: {error:?}"));
    assert!(std::fs::read(&back).unwrap() == bytes, "{what}");

    // Silent for longer than the shortest idle time.
    let command = Command {
        timeout: Some(20.0),
        ..Command::shell(format!("sleep 0.7; echo once >> '{}'", lab.path("slept")))
    };
    runtime
        .execute(&command)
        .await
        .unwrap_or_else(|error| panic!("{what}: {error:?}"));
    assert_eq!(lab.lines("slept"), 1, "{what}");

    terminal(&lab, &runtime, &id, &what).await;

    pause(&lab, &runtime, &id, &paused_answers, &what).await;
    assert_eq!(say(&runtime, "echo $x $PWD").await, "1 /usr\n", "{what}");

    deployment
        .stop()
        .await
        .unwrap_or_else(|error| panic!("{what}: {error:?}"));
    // Whoever stops it as well, or later, is told that it is stopped.
    lab.nothing_runs(&what).await;
    lab.account
        .stop_instance(&id)
        .await
        .unwrap_or_else(|error| panic!("{what}: {error:?}"));
    let gone = runtime.execute(&Command::shell("true")).await.unwrap_err();
    assert!(gone.is_environment_expired(), "{what}: {gone:?}");
}

/// A shell on a terminal, whose gateway forgets the token in the middle; it prints more than the smallest limit for bodies, and is silent for
/// longer than the shortest idle time.
async fn terminal(lab: &Lab, runtime: &AgsRuntime, id: &str, what: &str) {
    let words = ["bash", "--norc"].map(str::to_owned);
    let request = TerminalRequest {
        command: Some(words.to_vec()),
        ..TerminalRequest::new(TerminalSize { rows: 24, cols: 80 })
    };
    let mut terminal = runtime.open_terminal(&request).await.unwrap();
    let mut shown = String::new();
    let typed = terminal.input().write(b"echo six times $((6 * 7))\n").await;
    typed.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    let exit_code = loop {
        match terminal.next().await {
            Ok(TerminalEvent::Output(bytes)) => shown.push_str(&String::from_utf8_lossy(&bytes)),
            Ok(TerminalEvent::Ended { exit_code }) => break exit_code,
            Err(error) => panic!("{what}: {error:?} after {shown:?}"),
        }
        if shown.contains("six times 42\r\n") {
            lab.emulator.revoke_tokens(id);
            shown.clear();
            let more = b"sleep 0.7; seq 1 20000; exit 3\n";
            let typed = terminal.input().write(more).await;
            typed.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        }
    };
    let numbers: String = (1..=20_000).map(|n| format!("{n}\r\n")).collect();
    assert_eq!(exit_code, 3, "{what}: {shown:?}");
    assert!(shown.contains(&numbers), "{what}: {shown:?}");
}

/// What a call finds when the instance is paused, and that it works when it was resumed. Memory is kept.
async fn pause(lab: &Lab, runtime: &AgsRuntime, id: &str, answers: &str, what: &str) {
    let client = lab.account.client();
    let until = async |wanted: &str| {
        let board = ags_api::poll::StatusBoard::new(client.clone());
        let settled =
            |found: Option<SandboxInstance>| (found?.status?.as_str() == wanted).then_some(());
        tokio::time::timeout(LONG, board.until_instance(id, settled))
            .await
            .unwrap()
            .unwrap();
    };
    let request = PauseSandboxInstanceRequest {
        instance_id: Some(id.to_owned()),
        memory: Some(true),
        ..Default::default()
    };
    client.call(&request).await.unwrap();
    until("PAUSED").await;
    let resume = async {
        let request = ResumeSandboxInstanceRequest {
            instance_id: Some(id.to_owned()),
            ..Default::default()
        };
        client.call(&request).await.unwrap();
        until("RUNNING").await;
    };
    let command = Command {
        timeout: Some(20.0),
        ..Command::shell(format!("echo once >> '{}'", lab.path("paused")))
    };
    match answers {
        "not-found" => {
            let error = runtime.execute(&command).await.unwrap_err();
            assert!(error.is_environment_expired(), "{what}: {error:?}");
            resume.await;
            runtime.execute(&command).await.unwrap();
        }
        "unavailable" => {
            // It is told to come later, and does until somebody has resumed it.
            let (outcome, ()) = tokio::join!(runtime.execute(&command), resume);
            outcome.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        }
        _ => {
            runtime
                .execute(&command)
                .await
                .unwrap_or_else(|error| panic!("{what}: {error:?}"));
            until("RUNNING").await;
        }
    }
    assert_eq!(lab.lines("paused"), 1, "{what}");
}

/// Some of them side by side.
async fn all(lives: impl Iterator<Item = Vec<(&'static str, &'static str)>>) {
    let lives = futures_util::stream::iter(lives);
    lives
        .for_each_concurrent(AT_ONCE, async |settings| live(&settings).await)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_life_is_right_under_every_setting_alone() {
    let alone = settings()
        .into_iter()
        .flat_map(|(switch, values)| values.into_iter().map(move |value| vec![(switch, value)]));
    all(alone).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_life_is_right_under_settings_together() {
    let settings = settings();
    let mut random = proptest::test_runner::TestRng::deterministic_rng(
        proptest::test_runner::RngAlgorithm::ChaCha,
    );
    let chosen = (0..COMBINATIONS).map(|_| {
        let setting = |(switch, values): &(&'static str, Vec<&'static str>)| {
            let at = proptest::prelude::Rng::next_u32(&mut random) as usize;
            (*switch, values[at % values.len()])
        };
        settings.iter().map(setting).collect()
    });
    all(chosen).await;
}

#[tokio::test]
async fn directories_and_bytes_go_through_a_gateway_that_takes_small_bodies() {
    let mut behaviour = Behaviour::default();
    behaviour.set("body-limit", "100000").unwrap();
    let lab = Lab::with(|builder| builder.behaviour(behaviour)).await;
    let deployment = lab.started().await;
    let runtime = deployment.runtime().unwrap();
    let (tree, back) = (
        lab.directory.path().join("tree"),
        lab.directory.path().join("back"),
    );
    std::fs::create_dir_all(tree.join("deep")).unwrap();
    let bytes: Vec<u8> = (0..700_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    std::fs::write(tree.join("deep/large"), &bytes).unwrap();
    std::fs::write(tree.join("small"), "small").unwrap();
    let target = lab.path("target");
    runtime.upload(&tree, &target).await.unwrap();
    runtime.download(&target, &back, &|_, _| {}).await.unwrap();
    assert!(std::fs::read(back.join("deep/large")).unwrap() == bytes);
    assert_eq!(std::fs::read(back.join("small")).unwrap(), b"small");
    let file = lab.path("bytes");
    runtime.write_bytes(&file, &bytes).await.unwrap();
    assert!(runtime.read_bytes(&file, 1 << 20).await.unwrap() == bytes);
    // Nothing is left of how it went.
    let mut left: Vec<_> = std::fs::read_dir(lab.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["back", "bytes", "target", "tree"]);
    drop(deployment);
    lab.nothing_runs("small bodies").await;
}
