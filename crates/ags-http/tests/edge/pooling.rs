//! Which call gets which connection, counted by the server.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use ags_http::{
    Deadline, HttpClient, HttpService, HttpVersions, Reached, TransportErrorKind, body,
};
use futures_util::future::join_all;
use http::Response;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Notify,
};

use crate::support::{Authority, H1, H2, Server, client, fetch, get, ok, patience, post, serving};

/// A server with the given ALPN, and a client that trusts it.
async fn pair(alpn: &[&str]) -> (Server, HttpClient) {
    let authority = Authority::new();
    let server = Server::http(Some(serving(authority.issue(&["127.0.0.1"]), alpn)), ok).await;
    let client = client().ca_pem(authority.pem()).build().unwrap();
    (server, client)
}

#[tokio::test]
async fn calls_one_after_another_use_one_connection() {
    for alpn in [H1, H2] {
        let (server, client) = pair(alpn).await;
        for _ in 0..20 {
            assert_eq!(fetch(&client, &server.https()).await.unwrap(), "ok");
        }
        assert_eq!(server.counts.accepted(), 1);
        assert_eq!(server.counts.handshakes(), 1);
        assert_eq!(server.counts.requests(), 20);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_shares_one_http2_connection() {
    let (server, client) = pair(H2).await;
    let url = server.https();
    let answers = join_all((0..300).map(|_| fetch(&client, &url))).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.as_deref().unwrap() == "ok")
    );
    assert_eq!(server.counts.handshakes(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_over_http1_keeps_the_limit() {
    let authority = Authority::new();
    let under_way = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let seen = under_way.clone();
    let tls = serving(authority.issue(&["127.0.0.1"]), H1);
    let server = Server::http(Some(tls), move |_| {
        let seen = seen.clone();
        async move {
            let now = seen.0.fetch_add(1, Ordering::SeqCst) + 1;
            seen.1.fetch_max(now, Ordering::SeqCst);
            tokio::task::yield_now().await;
            seen.0.fetch_sub(1, Ordering::SeqCst);
            Response::new(body::full("ok"))
        }
    })
    .await;
    let limited = client()
        .ca_pem(authority.pem())
        .max_connections_per_host(Some(4))
        .build()
        .unwrap();
    let url = server.https();
    let answers = join_all((0..300).map(|_| fetch(&limited, &url))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(server.counts.requests(), 300);
    assert!(
        server.counts.handshakes() <= 4,
        "{}",
        server.counts.handshakes()
    );
    assert!(under_way.1.load(Ordering::SeqCst) <= 4);
}

#[tokio::test]
async fn without_a_limit_long_calls_do_not_hold_up_others() {
    const CALLS: usize = 40;
    let arrived = Arc::new(AtomicUsize::new(0));
    let all_here = Arc::new(Notify::new());
    let (count, gate) = (arrived.clone(), all_here.clone());
    // No call is answered before all are under way at the same time.
    let server = Server::http(None, move |_| {
        let (count, gate) = (count.clone(), gate.clone());
        async move {
            let open = gate.notified();
            if count.fetch_add(1, Ordering::SeqCst) + 1 == CALLS {
                gate.notify_waiters();
            } else {
                open.await;
            }
            Response::new(body::full("ok"))
        }
    })
    .await;
    let client = client().build().unwrap();
    let url = server.plain();
    let answers = join_all((0..CALLS).map(|_| fetch(&client, &url))).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(server.counts.accepted(), CALLS);
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_is_replaced_unsent() {
    let requests = Arc::new(AtomicUsize::new(0));
    let seen = requests.clone();
    // Answers one request, closes without announcing it, and ends when the client has closed too.
    let server = Server::raw(move |mut stream| {
        let seen = seen.clone();
        async move {
            let mut head = vec![0; 4096];
            let mut length = 0;
            while !head[..length].ends_with(b"once") {
                match stream.read(&mut head[length..]).await {
                    Ok(count) if count > 0 => length += count,
                    _ => return,
                }
            }
            seen.fetch_add(1, Ordering::SeqCst);
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                .await
                .unwrap();
            stream.shutdown().await.unwrap();
            let _ = stream.read(&mut head).await;
        }
    })
    .await;
    let client = client().build().unwrap();
    for round in 1..=3 {
        let answer = client
            .call(post(&server.plain(), "once"), patience())
            .await
            .unwrap();
        assert_eq!(body::collect(answer.into_body(), 9).await.unwrap(), "ok");
        server.counts.until_closed(round).await;
    }
    assert_eq!(requests.load(Ordering::SeqCst), 3);
    assert_eq!(server.counts.accepted(), 3);
}

#[tokio::test]
async fn a_body_left_unread_costs_its_connection_only() {
    let server = Server::http(None, |_| async {
        let half = futures_util::stream::once(async { Ok("half".into()) });
        let rest = futures_util::stream::pending();
        Response::new(body::stream(futures_util::StreamExt::chain(half, rest)))
    })
    .await;
    let client = client().build().unwrap();
    for round in 1..=2 {
        let answer = client.call(get(&server.plain()), patience()).await.unwrap();
        drop(answer);
        server.counts.until_closed(round).await;
    }
    assert_eq!(server.counts.accepted(), 2);
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_request_costs_its_connection_only() {
    let server = Server::raw(|mut stream| async move {
        let mut some = [0; 1024];
        let _ = stream.read(&mut some).await;
        let refusal = b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno";
        stream.write_all(refusal).await.unwrap();
        // It reads no more of the body, and waits until the client closes.
        while stream.read(&mut some).await.is_ok_and(|count| count > 0) {}
    })
    .await;
    let client = client().build().unwrap();
    for round in 1..=2 {
        let endless = futures_util::stream::pending();
        let request = http::Request::post(server.plain())
            .body(body::stream(endless))
            .unwrap();
        let answer = client.call(request, patience()).await.unwrap();
        assert_eq!(answer.status(), 413);
        assert_eq!(body::collect(answer.into_body(), 9).await.unwrap(), "no");
        server.counts.until_closed(round).await;
    }
    assert_eq!(server.counts.accepted(), 2);
}

#[tokio::test]
async fn an_abandoned_call_does_not_spoil_the_next() {
    for alpn in [H1, H2] {
        let authority = Authority::new();
        let calls = AtomicUsize::new(0);
        let tls = serving(authority.issue(&["127.0.0.1"]), alpn);
        let server = Server::http(Some(tls), move |_| {
            let first = calls.fetch_add(1, Ordering::SeqCst) == 0;
            async move {
                if first {
                    std::future::pending::<()>().await;
                }
                Response::new(body::full("ok"))
            }
        })
        .await;
        let client = client().ca_pem(authority.pem()).build().unwrap();
        let abandoned = tokio::spawn({
            let (client, url) = (client.clone(), server.https());
            async move { client.call(get(&url), patience()).await.map(drop) }
        });
        server.counts.until_requested(1).await;
        abandoned.abort();
        assert_eq!(fetch(&client, &server.https()).await.unwrap(), "ok");
    }
}

#[tokio::test]
async fn an_unused_connection_is_closed_in_time() {
    for alpn in [H1, H2] {
        let authority = Authority::new();
        let tls = serving(authority.issue(&["127.0.0.1"]), alpn);
        let server = Server::http(Some(tls), ok).await;
        let client = client()
            .ca_pem(authority.pem())
            .pool_idle_timeout(Duration::from_millis(20))
            .build()
            .unwrap();
        fetch(&client, &server.https()).await.unwrap();
        // Nobody calls any more: the server sees the end all the same.
        server.counts.until_closed(1).await;
        fetch(&client, &server.https()).await.unwrap();
        assert_eq!(server.counts.accepted(), 2);
    }
}

#[tokio::test]
async fn a_client_that_is_dropped_closes_its_connections() {
    for alpn in [H1, H2] {
        let (server, client) = pair(alpn).await;
        fetch(&client, &server.https()).await.unwrap();
        drop(client);
        server.counts.until_closed(1).await;
    }
}

#[tokio::test]
async fn a_call_that_waits_in_vain_was_not_sent_and_passes_its_turn_on() {
    let release = Arc::new(Notify::new());
    let gate = release.clone();
    let server = Server::http(None, move |request| {
        let gate = gate.clone();
        async move {
            if request.uri().path() == "/held" {
                gate.notified().await;
            }
            Response::new(body::full("ok"))
        }
    })
    .await;
    let client = client().max_connections_per_host(Some(1)).build().unwrap();
    let held = tokio::spawn({
        let (client, url) = (client.clone(), format!("{}held", server.plain()));
        async move { fetch(&client, &url).await }
    });
    server.counts.until_requested(1).await;
    let short = Deadline::after(Duration::from_millis(20));
    let waited = client.call(get(&server.plain()), short).await.unwrap_err();
    assert_eq!(waited.kind(), TransportErrorKind::Timeout);
    assert_eq!(waited.reached(), Reached::NotSent);
    let url = server.plain();
    let next = fetch(&client, &url);
    release.notify_one();
    assert_eq!(next.await.unwrap(), "ok");
    assert_eq!(held.await.unwrap().unwrap(), "ok");
    assert_eq!(server.counts.accepted(), 1);
    assert_eq!(server.counts.requests(), 2);
}

#[tokio::test]
async fn a_host_that_is_down_fails_every_waiting_call() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    for versions in [HttpVersions::Negotiated, HttpVersions::Http1] {
        let client = client().http_versions(versions).build().unwrap();
        let url = format!("https://127.0.0.1:{port}/");
        let answers = join_all((0..100).map(|_| fetch(&client, &url))).await;
        for answer in answers {
            let error = answer.unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::Connect);
            assert_eq!(error.reached(), Reached::NotSent);
            assert!(!error.is_permanent());
            assert!(
                error.to_string().contains(&format!("127.0.0.1:{port}")),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn the_host_header_names_the_host_in_both_versions() {
    for alpn in [H1, H2] {
        let authority = Authority::new();
        let tls = serving(authority.issue(&["127.0.0.1"]), alpn);
        let server = Server::http(Some(tls), |request| async move {
            let named = request
                .headers()
                .get("host")
                .map(|host| host.to_str().unwrap().to_owned());
            let authority = request.uri().authority().map(ToString::to_string);
            Response::new(body::full(named.or(authority).unwrap_or_default()))
        })
        .await;
        let client = client().ca_pem(authority.pem()).build().unwrap();
        let told = fetch(&client, &server.https()).await.unwrap();
        assert_eq!(told, server.address.to_string());
        let mut request = get(&server.https());
        request
            .headers_mut()
            .insert("host", "8000-ins.example".parse().unwrap());
        let answer = client.call(request, patience()).await.unwrap();
        let told = body::collect(answer.into_body(), 99).await.unwrap();
        assert_eq!(told, "8000-ins.example");
    }
}

/// Calls that go away at any moment neither lose a connection's turn nor open more than allowed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turns_survive_calls_that_go_away() {
    for alpn in [H1, H2] {
        let authority = Authority::new();
        let tls = serving(authority.issue(&["127.0.0.1"]), alpn);
        let server = Server::http(Some(tls), ok).await;
        let client = client()
            .ca_pem(authority.pem())
            .max_connections_per_host(Some(2))
            .build()
            .unwrap();
        let mut random = fastrand::Rng::with_seed(7);
        let tasks: Vec<_> = (0..600)
            .map(|_| {
                let (client, url) = (client.clone(), server.https());
                let patience = Duration::from_micros(random.u64(0..4_000));
                tokio::spawn(async move {
                    tokio::time::timeout(patience, fetch(&client, &url))
                        .await
                        .is_ok()
                })
            })
            .collect();
        join_all(tasks).await;
        let url = server.https();
        let answers = join_all((0..50).map(|_| fetch(&client, &url))).await;
        for answer in answers {
            assert_eq!(answer.unwrap(), "ok");
        }
    }
}

#[tokio::test]
async fn a_forgotten_origin_loses_its_connections_at_once() {
    for alpn in [H1, H2] {
        let (server, client) = pair(alpn).await;
        let (other, _) = pair(alpn).await;
        let open = client_of_any();
        for url in [server.https(), other.https()] {
            fetch(&open, &url).await.unwrap();
        }
        let service: Arc<dyn HttpService> = Arc::new(open.clone());
        service.forget(&format!("{}is_alive?x", server.https()).parse().unwrap());
        // Long before the minute that an unused connection is kept.
        server.counts.until_closed(1).await;
        // The other origin is as it was, and so is the next call.
        fetch(&open, &other.https()).await.unwrap();
        assert_eq!(other.counts.accepted(), 1);
        fetch(&open, &server.https()).await.unwrap();
        assert_eq!(server.counts.accepted(), 2);
        // Forgetting what is not known is nothing.
        client.forget(&"https://nobody.invalid/".parse().unwrap());
        client.forget(&"/no-host".parse().unwrap());
    }
}

fn client_of_any() -> HttpClient {
    client().danger_skip_ssl_verify(true).build().unwrap()
}

#[tokio::test]
async fn a_call_under_way_outlives_the_forgetting_but_its_connection_does_not() {
    for alpn in [H1, H2] {
        let release = Arc::new(Notify::new());
        let gate = release.clone();
        let tls = serving(Authority::new().issue(&["127.0.0.1"]), alpn);
        let server = Server::http(Some(tls), move |_| {
            let gate = gate.clone();
            async move {
                gate.notified().await;
                Response::new(body::full("ok"))
            }
        })
        .await;
        let client = client_of_any();
        let call = tokio::spawn({
            let (client, url) = (client.clone(), server.https());
            async move { fetch(&client, &url).await }
        });
        server.counts.until_requested(1).await;
        client.forget(&server.https().parse().unwrap());
        release.notify_one();
        assert_eq!(call.await.unwrap().unwrap(), "ok");
        server.counts.until_closed(1).await;
    }
}
