//! Commands that are followed by their events, over connections that do not last.

use ags_http::{
    Reached, TransportErrorKind, body,
    testing::{Replay, Step},
};
use http::Response;
use swerex_ags_runtime::Error;
use swerex_proto::Command;

use crate::{DONE, headers, lost, native, native_alive, native_runtime};

pub(crate) fn broken_off(text: &'static str) -> Step {
    Step::BreakOff(
        Response::new(text.into()),
        ags_http::testing::failure(TransportErrorKind::Reset, Reached::Unknown),
    )
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_events_is_taken_up_after_the_last_one() {
    let result = r#"{"event":"result","id":4,"status":200,"body":{"stdout":"abc","stderr":"","exit_code":0}}"#;
    let rest = format!(
        "{}\n{}\n{result}\n",
        r#"{"event":"output","id":2,"stream":"stdout","data":"Yg=="}"#,
        r#"{"event":"output","id":3,"stream":"stdout","data":"Yw=="}"#
    );
    let peer = Replay::new([
        native_alive(),
        broken_off(""),
        broken_off(
            "{\"event\":\"heartbeat\"}\n{\"event\":\"output\",\"id\":1,\"stream\":\"stdout\",\"data\":\"YQ==\"}\n{\"event\":\"output\",\"id\":2,",
        ),
        Step::json(502, "<html>"),
        lost(),
        broken_off(
            "{\"event\":\"news\",\"id\":2}\n{\"event\":\"output\",\"id\":2,\"stream\":\"stdout\",\"data\":\"Yg==\"}\n",
        ),
        Step::json(200, rest),
    ]);
    let runtime = native_runtime(&peer).await;
    let heard = std::sync::Mutex::new(Vec::new());
    let answer = runtime
        .execute_heard(&Command::shell("x"), &|_, bytes: &[u8]| {
            heard.lock().unwrap().extend_from_slice(bytes);
        })
        .await
        .unwrap();
    assert_eq!(answer.stdout, "abc");
    assert_eq!(heard.into_inner().unwrap(), b"abc", "nothing twice");
    assert_eq!(
        headers(&peer, "last-event-id"),
        ["", "", "", "1", "1", "1", "2"]
    );
    let ids = headers(&peer, "x-request-id");
    assert!(ids[1].len() == 36 && ids[1..].iter().all(|id| *id == ids[1]));
    peer.assert_consumed();
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_is_taken_for_lost() {
    let silent = || {
        let first = futures_util::stream::iter([Ok("{\"event\":\"heartbeat\"}\n".into())]);
        let then = futures_util::stream::pending();
        Step::Answer(Response::new(body::stream(futures_util::StreamExt::chain(
            first, then,
        ))))
    };
    let done = r#"{"event":"result","id":1,"status":200,"body":{"stdout":"ok"}}"#;
    let peer = Replay::new([
        native_alive(),
        silent(),
        silent(),
        Step::json(200, format!("{done}\n")),
    ]);
    let runtime = native_runtime(&peer).await;
    let began = tokio::time::Instant::now();
    let answer = runtime.execute(&Command::shell("make")).await.unwrap();
    assert_eq!(answer.stdout, "ok");
    let waited = began.elapsed().as_secs();
    assert!((60..70).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_says_what_became_of_the_command() {
    let ended = |status: u16, body: &str| {
        let line = format!(r#"{{"event":"result","id":1,"status":{status},"body":{body}}}"#) + "\n";
        Replay::new([native_alive(), Step::json(200, line)])
    };
    let command = Command::shell("x");
    let of = async |peer: &Replay| {
        native_runtime(peer)
            .await
            .execute(&command)
            .await
            .unwrap_err()
    };
    let raised = of(&ended(
        511,
        r#"{"swerexception":{"message":"m","class_path":"builtins.OSError"}}"#,
    ))
    .await;
    assert_eq!(
        raised.remote().unwrap().class(),
        swerex_proto::ExceptionClass::OsError
    );
    let refused = of(&ended(422, r#"{"detail":[]}"#)).await;
    assert!(
        matches!(refused, Error::Refused { status, .. } if status == 422),
        "{refused:?}"
    );
    let given_up = of(&ended(503, r#"{"detail":"nobody waited for it"}"#)).await;
    assert!(
        matches!(&given_up, Error::Reply { evidence, .. } if evidence == "nobody waited for it"),
        "{given_up:?}"
    );
    let odd = of(&ended(200, r#"{"stdout":7}"#)).await;
    assert!(odd.may_be_done(), "{odd:?}");
    let garbage = Replay::new([native_alive(), Step::json(200, "<html>\n")]);
    assert!(matches!(of(&garbage).await, Error::Reply { .. }));
    let gone = Replay::new([native_alive(), broken_off(""), native(404, "")]);
    assert!(matches!(of(&gone).await, Error::Refused { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_stays_lost_is_an_unknown_outcome() {
    let mut steps = vec![native_alive()];
    steps.extend((0..5).map(|_| lost()));
    let peer = Replay::new(steps);
    let error = native_runtime(&peer)
        .await
        .execute(&Command::shell("x"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::UnknownOutcome { .. }) && error.may_be_done(),
        "{error:?}"
    );
    peer.assert_consumed();
}

#[tokio::test(start_paused = true)]
async fn a_short_command_is_asked_for_in_one_piece() {
    let peer = Replay::new([native_alive(), native(200, DONE)]);
    let command = Command {
        timeout: Some(19.0),
        ..Command::shell("true")
    };
    native_runtime(&peer).await.execute(&command).await.unwrap();
    assert_eq!(peer.requests()[1].uri.path(), "/execute");
}

/// Streams that pause and tell nothing, or nothing that was printed, again and again.
#[tokio::test(start_paused = true)]
async fn pauses_without_news_come_to_an_end() {
    let pause = "{\"event\":\"pause\"}\n";
    let same = format!("{}\n{pause}", r#"{"event":"skipped","id":0}"#);
    let grows = |id: u64| format!("{{\"event\":\"skipped\",\"id\":{id}}}\n{pause}");
    let scripts: [Vec<String>; 3] = [
        vec![same; 8],
        (1..=8).map(grows).collect(),
        vec![pause.to_owned(); 8],
    ];
    for script in scripts {
        let steps = script.into_iter().map(|text| Step::json(200, text));
        let peer = Replay::new([native_alive()].into_iter().chain(steps));
        let runtime = native_runtime(&peer).await;
        let began = tokio::time::Instant::now();
        let error = runtime.execute(&Command::shell("x")).await.unwrap_err();
        assert!(
            matches!(&error, Error::Reply { evidence, .. } if evidence.contains("pauses")),
            "{error:?}"
        );
        assert!(began.elapsed().as_secs_f64() > 1.0, "it waited in between");
        peer.assert_consumed();
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_lost_at_once_is_asked_for_less_and_less_often() {
    let mut steps = vec![native_alive()];
    steps.extend((0..20).map(|_| broken_off("{\"event\":\"heartbeat\"}\n")));
    let done = r#"{"event":"result","id":1,"status":200,"body":{"stdout":"ok"}}"#;
    steps.push(Step::json(200, format!("{done}\n")));
    let peer = Replay::new(steps);
    let runtime = native_runtime(&peer).await;
    let began = tokio::time::Instant::now();
    runtime.execute(&Command::shell("x")).await.unwrap();
    assert!(began.elapsed().as_secs() > 120, "{:?}", began.elapsed());
}
