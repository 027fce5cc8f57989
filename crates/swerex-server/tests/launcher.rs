//! Whatever launched the server, what it starts finds signals at their defaults, none blocked, and nothing open but what it was given.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::process::Command;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use support::{Remote, Request, send};
use swerex_proto::native;
use swerex_server::{Server, ServerConfig};

/// Ignores what `nohup`, a script's `&`, cron and init systems are known to leave ignored, and more; leaves descriptors open, a lock among them; and becomes
/// the program that it is told.
const LAUNCHER: &str = "trap '' HUP INT QUIT PIPE ALRM TERM USR1 USR2 CHLD CONT TSTP TTIN TTOU XCPU XFSZ WINCH; \
    exec 3</dev/null 5</etc/passwd 9>/dev/null; exec \"$@\"";

/// Says what a process has inherited: signals that are blocked, those that are ignored, and descriptors, of which `ls` has one of its own.
const INHERITED: &str = "for set in SigBlk SigIgn; do sed -n \"s/^$set:.//p\" /proc/self/status; done; echo descriptors $(ls /proc/self/fd)";

/// Those that the C library keeps for itself: no program can handle them, so that none misses them either.
const OF_THE_C_LIBRARY: u64 = 1 << 31 | 1 << 32;

/// Set where the server is to run inside a program.
const INSIDE: &str = "SWEREX_TEST_INSIDE";

/// Fails where something was inherited.
fn nothing_in(said: &Value) {
    let said = said.as_str().unwrap();
    let words: Vec<&str> = said.split_whitespace().collect();
    let [blocked, ignored, "descriptors", descriptors @ ..] = &words[..] else {
        panic!("{said}");
    };
    let mask = |text: &str| u64::from_str_radix(text, 16).unwrap() & !OF_THE_C_LIBRARY;
    assert_eq!((mask(blocked), mask(ignored)), (0, 0), "{said}");
    assert_eq!(descriptors, ["0", "1", "2", "3"], "{said}");
}

/// Started with the environment of the tests, through the launcher.
fn remote() -> Remote {
    let program = env!("CARGO_BIN_EXE_swerex-remote");
    let mut launcher = Command::new("bash");
    launcher.args(["-c", LAUNCHER, "launcher", program]);
    Remote::launch(launcher)
}

fn post(server: &Remote, path: &str, body: &Value) -> Value {
    let reply = send(server.address, &Request::new("POST", path).json(body)).unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// Standard output of a shell's command.
fn execute() -> Value {
    json!({ "command": INHERITED, "shell": true })
}

#[test]
fn commands_inherit_nothing() {
    let server = remote();
    let done = post(&server, "/execute", &execute());
    nothing_in(&done["stdout"]);
}

#[test]
fn sessions_inherit_nothing() {
    let server = remote();
    post(
        &server,
        "/create_session",
        &json!({ "session_type": "bash" }),
    );
    let command = json!({ "action_type": "bash", "command": INHERITED });
    let done = post(&server, "/run_in_session", &command);
    nothing_in(&done["output"]);
}

#[test]
fn terminals_inherit_nothing() {
    let server = remote();
    let home = tempfile::tempdir().unwrap();
    let said = home.path().join("said");
    let script = format!("({INHERITED}) > '{}'", said.display());
    let body = json!({ "rows": 24, "cols": 80, "command": ["sh", "-c", script] });
    let request = Request::new("POST", native::TERMINAL)
        .header("X-Request-ID", "terminal")
        .json(&body);
    // It ends with the program.
    let reply = send(server.address, &request).unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    nothing_in(&std::fs::read_to_string(said).unwrap().into());
}

#[test]
fn the_server_leaves_no_core_dump_and_commands_may() {
    // It may be that nobody may have one here.
    let of = |script: &str| {
        let output = Command::new("bash").args(["-c", script]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let limits = "ulimit -Sc; ulimit -Hc";
    let mut launcher = Command::new("bash");
    launcher.args(["-c", "ulimit -Sc hard; exec \"$0\" \"$@\""]);
    let server = Remote::launch({
        launcher.arg(env!("CARGO_BIN_EXE_swerex-remote"));
        launcher
    });
    let command = json!({ "command": ["bash", "-c", limits] });
    let raised = of(&format!("ulimit -Sc hard; {limits}"));
    for _ in 0..2 {
        assert_eq!(post(&server, "/execute", &command)["stdout"], raised);
    }
    post(
        &server,
        "/create_session",
        &json!({ "session_type": "bash" }),
    );
    let action = json!({ "action_type": "bash", "command": limits });
    let done = post(&server, "/run_in_session", &action);
    let output = done["output"].as_str().unwrap().replace('\r', "");
    assert_eq!(output.trim(), raised.trim());
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.child.id())).unwrap();
    let of_the_server = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max core file size"))
        .and_then(|line| line.split_whitespace().next())
        .unwrap();
    // One byte: less than nothing for those who take dumps from the kernel.
    let expected = if raised.starts_with("0\n") { "0" } else { "1" };
    assert_eq!(of_the_server, expected);
}

#[test]
fn the_server_itself_goes_on_as_it_was_told() {
    let server = remote();
    let pid = rustix::process::Pid::from_raw(server.child.id().try_into().unwrap()).unwrap();
    for signal in [
        rustix::process::Signal::HUP,
        rustix::process::Signal::QUIT,
        rustix::process::Signal::USR1,
        rustix::process::Signal::TSTP,
    ] {
        rustix::process::kill_process(pid, signal).unwrap();
    }
    let done = post(&server, "/execute", &execute());
    nothing_in(&done["stdout"]);
}

/// The test below, in a process that was launched like that.
#[test]
fn a_program_around_the_server_hands_nothing_on() {
    let this = std::env::current_exe().unwrap();
    let output = Command::new("bash")
        .args(["-c", LAUNCHER, "launcher"])
        .arg(this)
        .args(["--exact", "inside_a_program", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
fn inside_a_program() {
    // The test above runs it in a process of its own.
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let server = Server::new(ServerConfig::default());
        let execute = async || {
            let request = http::Request::post("/execute")
                .header("content-type", "application/json")
                .body(Full::new(Bytes::from(execute().to_string())))
                .unwrap();
            let answer = server.handle(request).await;
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            let answer: Value = serde_json::from_slice(&body).unwrap();
            answer["stdout"].clone()
        };
        nothing_in(&execute().await);
        // Opened since, and not kept from other programs.
        let opened = rustix::io::dup(rustix::stdio::stdin()).unwrap();
        assert!(
            !rustix::io::fcntl_getfd(&opened)
                .unwrap()
                .contains(rustix::io::FdFlags::CLOEXEC)
        );
        nothing_in(&execute().await);
        // For the program nothing has changed: it lives.
        let this = rustix::process::getpid();
        for signal in [rustix::process::Signal::HUP, rustix::process::Signal::TERM] {
            rustix::process::kill_process(this, signal).unwrap();
        }
        server.close().await;
    });
}
