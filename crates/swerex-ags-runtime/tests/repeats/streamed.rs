//! Exact output, over connections that do not last and to whoever takes it slowly.

use std::{io, time::Duration};

use ags_http::testing::{Replay, Step};
use bytes::Bytes;
use http::Response;
use swerex_ags_runtime::{AgsRuntime, Error, Sink};
use swerex_proto::{
    Command,
    native::{HEADER, Stream},
};

use crate::{events::broken_off, headers, lost, native, runtime};

/// Takes each piece after a while, up to so many.
struct Slow {
    taken: Vec<(Stream, Bytes)>,
    pause: Duration,
    most: usize,
}

impl Slow {
    fn new() -> Self {
        Self {
            taken: Vec::new(),
            pause: Duration::from_secs(100),
            most: usize::MAX,
        }
    }

    fn text(&self) -> String {
        let all: Vec<u8> = self
            .taken
            .iter()
            .flat_map(|(_, piece)| piece.clone())
            .collect();
        String::from_utf8(all).unwrap()
    }
}

impl Sink for Slow {
    async fn take(&mut self, stream: Stream, piece: Bytes) -> io::Result<()> {
        tokio::time::sleep(self.pause).await;
        if self.taken.len() == self.most {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.taken.push((stream, piece));
        Ok(())
    }
}

/// A server of that revision.
async fn of_revision(revision: &'static str, peer: &Replay) -> AgsRuntime {
    let runtime = runtime(peer, None);
    runtime.is_alive(Duration::from_secs(5)).await.unwrap();
    assert_eq!(runtime.has_exact_output(), revision == "3");
    runtime
}

fn alive(revision: &'static str) -> Step {
    let mut response = Response::new(ags_http::body::full(r#"{"is_alive":true}"#));
    let headers = response.headers_mut();
    headers.insert(HEADER, revision.parse().unwrap());
    Step::Answer(response)
}

const DONE: &str =
    r#"{"event":"result","id":4,"status":200,"body":{"stdout":"","stderr":"","exit_code":3}}"#;

#[tokio::test(start_paused = true)]
async fn what_was_taken_is_not_asked_for_again() {
    let peer = Replay::new([
        alive("3"),
        broken_off(
            "{\"event\":\"output\",\"id\":1,\"stream\":\"stdout\",\"data\":\"YQ==\"}\n{\"event\":\"out",
        ),
        lost(),
        Step::json(502, ""),
        Step::json(
            200,
            "{\"event\":\"output\",\"id\":2,\"stream\":\"stderr\",\"data\":\"Yg==\"}\n{\"event\":\"pause\"}\n",
        ),
        Step::json(
            200,
            format!(
                "{}\n{DONE}\n",
                r#"{"event":"output","id":3,"stream":"stdout","data":"Yw=="}"#
            ),
        ),
    ]);
    let runtime = of_revision("3", &peer).await;
    let mut sink = Slow::new();
    // Its time is over long before all of it is taken: that is no fault of the command.
    let command = Command {
        timeout: Some(30.0),
        ..Command::shell("x")
    };
    let said = runtime.execute_streamed(&command, &mut sink).await.unwrap();
    assert_eq!((said.stdout.as_str(), said.exit_code), ("", Some(3)));
    assert_eq!(sink.text(), "abc");
    assert_eq!(sink.taken[1].0, Stream::Stderr);
    assert_eq!(
        headers(&peer, "last-event-id"),
        ["", "", "1", "1", "1", "2"]
    );
    let ids = headers(&peer, "x-request-id");
    assert!(ids[1].len() == 36 && ids[1..].iter().all(|id| *id == ids[1]));
    assert_eq!(
        peer.requests()[1].uri.path_and_query().unwrap(),
        "/native/execute?exact"
    );
}

#[tokio::test(start_paused = true)]
async fn a_command_that_tells_nothing_ends_in_time() {
    let silent = || {
        let beats = futures_util::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            Some((Ok("{\"event\":\"heartbeat\"}\n".into()), ()))
        });
        Step::Answer(Response::new(ags_http::body::stream(beats)))
    };
    let peer = Replay::new([alive("3"), silent()]);
    let runtime = of_revision("3", &peer).await;
    let command = Command {
        timeout: Some(30.0),
        ..Command::shell("x")
    };
    let error = runtime
        .execute_streamed(&command, Slow::new())
        .await
        .unwrap_err();
    assert!(error.is_transport_timeout(), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_taker_that_fails_is_told_apart() {
    let output = r#"{"event":"output","id":1,"stream":"stdout","data":"YQ=="}"#;
    let peer = Replay::new([alive("3"), Step::json(200, format!("{output}\n{DONE}\n"))]);
    let runtime = of_revision("3", &peer).await;
    let sink = Slow {
        most: 0,
        ..Slow::new()
    };
    let error = runtime
        .execute_streamed(&Command::shell("x"), sink)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Output(why) if why.kind() == io::ErrorKind::BrokenPipe),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn other_servers_tell_it_at_the_end() {
    let told = r#"{"stdout":"out","stderr":"err","exit_code":3}"#;
    let peer = Replay::new([alive("2"), native(200, told)]);
    let runtime = of_revision("2", &peer).await;
    let mut sink = Slow::new();
    let command = Command {
        timeout: Some(1.0),
        ..Command::shell("x")
    };
    let said = runtime.execute_streamed(&command, &mut sink).await.unwrap();
    assert_eq!(
        (said.stdout.as_str(), said.stderr.as_str(), said.exit_code),
        ("", "", Some(3))
    );
    let expected = [
        (Stream::Stdout, Bytes::from("out")),
        (Stream::Stderr, Bytes::from("err")),
    ];
    assert_eq!(sink.taken, expected);
}
