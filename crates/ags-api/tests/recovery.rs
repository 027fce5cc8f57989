//! What the client mends by itself: a wrong clock, an expired session token.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use ags_api::{Client, model::StopSandboxInstanceRequest};
use ags_http::testing::{Replay, Step};
use support::{FakeClock, NOW, ROTATED, Rotating, builder, error, ok};

/// An expired signature, as a server answers it whose clock is `ahead` of ours.
fn expired(ahead: i64) -> Step {
    let mut answer = support::answer("AuthFailure.SignatureExpire").unwrap();
    let date = jiff::Timestamp::from_second(NOW + ahead)
        .unwrap()
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string();
    answer.headers_mut().insert("date", date.parse().unwrap());
    Step::Answer(answer)
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_is_corrected_once_a_call_and_remembered() {
    let service = Replay::new([expired(600), ok(), ok()]);
    let client = builder(service.clone()).build().unwrap();
    for _ in 0..2 {
        client
            .stop_sandbox_instance(&StopSandboxInstanceRequest::default())
            .await
            .unwrap();
    }
    let times: Vec<String> = service
        .requests()
        .iter()
        .map(|sent| sent.header("x-tc-timestamp").to_owned())
        .collect();
    assert_eq!(
        times,
        [
            NOW.to_string(),
            (NOW + 600).to_string(),
            (NOW + 600).to_string()
        ]
    );
    assert_eq!(client.counters().clock_corrections, 1);

    let service = Replay::new([expired(600), expired(600)]);
    let refused = builder(service)
        .build()
        .unwrap()
        .stop_sandbox_instance(&StopSandboxInstanceRequest::default())
        .await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code().unwrap(), &"AuthFailure.SignatureExpire");
    assert!(refused.hint().unwrap().contains("clock"));

    let service = Replay::new([error("AuthFailure.SignatureExpire")]);
    let refused = builder(service)
        .build()
        .unwrap()
        .stop_sandbox_instance(&StopSandboxInstanceRequest::default())
        .await;
    assert_eq!(
        refused.unwrap_err().attempts(),
        1,
        "without a Date there is nothing to correct by"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_session_token_is_read_again_once() {
    let service = Replay::new([error("AuthFailure.TokenFailure"), ok(), ok()]);
    let source = Rotating::default();
    let client = Client::builder(source.clone())
        .http(Arc::new(service.clone()))
        .clock(FakeClock::default())
        .build()
        .unwrap();
    for _ in 0..2 {
        client
            .stop_sandbox_instance(&StopSandboxInstanceRequest::default())
            .await
            .unwrap();
    }
    assert_eq!(source.reads(), 2);
    let ids: Vec<bool> = service
        .requests()
        .iter()
        .map(|sent| {
            sent.header("authorization")
                .contains(&format!("{ROTATED}2/"))
        })
        .collect();
    assert_eq!(ids, [false, true, true]);
    assert_eq!(client.counters().credential_rereads, 1);

    let service = Replay::new([
        error("AuthFailure.TokenFailure"),
        error("AuthFailure.TokenFailure"),
    ]);
    let refused = builder(service)
        .build()
        .unwrap()
        .stop_sandbox_instance(&StopSandboxInstanceRequest::default())
        .await;
    assert_eq!(refused.unwrap_err().attempts(), 2);
}
