//! The deadline of a call and the connect timeout, each kept and told apart.

use std::{
    future::pending,
    time::{Duration, Instant},
};

use ags_http::{Deadline, HttpService, Reached, TransportErrorKind, body};
use futures_util::StreamExt;
use http::Response;
use http_body_util::BodyExt;

use crate::support::{Authority, H1, H2, Server, client, fetch, get, ok, serving};

/// Long enough for everything that happens before the clock is stopped. A stopped clock jumps to the
/// deadline as soon as nothing else happens, so no test waits for it.
const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test]
async fn it_holds_while_waiting_for_the_head() {
    for alpn in [H1, H2] {
        let authority = Authority::new();
        let tls = serving(authority.issue(&["127.0.0.1"]), alpn);
        let server = Server::http(Some(tls), |request| async move {
            if request.uri().path() == "/hang" {
                pending::<()>().await;
            }
            Response::new(body::full("ok"))
        })
        .await;
        let client = client().ca_pem(authority.pem()).build().unwrap();
        let url = format!("{}hang", server.https());
        let deadline = Deadline::after(LIMIT);
        let call = tokio::spawn({
            let client = client.clone();
            async move { client.call(get(&url), deadline).await.map(drop) }
        });
        server.counts.until_requested(1).await;
        tokio::time::pause();
        let error = call.await.unwrap().unwrap_err();
        tokio::time::resume();
        assert_eq!(error.kind(), TransportErrorKind::Timeout);
        assert!(error.is_timeout());
        assert_eq!(error.reached(), Reached::Unknown);
        assert_eq!(error.peer(), Some(&*server.address.to_string()));
        // The client is as good as before.
        assert_eq!(fetch(&client, &server.https()).await.unwrap(), "ok");
    }
}

#[tokio::test]
async fn it_holds_while_reading_the_body() {
    for alpn in [H1, H2] {
        let authority = Authority::new();
        let tls = serving(authority.issue(&["127.0.0.1"]), alpn);
        let server = Server::http(Some(tls), |_| async {
            let half = futures_util::stream::iter([Ok("half".into())]);
            Response::new(body::stream(half.chain(futures_util::stream::pending())))
        })
        .await;
        let client = client().ca_pem(authority.pem()).build().unwrap();
        let deadline = Deadline::after(LIMIT);
        let answer = client.call(get(&server.https()), deadline).await.unwrap();
        tokio::time::pause();
        let error = body::collect(answer.into_body(), 100).await.unwrap_err();
        tokio::time::resume();
        assert!(deadline.is_past());
        assert_eq!(error.kind(), TransportErrorKind::Timeout);
        assert_eq!(error.reached(), Reached::Unknown);
        let text = error.to_string();
        assert!(text.contains(&server.address.to_string()), "{text}");
    }
}

#[tokio::test]
async fn a_body_without_end_does_not_outrun_it() {
    let server = Server::http(None, |_| async {
        let endless = futures_util::stream::repeat_with(|| Ok(vec![b'x'; 1024].into()));
        Response::new(body::stream(endless))
    })
    .await;
    let client = client().build().unwrap();
    let deadline = Deadline::after(LIMIT);
    let answer = client.call(get(&server.plain()), deadline).await.unwrap();
    let mut body = answer.into_body();
    body.frame().await.unwrap().unwrap();
    tokio::time::pause();
    tokio::time::advance(LIMIT).await;
    let error = body::collect(body, usize::MAX).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Timeout);
}

#[tokio::test]
async fn past_it_nothing_is_sent() {
    let server = Server::http(None, ok).await;
    let client = client().build().unwrap();
    let error = client
        .call(get(&server.plain()), Deadline::after(Duration::ZERO))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Timeout);
    assert_eq!(error.reached(), Reached::NotSent);
    assert_eq!(server.counts.accepted(), 0);
}

#[tokio::test]
async fn the_connect_timeout_is_another_one() {
    // Accepts, but never says a word of TLS.
    let server = Server::raw(|stream| async move {
        let _held = stream;
        pending::<()>().await;
    })
    .await;
    let hasty = client()
        .connect_timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    let error = fetch(&hasty, &server.https()).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Connect);
    assert_eq!(error.reached(), Reached::NotSent);
    assert!(error.to_string().contains("within 50ms"), "{error}");

    let patient = client().build().unwrap();
    let soon = Deadline::after(Duration::from_millis(50));
    let error = patient.call(get(&server.https()), soon).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Timeout);
    assert_eq!(error.reached(), Reached::NotSent);
}

#[tokio::test(start_paused = true)]
async fn it_is_measured_on_tokios_clock() {
    let server = Server::raw(|stream| async move {
        let _held = stream;
        pending::<()>().await;
    })
    .await;
    let began = Instant::now();
    let client = client()
        .connect_timeout(Duration::from_secs(7200))
        .build()
        .unwrap();
    let hour = Deadline::after(Duration::from_secs(3600));
    let error = client.call(get(&server.plain()), hour).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Timeout);
    assert!(hour.is_past());
    assert!(began.elapsed() < Duration::from_secs(3600));
}
