//! Programs on terminals: what a person types, sees and resizes, and what becomes of them when nobody does.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[path = "terminal/desk.rs"]
mod desk;

use std::{io::Read, path::Path, time::Duration};

use desk::{Desk, ask, send, server};
use rustix::fs::{CWD, Mode, mkfifoat};
use serde_json::json;
use swerex_server::Server;

const BASH: [&str; 2] = ["bash", "--norc"];

#[tokio::test]
async fn a_shell_with_everything_that_belongs_to_it() {
    let home = tempfile::tempdir().unwrap();
    let server = server(home.path(), |_| {});
    let mut desk = Desk::of(&server, "t", &BASH);
    desk.until("% ").await;
    // The line is edited: a word is taken back and the next one completed.
    std::fs::write(home.path().join("a-long-name"), "within\n").unwrap();
    desk.types("echo wrong\x17no; cat a-lo\t\r").await;
    desk.until("within\r\n").await;
    desk.types("stty size; tty\n").await;
    desk.until("24 80\r\n/dev/pts/").await;
    assert_eq!(
        desk.resize(&json!({"rows": 50, "cols": 132})).await,
        (200, json!({}))
    );
    desk.types("stty size\n").await;
    desk.until("50 132\r\n").await;

    // The keyboard is the program's before it says so.
    desk.types("sh -c 'echo be\"\"gins; exec sleep 1000'; echo ''goes on\n")
        .await;
    desk.until("begins\r\n").await;
    desk.types("\x03").await;
    desk.until("% ").await;
    desk.types("echo code $?\n").await;
    desk.until("code 130\r\n").await;

    // Job control.
    desk.types("sh -c 'echo re\"\"ady; exec cat'\n").await;
    desk.until("ready\r\n").await;
    desk.types("\x1a").await;
    desk.until("Stopped").await;
    desk.types("jobs; fg\n").await;
    desk.until("Stopped").await;
    desk.types("echoed\n").await;
    desk.until("echoed\r\nechoed\r\n").await;
    desk.types("\x04").await;
    desk.until("% ").await;
    desk.types("exit 7\n").await;
    assert_eq!(desk.ended().await, 7);
    let (status, gone) = desk.type_at(0, "x").await;
    assert_eq!(status, 404, "{gone}");
    server.close().await;
}

#[tokio::test]
async fn what_is_typed_twice_is_typed_once() {
    let home = tempfile::tempdir().unwrap();
    let server = server(home.path(), |_| {});
    let script = "stty -echo; echo ready; while read -r line; do echo \"<$line>\"; done";
    let mut desk = Desk::of(&server, "t", &["bash", "-c", script]);
    desk.until("ready").await;
    for _ in 0..3 {
        assert_eq!(
            desk.type_at(0, "one\n").await,
            (200, json!({"received": 4}))
        );
    }
    // What was typed already is left out.
    assert_eq!(
        desk.type_at(2, "e\ntwo\n").await,
        (200, json!({"received": 8}))
    );
    assert_eq!(desk.type_at(1, "n").await, (200, json!({"received": 8})));
    let (status, gap) = desk.type_at(9, "x").await;
    assert_eq!(
        (status, gap["detail"].as_str().unwrap()),
        (409, "byte 9 cannot be typed before byte 8")
    );
    desk.type_at(8, "\x04").await;
    assert_eq!(desk.ended().await, 0);
    let screen = String::from_utf8_lossy(&desk.screen);
    assert_eq!(screen, "ready\r\n<one>\r\n<two>\r\n");
    server.close().await;
}

#[tokio::test]
async fn cut_streams_lose_nothing_and_tell_nothing_twice() {
    let home = tempfile::tempdir().unwrap();
    let server = server(home.path(), |_| {});
    let mut desk = Desk::of(&server, "t", &["seq", "1", "150000"]);
    let mut cuts = 0;
    while desk.end.is_none() {
        let before = desk.screen.len();
        while desk.screen.len() == before && desk.end.is_none() {
            desk.hear().await;
        }
        desk.cut();
        cuts += 1;
    }
    let expected: String = (1..=150_000).map(|n| format!("{n}\r\n")).collect();
    assert!(
        desk.screen == expected.into_bytes(),
        "the output is another"
    );
    assert!(cuts > 10, "{cuts}");
    server.close().await;
}

#[tokio::test]
async fn a_flood_waits_for_whoever_reads() {
    let home = tempfile::tempdir().unwrap();
    let server = server(home.path(), |_| {});
    let mut desk = Desk::of(&server, "t", &["sh", "-c", "seq 1 1000000; touch done"]);
    while desk.pauses == 0 {
        desk.hear().await;
    }
    // So much is on the way, and the program waits with the rest.
    let limit = 64 * 1024;
    assert!(desk.screen.len() <= limit, "{}", desk.screen.len());
    assert!(!home.path().join("done").exists());
    assert_eq!(desk.ended().await, 0);
    assert!(home.path().join("done").exists());
    let expected: String = (1..=1_000_000).map(|n| format!("{n}\r\n")).collect();
    assert!(
        desk.screen == expected.into_bytes(),
        "the output is another"
    );
    assert!(desk.pauses > 80, "{}", desk.pauses);
    server.close().await;
}

#[tokio::test]
async fn a_program_that_does_not_read_holds_up_nobody() {
    let home = tempfile::tempdir().unwrap();
    let server = server(home.path(), |_| {});
    let script = "stty raw -echo; echo ready; read -rn 1 < fifo; head -c 200000 | wc -c";
    fifo(&home.path().join("fifo"));
    let mut desk = Desk::of(&server, "t", &["bash", "-c", script]);
    desk.until("ready").await;
    let text = "x".repeat(64 * 1024);
    let mut received = 0;
    // A terminal holds some of it, and the rest is not taken.
    for _ in 0..2 {
        let (status, typed) = desk.type_at(received, &text).await;
        assert_eq!(status, 200);
        let now = typed["received"].as_u64().unwrap();
        assert!(now < received + text.len() as u64, "{now}");
        received = now;
    }
    std::fs::write(home.path().join("fifo"), "x").unwrap();
    while received < 200_000 {
        let most = (200_000 - received).min(text.len() as u64);
        let (_, typed) = desk.type_at(received, &text[..most as usize]).await;
        received = typed["received"].as_u64().unwrap();
    }
    desk.until("200000").await;
    server.close().await;
}

fn fifo(path: &Path) {
    mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).unwrap();
}

/// Programs that mind no hangup, one of them out of its parents' reach, all holding a pipe open; returns when all of them run.
async fn stubborn<'a>(server: &'a Server, home: &Path) -> (Desk<'a>, Held) {
    let path = home.join("held");
    fifo(&path);
    let script =
        "exec 3> held; trap '' HUP TERM; (sleep 1000 & sleep 1000) & echo ready; cat; sleep 1000";
    let held = tokio::task::spawn_blocking(move || std::fs::File::open(path).unwrap());
    let mut desk = Desk::of(server, "t", &["bash", "-c", script]);
    desk.until("ready").await;
    (desk, Held(held.await.unwrap()))
}

struct Held(std::fs::File);

impl Held {
    /// Returns when nobody holds the pipe any more.
    async fn let_go(mut self) {
        let end = tokio::task::spawn_blocking(move || self.0.read_to_end(&mut Vec::new()));
        let end = tokio::time::timeout(Duration::from_secs(20), end).await;
        let read = end.unwrap_or_else(|_| panic!("they live on"));
        assert_eq!(read.unwrap().unwrap(), 0);
    }
}

#[tokio::test]
async fn whoever_is_abandoned_ends_with_everything() {
    let home = tempfile::tempdir().unwrap();
    let server = server(home.path(), |config| {
        config.abandoned_after = Duration::from_millis(200);
    });
    let (mut desk, held) = stubborn(&server, home.path()).await;
    desk.cut();
    held.let_go().await;
    // It is not started again by somebody who comes back.
    desk.hear().await;
    assert_eq!(desk.end.as_ref().unwrap().0, 503);
    server.close().await;
}

#[tokio::test]
async fn the_servers_end_is_theirs() {
    let home = tempfile::tempdir().unwrap();
    let server = server(home.path(), |_| {});
    let (mut desk, held) = stubborn(&server, home.path()).await;
    server.close().await;
    held.let_go().await;
    while desk.end.is_none() {
        desk.hear().await;
    }
    assert_eq!(desk.end.as_ref().unwrap().0, 503);
    let headers = [("x-request-id", "late")];
    let size = r#"{"rows":24,"cols":80}"#;
    let late = send(&server, "POST", "/native/terminal", &headers, size).await;
    assert_eq!(late.status(), 503);
}

#[tokio::test]
async fn hanging_up_is_heard_and_what_minds_nothing_is_killed() {
    for closes in [false, true] {
        let home = tempfile::tempdir().unwrap();
        let server = server(home.path(), |_| {});
        fifo(&home.path().join("held"));
        let path = home.path().join("held");
        let held = tokio::task::spawn_blocking(move || std::fs::File::open(path).unwrap());
        let script = "trap 'echo heard > heard; exit 3' HUP; sleep 1000 3> held & echo ready; wait";
        let mut desk = Desk::of(&server, "t", &["bash", "-c", script]);
        desk.until("ready").await;
        let held = Held(held.await.unwrap());
        let answer = if closes {
            ask(&server, "POST", "/close", "").await
        } else {
            desk.hang_up().await
        };
        assert_eq!(answer, (200, json!({})));
        assert_eq!(desk.ended().await, 3);
        held.let_go().await;
        let heard = std::fs::read_to_string(home.path().join("heard"));
        assert_eq!(heard.unwrap(), "heard\n");
        assert_eq!(desk.hang_up().await.0, 404);
        server.close().await;
    }
}

#[tokio::test]
async fn what_the_client_says_of_itself_reaches_the_program() {
    let home = tempfile::tempdir().unwrap();
    let server = server(home.path(), |_| {});
    let request = json!({
        "rows": 10, "cols": 20, "term": "xterm", "lang": "C.UTF-8", "cwd": "/usr", "env": {"A": "1 2"},
        "command": ["sh", "-c", "echo $TERM $LANG $A $PWD"],
    });
    let mut desk = Desk::new(&server, "t", request);
    assert_eq!(desk.ended().await, 0);
    let screen = String::from_utf8_lossy(&desk.screen);
    assert_eq!(screen, "xterm C.UTF-8 1 2 /usr\r\n");
    // A shell where none is named, and the signal that ended it.
    let mut shell = Desk::new(&server, "shell", json!({"rows": 10, "cols": 20}));
    shell.types("echo $0; kill -9 $$\n").await;
    shell.until("bash\r\n").await;
    assert_eq!(shell.ended().await, -9);
    server.close().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_and_starts_nothing() {
    let home = tempfile::tempdir().unwrap();
    let server = server(home.path(), |_| {});
    for body in [
        "",
        "[]",
        "{}",
        "{\"rows\":24}",
        "nonsense",
        r#"{"rows":0,"cols":80}"#,
        r#"{"rows":24,"cols":65536}"#,
        r#"{"rows":-1,"cols":80}"#,
        r#"{"rows":"x","cols":80}"#,
        r#"{"rows":24,"cols":80,"command":"ls"}"#,
        r#"{"rows":24,"cols":80,"env":{"A":1}}"#,
    ] {
        let headers = [("x-request-id", "bad")];
        let answer = send(&server, "POST", "/native/terminal", &headers, body).await;
        assert_eq!(answer.status(), 422, "{body}");
    }
    let good = r#"{"rows":24,"cols":80}"#;
    let (status, nameless) = ask(&server, "POST", "/native/terminal", good).await;
    assert_eq!(status, 422);
    assert_eq!(
        nameless["detail"][0]["loc"],
        json!(["header", "x-request-id"])
    );

    let size = json!({"rows": 24, "cols": 80});
    let with = |name: &str, value: serde_json::Value| {
        let mut request = size.clone();
        request[name] = value;
        request
    };
    for (name, request, class) in [
        ("a", with("command", json!([])), "builtins.IndexError"),
        (
            "b",
            with("command", json!(["no-such-program"])),
            "builtins.FileNotFoundError",
        ),
        ("c", with("command", json!(["a\0b"])), "builtins.ValueError"),
        (
            "d",
            with("cwd", json!("/no/such/place")),
            "builtins.FileNotFoundError",
        ),
        ("e", with("env", json!({"A=B": ""})), "builtins.ValueError"),
        ("f", with("term", json!("x\0y")), ""),
    ] {
        let mut desk = Desk::new(&server, name, request);
        if class.is_empty() {
            // A name that is none is told as a common one.
            desk.types("echo $TERM; exit\n").await;
            desk.until("xterm-256color").await;
            assert_eq!(desk.ended().await, 0);
        } else {
            assert_eq!(desk.refused().await, class, "{name}");
        }
    }

    let mut desk = Desk::of(&server, "cat", &["cat"]);
    desk.watch().await;
    for size in [json!({}), json!({"rows": 0, "cols": 1}), json!([])] {
        assert_eq!(desk.resize(&size).await.0, 422, "{size}");
    }
    for (method, uri, status) in [
        ("PUT", "/native/terminal?terminal=cat", 422),
        ("PUT", "/native/terminal?offset=0", 422),
        ("PUT", "/native/terminal?terminal=cat&offset=x", 422),
        ("PUT", "/native/terminal?terminal=cat&offset=-1", 422),
        (
            "PUT",
            "/native/terminal?terminal=cat&offset=18446744073709551615",
            409,
        ),
        ("PUT", "/native/terminal?terminal=other&offset=0", 404),
        ("PUT", "/native/terminal/size?terminal=cat", 422),
        ("DELETE", "/native/terminal", 422),
        ("DELETE", "/native/terminal?terminal=other", 404),
        ("GET", "/native/terminal", 405),
    ] {
        assert_eq!(
            ask(&server, method, uri, "x").await.0,
            status,
            "{method} {uri}"
        );
    }
    let (status, _) = desk.type_at(0, &"x".repeat(64 * 1024 + 1)).await;
    assert_eq!(status, 413);
    // Another request under its name, and somebody who saw a terminal that this server never had.
    let headers = [("x-request-id", "cat")];
    let other = send(&server, "POST", "/native/terminal", &headers, good).await;
    assert_eq!(other.status(), 409);
    let headers = [("x-request-id", "of another life"), ("last-event-id", "5")];
    let other = send(&server, "POST", "/native/terminal", &headers, good).await;
    assert_eq!(other.status(), 409);
    // It lives on through all of this.
    desk.types("still there\n").await;
    desk.until("still there\r\nstill there\r\n").await;
    server.close().await;
}

#[tokio::test]
async fn there_is_a_limit_to_their_number() {
    let home = tempfile::tempdir().unwrap();
    let server = server(home.path(), |_| {});
    let names: Vec<&'static str> = (0..64)
        .map(|number| &*Box::leak(format!("n{number}").into_boxed_str()))
        .collect();
    let mut desks = Vec::new();
    for name in names {
        let mut desk = Desk::of(&server, name, &["cat"]);
        desk.watch().await;
        desks.push(desk);
    }
    let mut more = Desk::of(&server, "more", &["cat"]);
    assert_eq!(more.refused().await, "builtins.RuntimeError");
    assert_eq!(desks[0].hang_up().await.0, 200);
    assert_eq!(desks[0].ended().await, -1);
    let mut again = Desk::of(&server, "again", &["echo", "room"]);
    assert_eq!(again.ended().await, 0);
    server.close().await;
}
