//! What is said of a call after several attempts at it, and when the next one is made.

use ags_http::{
    Reached, TransportErrorKind, body,
    testing::{Replay, Step},
};
use http::Response;
use swerex_proto::Command;

use crate::{DONE, events::broken_off, lost, native_alive, native_runtime};

#[tokio::test(start_paused = true)]
async fn a_call_that_was_lost_once_is_not_said_to_be_undone() {
    let refused = || Step::fail(TransportErrorKind::Connect, Reached::NotSent);
    let later = || Step::json(429, "{}");
    for last in [&refused as &dyn Fn() -> Step, &later] {
        let mut steps = vec![native_alive(), lost()];
        steps.extend((0..4).map(|_| last()));
        let peer = Replay::new(steps);
        let command = Command {
            timeout: Some(10.0),
            ..Command::shell("true")
        };
        let error = native_runtime(&peer).await.execute(&command).await;
        let error = error.unwrap_err();
        assert!(error.may_be_done(), "{error:?}");
        assert!(error.to_string().contains("after 5 attempts"), "{error}");
    }
    // A command that was heard of goes on.
    let heard = "{\"event\":\"heartbeat\"}\n";
    let steps = [native_alive(), broken_off(heard)].into_iter();
    let peer = Replay::new(steps.chain((0..5).map(|_| refused())));
    let runtime = native_runtime(&peer).await;
    let error = runtime.execute(&Command::shell("true")).await.unwrap_err();
    assert!(error.may_be_done(), "{error:?}");
    // None of these was.
    let peer = Replay::new(
        [native_alive()]
            .into_iter()
            .chain((0..5).map(|_| refused())),
    );
    let error = native_runtime(&peer)
        .await
        .execute(&Command::shell("true"))
        .await;
    assert!(!error.unwrap_err().may_be_done());
}

#[tokio::test(start_paused = true)]
async fn a_date_to_come_back_at_is_seen_from_the_peers_own_time() {
    let at = "Thu, 26 Nov 2026 03:00:09 GMT";
    for (date, wait) in [(Some("Thu, 26 Nov 2026 03:00:00 GMT"), 9), (None, 0)] {
        let mut response = Response::new(body::full(""));
        *response.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
        let headers = response.headers_mut();
        headers.insert("retry-after", at.parse().unwrap());
        if let Some(date) = date {
            headers.insert("date", date.parse().unwrap());
        }
        let peer = Replay::new([Step::Answer(response), Step::json(200, DONE)]);
        let began = tokio::time::Instant::now();
        let runtime = crate::runtime(&peer, None);
        runtime.execute(&Command::shell("true")).await.unwrap();
        let waited = began.elapsed().as_secs();
        assert_eq!(waited, wait, "{date:?}");
    }
}
