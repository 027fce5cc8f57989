//! Output larger than an answer may be: head, tail and exit code arrive, and it costs little whatever it is.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use serde_json::{Value, json};
use support::{Remote, Request, send};
use swerex_proto::native::MAX_OUTPUT;

/// What the server's memory may come to at its peak.
const MOST: u64 = 160_000_000;

/// What is printed: kept whole, decoded and escaped it would come to more than that.
const AMOUNT: usize = 60_000_000;

/// Commands that print so much of something between a first and a last word, and end with a code.
fn floods() -> [(&'static str, String); 3] {
    let between =
        |flood: &str| format!("echo first; {flood} | head -c {AMOUNT}; echo; echo last; (exit 7)");
    [
        ("text", between("yes 0123456789abcdef")),
        ("random bytes", between("cat /dev/urandom")),
        ("control characters", between(r"tr '\0' '\33' < /dev/zero")),
    ]
}

/// The bytes of the JSON string that a text makes.
fn printed(text: &str) -> usize {
    serde_json::to_string(text).unwrap().len() - 2
}

/// How many bytes are said to be left out.
fn left_out(text: &str) -> Option<usize> {
    let (_, rest) = text.split_once("\n[... ")?;
    rest.split_once(" bytes left out ...]\n")?.0.parse().ok()
}

/// An answer, or the result at the end of its events.
fn answer(server: &Remote, path: &str, body: &Value) -> Value {
    let request = Request::new("POST", path)
        .header("X-Request-ID", &body.to_string().len().to_string())
        .json(body);
    let reply = send(server.address, &request).unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    if !path.starts_with("/native/") {
        return reply.json();
    }
    let last = reply
        .body
        .trim_ascii_end()
        .rsplit(|byte| *byte == b'\n')
        .next();
    let mut result: Value = serde_json::from_slice(last.unwrap()).unwrap();
    assert_eq!(result["status"], 200);
    result["body"].take()
}

fn check(what: &str, output: &str) {
    assert!(output.starts_with("first\n"), "{what}");
    assert!(output.ends_with("\nlast\n"), "{what}");
    let size = printed(output);
    assert!(
        (MAX_OUTPUT - 100..=MAX_OUTPUT).contains(&size),
        "{what}: {size}"
    );
    assert!(left_out(output).is_some(), "{what}");
}

#[test]
fn a_command_that_prints_much_costs_little() {
    for (what, command) in floods() {
        let server = Remote::plain();
        // Both streams, and the same once more as events.
        let command = format!("{{ {command}; }} >&2 & {command}; code=$?; wait; exit $code");
        for (path, more) in [("/execute", ""), ("/native/execute", ":")] {
            let body = json!({"command": format!("{more}\n{command}"), "shell": true});
            let done = answer(&server, path, &body);
            assert_eq!(done["exit_code"], 7, "{what}");
            for stream in ["stdout", "stderr"] {
                let output = done[stream].as_str().unwrap();
                check(what, output);
                if what == "text" {
                    let all = "first\n\nlast\n".len() + AMOUNT;
                    let kept = output.len()
                        - output
                            .lines()
                            .find(|line| line.starts_with("[... "))
                            .unwrap()
                            .len()
                        - 2;
                    assert_eq!(left_out(output).unwrap(), all - kept);
                }
            }
            let peak = server.peak_memory();
            assert!(peak <= MOST, "{what} by {path}: {peak} bytes");
        }
    }
}

#[test]
fn a_session_that_prints_much_costs_little() {
    for (what, command) in floods() {
        let server = Remote::plain();
        let create = Request::new("POST", "/create_session").json(&json!({"session_type": "bash"}));
        assert_eq!(send(server.address, &create).unwrap().status, 200);
        for (path, more) in [("/run_in_session", ""), ("/native/run_in_session", ":")] {
            let body = json!({"action_type": "bash", "command": format!("{more}\n{command}"), "check": "silent"});
            let done = answer(&server, path, &body);
            assert_eq!(done["exit_code"], 7, "{what}");
            check(what, done["output"].as_str().unwrap());
            let peak = server.peak_memory();
            assert!(peak <= MOST, "{what} by {path}: {peak} bytes");
        }
    }
}

#[test]
fn a_message_that_quotes_much_output_is_no_longer_than_an_answer() {
    let server = Remote::plain();
    let flood = "head -c 18000000 /dev/urandom";
    let create = Request::new("POST", "/create_session").json(&json!({"session_type": "bash"}));
    assert_eq!(send(server.address, &create).unwrap().status, 200);
    for (path, body, streams) in [
        (
            "/execute",
            json!({"command": format!("{flood} >&2 & {flood}; wait; echo end; exit 7"), "shell": true, "check": true}),
            2,
        ),
        (
            "/run_in_session",
            json!({"action_type": "bash", "command": format!("{flood}; echo end; (exit 7)")}),
            1,
        ),
    ] {
        let reply = send(server.address, &Request::new("POST", path).json(&body)).unwrap();
        assert_eq!(reply.status, 511);
        let exception = &reply.json()["swerexception"];
        let message = exception["message"].as_str().unwrap();
        assert!(message.contains("failed with exit code 7"), "{path}");
        assert!(message.contains(r"end\n"), "{path}");
        let size = printed(message);
        let most = streams * (MAX_OUTPUT + 10) + 300;
        assert!((most * 2 / 3..most).contains(&size), "{path}: {size}");
        assert!(server.peak_memory() <= MOST, "{}", server.peak_memory());
    }
}

#[test]
fn what_a_timeout_has_seen_is_bounded_and_comes_at_once() {
    let server = Remote::plain();
    let create = Request::new("POST", "/create_session").json(&json!({"session_type": "bash"}));
    assert_eq!(send(server.address, &create).unwrap().status, 200);
    for (path, body, name) in [
        (
            "/execute",
            json!({"command": ["yes"], "timeout": 1}),
            "stdout",
        ),
        (
            "/run_in_session",
            json!({"action_type": "bash", "command": "yes", "timeout": 1}),
            "output",
        ),
    ] {
        let reply = send(server.address, &Request::new("POST", path).json(&body)).unwrap();
        assert_eq!(reply.status, 511);
        let exception = &reply.json()["swerexception"];
        assert_eq!(
            exception["class_path"],
            "swerex.exceptions.CommandTimeoutError"
        );
        let output = exception["extra_info"][name].as_str().unwrap();
        assert!(output.starts_with("y\ny\n") && printed(output) <= MAX_OUTPUT);
        assert!(server.peak_memory() <= MOST, "{}", server.peak_memory());
    }
}

/// The last output is found even where it comes after more than is kept; what passes by is searched, too.
#[test]
fn a_pattern_is_found_in_and_behind_a_flood() {
    let server = Remote::plain();
    let create = Request::new("POST", "/create_session").json(&json!({"session_type": "bash"}));
    assert_eq!(send(server.address, &create).unwrap().status, 200);
    let flood = "tr '\\0' '\\377' < /dev/zero | head -c 20000000";
    for command in [
        format!("{flood}; echo 'so>''>> '; {flood}; {flood}"),
        format!("{flood}; echo; echo 'so>''>> '"),
    ] {
        let body = json!({
            "action_type": "bash", "command": command, "check": "silent", "expect": ["so>>> "],
            "is_interactive_command": true,
        });
        let reply = send(
            server.address,
            &Request::new("POST", "/run_in_session").json(&body),
        )
        .unwrap();
        let seen = reply.json();
        assert_eq!(seen["expect_string"], "so>>> ", "{}", &reply.text()[..300]);
        let output = seen["output"].as_str().unwrap();
        assert!(printed(output) <= MAX_OUTPUT && left_out(output).is_some());
        // What follows is left behind.
        let interrupt = json!({"action_type": "bash_interrupt"});
        send(
            server.address,
            &Request::new("POST", "/run_in_session").json(&interrupt),
        )
        .unwrap();
        let body = json!({"action_type": "bash", "command": "echo next"});
        let next = send(
            server.address,
            &Request::new("POST", "/run_in_session").json(&body),
        )
        .unwrap();
        assert!(next.json()["output"].as_str().unwrap().ends_with("next\n"));
        assert!(server.peak_memory() <= MOST, "{}", server.peak_memory());
    }
}
