//! The gateway: names, tokens, streams, and the switches for what it does.

use std::{str::FromStr as _, time::Duration};

use ags_api::model::{AuthMode, StartSandboxInstanceRequest};
use ags_emulator::{
    Behaviour,
    behaviour::{ErrorBodies, PausedAnswers, PortToken, SecondToken},
};
use ags_http::{TransportErrorKind, body};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::common::{PORT, Rig, SERVE, commands};

/// Echoes the body of a POST piece by piece, and counts requests in a file.
const ECHO: &str = r#"exec python3 -c '
import http.server, pathlib
class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = (self.path + " " + self.headers.get("X-Access-Token", "-") + " " + self.headers["Host"]).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def do_POST(self):
        self.send_response(200); self.send_header("Transfer-Encoding", "chunked"); self.end_headers()
        while True:
            size = int(self.rfile.readline(), 16)
            piece = self.rfile.read(size); self.rfile.readline()
            self.wfile.write(b"%x\r\n%s\r\n" % (size, piece)); self.wfile.flush()
            if size == 0: break
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Echo).serve_forever()
'"#;

#[tokio::test]
async fn a_token_opens_its_instance_only_and_until_it_expires() {
    let rig = Rig::with(commands().token_ttl(Duration::from_secs(100))).await;
    let (one, of_one) = rig.serving().await;
    let (other, of_other) = rig.serving().await;
    assert_eq!(rig.get(&one, Some(&of_one), "/").await.0, StatusCode::OK);
    for token in [
        None,
        Some(&of_other),
        Some(&"sit_nonsense".into()),
        Some(&"".into()),
    ] {
        let (status, text) = rig.get(&one, token, "/").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        let body: Value = serde_json::from_slice(&text).unwrap();
        assert!(body["message"].is_string());
    }
    assert_eq!(
        rig.get("unknown", Some(&of_one), "/").await.0,
        StatusCode::NOT_FOUND
    );
    rig.emulator.advance(Duration::from_secs(101));
    assert_eq!(
        rig.get(&one, Some(&of_one), "/").await.0,
        StatusCode::UNAUTHORIZED
    );
    let renewed = rig.token(&one).await;
    assert_eq!(rig.get(&one, Some(&renewed), "/").await.0, StatusCode::OK);
    rig.call("StopSandboxInstance", json!({ "InstanceId": other }))
        .await;
    assert_eq!(
        rig.get(&other, Some(&of_other), "/").await.0,
        StatusCode::NOT_FOUND
    );
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn auth_modes_open_ports() {
    let rig = Rig::new().await;
    let tool = rig.tool("modes", SERVE).await;
    for (mode, expected) in [
        ("DEFAULT", 401),
        ("TOKEN", 401),
        ("NONE", 200),
        ("PUBLIC", 200),
    ] {
        let request = StartSandboxInstanceRequest {
            tool_id: Some(tool.clone()),
            auth_mode: Some(AuthMode::from(mode)),
            ..Default::default()
        };
        let id = rig.start_with(request).await.instance_id.unwrap();
        assert_eq!(rig.get(&id, None, "/").await.0.as_u16(), expected, "{mode}");
        let envd = Request::get(rig.url(49_983, &id, "/health"))
            .body(body::empty())
            .unwrap();
        let expected = if mode == "NONE" {
            StatusCode::BAD_GATEWAY
        } else {
            StatusCode::UNAUTHORIZED
        };
        assert_eq!(rig.send(envd).await.unwrap().status(), expected, "{mode}");
    }
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn the_inside_sees_the_name_that_was_asked_for_and_no_token() {
    let rig = Rig::new().await;
    let tool = rig.tool("echo", ECHO).await;
    let id = rig.start(&tool).await.instance_id.unwrap();
    let token = rig.token(&id).await;
    let (_, text) = rig.get(&id, Some(&token), "/a%20b?c=d").await;
    assert_eq!(
        String::from_utf8_lossy(&text),
        format!("/a%20b?c=d - {PORT}-{id}.{}", rig.emulator.domain())
    );
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn bodies_stream_both_ways() {
    let rig = Rig::new().await;
    let tool = rig.tool("streams", ECHO).await;
    let id = rig.start(&tool).await.instance_id.unwrap();
    let token = rig.token(&id).await;
    let (send, receive) = mpsc::channel::<Bytes>(1);
    let pieces = futures_util::stream::unfold(receive, |mut receive| async {
        receive.recv().await.map(|piece| (Ok(piece), receive))
    });
    let request = Request::post(rig.url(PORT, &id, "/"))
        .header("X-Access-Token", token.expose())
        .body(body::stream(pieces))
        .unwrap();
    send.send(Bytes::from_static(b"first")).await.unwrap();
    let mut answer = rig
        .send(request)
        .await
        .unwrap()
        .into_body()
        .into_data_stream();
    assert_eq!(answer.next().await.unwrap().unwrap(), "first");
    // The first piece is back while the body is still being sent. Then more than any buffer holds.
    let megabyte = Bytes::from(vec![7_u8; 1 << 20]);
    let sender = tokio::spawn(async move {
        for _ in 0..64 {
            send.send(megabyte.clone()).await.unwrap();
        }
    });
    let mut length = 0;
    while let Some(piece) = answer.next().await {
        length += piece.unwrap().len();
    }
    sender.await.unwrap();
    assert_eq!(length, 64 << 20);
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn a_port_wants_the_token_that_the_switch_says() {
    for (wants, token_opens, traffic_opens) in [
        (PortToken::Either, true, true),
        (PortToken::Token, true, false),
        (PortToken::Traffic, false, true),
    ] {
        let mut behaviour = Behaviour::default();
        behaviour.port_token = wants;
        let rig = Rig::with(commands().behaviour(behaviour)).await;
        let (id, _) = rig.serving().await;
        let (token, traffic) = rig.tokens(&id).await;
        assert_eq!(
            rig.get(&id, Some(&token), "/").await.0 == StatusCode::OK,
            token_opens,
            "{wants}"
        );
        assert_eq!(traffic.is_some(), wants != PortToken::Token);
        if let Some(traffic) = traffic {
            assert_eq!(
                rig.get(&id, Some(&traffic), "/").await.0 == StatusCode::OK,
                traffic_opens,
                "{wants}"
            );
        }
        rig.emulator.shutdown().await;
    }
}

#[tokio::test]
async fn a_second_token_may_invalidate_the_first() {
    for second in SecondToken::ALL {
        let mut behaviour = Behaviour::default();
        behaviour.second_token = *second;
        let rig = Rig::with(commands().behaviour(behaviour)).await;
        let (id, first) = rig.serving().await;
        let newest = rig.token(&id).await;
        assert_eq!(rig.get(&id, Some(&newest), "/").await.0, StatusCode::OK);
        let expected = if *second == SecondToken::KeepsFirst {
            StatusCode::OK
        } else {
            StatusCode::UNAUTHORIZED
        };
        assert_eq!(rig.get(&id, Some(&first), "/").await.0, expected);
        rig.emulator.shutdown().await;
    }
}

#[tokio::test]
async fn its_own_errors_have_the_body_that_the_switch_says() {
    for bodies in ErrorBodies::ALL {
        let mut behaviour = Behaviour::default();
        behaviour.error_bodies = *bodies;
        let rig = Rig::with(commands().behaviour(behaviour)).await;
        let (status, text) = rig.get("unknown", None, "/").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let text = String::from_utf8(text.to_vec()).unwrap();
        match bodies {
            ErrorBodies::Json => assert_eq!(Value::from_str(&text).unwrap()["code"], 404),
            ErrorBodies::Html => assert!(text.starts_with("<html>"), "{text}"),
            ErrorBodies::Empty => assert_eq!(text, ""),
        }
        rig.emulator.shutdown().await;
    }
}

#[tokio::test]
async fn a_paused_instance_answers_as_the_switch_says() {
    for paused in PausedAnswers::ALL {
        let mut behaviour = Behaviour::default();
        behaviour.paused_answers = *paused;
        let rig = Rig::with(commands().behaviour(behaviour)).await;
        let (id, token) = rig.serving().await;
        rig.call("PauseSandboxInstance", json!({ "InstanceId": id }))
            .await;
        rig.until(&id, "PAUSED").await;
        let request = Request::get(rig.url(PORT, &id, "/"))
            .header("X-Access-Token", token.expose())
            .body(body::empty())
            .unwrap();
        let answer = rig.send(request).await.unwrap();
        let after = answer
            .headers()
            .get("retry-after")
            .map(|value| value.to_str().unwrap().to_owned());
        let expected = match paused {
            PausedAnswers::NotFound => (404, None),
            PausedAnswers::Unavailable => (503, Some("2".to_owned())),
            PausedAnswers::Resumes => (200, None),
        };
        assert_eq!((answer.status().as_u16(), after), expected);
        rig.emulator.shutdown().await;
    }
}

#[tokio::test]
async fn bodies_may_be_limited() {
    let mut behaviour = Behaviour::default();
    behaviour.body_limit = Some(1000);
    let rig = Rig::with(commands().behaviour(behaviour)).await;
    let tool = rig.tool("limited", ECHO).await;
    let id = rig.start(&tool).await.instance_id.unwrap();
    let token = rig.token(&id).await;
    let post = |body| {
        Request::post(rig.url(PORT, &id, "/"))
            .header("X-Access-Token", token.expose())
            .body(body)
            .unwrap()
    };
    let announced = rig.send(post(body::full(vec![0; 1001]))).await.unwrap();
    assert_eq!(announced.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let small = rig
        .send(post(body::chunks([Bytes::from(vec![0; 1000])])))
        .await
        .unwrap();
    assert_eq!(
        body::collect(small.into_body(), 2000).await.unwrap().len(),
        1000
    );
    let unannounced = post(body::chunks(std::iter::repeat_n(
        Bytes::from(vec![0; 600]),
        2,
    )));
    let ended = match rig.send(unannounced).await {
        Ok(answer) => {
            answer.status() != StatusCode::OK
                || body::collect(answer.into_body(), 2000).await.is_err()
        }
        Err(_) => true,
    };
    assert!(ended);
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn an_idle_connection_may_be_cut() {
    let mut behaviour = Behaviour::default();
    behaviour.idle_timeout = Some(Duration::from_millis(300));
    let rig = Rig::with(commands().behaviour(behaviour)).await;
    let tool = rig.tool("idle", ECHO).await;
    let id = rig.start(&tool).await.instance_id.unwrap();
    let token = rig.token(&id).await;
    // The server echoes what comes, and nothing does.
    let silence = body::stream(futures_util::stream::pending());
    let request = Request::post(rig.url(PORT, &id, "/"))
        .header("X-Access-Token", token.expose())
        .body(silence)
        .unwrap();
    let ended = match rig.send(request).await {
        Ok(answer) => body::collect(answer.into_body(), 10).await.unwrap_err(),
        Err(error) => error,
    };
    assert_ne!(ended.kind(), TransportErrorKind::Timeout, "{ended:?}");
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn a_name_that_is_none_is_refused() {
    let rig = Rig::new().await;
    for name in ["abc", "abc-8000", "0-abc", "sandbox"] {
        let request = Request::get(format!("https://{name}.{}/", rig.emulator.domain()))
            .body(body::empty())
            .unwrap();
        let answer = rig.send(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        let text = body::collect(answer.into_body(), 1 << 16).await.unwrap();
        assert!(String::from_utf8_lossy(&text).contains("invalid host format"));
    }
    rig.emulator.shutdown().await;
}
