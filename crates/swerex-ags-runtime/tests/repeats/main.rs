//! What is repeated, what is not, and what the gateway's answers mean; against a peer that follows a script.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod events;
mod natural;
mod outcomes;
mod streamed;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use ags_http::{
    BoxFuture, HttpService, Reached, TransportErrorKind, body,
    testing::{Replay, Step},
};
use http::Response;
use swerex_ags_runtime::{
    AccessToken, AgsRuntime, AgsRuntimeConfig, Error, Secret, TokenError, TokenSource,
};
use swerex_proto::{BashAction, Command, ReadFileRequest, WriteFileRequest};

const DONE: &str = r#"{"stdout":"ok","stderr":"","exit_code":0}"#;

/// Tokens `t0`, `t1`, …, each with a traffic token.
#[derive(Debug, Default)]
struct Tokens {
    renewed: AtomicUsize,
    no_traffic: bool,
}

impl Tokens {
    fn now(&self) -> AccessToken {
        let number = self.renewed.load(Ordering::SeqCst);
        let traffic_token = (!self.no_traffic).then(|| Secret::new(format!("traffic{number}")));
        AccessToken {
            token: Secret::new(format!("t{number}")),
            traffic_token,
            expires_at: None,
        }
    }
}

impl TokenSource for Tokens {
    fn token(&self) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
        Box::pin(async { Ok(self.now()) })
    }

    fn renew(&self, _: &AccessToken) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
        self.renewed.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(self.now()) })
    }
}

fn runtime(peer: &Replay, tokens: Option<Arc<Tokens>>) -> AgsRuntime {
    let base = "https://8000-abc.ap-chongqing.tencentags.com"
        .parse()
        .unwrap();
    let tokens = tokens.map(|tokens| tokens as Arc<dyn TokenSource>);
    AgsRuntime::new(
        AgsRuntimeConfig::new(base),
        Arc::new(peer.clone()) as Arc<dyn HttpService>,
        tokens,
    )
    .unwrap()
}

fn headers(peer: &Replay, name: &str) -> Vec<String> {
    let value = |request: &ags_http::testing::Recorded| {
        request
            .headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    peer.requests()
        .iter()
        .map(|request| value(request).unwrap_or_default())
        .collect()
}

fn native(status: u16, text: &'static str) -> Step {
    let mut response = Response::new(body::full(text));
    *response.status_mut() = status.try_into().unwrap();
    response
        .headers_mut()
        .insert("x-swerex-native", "1".parse().unwrap());
    Step::Answer(response)
}

fn lost() -> Step {
    Step::fail(TransportErrorKind::Reset, Reached::Unknown)
}

fn alive() -> Step {
    Step::json(200, r#"{"is_alive":true,"message":""}"#)
}

#[tokio::test(start_paused = true)]
async fn what_did_not_reach_the_server_is_sent_again_under_the_same_id() {
    let peer = Replay::new([
        Step::fail(TransportErrorKind::Connect, Reached::NotSent),
        Step::json(429, "{}"),
        Step::json(200, DONE),
    ]);
    runtime(&peer, None)
        .execute(&Command::shell("true"))
        .await
        .unwrap();
    let ids = headers(&peer, "x-request-id");
    assert!(
        ids[0].len() == 36 && ids.iter().all(|id| *id == ids[0]),
        "{ids:?}"
    );
}

/// A native server's answer that asks to wait.
fn later(status: u16, seconds: &'static str) -> Step {
    let mut response = Response::new(body::full(""));
    *response.status_mut() = status.try_into().unwrap();
    let headers = response.headers_mut();
    headers.insert("retry-after", seconds.parse().unwrap());
    headers.insert("x-swerex-native", "1".parse().unwrap());
    Step::Answer(response)
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_asks_for_ever_is_quoted_instead() {
    for (status, seconds, told) in [
        (429, "1000000000", "1000000000 s"),
        (503, "1000000000", "1000000000 s"),
        (429, "10000000000000000000000", "18446744073709551615 s"),
    ] {
        // Neither of these calls has a limit of time.
        let peer = Replay::new([
            native_alive(),
            later(status, seconds),
            later(status, seconds),
        ]);
        let runtime = native_runtime(&peer).await;
        let began = tokio::time::Instant::now();
        let command = runtime.execute(&Command::shell("true")).await.unwrap_err();
        let request = ReadFileRequest {
            path: "/etc/hostname".to_owned(),
            ..ReadFileRequest::default()
        };
        let file = runtime.read_file(&request).await.unwrap_err();
        assert_eq!(began.elapsed(), Duration::ZERO, "{status} {seconds}");
        for error in [command, file] {
            let text = error.to_string();
            assert!(text.contains("asks to wait"), "{text}");
            assert!(text.contains(told), "{text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_peer_says_how_long_to_wait() {
    let peer = Replay::new([
        native_alive(),
        later(429, "7"),
        later(503, "5"),
        native(200, DONE),
    ]);
    let runtime = native_runtime(&peer).await;
    let began = tokio::time::Instant::now();
    let command = Command {
        timeout: Some(9.0),
        ..Command::shell("true")
    };
    runtime.execute(&command).await.unwrap();
    let waited = began.elapsed();
    assert!(
        (12.0..13.0).contains(&waited.as_secs_f64()),
        "{waited:?}: as asked, and a little at random"
    );
}

#[tokio::test(start_paused = true)]
async fn connections_are_kept_where_that_is_safe() {
    let command = Command {
        timeout: Some(9.0),
        ..Command::shell("true")
    };
    let peer = Replay::new([Step::json(200, DONE), native(200, DONE), native(200, DONE)]);
    let direct = runtime(&peer, None);
    for _ in 0..3 {
        direct.execute(&command).await.unwrap();
    }
    assert_eq!(headers(&peer, "connection"), ["close", "close", ""]);
    let peer = Replay::new([Step::json(200, DONE)]);
    let through_gateway = runtime(&peer, Some(Arc::new(Tokens::default())));
    through_gateway.execute(&command).await.unwrap();
    assert_eq!(headers(&peer, "connection"), [""]);
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_shown() {
    let peer = Replay::new([
        Step::json(401, "{}"),
        Step::json(401, "{}"),
        Step::json(401, "{}"),
        Step::json(401, "{}"),
    ]);
    let base = "https://8000-abc.ap-chongqing.tencentags.com"
        .parse()
        .unwrap();
    let config = AgsRuntimeConfig::new(base).with_auth_token("marker-key");
    let shown = format!("{config:?}");
    let tokens = Arc::new(Tokens::default());
    let token = tokens.now();
    let runtime = AgsRuntime::new(config, Arc::new(peer), Some(tokens)).unwrap();
    let error = runtime.execute(&Command::shell("true")).await.unwrap_err();
    let shown = format!("{shown} {runtime:?} {token:?} {error:?} {error}");
    for secret in ["marker-key", "t0", "traffic0", "t1", "traffic1"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_native_server_is_asked_again_for_a_lost_answer() {
    let peer = Replay::new([
        native(200, r#"{"is_alive":true}"#),
        lost(),
        Step::json(502, ""),
        Step::json(503, ""),
        native(200, DONE),
    ]);
    let runtime = runtime(&peer, None);
    runtime.is_alive(Duration::from_secs(5)).await.unwrap();
    assert!(runtime.is_native());
    let short = Command {
        timeout: Some(9.0),
        ..Command::shell("true")
    };
    assert_eq!(runtime.execute(&short).await.unwrap().stdout, "ok");
    let ids = headers(&peer, "x-request-id");
    assert!(ids[1..].iter().all(|id| *id == ids[1]));
}

#[tokio::test(start_paused = true)]
async fn a_python_server_is_asked_again_only_after_it_has_finished() {
    let peer = Replay::new([lost(), alive(), Step::json(200, DONE)]);
    assert_eq!(
        runtime(&peer, None)
            .execute(&Command::shell("true"))
            .await
            .unwrap()
            .stdout,
        "ok"
    );
    let paths: Vec<String> = peer
        .requests()
        .iter()
        .map(|request| request.uri.path().to_owned())
        .collect();
    assert_eq!(paths, ["/execute", "/is_alive", "/execute"]);
    let ids = headers(&peer, "x-request-id");
    assert_eq!(ids[0], ids[2]);
}

#[cfg(unix)]
#[tokio::test]
async fn an_upload_whose_answer_was_lost_is_asked_for_again() {
    use std::os::unix::fs::PermissionsExt as _;

    // That its time cannot be set then is no failure; that other permission bits cannot be would be one.
    let peer = Replay::new([lost(), Step::json(200, "{}"), Step::json(500, "{}")]);
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    std::fs::write(&file, "content").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    runtime(&peer, None).upload(&file, "/x").await.unwrap();
    let sent = peer.requests();
    assert!(sent[0].text().contains("content") && sent[1].text() == sent[0].text());
    assert_eq!(
        sent[0].header("x-request-id"),
        sent[1].header("x-request-id")
    );
}

#[tokio::test(start_paused = true)]
async fn a_command_that_may_have_timed_out_is_not_sent_again() {
    // The server does not keep the answer that says so.
    let peer = Replay::new([Step::Hang, alive()]);
    let command = Command {
        timeout: Some(0.0),
        ..Command::shell("sleep 9")
    };
    let error = runtime(&peer, None).execute(&command).await.unwrap_err();
    // The deadline passed while the answer was awaited: nobody is asked any more.
    assert!(
        matches!(error, Error::UnknownOutcome { .. }) && error.is_transport_timeout(),
        "{error:?}"
    );
    assert_eq!(peer.requests().len(), 1);
    drop(runtime(&peer, None).is_alive(Duration::from_secs(1)).await);

    let peer = Replay::new([lost(), alive()]);
    let error = runtime(&peer, None).execute(&command).await.unwrap_err();
    assert!(
        matches!(error, Error::UnknownOutcome { .. }) && error.may_be_done(),
        "{error:?}"
    );
}

/// A Python server keeps no exceptions: it is not asked to raise, and a lost failure can be asked for like any answer.
#[tokio::test(start_paused = true)]
async fn a_command_whose_failure_is_an_exception_is_asked_for_again() {
    let failed = r#"{"stdout":"it's\n","stderr":"","exit_code":7}"#;
    let peer = Replay::new([lost(), alive(), Step::json(200, failed)]);
    let checked = Command {
        check: true,
        error_msg: "setup".to_owned(),
        ..Command::shell("echo x >> counter; false")
    };
    let error = runtime(&peer, None).execute(&checked).await.unwrap_err();
    let Error::Remote(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (error.class_path.as_str(), error.message.as_str()),
        (
            "swerex.exceptions.NonZeroExitCodeError",
            "setup: Command 'echo x >> counter; false' failed with exit code 7. Stdout:\n\"it's\\n\"\nStderr:\n''"
        )
    );
    let sent = peer.requests();
    assert!(sent[0].text().contains(r#""check":false"#), "{sent:?}");
    assert_eq!(sent[0].text(), sent[2].text());

    let failed = r#"{"output":"out\n","exit_code":1,"session_type":"bash"}"#;
    let peer = Replay::new([lost(), alive(), Step::json(200, failed)]);
    let action = BashAction::new("echo out; false").into();
    let error = runtime(&peer, None).run_in_session(&action).await;
    let Err(Error::Remote(error)) = error else {
        panic!("{error:?}");
    };
    assert_eq!(
        error.message,
        "Command 'echo out; false' failed with exit code 1. Here is the output:\n'out\\n'"
    );
    assert!(peer.requests()[0].text().contains(r#""check":"silent""#));

    let well = r#"{"output":"out\n","exit_code":0,"session_type":"bash"}"#;
    let peer = Replay::new([Step::json(200, well)]);
    assert!(runtime(&peer, None).run_in_session(&action).await.is_ok());
    let unknown = r#"{"output":"out\n","exit_code":null,"session_type":"bash"}"#;
    let peer = Replay::new([Step::json(200, unknown)]);
    let error = runtime(&peer, None).run_in_session(&action).await;
    assert!(
        matches!(&error, Err(Error::Remote(error)) if error.class_path.ends_with("NoExitCodeError")),
        "{error:?}"
    );
}

/// A Python server knows the last answer only, so the next call waits until this one has its own.
#[tokio::test(start_paused = true)]
async fn calls_side_by_side_take_turns_on_a_python_server() {
    let done = || Step::json(200, r#"{"stdout":"","stderr":"","exit_code":0}"#);
    let peer = Replay::new([lost(), alive(), done(), lost(), alive(), done()]);
    let runtime = runtime(&peer, None);
    let command = Command::shell("true");
    let (first, second) = tokio::join!(runtime.execute(&command), runtime.execute(&command));
    first.unwrap();
    second.unwrap();
    let ids = headers(&peer, "x-request-id");
    assert_eq!((&ids[0], &ids[3]), (&ids[2], &ids[5]));
    assert_ne!(ids[0], ids[3]);
}

/// Whatever is in the way of the second question, it is asked.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_asked_for_in_spite_of_a_refusal_for_now() {
    let done = Step::json(200, r#"{"stdout":"well","stderr":"","exit_code":0}"#);
    let peer = Replay::new([lost(), alive(), Step::json(429, "{}"), done]);
    let seen = runtime(&peer, None).execute(&Command::shell("true")).await;
    assert_eq!(seen.unwrap().stdout, "well");
    let ids = headers(&peer, "x-request-id");
    assert_eq!((&ids[0], &ids[0]), (&ids[2], &ids[3]));
}

/// A Python server remembers what it answered to half a body, too: what may be done again has no id there.
#[tokio::test(start_paused = true)]
async fn what_may_be_done_again_leaves_a_python_servers_memory_alone() {
    let peer = Replay::new([lost(), Step::json(200, "{}")]);
    let file = WriteFileRequest {
        path: "/x".to_owned(),
        content: "x".to_owned(),
    };
    runtime(&peer, None).write_file(&file).await.unwrap();
    for request in peer.requests() {
        assert!(!request.headers.contains_key("x-request-id"), "{request:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once_and_the_traffic_token_is_tried() {
    let tokens = Arc::new(Tokens::default());
    let refused = || Step::json(401, r#"{"message":"token expired"}"#);
    let peer = Replay::new([
        refused(),
        refused(),
        refused(),
        Step::json(200, DONE),
        Step::json(200, DONE),
    ]);
    let runtime = runtime(&peer, Some(Arc::clone(&tokens)));
    runtime.execute(&Command::shell("true")).await.unwrap();
    runtime.execute(&Command::shell("true")).await.unwrap();
    // The one that worked is remembered.
    assert_eq!(
        headers(&peer, "x-access-token"),
        ["t0", "traffic0", "t1", "traffic1", "traffic1"]
    );
    assert_eq!(tokens.renewed.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_stays_refused_is_an_error_that_says_so() {
    let tokens = Arc::new(Tokens {
        no_traffic: true,
        ..Tokens::default()
    });
    let peer = Replay::new([
        Step::json(403, "<html>no</html>"),
        Step::json(403, "<html>no</html>"),
    ]);
    let error = runtime(&peer, Some(tokens))
        .execute(&Command::shell("true"))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Unauthorized { message, .. } if message.contains("also a new one")),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_gateways_404_is_the_end_and_the_servers_is_not() {
    let gateway = || Some(Arc::new(Tokens::default()));
    for body in [r#"{"message":"not found"}"#, "", "<html></html>"] {
        let peer = Replay::new([Step::json(404, body)]);
        let error = runtime(&peer, gateway())
            .execute(&Command::shell("true"))
            .await
            .unwrap_err();
        assert!(error.is_environment_expired(), "{error:?}");
    }
    let peer = Replay::new([Step::json(404, r#"{"detail":"Not Found"}"#)]);
    let error = runtime(&peer, gateway())
        .execute(&Command::shell("true"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_at_once_for_what_does_not_mend() {
    let mends = [
        Step::fail(TransportErrorKind::Connect, Reached::NotSent),
        Step::json(502, ""),
        Step::json(200, r#"{"is_alive":false,"message":"soon"}"#),
    ];
    for step in mends {
        let peer = Replay::new([step, alive()]);
        runtime(&peer, None)
            .wait_until_alive(Duration::from_secs(9))
            .await
            .unwrap();
    }
    let peer = Replay::new([Step::json(401, r#"{"detail":"Invalid API Key"}"#)]);
    let error = runtime(&peer, None)
        .wait_until_alive(Duration::from_secs(9))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error:?}");
}

/// What a native server answers first: it tells what it is.
fn native_alive() -> Step {
    native(200, r#"{"is_alive":true}"#)
}

async fn native_runtime(peer: &Replay) -> AgsRuntime {
    let runtime = runtime(peer, None);
    runtime.is_alive(Duration::from_secs(5)).await.unwrap();
    runtime
}
