//! `run`: output and exit code are the command's, and the sandbox is stopped however it ends.

use std::{process::Stdio, time::Duration};

use ags_emulator::{Emulator, InstanceRunner};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::support::{Lab, Said, program};

#[tokio::test]
async fn output_and_exit_code_are_the_commands() {
    let lab = Lab::new().await;
    let said = lab
        .run(&["-q", "run", "--", "echo out; echo err >&2; exit 7"])
        .await;
    assert_eq!(
        (said.out.as_str(), said.err.as_str(), said.code),
        ("out\n", "err\n", Some(7))
    );
    lab.nothing_runs().await;
    let calls = lab.emulator.calls();
    assert_eq!(
        (calls["StartSandboxInstance"], calls["StopSandboxInstance"]),
        (1, 1)
    );
}

#[tokio::test]
async fn several_arguments_are_a_program_with_its_arguments() {
    let lab = Lab::new().await;
    let said = lab
        .run(&["-q", "run", "--", "printf", "%s|", "a b", "$HOME"])
        .await;
    assert_eq!((said.out.as_str(), said.code), ("a b|$HOME|", Some(0)));
    let said = lab
        .run(&[
            "-q",
            "run",
            "-C",
            "/",
            "-e",
            "A=1 2",
            "--",
            "echo \"$A\" $PWD; kill -9 $$",
        ])
        .await;
    assert_eq!((said.out.as_str(), said.code), ("1 2 /\n", Some(137)));
}

#[tokio::test]
async fn programs_get_one_line_of_json() {
    let lab = Lab::new().await;
    let said = lab
        .run(&["-o", "json", "run", "--", "echo a; exit 3"])
        .await;
    assert_eq!(said.code, Some(3));
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (&json["stdout"], &json["exit_code"]),
        (&json!("a\n"), &json!(3))
    );
    assert_eq!(said.out.lines().count(), 1);

    lab.emulator
        .arm(
            "StartSandboxInstance:error=InvalidParameterValue.Image"
                .parse()
                .unwrap(),
        )
        .unwrap();
    let said = lab.run(&["-o", "json", "-q", "run", "--", "true"]).await;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    let json: serde_json::Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!(json["error"]["code"], "InvalidParameterValue.Image");
    assert!(json["error"]["request_id"].is_string(), "{json}");
    lab.nothing_runs().await;
}

#[tokio::test]
async fn steps_are_told_a_line_each_without_a_terminal() {
    let lab = Lab::new().await;
    let said = lab.run(&["run", "--", "true"]).await;
    for step in [
        "creating the tool swerex-",
        "starting an instance of sdt-",
        "is ready after",
        "stopping ",
    ] {
        assert!(said.err.contains(step), "{step}: {}", said.err);
    }
    assert!(!said.err.contains('\x1b'), "{}", said.err);
}

#[tokio::test]
async fn a_command_that_takes_too_long_ends_and_so_does_its_sandbox() {
    let lab = Lab::new().await;
    let said = lab
        .run(&["-q", "run", "--timeout", "300ms", "--", "sleep 600"])
        .await;
    assert!(
        said.error(1).contains("imed out") || said.error(1).contains("imeout"),
        "{said:?}"
    );
    lab.nothing_runs().await;
}

/// A signal while the command runs, and the code that tells of it.
async fn ended_by(signal: Signal, code: i32) {
    let lab = Lab::new().await;
    let mark = lab.path("runs");
    let line = format!("touch {}; sleep 600", mark.display());
    let mut child = lab.command(&["-q", "run", "--", &line]);
    let child = child
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !mark.exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
    let said = Said::of(child.wait_with_output().await.unwrap());
    assert!(said.error(code).starts_with("interrupted by"), "{said:?}");
    lab.nothing_runs().await;
}

#[tokio::test]
async fn ctrl_c_stops_the_sandbox() {
    ended_by(Signal::INT, 130).await;
}

#[tokio::test]
async fn sigterm_stops_the_sandbox() {
    ended_by(Signal::TERM, 143).await;
}

#[tokio::test]
async fn an_interrupted_start_leaves_nothing() {
    let lab = Lab::with(|builder| builder.start_delay(Duration::from_secs(600))).await;
    let mut child = lab.command(&["-q", "run", "--", "true"]);
    let child = child
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    lab.emulator
        .wait_for_instances(|instances| !instances.is_empty())
        .await;
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let said = Said::of(child.wait_with_output().await.unwrap());
    said.error(130);
    lab.nothing_runs().await;
}

#[tokio::test]
async fn a_command_that_is_ended_has_the_time_that_it_is_given() {
    let lab = Lab::new().await;
    let id = lab.up().await;
    let (mark, saved) = (lab.path("runs"), lab.path("saved"));
    let line = format!(
        "trap 'sleep 1; echo > {}; exit' TERM; touch {}; while :; do sleep 0.01; done",
        saved.display(),
        mark.display()
    );
    for (grace, is_saved) in [("200ms", false), ("1m", true)] {
        let _ = std::fs::remove_file(&mark);
        let args = ["-q", "run", "-i", &id, "--kill-grace", grace, "--", &line];
        let mut command = lab.command(&args);
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        while !mark.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        Said::of(child.wait_with_output().await.unwrap()).error(143);
        assert_eq!(saved.exists(), is_saved, "{grace}");
    }
    lab.json(&["down", &id, "--yes"]).await;
}

#[tokio::test]
async fn a_sandbox_that_ends_under_a_command_is_told_with_why() {
    for (ends, pieces) in [
        (
            "expires",
            ["reason timeout: its lifetime was over", "timeout=4h"],
        ),
        ("dies", ["FAILED, reason error: it died: ", "memory=4Gi"]),
    ] {
        let lab = Lab::new().await;
        let mark = lab.path("runs");
        let line = format!("touch {}; sleep 600", mark.display());
        let mut command = lab.command(&["-q", "run", "--", &line]);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        while !mark.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for instance in lab.emulator.live_instances() {
            match ends {
                "expires" => lab.emulator.expire_instance(&instance.id),
                _ => lab.emulator.kill_instance(&instance.id),
            }
        }
        let said = Said::of(child.wait_with_output().await.unwrap());
        let told = said.error(1);
        for piece in pieces {
            assert!(told.contains(piece), "{ends}: {told}");
        }
        lab.nothing_runs().await;
    }
}

#[tokio::test]
async fn without_a_cloud_it_runs_in_an_emulator_of_its_own() {
    let output = program()
        .args(["-q", "run", "--local", "--", "echo $((6*7))"])
        .output()
        .await
        .unwrap();
    let said = Said::of(output);
    assert_eq!(
        (said.out.as_str(), said.err.as_str(), said.code),
        ("42\n", "", Some(0))
    );
}

#[tokio::test]
async fn no_secret_is_told_at_any_level() {
    let marker = "markersecretkeymarker";
    let emulator = Emulator::builder()
        .runner(InstanceRunner::Native)
        .secret_key(marker)
        .start()
        .await
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let ready = directory.path().join("ready");
    std::fs::write(&ready, emulator.ready_line()).unwrap();
    for line in ["exit 0", "exit 3"] {
        let output = program()
            .arg(format!("--local={}", ready.display()))
            .args(["-vvv", "run", "--", line])
            .output()
            .await
            .unwrap();
        let said = Said::of(output);
        assert!(
            said.err.contains("DEBUG") || said.err.contains("TRACE"),
            "{}",
            said.err
        );
        for secret in [marker, "sit_"] {
            assert!(
                !said.err.contains(secret) && !said.out.contains(secret),
                "{}",
                said.err
            );
        }
    }
}
