//! The server's key: where it comes from, who sees it, and who is let in without one.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::{fs, process::Command};

use serde_json::json;
use support::{Remote, Request, TOKEN, multipart, send};
use swerex_proto::{native, route::AUTH_TOKEN_VARIABLE};

const PROGRAM: &str = env!("CARGO_BIN_EXE_swerex-remote");

/// What holds the key in the environment of a process, itself apart.
const KEY_SEEN: &str = "env | grep -c -e SWEREX_AUTH_TOKEN -e replay-token; true";

fn from_the_environment() -> Remote {
    let mut command = Command::new(PROGRAM);
    command.arg("--auth-token=").env(AUTH_TOKEN_VARIABLE, TOKEN);
    Remote::launch_bare(command)
}

fn status(server: &Remote, request: &Request) -> u16 {
    send(server.address, request).unwrap().status
}

#[test]
fn a_key_from_the_environment_is_on_no_command_line_and_asked_for() {
    let server = from_the_environment();
    let line = fs::read(format!("/proc/{}/cmdline", server.child.id())).unwrap();
    assert!(!String::from_utf8_lossy(&line).contains(TOKEN));
    let command = json!({ "command": ["true"] });
    let mut request = Request::new("POST", "/execute").json(&command);
    assert_eq!(status(&server, &request), 200);
    request.headers.clear();
    assert_eq!(status(&server, &request), 401);
    // A platform's probe has no key, and tells nobody anything. Whoever shows a wrong one is to know.
    let mut probe = Request::new("GET", "/is_alive");
    probe.headers.clear();
    assert_eq!(status(&server, &probe), 200);
    let guess = probe.header("X-API-Key", "guess");
    assert_eq!(status(&server, &guess), 401);
}

#[test]
fn a_key_from_a_file_is_asked_for() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let mut command = Command::new(PROGRAM);
    command.arg("--auth-token-file").arg(file.path());
    let server = Remote::launch_bare(command);
    let mut request = Request::new("GET", "/is_alive");
    assert_eq!(status(&server, &request), 200);
    request.headers.clear();
    assert_eq!(status(&server, &request), 401);
}

#[test]
fn nothing_that_the_server_runs_has_the_key_in_its_environment() {
    let server = from_the_environment();
    let post = |path: &str, body: serde_json::Value| {
        let request = Request::new("POST", path)
            .header("X-Request-ID", path)
            .json(&body);
        let reply = send(server.address, &request).unwrap();
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply
    };
    let command = json!({ "command": KEY_SEEN, "shell": true });
    assert_eq!(post("/execute", command.clone()).json()["stdout"], "0\n");
    let events = post(native::EXECUTE_EVENTS, command).text();
    assert!(events.contains(r#""stdout":"0\n""#), "{events}");
    post("/create_session", json!({ "session_type": "bash" }));
    let action = json!({ "action_type": "bash", "command": KEY_SEEN });
    let done = post("/run_in_session", action).json();
    assert_eq!(done["output"].as_str().unwrap().trim(), "0", "{done}");
    let home = tempfile::tempdir().unwrap();
    let seen = home.path().join("seen");
    let script = format!("({KEY_SEEN}) > '{}'", seen.display());
    post(
        native::TERMINAL,
        json!({ "rows": 24, "cols": 80, "command": ["sh", "-c", script] }),
    );
    assert_eq!(fs::read_to_string(seen).unwrap(), "0\n");
}

/// Everything that a page could ask for, and what would tell that it was done.
fn of_a_page(target: &str) -> Vec<Request> {
    let field = |name: &str| format!("Content-Disposition: form-data; name=\"{name}\"");
    let file = format!("{}; filename=\"x\"", field("file"));
    let form = multipart(
        "B",
        &[
            (vec![field("target_path")], target.into()),
            (vec![file], b"evil".to_vec()),
        ],
    );
    let bare = |method: &str, path: &str| Request {
        method: method.to_owned(),
        path: path.to_owned(),
        ..Request::default()
    };
    let plain = |path: &str, body: String| {
        bare("POST", path)
            .header("Content-Type", "text/plain")
            .body(body)
    };
    let put = format!("{}?path={target}", native::FILE);
    let execute = json!({ "command": ["touch", target] });
    vec![
        bare("POST", "/upload")
            .header("Content-Type", "multipart/form-data; boundary=B")
            .body(form),
        plain("/close", String::new()),
        bare("POST", "/execute").json(&execute),
        bare("POST", native::EXECUTE_EVENTS).json(&execute),
        plain("/run_in_session", String::new()),
        bare("PUT", &put).body("evil"),
        bare("GET", &format!("{}?path=/etc/passwd", native::FILE)),
        bare("GET", &format!("{}?path=/etc", native::TAR)),
        bare("GET", native::CAPABILITIES),
        bare("GET", "/is_alive"),
        bare("GET", "/"),
        bare("OPTIONS", "/execute"),
        bare("GET", "/nowhere"),
    ]
}

#[test]
fn without_a_key_no_web_page_is_let_in() {
    let mut command = Command::new(PROGRAM);
    command.args(["--auth-token", ""]);
    let server = Remote::launch_bare(command);
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("target");
    let session = json!({ "session_type": "bash" });
    let bare = |request: Request| Request {
        headers: request
            .headers
            .into_iter()
            .filter(|(name, _)| name != "X-API-Key")
            .collect(),
        ..request
    };
    let create = bare(Request::new("POST", "/create_session").json(&session));
    assert_eq!(status(&server, &create), 200);
    for (name, value) in [
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ] {
        for request in of_a_page(target.to_str().unwrap()) {
            let what = format!("{} {} {name}", request.method, request.path);
            let reply = send(server.address, &request.header(name, value)).unwrap();
            assert_eq!(reply.status, 403, "{what}: {}", reply.text());
            let detail = reply.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains("web pages") && !detail.contains('\n'));
        }
    }
    assert!(!target.exists());
    // The session is still there, and a program is let in.
    assert_eq!(status(&server, &create), 511);
    for request in of_a_page(target.to_str().unwrap()) {
        assert_ne!(status(&server, &request), 403, "{}", request.path);
    }
    assert!(target.exists());
}

#[test]
fn with_a_key_it_is_the_key_that_counts() {
    let server = Remote::plain();
    let request = Request::new("GET", "/is_alive").header("Origin", "http://evil.example");
    assert_eq!(status(&server, &request), 200);
}
