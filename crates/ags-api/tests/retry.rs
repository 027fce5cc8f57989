//! What is sent again, when, and what is not, on a paused clock.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use ags_api::{
    ErrorKind, Phase,
    model::{
        CreateAPIKeyRequest, DescribeSandboxToolListRequest, StartSandboxInstanceRequest,
        StopSandboxInstanceRequest,
    },
};
use ags_http::{
    Reached, TransportErrorKind,
    backoff::{Backoff, Jitter},
    retry::RetryPolicy,
    testing::{Never, Recorder, Replay, Step, json},
};
use support::{FakeClock, builder, error, ok};
use tokio::time::Instant;

fn start() -> StartSandboxInstanceRequest {
    StartSandboxInstanceRequest {
        tool_id: Some("sdt-1".into()),
        ..Default::default()
    }
}

fn client_token(text: &str) -> String {
    let body: serde_json::Value = serde_json::from_str(text).unwrap();
    body["ClientToken"].as_str().unwrap_or_default().to_owned()
}

/// What a peer does with a request.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Code(&'static str),
    Http(u16, &'static str),
    Lost(TransportErrorKind, Reached),
}

impl Fault {
    fn step(self) -> Step {
        match self {
            Self::Code(code) => error(code),
            Self::Http(status, body) => Step::json(status, body),
            Self::Lost(kind, reached) => Step::fail(kind, reached),
        }
    }
}

/// Was not carried out, so everything is sent again.
const PUT_OFF: [Fault; 6] = [
    Fault::Lost(TransportErrorKind::Connect, Reached::NotSent),
    Fault::Code("RequestLimitExceeded"),
    Fault::Code("RequestLimitExceeded.UinLimitExceeded"),
    Fault::Code("FailedOperation.RequestInProgress"),
    Fault::Code("ResourceUnavailable.ImagePreheating"),
    Fault::Http(429, "slow down"),
];

/// May have been carried out, so only what does no harm is sent again.
const UNKNOWN: [Fault; 9] = [
    Fault::Lost(TransportErrorKind::Reset, Reached::Unknown),
    Fault::Lost(TransportErrorKind::Timeout, Reached::Unknown),
    Fault::Code("InternalError"),
    Fault::Code("InternalError.NetworkSetupFailed"),
    Fault::Code("FailedOperation.DependencyUnavailable"),
    Fault::Http(502, "<html>bad gateway</html>"),
    Fault::Http(503, ""),
    Fault::Http(504, "{}"),
    Fault::Http(200, r#"{"Response": {"Requ"#),
];

/// Will be the same the next time.
const FINAL: [Fault; 10] = [
    Fault::Code("LimitExceeded.SandboxInstance"),
    Fault::Code("InvalidParameterValue.Image"),
    Fault::Code("AuthFailure.Registry"),
    Fault::Code("AuthFailure.SignatureFailure"),
    Fault::Code("ResourceNotFound.SandboxTool"),
    Fault::Code("ResourceUnavailable.SandboxTool"),
    Fault::Code("FailedOperation.DuplicateRequest"),
    Fault::Code("Brand.New"),
    Fault::Http(200, "<html>log in</html>"),
    Fault::Http(404, "nothing here"),
];

/// Every fault against a request that is safe, one with a token, and one that must not be repeated.
#[tokio::test(start_paused = true)]
async fn the_table() {
    let rows = PUT_OFF.map(|fault| (fault, [true, true, true])).into_iter();
    let rows = rows.chain(UNKNOWN.map(|fault| (fault, [true, true, false])));
    for (fault, again) in rows.chain(FINAL.map(|fault| (fault, [false, false, false]))) {
        for (what, again) in again.into_iter().enumerate() {
            let service = Replay::new(std::iter::once(fault.step()).chain(again.then(ok)));
            let client = builder(service.clone()).build().unwrap();
            let succeeded = match what {
                0 => client
                    .describe_sandbox_tool_list(&DescribeSandboxToolListRequest::default())
                    .await
                    .is_ok(),
                1 => client.start_sandbox_instance(&start()).await.is_ok(),
                _ => client
                    .create_api_key(&CreateAPIKeyRequest::default())
                    .await
                    .is_ok(),
            };
            assert_eq!(succeeded, again, "{fault:?}, action {what}");
            service.assert_consumed();
            let tokens: Vec<String> = service
                .requests()
                .iter()
                .map(|sent| client_token(&sent.text()))
                .collect();
            assert!(
                tokens.iter().all(|token| *token == tokens[0]),
                "{fault:?}: one token for all attempts"
            );
            assert_eq!(tokens[0].len(), if what == 1 { 36 } else { 0 });
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_signed_afresh_and_the_callers_token_is_kept() {
    let service = Replay::new([error("InternalError"), ok()]);
    let clock = FakeClock::ticking();
    let client = builder(service.clone()).clock(clock).build().unwrap();
    let request = StartSandboxInstanceRequest {
        client_token: Some("mine".into()),
        ..start()
    };
    client.start_sandbox_instance(&request).await.unwrap();

    let sent = service.requests();
    assert_eq!(client_token(&sent[0].text()), "mine");
    assert_eq!(client_token(&sent[1].text()), "mine");
    assert_ne!(
        sent[0].header("x-tc-timestamp"),
        sent[1].header("x-tc-timestamp")
    );
    assert_ne!(
        sent[0].header("authorization"),
        sent[1].header("authorization")
    );
    assert_eq!(
        sent[0].header("x-tc-traceid"),
        sent[1].header("x-tc-traceid")
    );
    assert_eq!(sent[0].body, sent[1].body);
}

#[tokio::test(start_paused = true)]
async fn failures_are_limited_in_number_and_refusals_only_in_time() {
    let policy = RetryPolicy {
        max_attempts: 3,
        overall: Duration::from_secs(60),
        ..RetryPolicy::default()
    };

    let service = Replay::new((0..3).map(|_| error("InternalError")));
    let failed = builder(service.clone())
        .retry(policy)
        .build()
        .unwrap()
        .start_sandbox_instance(&start())
        .await
        .unwrap_err();
    assert_eq!(failed.kind(), Some(ErrorKind::Internal));
    assert_eq!(
        (failed.attempts(), failed.request_id()),
        (3, Some("id-of-InternalError"))
    );
    assert!(
        failed.to_string().contains("after 3 attempts in "),
        "{failed}"
    );

    let service = Recorder::new(|_| support::answer("FailedOperation.RequestInProgress"));
    let begun = Instant::now();
    let late = builder(service.clone())
        .retry(policy)
        .build()
        .unwrap()
        .start_sandbox_instance(&start())
        .await
        .unwrap_err();
    assert!(
        matches!(late.phase(), Phase::Deadline { last: Some(_), .. }),
        "{late:?}"
    );
    assert_eq!(
        late.kind(),
        Some(ErrorKind::InProgress),
        "the last cause is still there"
    );
    assert_eq!(
        late.request_id(),
        Some("id-of-FailedOperation.RequestInProgress")
    );
    assert!(service.count() > 3 && begun.elapsed() <= policy.overall);
}

#[tokio::test(start_paused = true)]
async fn one_attempt_means_no_retry() {
    let service = Replay::new([error("RequestLimitExceeded")]);
    let refused = builder(service)
        .retry(RetryPolicy::once())
        .build()
        .unwrap()
        .start_sandbox_instance(&start())
        .await;
    assert_eq!(refused.unwrap_err().attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn waits_grow_and_retry_after_is_honoured() {
    let backoff = Backoff {
        base: Duration::from_millis(200),
        longest: Duration::from_secs(10),
    };
    let policy = RetryPolicy {
        backoff,
        jitter: Jitter::Seeded(1),
        ..RetryPolicy::default()
    };
    let mut busy = json(503, "");
    busy.headers_mut()
        .insert("retry-after", "7".parse().unwrap());
    let service = Replay::new([error("InternalError"), Step::Answer(busy), ok()]);
    let begun = Instant::now();
    builder(service)
        .retry(policy)
        .build()
        .unwrap()
        .start_sandbox_instance(&start())
        .await
        .unwrap();
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(7), "{waited:?}");
    assert!(
        waited <= Duration::from_secs(7) + backoff.ceiling(1) * 2,
        "{waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_that_asks_for_too_long_a_wait_is_not_waited_for_and_quoted() {
    for (overall, header, told) in [
        (
            Duration::MAX,
            "1000000000",
            "with a wish to wait 1000000000 s before the next try",
        ),
        (
            Duration::from_millis(7500),
            "8",
            "with a wish to wait 8 s before the next try",
        ),
    ] {
        for (status, body) in [(429, ""), (503, "")] {
            let mut busy = json(status, body);
            busy.headers_mut()
                .insert("retry-after", header.parse().unwrap());
            let policy = RetryPolicy {
                overall,
                ..RetryPolicy::default()
            };
            let client = builder(Replay::new([Step::Answer(busy)]))
                .retry(policy)
                .build()
                .unwrap();
            let begun = Instant::now();
            let error = client.start_sandbox_instance(&start()).await.unwrap_err();
            assert_eq!(begun.elapsed(), Duration::ZERO);
            let text = error.to_string();
            assert!(text.contains(told), "{text}");
            assert!(text.contains(&format!("HTTP {status}")), "{text}");
            assert!(matches!(error.phase(), Phase::Reply { .. }), "{error:?}");
            let asked = error.retry_after().unwrap();
            assert_eq!(asked.as_secs().to_string(), header);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_answers_costs_the_timeout_and_then_the_overall_time() {
    let policy = RetryPolicy {
        overall: Duration::from_secs(25),
        ..RetryPolicy::default()
    };
    let client = builder(Never)
        .timeout(Duration::from_secs(10))
        .retry(policy)
        .build()
        .unwrap();
    let begun = Instant::now();
    let failed = client.start_sandbox_instance(&start()).await.unwrap_err();
    assert!(
        begun.elapsed() <= Duration::from_secs(26),
        "{:?}",
        begun.elapsed()
    );
    let Phase::Deadline {
        overall,
        last: Some(last),
    } = failed.phase()
    else {
        panic!("{failed:?}")
    };
    assert_eq!(*overall, policy.overall);
    assert!(matches!(last.phase(), Phase::Transport(error) if error.is_timeout()));
    assert!(failed.trace_id().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_is_an_unknown_outcome() {
    let broken = || {
        let reset = ags_http::testing::failure(TransportErrorKind::Reset, Reached::Unknown);
        Step::BreakOff(json_start(), reset)
    };
    let service = Replay::new([broken(), ok()]);
    builder(service)
        .build()
        .unwrap()
        .start_sandbox_instance(&start())
        .await
        .unwrap();
    let service = Replay::new([broken()]);
    builder(service)
        .build()
        .unwrap()
        .create_api_key(&CreateAPIKeyRequest::default())
        .await
        .unwrap_err();
}

fn json_start() -> http::Response<bytes::Bytes> {
    http::Response::new(bytes::Bytes::from_static(br#"{"Response": {"#))
}

#[tokio::test(start_paused = true)]
async fn overload_holds_back_the_other_calls_too() {
    let first = std::sync::atomic::AtomicBool::new(true);
    let service = Recorder::new(move |_| {
        if first.swap(false, std::sync::atomic::Ordering::Relaxed) {
            let mut busy = json(429, "");
            busy.headers_mut()
                .insert("retry-after", "3".parse().unwrap());
            return Ok(busy);
        }
        Ok(json(200, r#"{"Response": {"RequestId": "x"}}"#))
    });
    let client = builder(service).build().unwrap();
    let begun = Instant::now();
    let request = StopSandboxInstanceRequest::default();
    let later = async {
        // The refusal comes first: futures are polled in order.
        tokio::task::yield_now().await;
        client.stop_sandbox_instance(&request).await.unwrap();
        begun.elapsed()
    };
    let (first, later) = tokio::join!(client.stop_sandbox_instance(&request), later);
    first.unwrap();
    assert!(later >= Duration::from_secs(3), "{later:?}");
}

#[tokio::test(start_paused = true)]
async fn counters_tell_what_happened() {
    let service = Replay::new([
        error("InternalError"),
        Step::fail(TransportErrorKind::Reset, Reached::Unknown),
        ok(),
        error("InvalidParameter"),
    ]);
    let client = builder(service).build().unwrap();
    client.start_sandbox_instance(&start()).await.unwrap();
    client.start_sandbox_instance(&start()).await.unwrap_err();
    let counters = client.counters();
    assert_eq!(
        (
            counters.calls,
            counters.succeeded,
            counters.failed,
            counters.attempts
        ),
        (2, 1, 1, 4)
    );
    assert_eq!(
        counters.retries,
        [("InternalError".to_owned(), 1), ("reset".to_owned(), 1)].into()
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_already_is_ended() {
    let service = Replay::new([
        ok(),
        error("ResourceNotFound.SandboxInstance"),
        error("ResourceNotFound.SandboxTool"),
        error("ResourceInUse.SandboxTool"),
    ]);
    let client = builder(service).build().unwrap();
    assert!(client.stop_if_there("i").await.unwrap());
    assert!(!client.stop_if_there("i").await.unwrap());
    assert!(!client.delete_tool_if_there("t").await.unwrap());
    assert_eq!(
        client.delete_tool_if_there("t").await.unwrap_err().kind(),
        Some(ErrorKind::Conflict)
    );
}
