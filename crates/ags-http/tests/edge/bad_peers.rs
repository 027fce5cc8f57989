//! Peers that answer rubbish, too much, too little, or not at all.

use std::{future::Future, sync::Arc};

use ags_http::{
    BodyError, HttpClient, HttpService, Reached, TransportError, TransportErrorKind, body,
};
use futures_util::stream;
use http::{Request, Response};
use http_body_util::BodyExt;
use proptest::prelude::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{
    Authority, Counts, H1, H2, Pending, Server, chain, client, fetch, get, patience, serving,
};

/// Reads some of the request, then does as told.
async fn after_request<F, R>(then: F) -> Server
where
    F: Fn(TcpStream) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let then = Arc::new(then);
    Server::raw(move |mut stream| {
        let then = then.clone();
        async move {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            then(stream).await;
        }
    })
    .await
}

async fn answering(bytes: impl Into<Vec<u8>>) -> Server {
    let bytes = Arc::new(bytes.into());
    after_request(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        }
    })
    .await
}

async fn failure(server: &Server) -> TransportError {
    let client = client().build().unwrap();
    fetch(&client, &server.plain()).await.unwrap_err()
}

#[tokio::test]
async fn each_kind_of_rubbish_has_its_kind_of_error() {
    let many_headers: String = (0..2_000).map(|n| format!("x-{n}: y\r\n")).collect();
    let cases: Vec<(&str, Vec<u8>, TransportErrorKind)> = vec![
        (
            "no HTTP",
            b"no HTTP at all\r\n\r\n".to_vec(),
            TransportErrorKind::Malformed,
        ),
        ("nothing", Vec::new(), TransportErrorKind::Closed),
        (
            "half a head",
            b"HTTP/1.1 200 OK\r\ncontent-le".to_vec(),
            TransportErrorKind::Closed,
        ),
        (
            "a head that is too long",
            format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(100_000)).into_bytes(),
            TransportErrorKind::TooLarge,
        ),
        (
            "a head without end",
            format!("HTTP/1.1 200 OK\r\n{}", "y".repeat(1 << 20)).into_bytes(),
            TransportErrorKind::TooLarge,
        ),
        (
            "too many headers",
            format!("HTTP/1.1 200 OK\r\n{many_headers}\r\n").into_bytes(),
            TransportErrorKind::TooLarge,
        ),
        (
            "half a body",
            b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec(),
            TransportErrorKind::Closed,
        ),
        (
            "a broken chunk",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_vec(),
            TransportErrorKind::Malformed,
        ),
        (
            "a chunk that is cut",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab".to_vec(),
            TransportErrorKind::Closed,
        ),
        (
            "more than the limit",
            format!("HTTP/1.1 200 OK\r\n\r\n{}", "y".repeat((1 << 20) + 1)).into_bytes(),
            TransportErrorKind::TooLarge,
        ),
        (
            "an announcement above the limit",
            b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_vec(),
            TransportErrorKind::TooLarge,
        ),
    ];
    for (what, bytes, kind) in cases {
        let server = answering(bytes).await;
        let error = failure(&server).await;
        assert_eq!(error.kind(), kind, "{what}: {}", chain(&error));
        assert_eq!(error.reached(), Reached::Unknown, "{what}");
    }
}

#[tokio::test]
async fn a_reset_is_told_from_a_close() {
    for half in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
    ] {
        let server = after_request(move |mut stream| async move {
            let _ = stream.write_all(half).await;
            // Without lingering, a close is a reset.
            stream.set_zero_linger().unwrap();
        })
        .await;
        let error = failure(&server).await;
        assert_eq!(error.kind(), TransportErrorKind::Reset, "{}", chain(&error));
        assert_eq!(error.reached(), Reached::Unknown);
        assert!(
            error.to_string().contains(&server.address.to_string()),
            "{error}"
        );
    }
}

#[tokio::test]
async fn rubbish_after_http2_was_agreed_is_an_error() {
    let authority = Authority::new();
    let tls = serving(authority.issue(&["127.0.0.1"]), H2);
    let server = Server::streams(
        Some(tls),
        Arc::new(Counts::default()),
        |mut stream| -> Pending<()> {
            Box::pin(async move {
                let _ = stream.write_all(&[0xff; 512]).await;
                let _ = stream.read(&mut [0; 64]).await;
            })
        },
    )
    .await;
    let client = client().ca_pem(authority.pem()).build().unwrap();
    assert!(fetch(&client, &server.https()).await.is_err());
}

#[tokio::test]
async fn a_refused_stream_was_not_processed_but_a_reset_one_may_be() {
    for (reason, kind, reached) in [
        (
            h2::Reason::REFUSED_STREAM,
            TransportErrorKind::Reset,
            Reached::NotSent,
        ),
        (
            h2::Reason::INTERNAL_ERROR,
            TransportErrorKind::Reset,
            Reached::Unknown,
        ),
    ] {
        let authority = Authority::new();
        let tls = serving(authority.issue(&["127.0.0.1"]), H2);
        let counts = Arc::new(Counts::default());
        let server = Server::streams(Some(tls), counts, move |stream| -> Pending<()> {
            Box::pin(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut answer))) = connection.accept().await {
                    answer.send_reset(reason);
                }
            })
        })
        .await;
        let client = client().ca_pem(authority.pem()).build().unwrap();
        let error = fetch(&client, &server.https()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.reached()),
            (kind, reached),
            "{}",
            chain(&error)
        );
    }
}

#[tokio::test]
async fn a_request_body_that_breaks_off_says_why() {
    for alpn in [H1, H2] {
        let (server, client) = swallowing(alpn).await;
        let pieces: [Result<_, BodyError>; 2] = [Ok("half".into()), Err("the disk is gone".into())];
        let request = Request::post(server.https())
            .body(body::stream(stream::iter(pieces)))
            .unwrap();
        let error = client.call(request, patience()).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Body, "{}", chain(&error));
        assert!(
            chain(&error).contains("the disk is gone"),
            "{}",
            chain(&error)
        );
    }
}

#[tokio::test]
async fn a_large_streamed_body_arrives_whole() {
    for alpn in [H1, H2] {
        let (server, client) = swallowing(alpn).await;
        let piece = bytes::Bytes::from(vec![7; 64 * 1024]);
        let request = Request::post(server.https())
            .body(body::chunks(std::iter::repeat_n(piece, 160)))
            .unwrap();
        let answer = client.call(request, patience()).await.unwrap();
        let told = body::collect(answer.into_body(), 99).await.unwrap();
        assert_eq!(told, (160 * 64 * 1024).to_string());
    }
}

/// A server that answers with the length of what it was sent.
async fn swallowing(alpn: &[&str]) -> (Server, HttpClient) {
    let authority = Authority::new();
    let tls = serving(authority.issue(&["127.0.0.1"]), alpn);
    let server = Server::http(
        Some(tls),
        |request: Request<hyper::body::Incoming>| async move {
            let length = match request.into_body().collect().await {
                Ok(sent) => sent.to_bytes().len().to_string(),
                Err(_) => "broken".to_owned(),
            };
            Response::new(body::full(length))
        },
    )
    .await;
    let client = client().ca_pem(authority.pem()).build().unwrap();
    (server, client)
}

#[tokio::test]
async fn a_status_is_never_an_error() {
    let server = Server::http(None, |request| async move {
        let status = request.uri().path()[1..].parse().unwrap();
        let mut answer = Response::new(body::full("why"));
        *answer.status_mut() = http::StatusCode::from_u16(status).unwrap();
        answer
    })
    .await;
    let client = client().build().unwrap();
    for status in [201, 302, 400, 401, 404, 429, 500, 503, 511, 599] {
        let url = format!("{}{status}", server.plain());
        let answer = client.call(get(&url), patience()).await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(body::collect(answer.into_body(), 9).await.unwrap(), "why");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the peer says, there is an answer or an error, never a panic or a hang.
    #[test]
    fn any_bytes_end_in_an_answer_or_an_error(
        polite in any::<bool>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut all = if polite { b"HTTP/1.1 200 OK\r\n".to_vec() } else { Vec::new() };
            all.extend_from_slice(&bytes);
            let server = answering(all).await;
            let client = client().build().unwrap();
            if let Err(error) = fetch(&client, &server.plain()).await {
                assert!(!error.is_timeout(), "{error:?}");
            }
        });
    }
}
