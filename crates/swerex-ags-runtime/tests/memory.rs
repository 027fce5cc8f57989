//! What answers of a sandbox may cost here, whatever they hold: a small multiple of their size, given back afterwards.
//!
//! A test binary of its own with one test, because the allocator counts for all.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{io, sync::Arc, time::Duration};

use ags_http::{
    HttpService, body,
    testing::{Replay, Step},
};
use bytes::Bytes;
use http::{HeaderMap, Response};
use peak_alloc::PeakAlloc;
use swerex_ags_runtime::{AgsRuntime, AgsRuntimeConfig, Error, Forwarded, Sink};
use swerex_proto::{
    BashAction, Command, CreateBashSessionRequest, ReadFileRequest,
    native::{self, MAX_OUTPUT, Stream},
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// So much a hostile sandbox sends.
const SENT: usize = 20_000_000;

/// So much it may cost at its peak, what was sent included.
const MOST: f32 = 200.0;

/// So much may be left of it, for what is kept for ever.
const LEFT: f32 = 4.0;

/// So much one output of any length may cost.
const MOST_OF_OUTPUT: f32 = 64.0;

/// JSON of many small nodes.
fn nodes(node: &str) -> String {
    let mut text = String::with_capacity(SENT + 100);
    text.push('[');
    while text.len() < SENT {
        text.push_str(node);
        text.push(',');
    }
    text.push_str("0]");
    text
}

/// An answer in pieces of the size that a connection gives, so that the sender's copy is not counted twice.
fn answer(status: u16, revision: &str, text: String) -> Step {
    let whole = Bytes::from(text);
    let length = whole.len();
    let pieces = (0..length)
        .step_by(1 << 16)
        .map(move |at| whole.slice(at..(at + (1 << 16)).min(length)));
    respond(status, revision, body::chunks(pieces.collect::<Vec<_>>()))
}

fn respond(status: u16, revision: &str, body: ags_http::Body) -> Step {
    let mut response = Response::new(body);
    *response.status_mut() = status.try_into().unwrap();
    if revision != "0" {
        let headers = response.headers_mut();
        headers.insert(native::HEADER, revision.parse().unwrap());
    }
    Step::Answer(response)
}

async fn runtime(revision: &'static str, step: Step) -> AgsRuntime {
    let alive = || answer(200, revision, r#"{"is_alive":true}"#.to_owned());
    let peer = Replay::new([alive(), step]);
    let base = "http://127.0.0.1:8000".parse().unwrap();
    let http = Arc::new(peer) as Arc<dyn HttpService>;
    let runtime = AgsRuntime::new(AgsRuntimeConfig::new(base), http, None).unwrap();
    runtime.is_alive(Duration::from_secs(5)).await.unwrap();
    runtime
}

/// What the work costs at its peak and afterwards, in megabytes.
async fn cost<T>(work: impl Future<Output = T>) -> (T, f32, f32) {
    let before = MEMORY.current_usage_as_mb();
    MEMORY.reset_peak_usage();
    let done = work.await;
    let peak = MEMORY.peak_usage_as_mb() - before;
    (done, peak, MEMORY.current_usage_as_mb() - before)
}

/// Each endpoint of the library and of a bridge, by the name of its call.
async fn call(runtime: &AgsRuntime, name: &str) -> Result<usize, Error> {
    let long = Command::shell("x");
    let short = Command {
        timeout: Some(1.0),
        ..long.clone()
    };
    let forward = |path: &'static str, body: &'static str| {
        let body = Forwarded::Whole(Bytes::from_static(body.as_bytes()));
        async move {
            let answer = runtime.forward(path, HeaderMap::new(), body, None).await?;
            let bytes = body::collect(answer.into_body(), 1 << 28).await.unwrap();
            Ok(bytes.len())
        }
    };
    match name {
        "execute" => runtime.execute(&short).await.map(|said| said.stdout.len()),
        "followed" => runtime.execute(&long).await.map(|said| said.stdout.len()),
        "run_in_session" => {
            let action = BashAction {
                timeout: Some(1.0),
                ..BashAction::new("x")
            };
            let said = runtime.run_in_session(&action.into()).await;
            said.map(|said| said.output.len())
        }
        "read_file" => {
            let request = ReadFileRequest {
                path: "/x".to_owned(),
                encoding: None,
                errors: None,
            };
            runtime
                .read_file(&request)
                .await
                .map(|said| said.content.len())
        }
        "create_session" => {
            let request = CreateBashSessionRequest::default().into();
            let said = runtime.create_session(&request).await;
            said.map(|said| said.output.len())
        }
        "is_alive" => {
            let said = runtime.is_alive(Duration::from_secs(60)).await;
            said.map(|said| said.message.len())
        }
        "passed on" => forward("/execute", r#"{"command":["x"],"timeout":1}"#).await,
        "passed on, followed" => forward("/execute", r#"{"command":["x"]}"#).await,
        "passed on in a session" => {
            forward(
                "/run_in_session",
                r#"{"action_type":"bash","command":"x","timeout":1,"check":"silent"}"#,
            )
            .await
        }
        "passed on, a file" => forward("/read_file", r#"{"path":"x"}"#).await,
        other => panic!("{other}"),
    }
}

const CALLS: [&str; 10] = [
    "execute",
    "followed",
    "run_in_session",
    "read_file",
    "create_session",
    "is_alive",
    "passed on",
    "passed on, followed",
    "passed on in a session",
    "passed on, a file",
];

/// Those that read an answer that is no success in ways of their own.
const OTHERS: [&str; 4] = ["execute", "followed", "passed on", "passed on, a file"];

/// Takes everything and keeps nothing.
#[derive(Default)]
struct Counting(usize);

impl Sink for Counting {
    async fn take(&mut self, _: Stream, piece: Bytes) -> io::Result<()> {
        self.0 += piece.len();
        Ok(())
    }
}

async fn hostile_json_costs_a_small_multiple() {
    for node in [r#"{"":0}"#, "[]"] {
        let nodes = nodes(node);
        let bodies: [(u16, String); 6] = [
            (200, nodes.clone()),
            (200, format!(r#"{{"stdout":{nodes},"output":{nodes}}}"#)),
            (
                511,
                format!(r#"{{"swerexception":{{"message":"m","extra_info":{{"a":{nodes}}}}}}}"#),
            ),
            (511, format!(r#"{{"swerexception":{{"message":{nodes}}}}}"#)),
            (422, format!(r#"{{"detail":{nodes}}}"#)),
            (500, nodes.clone()),
        ];
        drop(nodes);
        for (status, body) in bodies {
            let is_plain = body.len() < 2 * SENT && status == 200;
            let calls = if is_plain { &CALLS[..] } else { &OTHERS };
            for &name in calls {
                let is_followed = name.ends_with("followed");
                let text = if is_followed {
                    format!(
                        "{{\"event\":\"result\",\"id\":1,\"status\":{status},\"body\":{body}}}\n"
                    )
                } else {
                    body.clone()
                };
                let (of_answer, sent) = (if is_followed { 200 } else { status }, text.len());
                let runtime = runtime("2", answer(of_answer, "2", text)).await;
                let (said, peak, left) = cost(call(&runtime, name)).await;
                let what = format!(
                    "{name} {status} {node}: {peak} MB, {left} MB: {:?}",
                    said.map_err(|error| error.to_string())
                );
                // Of what was sent once more the bound is once more, too.
                let most = MOST * (sent as f32 / SENT as f32).max(1.0);
                assert!(peak < most && left < LEFT, "{what}");
            }
        }
    }
}

/// Head and tail of an output arrive, and the exit code, whoever answers it in one piece.
async fn long_output_costs_no_more_than_what_is_kept_of_it() {
    let text = "0123456789abcdef".repeat(1 << 12);
    let random = r"\\xff\\x00\u0001é".repeat(1 << 12);
    for (length, piece, name, member) in [
        (400_000_000, text, "passed on", "stdout"),
        (60_000_000, random, "passed on in a session", "output"),
    ] {
        let piece = Bytes::from(piece);
        let output = std::iter::repeat_n(piece.clone(), length / piece.len());
        let head = Bytes::from(format!(r#"{{"{member}":"begin"#));
        let tail = Bytes::from_static(br#"end","stderr":"","exit_code":7}"#);
        let incoming = body::chunks([head].into_iter().chain(output).chain([tail]));
        let runtime = runtime("0", respond(200, "0", incoming)).await;
        let (said, peak, left) = cost(call(&runtime, name)).await;
        let said = said.unwrap();
        assert!(said > MAX_OUTPUT / 2 && said < MAX_OUTPUT + 1000, "{said}");
        assert!(
            peak < MOST_OF_OUTPUT && left < LEFT,
            "{name}: {peak} MB, {left} MB"
        );
    }
    let text = format!(
        r#"{{"stdout":"begin{}end","exit_code":7}}"#,
        "0".repeat(30_000_000)
    );
    let runtime = runtime("0", answer(200, "0", text)).await;
    let said = runtime.execute(&Command::shell("x")).await.unwrap();
    assert!(said.stdout.starts_with("begin0") && said.stdout.ends_with("0end"));
    assert!(said.stdout.contains(" bytes left out ...]\n") && said.exit_code == Some(7));
}

async fn exact_output_costs_nothing() {
    const EVENTS: u64 = 3_000;
    let line = |id: u64| {
        let data = "A".repeat(1 << 16);
        Bytes::from(format!(
            "{{\"event\":\"output\",\"id\":{id},\"stream\":\"stdout\",\"data\":\"{data}\"}}\n"
        ))
    };
    let result = r#"{"event":"result","id":9999999,"status":200,"body":{"stdout":"","stderr":"","exit_code":7}}"#;
    let lines = (1..=EVENTS)
        .map(line)
        .chain([Bytes::from(format!("{result}\n"))]);
    let runtime = runtime("3", respond(200, "3", body::chunks(lines))).await;
    let mut sink = Counting::default();
    let command = Command::shell("x");
    let (said, peak, left) = cost(runtime.execute_streamed(&command, &mut sink)).await;
    assert_eq!(said.unwrap().exit_code, Some(7));
    assert_eq!(sink.0 as u64, EVENTS * (1 << 16) / 4 * 3);
    assert!(peak < 4.0 && left < LEFT, "{peak} MB, {left} MB");
}

#[tokio::test]
async fn a_sandbox_cannot_cost_more_than_it_sends() {
    exact_output_costs_nothing().await;
    hostile_json_costs_a_small_multiple().await;
    long_output_costs_no_more_than_what_is_kept_of_it().await;
}
