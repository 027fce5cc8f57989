//! The doubles do what their names say.

use std::time::Duration;

use http::{Request, Response};

use super::*;
use crate::{Deadline, HttpService, body::collect};

fn request(path: &str) -> Request<Body> {
    Request::post(format!("https://host{path}"))
        .header("x-id", "7")
        .body(body::full("asked"))
        .unwrap()
}

#[tokio::test]
async fn the_recorder_answers_and_remembers() {
    let recorder = Recorder::new(|asked| Ok(json(200, asked.uri.path().to_owned())));
    let answer = recorder
        .clone()
        .call(request("/one"), Deadline::none())
        .await
        .unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(collect(answer.into_body(), 9).await.unwrap(), "/one");
    let [seen] = &recorder.requests()[..] else {
        panic!("one request")
    };
    assert_eq!(
        (seen.text().as_str(), seen.header("x-id"), seen.header("x")),
        ("asked", "7", "")
    );
    assert_eq!(recorder.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_script_is_followed_in_order() {
    let script = Replay::new([
        Step::json(200, "{}"),
        Step::fail(TransportErrorKind::Reset, Reached::Unknown),
        Step::BreakOff(
            Response::new("half".into()),
            failure(TransportErrorKind::Closed, Reached::Unknown),
        ),
        Step::Hang,
    ]);
    let deadline = Deadline::after(Duration::from_secs(5));
    assert_eq!(
        script.call(request("/1"), deadline).await.unwrap().status(),
        200
    );
    let reset = script.call(request("/2"), deadline).await.unwrap_err();
    assert_eq!(
        (reset.kind(), reset.reached()),
        (TransportErrorKind::Reset, Reached::Unknown)
    );
    let half = script.call(request("/3"), deadline).await.unwrap();
    let closed = collect(half.into_body(), 99).await.unwrap_err();
    assert_eq!(closed.kind(), TransportErrorKind::Closed);
    assert_eq!(script.left(), 1);
    let late = script.call(request("/4"), deadline).await.unwrap_err();
    assert!(late.is_timeout() && deadline.is_past());
    let paths: Vec<String> = script
        .requests()
        .iter()
        .map(|seen| seen.uri.path().to_owned())
        .collect();
    assert_eq!(paths, ["/1", "/2", "/3", "/4"]);
    script.assert_consumed();
}

#[test]
#[should_panic(expected = "1 scripted steps were not asked for")]
fn a_script_left_over_fails_the_test() {
    drop(Replay::new([Step::Hang]));
}

#[tokio::test]
#[should_panic(expected = "request 1 is past the end of the script")]
async fn a_request_past_the_script_fails_the_test() {
    let _ = Replay::new([]).call(request("/"), Deadline::none()).await;
}

#[tokio::test(start_paused = true)]
async fn never_answers_only_with_the_deadline() {
    let deadline = Deadline::after(Duration::from_secs(3600));
    let error = Never.call(request("/"), deadline).await.unwrap_err();
    assert!(error.is_timeout() && deadline.is_past());
    assert_eq!(error.reached(), Reached::Unknown);
}

#[test]
fn the_recorder_remembers_what_was_forgotten() {
    let recorder = Recorder::new(|_| Ok(plain(200, "")));
    let service: std::sync::Arc<dyn HttpService> = std::sync::Arc::new(recorder.clone());
    service.forget(&"https://gone.example/".parse().unwrap());
    assert_eq!(recorder.forgotten(), ["https://gone.example/"]);
}
