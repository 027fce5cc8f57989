//! Terminals of our native server, through connections that hold and through such that do not.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

#[path = "native_server/server.rs"]
mod server;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ags_http::testing::{Replay, Step};
use server::Server;
use swerex_ags_runtime::{AgsRuntime, AgsRuntimeConfig, Error, Terminal, TerminalEvent};
use swerex_proto::{
    ExceptionClass,
    native::{TerminalRequest, TerminalSize},
};

/// How long something may take to appear.
const PATIENCE: Duration = Duration::from_secs(30);

const SIZE: TerminalSize = TerminalSize { rows: 24, cols: 80 };

struct Desk {
    terminal: Terminal,
    screen: Vec<u8>,
    seen: usize,
    ended: Option<i64>,
}

impl Desk {
    async fn of(runtime: &AgsRuntime, words: &[&str]) -> Self {
        let command = words.iter().map(|word| (*word).to_owned()).collect();
        let request = TerminalRequest {
            command: Some(command),
            ..TerminalRequest::new(SIZE)
        };
        Self {
            terminal: runtime.open_terminal(&request).await.unwrap(),
            screen: Vec::new(),
            seen: 0,
            ended: None,
        }
    }

    async fn hear(&mut self) {
        let next = tokio::time::timeout(PATIENCE, self.terminal.next()).await;
        let next = next.unwrap_or_else(|_| panic!("nothing comes after {:?}", self.screen));
        match next.unwrap() {
            TerminalEvent::Output(bytes) => self.screen.extend(bytes),
            TerminalEvent::Ended { exit_code } => self.ended = Some(exit_code),
        }
    }

    async fn until(&mut self, text: &str) {
        loop {
            let fresh = String::from_utf8_lossy(&self.screen[self.seen..]).into_owned();
            if let Some(at) = fresh.find(text) {
                self.seen += at + text.len();
                return;
            }
            assert_eq!(self.ended, None, "{fresh:?} has no {text:?}");
            self.hear().await;
        }
    }

    async fn ended(&mut self) -> i64 {
        while self.ended.is_none() {
            self.hear().await;
        }
        self.ended.unwrap()
    }

    async fn types(&self, text: &str) {
        self.terminal.input().write(text.as_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn a_shell_is_typed_to_resized_interrupted_and_left() {
    let server = Server::start().await;
    let runtime = server.runtime().await;
    assert!(runtime.has_terminals());
    let mut desk = Desk::of(&runtime, &["bash", "--norc"]).await;
    desk.types("stty size\n").await;
    desk.until("24 80\r\n").await;
    let size = TerminalSize {
        rows: 40,
        cols: 100,
    };
    desk.terminal.input().resize(size).await.unwrap();
    desk.types("stty size\n").await;
    desk.until("40 100\r\n").await;
    desk.types("sh -c 'echo re\"\"ady; exec sleep 1000'\n")
        .await;
    desk.until("ready\r\n").await;
    desk.types("\x03").await;
    desk.types("echo code $?; exit 7\n").await;
    desk.until("code 130\r\n").await;
    assert_eq!(desk.ended().await, 7);
    // There is nobody to type to, and nothing to close any more.
    desk.types("x").await;
    desk.terminal.input().resize(size).await.unwrap();
    desk.terminal.input().close().await.unwrap();
    let again = desk.terminal.next().await.unwrap();
    assert_eq!(again, TerminalEvent::Ended { exit_code: 7 });
}

#[tokio::test]
async fn nothing_is_lost_or_typed_twice_on_lossy_connections() {
    let server = Server::start().await;
    let (lossy, losses) = server.lossy(5).await;
    let script = "stty -echo; echo ready; head -n 200 | cksum; seq 1 100000";
    let mut desk = Desk::of(&lossy, &["bash", "-c", script]).await;
    desk.until("ready\r\n").await;
    // Longer than what is typed at once, and in lines that a terminal takes.
    let lines: String = (0..200).map(|n| format!("{n:0>150}\n")).collect();
    desk.types(&lines[..10_001]).await;
    desk.types(&lines[10_001..]).await;
    assert_eq!(desk.ended().await, 0);
    let screen = String::from_utf8(desk.screen).unwrap();
    let (sum, numbers) = screen
        .strip_prefix("ready\r\n")
        .unwrap()
        .split_once("\r\n")
        .unwrap();
    std::fs::write(server.home().join("lines"), &lines).unwrap();
    let expected = std::process::Command::new("sh")
        .args(["-c", "cksum < lines"])
        .current_dir(server.home())
        .output()
        .unwrap();
    assert_eq!(sum, String::from_utf8(expected.stdout).unwrap().trim_end());
    let expected: String = (1..=100_000).map(|n| format!("{n}\r\n")).collect();
    assert!(numbers == expected, "the numbers are others");
    for left in losses.iter() {
        assert_eq!(left.load(Ordering::SeqCst), 0, "every loss was met");
    }
}

#[tokio::test]
async fn what_a_dropped_call_was_to_type_is_typed_first() {
    let server = Server::start().await;
    let runtime = server.runtime().await;
    let script = "stty raw -echo; echo ready; read -rn 1 < go; head -c 40000 | tail -c 3";
    fifo(&server.home().join("go"));
    let home = server.home().to_str().unwrap();
    let script = format!("cd '{home}'; {script}");
    let mut desk = Desk::of(&runtime, &["bash", "-c", &script]).await;
    desk.until("ready").await;
    // The program does not read, so this does not come to its end.
    let input = desk.terminal.input();
    let text = "x".repeat(39_997);
    let dropped = tokio::time::timeout(Duration::from_secs(1), input.write(text.as_bytes()));
    assert!(dropped.await.is_err());
    std::fs::write(server.home().join("go"), "x").unwrap();
    input.write(b"end").await.unwrap();
    desk.until("end").await;
    assert_eq!(desk.ended().await, 0);
}

fn fifo(path: &std::path::Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}

#[tokio::test]
async fn what_cannot_be_started_is_the_servers_exception() {
    let server = Server::start().await;
    let runtime = server.runtime().await;
    let mut desk = Desk::of(&runtime, &["no-such-program"]).await;
    let error = desk.terminal.next().await.unwrap_err();
    assert_eq!(
        error.remote().unwrap().class(),
        ExceptionClass::FileNotFound
    );
}

#[tokio::test]
async fn closing_hangs_up() {
    let server = Server::start().await;
    let runtime = server.runtime().await;
    let mut desk = Desk::of(&runtime, &["cat"]).await;
    desk.terminal.input().close().await.unwrap();
    assert_eq!(desk.ended().await, -1);
}

#[tokio::test]
async fn a_server_without_terminals_is_told_so() {
    for (revision, said) in [
        (None, "it is not our native one"),
        (Some("1"), "its revision is 1, and they come with 2"),
    ] {
        let alive = ags_http::body::full(r#"{"is_alive": true, "message": ""}"#);
        let mut alive = http::Response::new(alive);
        if let Some(revision) = revision {
            let revision = http::HeaderValue::from_static(revision);
            alive.headers_mut().insert("x-swerex-native", revision);
        }
        let http = Arc::new(Replay::new([Step::Answer(alive)]));
        let config = AgsRuntimeConfig::new("http://127.0.0.1:8000".parse().unwrap());
        let runtime = AgsRuntime::new(config, http, None).unwrap();
        runtime.is_alive(PATIENCE).await.unwrap();
        assert!(!runtime.has_terminals());
        let error = runtime.open_terminal(&TerminalRequest::new(SIZE)).await;
        let Err(Error::Invalid(text)) = error else {
            panic!("{error:?}");
        };
        assert!(text.contains(said), "{text}");
    }
}
