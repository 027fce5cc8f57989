//! Calls that do no harm when they are done twice, by the library and passed on for others, on a server that does not know repeats.

use std::time::Duration;

use ags_http::{
    body,
    testing::{Replay, Step},
};
use bytes::Bytes;
use http::{HeaderMap, Response};
use swerex_ags_runtime::{Error, Forwarded};
use swerex_proto::{
    CloseBashSessionRequest, CloseSessionRequest, CreateBashSessionRequest, ReadFileRequest,
    WriteFileRequest,
};

use crate::{headers, lost, runtime};

fn raised(class: &str) -> Step {
    let error =
        serde_json::json!({ "message": "m", "class_path": format!("swerex.exceptions.{class}") });
    Step::json(
        511,
        serde_json::json!({ "swerexception": error }).to_string(),
    )
}

#[tokio::test(start_paused = true)]
async fn files_and_sessions_are_asked_for_again() {
    let twice =
        |answer: &'static str| Replay::new([lost(), Step::json(502, ""), Step::json(200, answer)]);

    let peer = twice(r#"{"content":"c"}"#);
    let request = ReadFileRequest {
        path: "/x".to_owned(),
        encoding: None,
        errors: None,
    };
    let said = runtime(&peer, None).read_file(&request).await.unwrap();
    assert_eq!(said.content, "c");
    // A Python server's memory of its last answer is for what must not be done twice.
    assert_eq!(headers(&peer, "x-request-id"), [""; 3]);

    let request = WriteFileRequest {
        path: "/x".to_owned(),
        content: "c".to_owned(),
    };
    runtime(&twice("{}"), None)
        .write_file(&request)
        .await
        .unwrap();
    runtime(&twice("{}"), None).close().await.unwrap();

    let request = CreateBashSessionRequest::default().into();
    let peer = twice(r#"{"output":"o","session_type":"bash"}"#);
    let said = runtime(&peer, None).create_session(&request).await.unwrap();
    assert_eq!(said.output, "o");
}

#[tokio::test(start_paused = true)]
async fn what_a_lost_attempt_has_done_is_a_success() {
    let create = CreateBashSessionRequest::default().into();
    let close = CloseSessionRequest::Bash(CloseBashSessionRequest {
        session: "default".to_owned(),
    });
    let peer = Replay::new([lost(), raised("SessionExistsError")]);
    let said = runtime(&peer, None).create_session(&create).await.unwrap();
    assert_eq!(said.output, "");
    let peer = Replay::new([Step::json(504, ""), raised("SessionDoesNotExistError")]);
    runtime(&peer, None).close_session(&close).await.unwrap();

    // What was not lost, or says something else, is told.
    let peer = Replay::new([raised("SessionExistsError")]);
    let error = runtime(&peer, None)
        .create_session(&create)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Remote(_)), "{error:?}");
    let peer = Replay::new([Step::json(429, ""), raised("SessionExistsError")]);
    let error = runtime(&peer, None)
        .create_session(&create)
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::Remote(_)),
        "it was not carried out: {error:?}"
    );
    let peer = Replay::new([lost(), raised("SessionDoesNotExistError")]);
    let error = runtime(&peer, None)
        .create_session(&create)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Remote(_)), "{error:?}");
}

/// The answer to a call that is passed on.
async fn passed(peer: &Replay, path: &str, body: Forwarded) -> Result<(u16, String), Error> {
    let mut headers = HeaderMap::new();
    headers.insert("x-request-id", "mine".parse().unwrap());
    let runtime = runtime(peer, None);
    let answer = runtime
        .forward(path, headers, body, Some(Duration::from_secs(60)))
        .await?;
    let status = answer.status().as_u16();
    let bytes = body::collect(answer.into_body(), 1 << 20).await.unwrap();
    Ok((status, String::from_utf8(bytes.to_vec()).unwrap()))
}

fn whole(text: &'static str) -> Forwarded {
    Forwarded::Whole(Bytes::from_static(text.as_bytes()))
}

#[tokio::test(start_paused = true)]
async fn what_is_passed_on_is_repeated_alike() {
    for path in ["/read_file", "/write_file", "/upload"] {
        let peer = Replay::new([
            lost(),
            Step::json(503, ""),
            Step::json(429, ""),
            Step::json(200, "{ }"),
        ]);
        let said = passed(&peer, path, whole("body")).await.unwrap();
        assert_eq!(said, (200, "{ }".to_owned()), "as it is");
        assert!(peer.requests().iter().all(|sent| sent.text() == "body"));
        assert_eq!(headers(&peer, "x-request-id"), [""; 4]);
    }
    let peer = Replay::new([lost(), raised("SessionExistsError")]);
    let said = passed(&peer, "/create_session", whole("{}")).await.unwrap();
    assert_eq!(
        said,
        (200, r#"{"output":"","session_type":"bash"}"#.to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_breaks_off_is_asked_for_again() {
    let half = || {
        let cut = ags_http::testing::failure(
            ags_http::TransportErrorKind::Reset,
            ags_http::Reached::Unknown,
        );
        let mut head = Response::new(Bytes::from_static(b"{\"content"));
        head.headers_mut()
            .insert("content-type", "application/json".parse().unwrap());
        Step::BreakOff(head, cut)
    };
    let peer = Replay::new([half(), Step::json(200, "{}")]);
    let request = ReadFileRequest {
        path: "/x".to_owned(),
        encoding: None,
        errors: None,
    };
    let said = runtime(&peer, None).read_file(&request).await;
    assert_eq!(said.unwrap().content, "");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_sent_twice_is_not() {
    let once = || Forwarded::Once(body::full("body"));
    let peer = Replay::new([lost()]);
    let error = passed(&peer, "/upload", once()).await.unwrap_err();
    assert!(error.may_be_done(), "{error:?}");
    let peer = Replay::new([lost()]);
    let error = passed(&peer, "/elsewhere", whole("body"))
        .await
        .unwrap_err();
    assert!(error.may_be_done(), "{error:?}");
    let peer = Replay::new([Step::json(422, r#"{"detail":[1]}"#)]);
    let said = passed(&peer, "/upload", once()).await.unwrap();
    assert_eq!(said, (422, r#"{"detail":[1]}"#.to_owned()));
}

#[tokio::test(start_paused = true)]
async fn who_asks_to_wait_is_named_with_the_number() {
    let later = |status: u16, seconds: &'static str| {
        let mut response = Response::new(body::full("{}"));
        *response.status_mut() = status.try_into().unwrap();
        response
            .headers_mut()
            .insert("retry-after", seconds.parse().unwrap());
        Step::Answer(response)
    };
    let peer = Replay::new([later(503, "3"), later(429, "1000000")]);
    let error = passed(&peer, "/read_file", whole("{}")).await.unwrap_err();
    assert!(
        matches!(error, Error::Refused { .. }) && error.to_string().contains(" 1000000 s"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn of_a_long_refusal_the_beginning_is_told() {
    let long = format!(r#"{{"detail":[{{"input":"{}"}}]}}"#, "x".repeat(1 << 20));
    let peer = Replay::new([Step::json(422, long)]);
    let (status, text) = passed(&peer, "/read_file", whole("{}")).await.unwrap();
    assert_eq!(status, 422);
    assert!(
        text.len() < 1000 && text.starts_with(r#"{"detail":"#),
        "{text}"
    );
    serde_json::from_str::<serde_json::Value>(&text).unwrap();
}
