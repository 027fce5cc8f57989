//! The bridge between an agent and the Python server: no single fault ends a run, and nothing runs twice.
//!
//! `SWEREX_PYTHON` names an interpreter that has it; `cargo xtask test` sets it. Without it these tests say that they are skipped.
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

#[path = "wire/mod.rs"]
mod wire;

use std::{ffi::OsString, path::PathBuf};

use ags_emulator::{Emulator, EmulatorBuilder, InstanceRunner};
use serde_json::json;

/// The interpreter, and the emulator with the server that comes with it.
fn python() -> Option<(PathBuf, impl Fn() -> EmulatorBuilder)> {
    let Some(python) = std::env::var_os("SWEREX_PYTHON").map(PathBuf::from) else {
        println!("SKIPPED: SWEREX_PYTHON is not set; `cargo xtask integration` runs this test");
        return None;
    };
    let mut path = OsString::from(python.parent().unwrap());
    path.push(":/usr/local/bin:/usr/bin:/bin");
    let builder = move || {
        Emulator::builder()
            .runner(InstanceRunner::Process)
            .path(path.clone())
    };
    Some((python, builder))
}

#[tokio::test]
async fn no_fault_reaches_the_agent() {
    if let Some((_, builder)) = python() {
        wire::no_fault_reaches_the_agent(builder).await;
    }
}

#[tokio::test]
async fn one_id_runs_once() {
    if let Some((_, builder)) = python() {
        wire::one_id_runs_once(builder()).await;
    }
}

/// Resident memory of a process, in megabytes: at its peak, and now.
fn memory(process: &tokio::process::Child) -> (u64, u64) {
    let status = format!("/proc/{}/status", process.id().unwrap());
    let status = std::fs::read_to_string(status).unwrap();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        let number = line.split_whitespace().nth(1).unwrap();
        number.parse::<u64>().unwrap() / 1024
    };
    (of("VmHWM:"), of("VmRSS:"))
}

/// Output of 400 MB, an upload of 200 MB, and then 20 MB of hostile JSON in every form; from a server that says it is the native one, and from
/// one that does not.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_sandbox_does_not_take_the_bridges_memory() {
    let Some((python, _)) = python() else { return };
    for native in ["", "NATIVE=2 "] {
        let directory = tempfile::tempdir().unwrap();
        let server = directory.path().join("swerex-remote");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/huge_server.py");
        let text = format!(
            "#!/bin/sh\n{native}exec '{}' '{script}' \"$@\"\n",
            python.display()
        );
        std::fs::write(&server, text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&server, mode).unwrap();
        let mut path = OsString::from(directory.path());
        path.push(":/usr/local/bin:/usr/bin:/bin");
        let builder = Emulator::builder()
            .runner(InstanceRunner::Process)
            .path(path);
        let wire = wire::Wire::new(builder, &[]).await;
        let session = json!({ "session_type": "bash" });
        assert_eq!(wire.post("create_session", "c", &session).await.0, 200);
        let (_, before) = memory(&wire.bridge);
        let most = |beyond: u64, what: &str| {
            let (peak, now) = memory(&wire.bridge);
            assert!(
                peak < before + beyond,
                "{what}: {before} MB before, {peak} MB at the peak, {now} MB now"
            );
            now
        };
        // With a timeout it is asked for in one piece, without one by its events.
        for timeout in [json!(10), json!(null)] {
            let ask = |kind: &str, number: u64| json!({ "command": [kind, number.to_string()], "timeout": timeout });
            let (status, said) = wire.post("execute", "", &ask("text", 400_000_000)).await;
            let stdout = said["stdout"].as_str().unwrap();
            assert_eq!((status, &said["exit_code"]), (200, &json!(7)));
            assert!(stdout.starts_with("begin0") && stdout.ends_with("fend"));
            assert!(stdout.len() < (16 << 20) + 1000 && stdout.contains(" bytes left out ...]\n"));
            most(64, "a long output");
        }
        let answer = wire.call("upload", "", "text/plain", vec![b'x'; 200 << 20]);
        assert_eq!(answer.await.status(), 200);
        most(64, "an upload");
        let mut now = 0;
        for timeout in [json!(10), json!(null)] {
            for status in [200, 422, 511] {
                let ask = json!({ "command": ["nodes", status.to_string()], "timeout": timeout });
                // What is passed on need not be read here.
                let answer = wire
                    .call("execute", "", "application/json", ask.to_string())
                    .await;
                assert!([200, 422, 511].contains(&answer.status().as_u16()));
                now = most(200, &format!("nodes {status} {timeout} {native}"));
            }
        }
        assert!(now < before + 100, "{now} MB are left of {before}");
        wire.end().await;
    }
}
