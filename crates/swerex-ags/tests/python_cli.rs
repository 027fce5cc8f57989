//! The built program with the real Python SWE-ReX server in its sandboxes.
//!
//! `SWEREX_PYTHON_SERVER` names the server's program; `cargo xtask test` sets it. Without it these tests say that they are skipped.
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

#[expect(dead_code, reason = "the other tests of the program use the rest")]
#[path = "cli/desk.rs"]
mod desk;
#[expect(dead_code, reason = "the other tests of the program use the rest")]
#[path = "cli/support.rs"]
mod support;

use std::{ffi::OsString, fs, os::unix::fs::PermissionsExt as _, path::PathBuf, process::Stdio};

use ags_emulator::InstanceRunner;
use tokio::io::AsyncWriteExt as _;

use crate::{
    desk::Desk,
    support::{Lab, Said},
};

/// An emulator whose sandboxes start the Python server, as on AGS with an image that has it.
async fn lab() -> Option<Lab> {
    let Some(server) = std::env::var_os("SWEREX_PYTHON_SERVER").map(PathBuf::from) else {
        println!(
            "SKIPPED: SWEREX_PYTHON_SERVER is not set; `cargo xtask integration` runs this test"
        );
        return None;
    };
    let mut path = OsString::from(server.parent().unwrap());
    path.push(":/usr/local/bin:/usr/bin:/bin");
    Some(Lab::with(|builder| builder.runner(InstanceRunner::Process).path(path)).await)
}

#[tokio::test]
async fn a_command_runs_and_nothing_is_left() {
    let Some(lab) = lab().await else { return };
    let said = lab
        .run(&[
            "-q",
            "run",
            "--",
            "printf '\\377'; echo err >&2; ps -o args= -p $PPID | grep -c swerex-remote; exit 7",
        ])
        .await;
    // The server shows bytes that are not UTF-8 in its own way.
    assert_eq!(
        (said.out.as_str(), said.err.as_str(), said.code),
        ("\\xff1\n", "err\n", Some(7))
    );
    lab.nothing_runs().await;
}

#[tokio::test]
async fn files_and_directories_are_copied_both_ways() {
    let Some(lab) = lab().await else { return };
    let id = lab.up().await;
    let bytes: Vec<u8> = (0..6_000_000_u32)
        .map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[2])
        .collect();
    fs::create_dir_all(lab.path("tree/deep/empty")).unwrap();
    fs::write(lab.path("tree/bytes"), &bytes).unwrap();
    fs::write(lab.path("tree/deep/run"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(lab.path("tree/deep/run"), fs::Permissions::from_mode(0o755)).unwrap();
    let remote = format!("{id}:{}", lab.path("remote").display());
    for args in [
        ["cp", "tree", &remote],
        ["cp", &format!("{remote}/bytes"), "bytes"],
        ["cp", &remote, "home"],
    ] {
        let said = lab.run(&args).await;
        assert_eq!(said.code, Some(0), "{args:?}: {said:?}");
    }
    assert!(
        fs::read(lab.path("bytes")).unwrap() == bytes,
        "the bytes are others"
    );
    assert!(
        fs::read(lab.path("home/bytes")).unwrap() == bytes,
        "the bytes are others"
    );
    assert!(lab.path("home/deep/empty").is_dir());
    let mode = fs::metadata(lab.path("home/deep/run"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(
        mode & 0o777,
        0o755,
        "the Python server drops modes, the client restores them"
    );
    lab.json(&["down", &id, "--yes"]).await;
    lab.nothing_runs().await;
}

#[tokio::test]
async fn a_shell_keeps_its_state() {
    let Some(lab) = lab().await else { return };
    let mut child = lab
        .command(&["-q", "shell"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let script = "cd /usr\nx=5\nfor i in 1 2; do\n  echo $i $x in $PWD\ndone\nexit 9\n";
    child
        .stdin
        .take()
        .unwrap()
        .write_all(script.as_bytes())
        .await
        .unwrap();
    let said = Said::of(child.wait_with_output().await.unwrap());
    assert_eq!(
        (said.out.as_str(), said.code),
        ("1 5 in /usr\n2 5 in /usr\n", Some(9)),
        "{said:?}"
    );
    lab.nothing_runs().await;
}

#[tokio::test]
async fn a_shell_on_a_terminal_goes_line_by_line() {
    let Some(lab) = lab().await else { return };
    let id = lab.up().await;
    let prompt = format!("{}$ ", &id[..8]);
    let mut desk = Desk::new(lab.command(&["-q", "shell", "--instance", &id]));
    desk.until(&prompt).await;
    assert!(desk.is_plain(), "lines are edited here");
    desk.types("x=4; echo $((x + 1)) in a line\n").await;
    desk.until("\r\n5 in a line\r\n").await;
    desk.until(&prompt).await;
    desk.types("exit 3\n").await;
    let (code, shown) = desk.ended().await;
    assert_eq!(code, Some(3), "{shown:?}");
    lab.json(&["down", &id, "--yes"]).await;
    lab.nothing_runs().await;
}
