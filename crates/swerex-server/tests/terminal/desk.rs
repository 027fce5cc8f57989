//! Somebody who sits before a terminal: types, watches, and waits for what should appear.

use std::path::Path;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use swerex_proto::native::Event;
use swerex_server::{Body, Server, ServerConfig};

/// So many heartbeats of a server may come without news; one comes every ten seconds, and when a stream begins.
const PATIENCE: usize = 4;

/// A server that is used by nobody's settings.
pub(crate) fn server(home: &Path, change: impl FnOnce(&mut ServerConfig)) -> Server {
    let mut config = ServerConfig::with_token("t");
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    config.working_directory = Some(home.to_owned());
    config.environment = Some(vec![
        variable("PATH", &std::env::var("PATH").unwrap()),
        variable("HOME", home.to_str().unwrap()),
        variable("PS1", "% "),
    ]);
    change(&mut config);
    Server::new(config)
}

pub(crate) async fn send(
    server: &Server,
    method: &str,
    uri: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> http::Response<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(uri)
        .header("x-api-key", "t")
        .header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body.into())).unwrap();
    server.handle(request).await
}

/// The status and the body of an answer that is no stream.
pub(crate) async fn ask(
    server: &Server,
    method: &str,
    uri: &str,
    body: impl Into<Bytes>,
) -> (u16, Value) {
    let answer = send(server, method, uri, &[], body).await;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

pub(crate) struct Desk<'a> {
    pub(crate) server: &'a Server,
    name: &'static str,
    request: Value,
    stream: Option<(Body, Vec<u8>)>,
    last: u64,
    offset: u64,
    /// All that has appeared.
    pub(crate) screen: Vec<u8>,
    /// Up to here it has been waited for.
    seen: usize,
    heartbeats: usize,
    /// How often it had to ask for more.
    pub(crate) pauses: usize,
    /// Status and body of the result.
    pub(crate) end: Option<(u16, Value)>,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(server: &'a Server, name: &'static str, request: Value) -> Self {
        Self {
            server,
            name,
            request,
            stream: None,
            last: 0,
            offset: 0,
            screen: Vec::new(),
            seen: 0,
            heartbeats: 0,
            pauses: 0,
            end: None,
        }
    }

    /// A program on a terminal of 24 by 80.
    pub(crate) fn of(server: &'a Server, name: &'static str, words: &[&str]) -> Self {
        let request = json!({"rows": 24, "cols": 80, "command": words});
        Self::new(server, name, request)
    }

    /// Opens the terminal, or takes its stream up.
    pub(crate) async fn watch(&mut self) {
        let last = self.last.to_string();
        let headers = [("x-request-id", self.name), ("last-event-id", &last)];
        let path = "/native/terminal";
        let answer = send(
            self.server,
            "POST",
            path,
            &headers,
            self.request.to_string(),
        )
        .await;
        assert_eq!(answer.status(), StatusCode::OK);
        self.stream = Some((answer.into_body(), Vec::new()));
    }

    /// Looks away: the connection is cut, and what is under way on it is lost.
    pub(crate) fn cut(&mut self) {
        self.stream = None;
    }

    /// Hears one piece of the stream.
    pub(crate) async fn hear(&mut self) {
        if self.stream.is_none() {
            self.watch().await;
        }
        let (body, buffer) = self.stream.as_mut().unwrap();
        let Some(frame) = body.frame().await else {
            self.stream = None;
            return;
        };
        buffer.extend_from_slice(&frame.unwrap().into_data().unwrap());
        let mut lines = Vec::new();
        while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
            lines.push(buffer.drain(..=end).collect::<Vec<u8>>());
        }
        for line in lines {
            match serde_json::from_slice(&line).unwrap() {
                Event::Output { id, data, .. } => {
                    assert_eq!(id, self.last + 1, "nothing is left out or told twice");
                    self.last = id;
                    self.screen.extend(BASE64_STANDARD.decode(data).unwrap());
                }
                Event::Pause => self.pauses += 1,
                Event::Result { status, body, .. } => self.end = Some((status, body)),
                Event::Heartbeat => {
                    self.heartbeats += 1;
                    let screen = String::from_utf8_lossy(&self.screen);
                    assert!(self.heartbeats < PATIENCE, "nothing comes after {screen:?}");
                    continue;
                }
                other => panic!("{other:?}"),
            }
            self.heartbeats = 0;
        }
    }

    /// Waits until this appears after what was waited for before.
    pub(crate) async fn until(&mut self, text: &str) {
        loop {
            let fresh = &self.screen[self.seen..];
            if let Some(at) = fresh
                .windows(text.len())
                .position(|window| window == text.as_bytes())
            {
                self.seen += at + text.len();
                return;
            }
            if let Some(end) = &self.end {
                let screen = String::from_utf8_lossy(&self.screen);
                panic!("it ended with {end:?}, and {text:?} has not appeared in {screen:?}");
            }
            self.hear().await;
        }
    }

    /// Waits for the program's end; its exit code.
    pub(crate) async fn ended(&mut self) -> i64 {
        while self.end.is_none() {
            self.hear().await;
        }
        let (status, body) = self.end.as_ref().unwrap();
        assert_eq!(*status, 200, "{body}");
        body["exit_code"].as_i64().unwrap()
    }

    /// The class of the exception that the program did not start for.
    pub(crate) async fn refused(&mut self) -> String {
        while self.end.is_none() {
            self.hear().await;
        }
        let (status, body) = self.end.as_ref().unwrap();
        assert_eq!(*status, 511, "{body}");
        let class = &body["swerexception"]["class_path"];
        class.as_str().unwrap().to_owned()
    }

    /// Types at a position of all input; the answer's status and body.
    pub(crate) async fn type_at(&self, offset: u64, text: &str) -> (u16, Value) {
        let uri = format!("/native/terminal?terminal={}&offset={offset}", self.name);
        ask(self.server, "PUT", &uri, text.to_owned()).await
    }

    pub(crate) async fn types(&mut self, text: &str) {
        if self.stream.is_none() {
            self.watch().await;
        }
        let typed = self.type_at(self.offset, text).await;
        self.offset += text.len() as u64;
        assert_eq!(typed, (200, json!({"received": self.offset})));
    }

    pub(crate) async fn resize(&self, size: &Value) -> (u16, Value) {
        let uri = format!("/native/terminal/size?terminal={}", self.name);
        ask(self.server, "PUT", &uri, size.to_string()).await
    }

    pub(crate) async fn hang_up(&self) -> (u16, Value) {
        let uri = format!("/native/terminal?terminal={}", self.name);
        ask(self.server, "DELETE", &uri, "").await
    }
}
