//! A planted secret is searched for in everything that could be shown.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use ags_api::{
    Client, Phase, Secret,
    model::{
        AcquireSandboxInstanceTokenRequest, AcquireSandboxInstanceTokenResponse,
        CustomConfiguration, EnvVar, StartSandboxInstanceRequest,
    },
};
use ags_http::testing::{Replay, Step, json};
use ags_sign::Credential;
use support::{FakeClock, error};
use tracing_subscriber::fmt::MakeWriter;

const MARKER: &str = "planted7c1e5b";

/// Everything that tracing writes.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// `Display` and `Debug` of an error and of all its causes.
fn shown(error: &dyn std::error::Error) -> String {
    let mut text = format!("{error} {error:?}");
    if let Some(source) = error.source() {
        text.push_str(&shown(source));
    }
    text
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_shown_anywhere() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer(log.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);

    let token = format!(
        r#"{{"Response": {{"Token": "{MARKER}", "TrafficToken": "{MARKER}", "New": "{MARKER}", "RequestId": "r"}}}}"#
    );
    let (cut, _) = token.split_at(token.len() - 20);
    let mistyped = format!(
        r#"{{"Response": {{"Token": ["{MARKER}"], "InstanceId": "{MARKER}", "RequestId": "r"}}}}"#
    );
    let service = Replay::new([
        Step::json(200, token.clone()),
        Step::json(200, cut.to_owned()),
        Step::json(200, token.clone()),
        Step::json(200, mistyped),
        Step::json(500, format!("{{\"Token\": \"{MARKER}\"")),
        Step::Answer(json(403, format!("{{\"Token\": \"{MARKER}\"}}"))),
        error("AuthFailure.SignatureFailure"),
    ]);
    let credential = Credential::new("AKIDEXAMPLE", format!("key-{MARKER}"))
        .unwrap()
        .with_token(format!("sts-{MARKER}"))
        .unwrap();
    let client = Client::builder(credential)
        .http(Arc::new(service.clone()))
        .clock(FakeClock::default())
        .build()
        .unwrap();
    let acquire = AcquireSandboxInstanceTokenRequest {
        instance_id: Some("i".into()),
        ..Default::default()
    };

    let mut seen = format!("{client:?}");
    let answer = client
        .acquire_sandbox_instance_token(&acquire)
        .await
        .unwrap();
    assert_eq!(answer.token.as_ref().unwrap().expose(), MARKER);
    seen.push_str(&format!("{answer:?}"));
    // The cut reply is asked for again; the others are errors.
    client
        .acquire_sandbox_instance_token(&acquire)
        .await
        .unwrap();
    let mistyped = client
        .acquire_sandbox_instance_token(&acquire)
        .await
        .unwrap_err();
    assert!(
        matches!(mistyped.phase(), Phase::Reply { .. }),
        "{mistyped:?}"
    );
    assert_eq!(mistyped.request_id(), Some("r"));
    seen.push_str(&shown(&mistyped));
    seen.push_str(&shown(
        &client
            .acquire_sandbox_instance_token(&acquire)
            .await
            .unwrap_err(),
    ));
    let request = StartSandboxInstanceRequest {
        custom_configuration: Some(CustomConfiguration {
            env: Some(vec![EnvVar {
                name: Some("KEY".into()),
                value: Some(MARKER.into()),
                ..Default::default()
            }]),
            ..Default::default()
        }),
        extra: [("Unknown".to_owned(), MARKER.into())]
            .into_iter()
            .collect(),
        ..Default::default()
    };
    seen.push_str(&format!("{request:?}"));
    seen.push_str(&shown(
        &client.start_sandbox_instance(&request).await.unwrap_err(),
    ));
    drop(guard);

    let log = log.text();
    for (what, text) in [("Debug and Display", &seen), ("the log", &log)] {
        assert!(!text.contains(MARKER), "{what}: {text}");
        assert!(!text.contains("Signature="), "{what}: {text}");
    }
    for said in [
        "ags_call",
        "AcquireSandboxInstanceToken",
        "request_id",
        "elapsed_ms",
        "trying again",
        "wait_ms",
        "cut reply",
    ] {
        assert!(log.contains(said), "the log says {said}: {log}");
    }
    let sent = service.requests();
    assert!(sent[0].headers["authorization"].is_sensitive());
    assert!(sent[0].headers["x-tc-token"].is_sensitive());
    assert!(
        sent.last().unwrap().text().contains(MARKER),
        "what is sent is not redacted"
    );
}

#[test]
fn secrets_are_serialised_only_as_members() {
    let reply = AcquireSandboxInstanceTokenResponse {
        token: Some(Secret::new(MARKER)),
        ..Default::default()
    };
    assert_eq!(
        serde_json::to_value(&reply).unwrap(),
        serde_json::json!({"Token": MARKER})
    );
    assert_eq!(format!("{:?}", Secret::new(MARKER)), "[redacted]");
}
