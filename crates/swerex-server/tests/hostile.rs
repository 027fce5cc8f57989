//! Any request is answered, whatever it holds, and never by a panic.
use bytes::Bytes;
use http::{HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use proptest::prelude::*;
use swerex_server::{Server, ServerConfig};
use tokio::runtime::Runtime;

const PATHS: &[&str] = &[
    "/",
    "/is_alive",
    "/create_session",
    "/run_in_session",
    "/close_session",
    "/execute",
    "/read_file",
    "/write_file",
    "/upload",
    "/close",
    "/native/capabilities",
    "/native/file?path=%2Fdev%2Fnull%2Fx",
    "/native/file?offset=x&path=",
    "/native/tar",
    "/native/execute",
    "/native/run_in_session",
    "/native/terminal",
    "/native/terminal?terminal=%ff&offset=99999999999999999999",
    "/native/terminal?terminal=x&offset=0",
    "/native/terminal/size?terminal=x",
    "/nope/",
    "/%",
];

/// Pieces of bodies that mean something somewhere; none of them runs or writes anything.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\ud800",
    "\\u00",
    "null",
    "true",
    "NaN",
    "1e999",
    "-0",
    "\"command\"",
    "\"session_type\"",
    "\"action_type\"",
    "\"bash\"",
    "\"path\"",
    "\"timeout\"",
    "\"rows\"",
    "\"cols\":0",
    "\"env\"",
    "--B",
    "\r\n",
    "--",
    "Content-Disposition: form-data; name=\"file\"; filename=\"x\"",
    "Content-Disposition: form-data; name=\"unzip\"",
    "Content-Disposition: form-data; name=\"\"",
    "PK\u{5}\u{6}",
    "\u{feff}",
    "\0",
    "é",
];

fn body() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn every_request_has_an_answer(
        method in prop::sample::select(&["GET", "POST", "PUT", "HEAD", "OPTIONS", "BREW"][..]),
        path in prop::sample::select(PATHS),
        content_type in prop_oneof![
            Just("application/json".to_owned()),
            Just("multipart/form-data; boundary=B".to_owned()),
            "[ -~]{0,40}",
        ],
        other in prop::collection::vec(any::<u8>(), 0..20),
        body in body(),
    ) {
        let runtime = Runtime::new().unwrap();
        let server = Server::new(ServerConfig::with_token("t"));
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-api-key", "t")
            .header("content-type", content_type);
        if let Ok(value) = HeaderValue::from_bytes(&other) {
            for name in ["x-request-id", "range", "last-event-id", "host"] {
                request = request.header(name, value.clone());
            }
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let text = runtime.block_on(async {
            let answer = server.handle(request).await;
            let text = answer.into_body().collect().await.unwrap().to_bytes();
            server.close().await;
            String::from_utf8_lossy(&text).into_owned()
        });
        prop_assert!(!text.contains("internal error"), "{text}");
    }
}
