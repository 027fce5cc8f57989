//! What a service can ask for has an end, and the error says what it was.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{sync::Arc, time::Duration};

use ags_api::{
    Phase,
    model::{DescribeSandboxInstanceListRequest, StartSandboxInstanceRequest},
    page::{MOST_PAGES, PAGE_SIZE},
};
use ags_http::{
    Body, BoxFuture, Deadline, HttpService, TransportError,
    testing::{Recorder, Replay, Step, json},
};
use http::{Request, Response};
use serde_json::{Value, json};
use support::{builder, error};
use tokio::time::Instant;

/// A list that says that it goes on for ever.
fn endless() -> Recorder {
    let page: Vec<Value> = (0..PAGE_SIZE)
        .map(|at| json!({"InstanceId": at.to_string()}))
        .collect();
    let reply = json!({"Response": {"InstanceSet": page, "TotalCount": i64::MAX}}).to_string();
    Recorder::new(move |_| Ok(json(200, reply.clone())))
}

/// Takes its time for each answer.
#[derive(Debug)]
struct Slow(Recorder, Duration);

impl HttpService for Slow {
    fn call(
        &self,
        request: Request<Body>,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
        Box::pin(async move {
            tokio::time::sleep(self.1).await;
            self.0.call(request, deadline).await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn how_long_a_list_is_is_not_believed_for_ever() {
    let service = endless();
    let client = builder(service.clone())
        .limits(ags_api::Limits::unlimited())
        .build()
        .unwrap();
    let request = DescribeSandboxInstanceListRequest::default();
    let error = client.list_all(&request).await.unwrap_err();
    assert!(matches!(error.phase(), Phase::Endless { .. }), "{error:?}");
    assert!(!error.is_retryable() && !error.may_be_done());
    assert!(
        error.to_string().contains("500 pages with 50000 items"),
        "{error}"
    );
    assert_eq!(service.count(), MOST_PAGES);
}

#[tokio::test(start_paused = true)]
async fn all_pages_together_have_the_time_of_one_call() {
    let slow = Slow(endless(), Duration::from_secs(15));
    let client = builder(slow).build().unwrap();
    let begun = Instant::now();
    let request = DescribeSandboxInstanceListRequest::default();
    let error = client.list_all(&request).await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert!(
        begun.elapsed() <= Duration::from_secs(150),
        "{:?}",
        begun.elapsed()
    );
}

fn put_off(status: u16, body: &'static str) -> Step {
    let mut answer = json(status, body);
    let asked = "100000".parse().unwrap();
    answer.headers_mut().insert("retry-after", asked);
    Step::Answer(answer)
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_too_long_is_told_as_what_it_is() {
    let limited = r#"{"Response":{"Error":{"Code":"RequestLimitExceeded","Message":"slow down"},"RequestId":"r"}}"#;
    for (answer, said) in [
        (
            put_off(429, "<html>busy</html>"),
            "was refused: too many requests (HTTP 429)",
        ),
        (
            put_off(200, limited),
            "was refused: RequestLimitExceeded: slow down",
        ),
    ] {
        let client = builder(Replay::new([answer])).build().unwrap();
        let begun = Instant::now();
        let within = client.within(Duration::from_millis(7500));
        let error = within
            .call(&StartSandboxInstanceRequest::default())
            .await
            .unwrap_err();
        assert_eq!(begun.elapsed(), Duration::ZERO, "it is told at once");
        let told = error.to_string();
        assert!(told.contains(said) && told.contains("100000 s"), "{told}");
        assert!(!told.contains("7.5") && !told.contains("html"), "{told}");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(100_000)));
        assert!(error.is_throttled() && !error.may_be_done() && !error.is_timeout());
        assert!(error.hint().unwrap().contains("fewer calls"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_done_is_known_of_all_attempts() {
    let refused = || error("InvalidParameterValue.Timeout");
    let lost = || Step::Answer(json(502, ""));
    for (steps, may_be_done) in [
        (vec![refused()], false),
        (vec![lost(), refused()], true),
        (vec![error("RequestLimitExceeded"), refused()], false),
        (vec![error("FailedOperation.StorageMount")], false),
        (vec![error("InternalError"), refused()], true),
    ] {
        let client = builder(Replay::new(steps)).build().unwrap();
        let outcome = client.call(&StartSandboxInstanceRequest::default()).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.may_be_done(), may_be_done, "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_service_says_acts_on_no_terminal() {
    let hostile = json!({"Response": {
        "Error": {"Code": "X\u{9b}2J", "Message": "a\u{1b}]52;c;eA==\u{7}b\u{202e}c\u{2028}d"},
        "RequestId": "r\u{1b}[1m\u{200f}",
    }});
    let client = builder(Replay::new([Step::json(200, hostile.to_string())]))
        .build()
        .unwrap();
    let error = client
        .call(&DescribeSandboxInstanceListRequest::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "DescribeSandboxInstanceList was refused: X 2J: a ]52;c;eA== bc d (request id r [1m)"
    );
}

/// What is logged.
#[derive(Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_told_while_a_service_hangs() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let client = builder(Slow(endless(), Duration::from_secs(3600)))
        .build()
        .unwrap();
    let list = async {
        let request = DescribeSandboxInstanceListRequest::default();
        client.list_all(&request).await.map(drop)
    };
    assert!(
        tokio::time::timeout(Duration::from_secs(6), list)
            .await
            .is_err()
    );
    drop(guard);
    let told = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        told.contains("AGS has not answered yet") && told.contains("DescribeSandboxInstanceList"),
        "{told}"
    );
}
