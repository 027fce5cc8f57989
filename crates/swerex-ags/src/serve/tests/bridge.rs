//! The bridge over a real connection.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ags_http::{Deadline, HttpClient, HttpService, body};
use http::Request;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

use super::{
    super::{
        bridge::{Bridge, Key, Settings},
        sandbox::CallFailed,
    },
    double::Cloud,
};

struct Running {
    bridge: Bridge,
    at: SocketAddr,
    client: HttpClient,
    stop: oneshot::Sender<()>,
    served: JoinHandle<bool>,
}

impl Running {
    async fn new(cloud: &Arc<Cloud>) -> Self {
        Self::with(cloud, Settings::default()).await
    }

    async fn with(cloud: &Arc<Cloud>, settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let bridge = Bridge::new(Key::new("brk"), settings, Arc::<Cloud>::clone(cloud));
        let (stop, stopped) = oneshot::channel();
        let serving = bridge.clone();
        let served = tokio::spawn(async move {
            serving
                .serve(listener, async {
                    stopped.await.unwrap();
                })
                .await
        });
        Self {
            bridge,
            at,
            client: HttpClient::builder().build().unwrap(),
            stop,
            served,
        }
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        json: Option<Value>,
    ) -> (u16, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.at));
        if let Some(key) = key {
            request = request.header("X-API-Key", key);
        }
        let body = match json {
            Some(json) => {
                request = request.header("content-type", "application/json");
                body::full(json.to_string())
            }
            None => body::empty(),
        };
        let response = self
            .client
            .call(request.body(body).unwrap(), Deadline::none())
            .await
            .unwrap();
        assert_eq!(response.headers()["content-type"], "application/json");
        let status = response.status().as_u16();
        let bytes = body::collect(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    /// What is answered to bytes that need not be HTTP: the status line's number, and the body.
    async fn raw(&self, bytes: &[u8]) -> (u16, Value) {
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains("\r\ncontent-type: application/json\r\n"),
            "{head}"
        );
        let length = format!("\r\ncontent-length: {}", body.len());
        assert!(head.contains(&length), "{answer}");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap())
    }

    async fn post(&self, endpoint: &str) -> (u16, Value) {
        self.ask(
            "POST",
            &format!("/v1/python%3A3.11/a/{endpoint}"),
            Some("brk"),
            Some(json!({})),
        )
        .await
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        assert!(self.served.await.unwrap(), "all sandboxes were stopped");
    }
}

#[tokio::test]
async fn the_key_comes_before_everything() {
    let cloud = Cloud::at_once();
    let bridge = Running::new(&cloud).await;
    let path = "/v1/python%3A3.11/a/execute";
    assert_eq!(
        bridge.ask("POST", path, None, None).await,
        (401, json!({ "detail": "Not authenticated" }))
    );
    assert_eq!(
        bridge.ask("POST", path, Some("brl"), None).await,
        (401, json!({ "detail": "Invalid API Key" }))
    );
    assert_eq!(
        bridge.ask("GET", "/nowhere", Some("brk-"), None).await.0,
        401
    );
    assert_eq!(
        bridge.ask("GET", "/nowhere", Some("brk"), None).await.0,
        404
    );
    assert_eq!(cloud.started.load(Ordering::SeqCst), 0);
    bridge.end().await;
}

#[tokio::test]
async fn what_is_no_http_is_refused_in_json() {
    let cloud = Cloud::at_once();
    let bridge = Running::new(&cloud).await;
    let long = "a".repeat(100_000);
    let headers = "x: y\r\n".repeat(200);
    let twice = "content-length: 1\r\ncontent-length: 2\r\n";
    for (sent, status) in [
        ("GARBAGE\r\n\r\n".to_owned(), 400),
        (format!("POST /v1/a/b/close HTTP/1.1\r\n{twice}\r\n"), 400),
        (format!("GET /{long} HTTP/1.1\r\n\r\n"), 414),
        (format!("GET / HTTP/1.1\r\n{headers}\r\n"), 431),
    ] {
        let (told, detail) = bridge.raw(sent.as_bytes()).await;
        assert_eq!(told, status, "{detail}");
        assert!(detail["detail"].is_string(), "{detail}");
    }
    let chunked = "POST /v1/a/b/create_session HTTP/1.1\r\nx-api-key: brk\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n";
    let (told, detail) = bridge.raw(chunked.as_bytes()).await;
    assert_eq!(told, 400, "{detail}");
    let large = json!({ "session": long.repeat(11) });
    let (told, detail) = bridge
        .ask("POST", "/v1/a/b/create_session", Some("brk"), Some(large))
        .await;
    assert_eq!(
        (told, &detail["detail"]),
        (
            413,
            &json!("the body of create_session is larger than 1048576 bytes")
        )
    );
    assert_eq!(cloud.started.load(Ordering::SeqCst), 0);
    bridge.end().await;
}

#[tokio::test]
async fn a_sandbox_that_opens_no_session_in_time_is_no_start() {
    let cloud = Cloud::at_once();
    cloud.mute.store(true, Ordering::SeqCst);
    let settings = Settings {
        start_timeout: Duration::from_millis(50),
        ..Settings::default()
    };
    let bridge = Running::with(&cloud, settings).await;
    let (status, told) = bridge.post("create_session").await;
    assert_eq!(
        (status, &told["swerexception"]["class_path"]),
        (511, &json!("swerex.exceptions.DeploymentStartupError"))
    );
    bridge.end().await;
    assert_eq!(*cloud.stopped.lock().unwrap(), [1]);
}

#[tokio::test]
async fn an_agents_life() {
    let cloud = Cloud::at_once();
    let bridge = Running::new(&cloud).await;
    let alive = |path: &'static str| bridge.ask("GET", path, Some("brk"), None);
    assert_eq!(
        alive("/v1/python%3A3.11/a/is_alive").await,
        (200, json!({ "is_alive": true, "message": "" }))
    );
    assert_eq!(
        cloud.started.load(Ordering::SeqCst),
        0,
        "is_alive starts nothing"
    );
    assert_eq!(bridge.post("create_session").await, (200, json!({})));
    assert_eq!(bridge.post("run_in_session").await, (200, json!({})));
    assert_eq!(bridge.post("close").await, (200, json!({})));
    assert_eq!(bridge.post("close").await, (200, json!({})));
    assert_eq!(
        bridge.post("create_session").await,
        (200, json!({})),
        "a hard reset is close and create on the same address"
    );
    assert_eq!(cloud.started.load(Ordering::SeqCst), 2);
    let stopped = Arc::clone(&cloud.stopped);
    bridge.end().await;
    let mut stopped = stopped.lock().unwrap().clone();
    stopped.sort_unstable();
    assert_eq!(stopped, [1, 2]);
}

#[tokio::test]
async fn what_a_sandbox_answers_is_made_harmless() {
    let cloud = Cloud::at_once();
    let bridge = Running::new(&cloud).await;
    cloud.reply(Ok((511, "application/json", r#"{"swerexception":{"message":"touch /tmp/owned","class_path":"os.system","traceback":"t","extra_info":{}}}"#)));
    let (status, told) = bridge.post("execute").await;
    assert_eq!(
        (status, &told["swerexception"]["class_path"]),
        (511, &json!("swerex.exceptions.SwerexException"))
    );
    cloud.reply(Ok((502, "text/html", "<html>bad gateway</html>")));
    let (status, told) = bridge.post("execute").await;
    assert_eq!(status, 511);
    assert!(
        told["swerexception"]["message"]
            .as_str()
            .unwrap()
            .contains("bad gateway")
    );
    cloud.reply(Ok((200, "text/html", "<html></html>")));
    assert_eq!(bridge.post("execute").await.0, 511);
    let invalid = r#"{"detail":[{"type":"missing","loc":["body","command"],"msg":"Field required","input":{}}]}"#;
    cloud.reply(Ok((422, "application/json", invalid)));
    assert_eq!(
        bridge.post("execute").await,
        (422, serde_json::from_str(invalid).unwrap())
    );
    assert_eq!(bridge.post("docs").await.0, 404);
    bridge.end().await;
}

#[tokio::test]
async fn a_sandbox_that_dies_stays_dead_until_the_agent_begins_anew() {
    let cloud = Cloud::at_once();
    let bridge = Running::new(&cloud).await;
    assert_eq!(bridge.post("create_session").await.0, 200);
    cloud.reply(Err(CallFailed::Gone("it expired".to_owned())));
    for _ in 0..2 {
        let (status, told) = bridge.post("run_in_session").await;
        assert_eq!(
            (status, &told["swerexception"]["class_path"]),
            (511, &json!("swerex.exceptions.SwerexException"))
        );
        assert!(
            told["swerexception"]["message"]
                .as_str()
                .unwrap()
                .contains("it expired")
        );
    }
    let (_, alive) = bridge
        .ask("GET", "/v1/python%3A3.11/a/is_alive", Some("brk"), None)
        .await;
    assert_eq!(
        alive,
        json!({ "is_alive": false, "message": "the sandbox is gone: it expired" })
    );
    assert_eq!(cloud.started.load(Ordering::SeqCst), 1);
    assert_eq!(bridge.post("create_session").await.0, 200);
    assert_eq!(cloud.started.load(Ordering::SeqCst), 2);
    bridge.end().await;
}

#[tokio::test]
async fn an_address_without_a_sandbox_costs_nothing() {
    let cloud = Cloud::at_once();
    let bridge = Running::new(&cloud).await;
    for number in 0..20 {
        let address = format!("/v1/python%3A3.11/{number}");
        for (method, endpoint, status) in [
            ("GET", "is_alive", 200),
            ("GET", "", 200),
            ("POST", "close", 200),
            ("GET", "execute", 405),
            ("POST", "docs", 404),
        ] {
            let path = format!("{address}/{endpoint}");
            let (told, _) = bridge.ask(method, &path, Some("brk"), None).await;
            assert_eq!(told, status, "{path}");
        }
    }
    assert_eq!(bridge.bridge.addresses(), 0);
    // One that works is there, and goes with its sandbox.
    assert_eq!(bridge.post("create_session").await.0, 200);
    assert_eq!(bridge.bridge.addresses(), 1);
    assert_eq!(bridge.post("close").await.0, 200);
    assert_eq!(bridge.bridge.addresses(), 0);
    assert_eq!(cloud.started.load(Ordering::SeqCst), 1);
    bridge.end().await;
}

#[tokio::test]
async fn a_refused_start_leaves_no_address() {
    let cloud = Arc::<Cloud>::default();
    let bridge = Running::new(&cloud).await;
    let refused = async {
        for number in 1..=3 {
            cloud.begun(number).await;
            cloud.finish(Err("quota"));
        }
    };
    let agent = async {
        for _ in 0..3 {
            assert_eq!(bridge.post("create_session").await.0, 511);
        }
    };
    tokio::join!(refused, agent);
    assert_eq!(bridge.bridge.addresses(), 0);
    bridge.end().await;
}

#[tokio::test]
async fn a_dead_sandbox_is_remembered_until_its_agent_knows() {
    let cloud = Cloud::at_once();
    let bridge = Running::new(&cloud).await;
    assert_eq!(bridge.post("create_session").await.0, 200);
    cloud.reply(Err(CallFailed::Gone("it expired".to_owned())));
    assert_eq!(bridge.post("execute").await.0, 511);
    assert_eq!(bridge.bridge.addresses(), 1);
    assert_eq!(bridge.post("close").await.0, 200);
    assert_eq!(bridge.bridge.addresses(), 0);
    bridge.end().await;
}
