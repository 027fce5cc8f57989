//! What a request costs the server in memory while it is there, and afterwards.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::thread;

use support::{Remote, Request, multipart, send};

const MB: usize = 1024 * 1024;

/// Of every body.
const SIZE: usize = 20 * MB;

/// What two of them may cost at once.
const PEAK: u64 = 200 * MB as u64;

/// What may be left of them.
const LEFT: u64 = 24 * MB as u64;

/// Bytes of an answer that says what is wrong.
const TOLD: usize = 8 * 1024;

/// As many of these as fit.
fn filled(head: &str, one: &str, tail: &str) -> Vec<u8> {
    let count = (SIZE - head.len() - tail.len()) / one.len();
    [head, &one.repeat(count), tail].concat().into_bytes()
}

fn json(path: &str, body: Vec<u8>) -> Request {
    Request::new("POST", path)
        .header("Content-Type", "application/json")
        .body(body)
}

/// Sends the body twice at once. How it was refused, and what is resident before, at most, and after.
fn refused(request: &Request, status: u16) {
    let server = Remote::plain();
    let about = format!(
        "{:.80}",
        String::from_utf8_lossy(request.body.as_ref().unwrap())
    );
    let idle = server.resident_memory();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let reply = send(server.address, request).unwrap();
                assert_eq!(reply.status, status, "{about}: {:.300}", reply.text());
                assert!(reply.body.len() < TOLD, "{about}: {}", reply.body.len());
            });
        }
    });
    // Answered after everything has been given back.
    assert_eq!(
        send(server.address, &Request::new("GET", "/is_alive"))
            .unwrap()
            .status,
        200
    );
    let (peak, left) = (server.peak_memory(), server.resident_memory());
    assert!(peak < PEAK, "{about}: {} MB", peak / MB as u64);
    assert!(left < idle + LEFT, "{about}: {} MB stay", left / MB as u64);
}

#[test]
fn many_values_cost_no_more_than_few() {
    for (head, one, tail) in [
        (r#"{"command":["#, "[],", "0]}"),
        (r#"{"command":["#, r#""","#, r#"""]}"#),
        (r#"{"command":["#, r#""\n","#, r#"""]}"#),
        (r#"{"command":["#, "0,", "0]}"),
        (r#"{"command":["#, "1e5,", "0]}"),
        (r#"{"command":"","env":{"#, r#""a":"b","#, r#""a":""}}"#),
        (r#"{"command":"","unknown":["#, "{},", "0]}"),
        ("[", r#"{"":0},"#, "0]"),
        ("[", r#"[[[[[[0]]]]]],"#, "0]"),
        ("{", r#""a":0,"#, r#""a":0}"#),
        ("{", r#""\n":0,"#, r#""a":0}"#),
    ] {
        refused(&json("/execute", filled(head, one, tail)), 413);
    }
    let names: String = (0..SIZE / 12)
        .map(|number| format!("\"{number:x}\":0,"))
        .collect();
    refused(
        &json("/run_in_session", format!("{{{names}\"\":0}}").into_bytes()),
        413,
    );
}

#[test]
fn long_values_are_not_repeated() {
    let long = "x".repeat(SIZE);
    for (path, body) in [
        ("/execute", format!(r#"["{long}"]"#)),
        ("/execute", format!(r#"{{"command":{{"{long}":0}}}}"#)),
        (
            "/execute",
            format!(r#"{{"env":{{"{long}":0}},"timeout":"{long}"}}"#),
        ),
        ("/run_in_session", format!(r#"{{"action_type":"{long}"}}"#)),
        (
            "/run_in_session",
            format!(r#"{{"action_type":"bash","check":"{long}"}}"#),
        ),
        (
            "/run_in_session",
            format!(r#"{{"action_type":"bash","expect":"{long}"}}"#),
        ),
        ("/create_session", format!(r#"{{"{long}":0}}"#)),
        ("/read_file", format!(r#"{{"encoding":"{long}"}}"#)),
    ] {
        refused(&json(path, body.into_bytes()), 422);
    }
    let plain = Request::new("POST", "/execute").body(vec![0xff; SIZE]);
    refused(&plain, 422);
}

/// Nobody has something of such a name.
#[test]
fn long_names_are_told_by_their_beginning() {
    let long = "x".repeat(SIZE);
    for (path, body) in [
        ("/execute", format!(r#"{{"command":"{long}"}}"#)),
        (
            "/execute",
            format!(r#"{{"command":["true"],"cwd":"{long}"}}"#),
        ),
        ("/read_file", format!(r#"{{"path":"{long}"}}"#)),
        (
            "/read_file",
            format!(r#"{{"path":"{}"}}"#, "a/".repeat(SIZE / 2)),
        ),
        (
            "/read_file",
            format!(r#"{{"path":"/etc/passwd","encoding":"{long}"}}"#),
        ),
        (
            "/write_file",
            format!(r#"{{"content":"","path":"{long}"}}"#),
        ),
        (
            "/run_in_session",
            format!(r#"{{"action_type":"bash","command":"","session":"{long}"}}"#),
        ),
    ] {
        refused(&json(path, body.into_bytes()), 511);
    }
}

#[test]
fn what_is_no_json_costs_its_size() {
    refused(&json("/execute", "[".repeat(SIZE).into_bytes()), 400);
    refused(&json("/execute", vec![0xff; SIZE]), 400);
    refused(&json("/execute", "9".repeat(SIZE).into_bytes()), 400);
    refused(
        &json("/execute", format!("{{{}", " ".repeat(SIZE)).into_bytes()),
        422,
    );
    // Every second half of a pair, without the first.
    refused(
        &json("/execute", filled(r#"{"command":""#, r"\udfff", r#""}"#)),
        511,
    );
}

#[test]
fn many_complaints_are_counted() {
    let server = Remote::plain();
    let body = filled(r#"{"command":["#, "0,", "0]}");
    let some = [&body[..200_000], b"0]}"].concat();
    let reply = send(server.address, &json("/execute", some)).unwrap();
    assert_eq!(reply.status, 422);
    let details = reply.json()["detail"].as_array().unwrap().clone();
    assert_eq!(details.len(), 101, "{:?}", details.last());
    let last = details.last().unwrap()["msg"].as_str().unwrap().to_owned();
    assert!(last.ends_with("more complaints are not listed"), "{last}");
    // Once for each member of the union, and for each word: never more than its beginning.
    assert!(reply.body.len() < 32 * 1024, "{}", reply.body.len());
}

#[test]
fn forms_of_many_parts_are_not_kept() {
    let field = |name: &str| vec![format!("Content-Disposition: form-data; name=\"{name}\"")];
    let many = vec![(field("target_path"), vec![b'x'; 1000]); SIZE / 1100];
    let large = vec![(field("target_path"), vec![b'x'; MB - 1]); 20];
    for (parts, status) in [(many, 400), (large, 422)] {
        let form = multipart("B", &parts);
        let request = Request::new("POST", "/upload")
            .header("Content-Type", "multipart/form-data; boundary=B")
            .body(form);
        refused(&request, status);
    }
    let form = Request::new("POST", "/upload")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(filled("", "file=x&", ""));
    refused(&form, 400);
}

#[test]
fn a_long_text_is_written_at_a_small_multiple_of_its_size() {
    let server = Remote::plain();
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("file");
    let idle = server.resident_memory();
    let line = "x".repeat(99) + "\n";
    let body = serde_json::json!({ "path": path, "content": line.repeat(SIZE / line.len()) });
    for _ in 0..2 {
        let reply = send(
            server.address,
            &Request::new("POST", "/write_file").json(&body),
        )
        .unwrap();
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let written = std::fs::metadata(path).unwrap().len();
    assert_eq!(written, (SIZE / line.len() * line.len()) as u64);
    let (peak, left) = (server.peak_memory(), server.resident_memory());
    assert!(peak < idle + 4 * SIZE as u64, "{} MB", peak / MB as u64);
    assert!(left < idle + LEFT, "{} MB stay", left / MB as u64);
}
