//! `shell` on a terminal: a real one on the other side, and this one as it was when it is over.

use std::{path::Path, time::Duration};

use ags_emulator::{Behaviour, InstanceRunner};
use rustix::process::Signal;

use crate::{
    desk::Desk,
    support::{Lab, program},
};

/// Says so once it has the keyboard, and sleeps.
const SLEEPS: &str = "sh -c 'echo a\"\"sleep; exec sleep 1000'\n";

#[tokio::test]
async fn everything_works_that_works_on_a_terminal() {
    let mut command = program();
    command.args(["shell", "--local"]).env("TERM", "vt100");
    let mut desk = Desk::new(command);
    desk.until("~. at the beginning of a line leaves it").await;
    desk.types("stty size; tty; echo $TERM-\n").await;
    desk.until("24 80\r\n/dev/pts/").await;
    desk.until("vt100-\r\n").await;
    assert!(!desk.is_plain(), "keys go to the other side as they are");
    desk.resize(40, 100);
    // The size is told by itself, some time.
    desk.types("until [ \"$(stty size)\" = '40 100' ]; do sleep 0.01; done; echo res''ized\n")
        .await;
    desk.until("resized\r\n").await;

    // Editing of lines, history, and a key that is a signal there.
    desk.types("echo wrong\x17right\n").await;
    desk.until("right\r\n").await;
    desk.types(SLEEPS).await;
    desk.until("asleep\r\n").await;
    desk.types("\x03").await;
    desk.types("echo code $?\n").await;
    desk.until("code 130\r\n").await;
    // Nothing of this is for the program here.
    desk.types("echo '\x16~.' ~~\n").await;
    desk.until("~. ~~\r\n").await;
    desk.types("exit 7\n").await;
    let (code, shown) = desk.ended().await;
    assert_eq!(code, Some(7), "{shown:?}");
}

#[tokio::test]
async fn files_that_are_named_are_sourced_after_bashs_own() {
    let lab = Lab::new().await;
    std::fs::write(lab.path("a file"), "greet() { echo hello $1; }\n").unwrap();
    let file = lab.path("a file");
    let args = ["-q", "shell", "--source", file.to_str().unwrap()];
    let mut desk = Desk::new(lab.command(&args));
    desk.types("greet you; exit\n").await;
    desk.until("hello you\r\n").await;
    let (code, shown) = desk.ended().await;
    assert_eq!(code, Some(0), "{shown:?}");
    lab.nothing_runs().await;
}

/// A shell in a sandbox that stays, behind a gateway that cuts what is idle; and its process.
async fn kept(lab: &Lab) -> (Desk, String, i32) {
    let id = lab.up().await;
    let mut desk = Desk::new(lab.command(&["shell", "--instance", &id]));
    let file = lab.path("pid");
    desk.types(&format!("echo $$ > '{}'\n", file.display()))
        .await;
    desk.types(SLEEPS).await;
    desk.until("asleep\r\n").await;
    let pid = std::fs::read_to_string(file).unwrap();
    (desk, id, pid.trim().parse().unwrap())
}

async fn gone(pid: i32) {
    let status = format!("/proc/{pid}/status");
    let is_there = || {
        std::fs::read_to_string(Path::new(&status)).is_ok_and(|text| !text.contains("State:\tZ"))
    };
    while is_there() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn idle_connections_are_cut_and_taken_up_and_it_can_be_left() {
    let mut behaviour = Behaviour::default();
    behaviour.set("idle-timeout", "200ms").unwrap();
    behaviour.set("body-limit", "100000").unwrap();
    let lab = Lab::with(|builder| builder.behaviour(behaviour)).await;
    let (mut desk, id, pid) = kept(&lab).await;
    desk.types("\x03").await;
    // Silent for longer than the gateway bears, and louder than it lets through at once.
    desk.types("sleep 1; seq 1 100000; echo whole $(seq 1 100000 | wc -c)\n")
        .await;
    desk.until("whole 588895\r\n").await;
    assert_eq!(
        desk.count("\r\n77777\r\n"),
        1,
        "nothing is lost or told twice"
    );
    desk.types(DRAWS).await;
    desk.until("\x1b[?25lON").await;
    desk.types(SLEEPS).await;
    desk.until("asleep\r\n").await;
    desk.types("\r~?").await;
    desk.until("~~  type ~").await;
    desk.types("\r~.").await;
    let (code, shown) = desk.ended().await;
    assert_eq!(code, Some(130), "{shown:?}");
    assert!(shown.contains("error: interrupted by ~.\r\n"), "{shown:?}");
    assert!(is_tidy(&shown), "{shown:?}");
    assert!(!shown.contains("WARN"), "{shown:?}");
    tokio::time::timeout(crate::support::PATIENCE, gone(pid))
        .await
        .expect("the shell that was left goes on");
    assert_eq!(lab.emulator.live_instances().len(), 1, "the sandbox stays");
    lab.json(&["down", &id, "--yes"]).await;
}

#[tokio::test]
async fn a_sandbox_that_is_gone_is_told_in_one_line() {
    let lab = Lab::new().await;
    for is_stopped in [false, true] {
        let (mut desk, id, _) = kept(&lab).await;
        desk.types("\x03").await;
        desk.types(DRAWS).await;
        desk.until("\x1b[?25lON").await;
        if is_stopped {
            lab.json(&["down", &id, "--yes"]).await;
        } else {
            lab.emulator.kill_instance(&id);
        }
        let (code, shown) = desk.ended().await;
        assert_eq!(code, Some(1), "{shown:?}");
        assert_eq!(shown.matches("error: ").count(), 1, "{shown:?}");
        assert!(is_tidy(&shown), "{shown:?}");
    }
}

/// Draws on the whole terminal, with the mouse and without a cursor.
const DRAWS: &str = "printf '\\e[?1049h\\e[?1002;1006h\\e[?25lO''N'\n";

/// Whether all of that has been taken back.
fn is_tidy(shown: &str) -> bool {
    [
        ("\x1b[?1049h", "\x1b[?1049l"),
        ("\x1b[?1002;", "\x1b[?1002l"),
        (";1006h", "\x1b[?1006l"),
        ("\x1b[?25l", "\x1b[?25h"),
    ]
    .iter()
    .all(|(on, off)| {
        let on = shown.rfind(on).unwrap();
        shown.rfind(off).is_some_and(|off| on < off)
    })
}

#[tokio::test]
async fn what_ends_by_itself_leaves_nothing_on_the_screen_either() {
    let lab = Lab::new().await;
    let id = lab.up().await;
    for (end, code) in [("exit 7", 7), ("exit", 0), ("kill -9 $$", 137)] {
        let mut desk = Desk::new(lab.command(&["-q", "shell", "--instance", &id]));
        desk.types(DRAWS).await;
        desk.until("\x1b[?25lON").await;
        desk.types(&format!("{end}\n")).await;
        let (ended, shown) = desk.ended().await;
        assert_eq!(ended, Some(code), "{shown:?}");
        assert!(is_tidy(&shown), "{shown:?}");
    }
    lab.json(&["down", &id, "--yes"]).await;
}

#[tokio::test]
async fn signals_leave_the_terminal_as_it_was() {
    let lab = Lab::new().await;
    for (signal, code) in [
        (Signal::TERM, 143),
        (Signal::HUP, 129),
        (Signal::INT, 130),
        (Signal::QUIT, 131),
    ] {
        let (mut desk, id, pid) = kept(&lab).await;
        desk.types("\x03").await;
        desk.types(DRAWS).await;
        desk.until("\x1b[?25lON").await;
        desk.send(signal);
        let (ended, shown) = desk.ended().await;
        assert_eq!(ended, Some(code), "{shown:?}");
        assert!(is_tidy(&shown), "{shown:?}");
        tokio::time::timeout(crate::support::PATIENCE, gone(pid))
            .await
            .expect("the shell that was left goes on");
        lab.json(&["down", &id, "--yes"]).await;
    }
    lab.nothing_runs().await;
}

#[tokio::test]
async fn a_server_in_a_process_of_its_own_has_it_too() {
    let directory = Path::new(env!("CARGO_BIN_EXE_swerex-ags"))
        .parent()
        .unwrap();
    if !directory.join("swerex-remote").exists() {
        println!("SKIPPED: swerex-remote is not built; `cargo build -p swerex-server` does so");
        return;
    }
    let mut path = std::ffi::OsString::from(directory);
    path.push(":/usr/local/bin:/usr/bin:/bin");
    let mut behaviour = Behaviour::default();
    behaviour.set("idle-timeout", "200ms").unwrap();
    let lab = Lab::with(|builder| {
        builder
            .runner(InstanceRunner::Process)
            .path(path)
            .behaviour(behaviour)
    })
    .await;
    let mut desk = Desk::new(lab.command(&["-q", "shell"]));
    desk.types("stty size; sleep 1; exit 3\n").await;
    desk.until("24 80\r\n").await;
    let (code, shown) = desk.ended().await;
    assert_eq!(code, Some(3), "{shown:?}");
    lab.nothing_runs().await;
}
