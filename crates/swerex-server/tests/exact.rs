//! Exact output: nothing of it is lost or told twice, wherever a stream is cut, and a slow reader costs little.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::{fs, path::Path, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use support::{Remote, send};
use swerex_proto::native::{Event, Stream};
use swerex_server::{Server, ServerConfig};

/// Somebody who reads a command's output, and what has come of it.
struct Reader<'a> {
    server: &'a Server,
    body: Value,
    id: &'static str,
    last: u64,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    result: Option<(u16, Value)>,
    pauses: usize,
}

impl<'a> Reader<'a> {
    fn new(server: &'a Server, id: &'static str, body: Value) -> Self {
        Self {
            server,
            body,
            id,
            last: 0,
            stdout: Vec::new(),
            stderr: Vec::new(),
            result: None,
            pauses: 0,
        }
    }

    /// Asks once, and reads up to the end of the stream, or until so many bytes have come: what is no whole line then is lost.
    async fn read(&mut self, most: usize) {
        let request = http::Request::post("/native/execute?exact")
            .header("X-Request-ID", self.id)
            .header("Last-Event-ID", self.last.to_string())
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(self.body.to_string())))
            .unwrap();
        let answer = self.server.handle(request).await;
        assert_eq!(answer.status(), 200);
        let mut body = answer.into_body();
        let mut line = Vec::new();
        let mut came = 0;
        while let Some(frame) = body.frame().await {
            let mut data = frame.unwrap().into_data().unwrap();
            data.truncate(most - came);
            came += data.len();
            for piece in data.split_inclusive(|byte| *byte == b'\n') {
                line.extend_from_slice(piece);
                if piece.ends_with(b"\n") {
                    self.hear(serde_json::from_slice(&line).unwrap());
                    line.clear();
                }
            }
            if came == most {
                return;
            }
        }
    }

    fn hear(&mut self, event: Event) {
        match event {
            Event::Output { id, stream, data } => {
                assert_eq!(id, self.last + 1);
                self.last = id;
                let bytes = BASE64_STANDARD.decode(data).unwrap();
                match stream {
                    Stream::Stdout => self.stdout.extend(bytes),
                    Stream::Stderr => self.stderr.extend(bytes),
                }
            }
            Event::Result { id, status, body } => {
                assert_eq!(id, self.last + 1);
                self.result = Some((status, body));
            }
            Event::Pause => self.pauses += 1,
            Event::Heartbeat => {}
            event => panic!("{event:?}"),
        }
    }

    async fn read_all(&mut self) -> (u16, Value) {
        loop {
            if let Some(result) = self.result.take() {
                return result;
            }
            self.read(usize::MAX).await;
        }
    }
}

fn random_file(home: &Path, name: &str, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let random = ring::rand::SystemRandom::new();
    ring::rand::SecureRandom::fill(&random, &mut bytes).unwrap();
    fs::write(home.join(name), &bytes).unwrap();
    bytes
}

fn server(home: &Path) -> Server {
    let mut config = ServerConfig::default();
    config.working_directory = Some(home.to_owned());
    Server::new(config)
}

fn shell(command: &str) -> Value {
    json!({"command": command, "shell": true})
}

/// A sequence that is the same each time.
fn places() -> impl FnMut() -> usize {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // Most within a few batches, some far.
        usize::try_from(state % (1 << (10 + state % 14))).unwrap()
    }
}

#[tokio::test]
async fn every_byte_comes_once_wherever_the_stream_is_cut() {
    let home = tempfile::tempdir().unwrap();
    let out = random_file(home.path(), "out", 40_000_000);
    let err = random_file(home.path(), "err", 10_000_000);
    let server = server(home.path());
    let body = shell("cat err >&2 & cat out; wait; exit 3");
    let mut reader = Reader::new(&server, "cuts", body);
    let mut place = places();
    while reader.result.is_none() {
        reader.read(place()).await;
    }
    assert!(reader.stdout == out && reader.stderr == err);
    let (status, body) = reader.result.unwrap();
    let told = json!({"stdout": "", "stderr": "", "exit_code": 3});
    assert_eq!((status, body), (200, told));
}

#[tokio::test]
async fn one_stream_keeps_its_order() {
    let home = tempfile::tempdir().unwrap();
    let server = server(home.path());
    let script = "for n in $(seq 2000); do echo out $n; echo err $n >&2; done";
    let mut body = shell(script);
    body["merge_output_streams"] = true.into();
    let mut reader = Reader::new(&server, "merged", body);
    reader.read_all().await;
    let expected: String = (1..=2000).map(|n| format!("out {n}\nerr {n}\n")).collect();
    assert!(reader.stdout == expected.as_bytes() && reader.stderr.is_empty());
}

/// What is in the pipe when the command ends, and has no room yet, is its output all the same.
#[tokio::test]
async fn the_last_bytes_wait_for_the_reader() {
    let home = tempfile::tempdir().unwrap();
    let server = server(home.path());
    // A little more than is kept of it: as a rule the rest stays in the pipe.
    let script = "exec 2>&1; head -c 3146000 /dev/zero; head -c 30000 /dev/zero | tr '\\0' '\\1'; touch done";
    let mut reader = Reader::new(&server, "last", shell(script));
    reader.read(1).await;
    while !home.path().join("done").exists() {
        tokio::task::yield_now().await;
    }
    // Long after the time that others may keep the pipe.
    let pause = http::Request::post("/execute")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(
            json!({"command": ["sleep", "0.5"]}).to_string(),
        )))
        .unwrap();
    assert_eq!(server.handle(pause).await.status(), 200);
    reader.read_all().await;
    let ones = reader.stdout.iter().filter(|byte| **byte == 1).count();
    assert_eq!((reader.stdout.len(), ones), (3_176_000, 30_000));
}

#[tokio::test]
async fn a_failure_or_a_timeout_tells_all_before_it() {
    let home = tempfile::tempdir().unwrap();
    let server = server(home.path());
    let mut body = shell("yes | head -c 8000000; sleep 600");
    body["timeout"] = 5.into();
    let mut reader = Reader::new(&server, "late", body);
    let (status, body) = reader.read_all().await;
    assert_eq!((status, reader.stdout.len()), (511, 8_000_000));
    let exception = &body["swerexception"];
    assert_eq!(
        exception["class_path"],
        "swerex.exceptions.CommandTimeoutError"
    );
    assert_eq!(exception["extra_info"], json!({"stdout": "", "stderr": ""}));

    let mut body = shell("echo said; exit 4");
    body["check"] = true.into();
    let mut reader = Reader::new(&server, "failed", body);
    let (status, body) = reader.read_all().await;
    assert_eq!(
        (status, reader.stdout.as_slice()),
        (511, b"said\n".as_slice())
    );
    let message = body["swerexception"]["message"].as_str().unwrap();
    assert!(message.ends_with("Stdout:\n''\nStderr:\n''"), "{message}");
}

#[tokio::test]
async fn a_command_whose_reader_stays_away_ends() {
    let home = tempfile::tempdir().unwrap();
    let mut config = ServerConfig::default();
    config.working_directory = Some(home.path().to_owned());
    config.abandoned_after = Duration::from_millis(200);
    let server = Server::new(config);
    let mut reader = Reader::new(&server, "away", shell("echo $$ > pid; exec yes"));
    reader.read(usize::MAX).await;
    assert_eq!((reader.pauses, reader.result.take()), (1, None));
    let pid = fs::read_to_string(home.path().join("pid")).unwrap();
    let process = Path::new("/proc").join(pid.trim()).join("exe");
    while process.read_link().is_ok() {
        tokio::task::yield_now().await;
    }
    let (status, body) = reader.read_all().await;
    assert_eq!(status, 503, "{body}");
}

#[tokio::test]
async fn what_cannot_be_had_exactly_is_refused() {
    let server = Server::new(ServerConfig::default());
    let ask = async |path: &str, id: Option<&str>, body: Value| {
        let mut request = http::Request::post(path).header("content-type", "application/json");
        if let Some(id) = id {
            request = request.header("X-Request-ID", id);
        }
        let body = Full::new(Bytes::from(body.to_string()));
        let answer = server.handle(request.body(body).unwrap()).await;
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    };
    let (status, said) = ask("/native/execute?exact", None, shell("echo hi")).await;
    assert!(
        status == 422 && said.contains("x-request-id") && said.contains("header"),
        "{said}"
    );
    let action = json!({"action_type": "bash", "command": "echo hi"});
    let (status, said) = ask("/native/run_in_session?exact", Some("s"), action).await;
    assert!(status == 422 && said.contains("exact"), "{said}");
    let (status, said) = ask("/native/execute?exact=perhaps", Some("p"), shell("echo hi")).await;
    assert!(status == 422 && said.contains("exact"), "{said}");
    // Exact or not is part of what is asked for.
    let (status, _) = ask("/native/execute?exact", Some("x"), shell("echo hi")).await;
    assert_eq!(status, 200);
    let (status, _) = ask("/native/execute", Some("x"), shell("echo hi")).await;
    assert_eq!(status, 409);
}

#[test]
fn a_slow_reader_of_much_output_costs_little() {
    const AMOUNT: usize = 100_000_000;
    const MOST: u64 = 32_000_000;
    let server = Remote::plain();
    let ask = |last: u64| {
        let request = support::Request::new("POST", "/native/execute?exact")
            .header("X-Request-ID", "slow")
            .header("Last-Event-ID", &last.to_string())
            .json(&shell(&format!("head -c {AMOUNT} /dev/urandom")));
        send(server.address, &request).unwrap()
    };
    send(server.address, &support::Request::new("GET", "/is_alive")).unwrap();
    let idle = server.peak_memory();
    let (mut last, mut came) = (0, 0);
    loop {
        let reply = ask(last);
        for line in reply.text().lines() {
            match serde_json::from_str(line).unwrap() {
                Event::Output { id, data, .. } => {
                    last = id;
                    let padding = data.bytes().rev().take_while(|byte| *byte == b'=').count();
                    came += data.len() / 4 * 3 - padding;
                }
                Event::Result { status, body, .. } => {
                    assert_eq!((status, &body["exit_code"]), (200, &json!(0)));
                    assert_eq!(came, AMOUNT);
                    let more = server.peak_memory() - idle;
                    assert!(more <= MOST, "{more} bytes more than idle");
                    return;
                }
                Event::Pause | Event::Heartbeat => {}
                event => panic!("{event:?}"),
            }
        }
    }
}
