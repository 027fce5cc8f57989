//! A path that forgets its connections without a word: they stay open, and nothing passes through them any more.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ags_http::{HttpClientBuilder, HttpService, Liveness, Reached, TransportErrorKind, body};
use http::Response;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::Notify,
};

use crate::support::{
    Authority, H1, H2, Log, Server, chain, client, fetch, get, ok, patience, serving,
};

/// Far longer than any test takes: what has this limit does not happen.
const NEVER: Duration = Duration::from_secs(600);
/// Time enough for an answer on loopback beside much other work.
const MOMENT: Duration = Duration::from_secs(2);

/// A way to a server that can lose its connections.
struct Path {
    address: SocketAddr,
    open: Arc<Mutex<Vec<Arc<AtomicBool>>>>,
}

impl Path {
    async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let open = Arc::<Mutex<Vec<Arc<AtomicBool>>>>::default();
        let seen = open.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let lost = Arc::<AtomicBool>::default();
                seen.lock().unwrap().push(lost.clone());
                let far = TcpStream::connect(server).await.unwrap();
                let ((a, b), (c, d)) = (near.into_split(), far.into_split());
                tokio::spawn(pass(a, d, lost.clone()));
                tokio::spawn(pass(c, b, lost));
            }
        });
        Self { address, open }
    }

    /// From now on nothing passes through the connections that are open; new ones are as good as ever.
    fn lose(&self) {
        for lost in self.open.lock().unwrap().iter() {
            lost.store(true, Ordering::SeqCst);
        }
    }

    fn connections(&self) -> usize {
        self.open.lock().unwrap().len()
    }

    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}/", self.address.port())
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, lost: Arc<AtomicBool>) {
    let mut some = [0; 16 * 1024];
    while let Ok(count) = from.read(&mut some).await {
        if count == 0 {
            // A lost connection does not even pass on its end.
            if lost.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            return;
        }
        if !lost.load(Ordering::SeqCst) && to.write_all(&some[..count]).await.is_err() {
            return;
        }
    }
}

fn with(liveness: Liveness) -> HttpClientBuilder {
    client().danger_skip_ssl_verify(true).liveness(liveness)
}

fn tls(alpn: &[&str]) -> Option<rustls::ServerConfig> {
    Some(serving(Authority::new().issue(&["127.0.0.1"]), alpn))
}

/// Every kept connection is asked.
const ASKS: Liveness = Liveness {
    ask_after: Duration::ZERO,
    ask_patience: MOMENT,
    ping_after: NEVER,
    ping_patience: NEVER,
};

/// No kept connection is asked, but those with a call under way.
const WATCHES: Liveness = Liveness {
    ask_after: NEVER,
    ask_patience: NEVER,
    ping_after: Duration::from_millis(30),
    ping_patience: MOMENT,
};

#[tokio::test]
async fn a_lost_connection_is_found_before_a_call_is_sent() {
    let server = Server::http(tls(H2), ok).await;
    let path = Path::to(server.address).await;
    let client = with(ASKS).build().unwrap();
    for round in 1..=3 {
        // Only the first call ever opens a connection, as long as the path holds.
        for _ in 0..5 {
            assert_eq!(fetch(&client, &path.url("https")).await.unwrap(), "ok");
        }
        assert_eq!(path.connections(), round);
        path.lose();
    }
    assert_eq!(server.counts.requests(), 15);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_on_a_lost_connection_opens_one_other() {
    let server = Server::http(tls(H2), ok).await;
    let path = Path::to(server.address).await;
    let client = with(ASKS).build().unwrap();
    let url = path.url("https");
    fetch(&client, &url).await.unwrap();
    path.lose();
    let calls = futures_util::future::join_all((0..50).map(|_| fetch(&client, &url)));
    for answer in calls.await {
        assert_eq!(answer.unwrap(), "ok");
    }
    assert_eq!(path.connections(), 2);
}

#[tokio::test]
async fn without_a_question_over_http1_another_connection_is_opened() {
    for (scheme, settings) in [("https", tls(H1)), ("http", None)] {
        let server = Server::http(settings, ok).await;
        let path = Path::to(server.address).await;
        let trusting = with(WATCHES).build().unwrap();
        for _ in 0..3 {
            fetch(&trusting, &path.url(scheme)).await.unwrap();
        }
        assert_eq!(path.connections(), 1);
        let doubting = with(ASKS).build().unwrap();
        for _ in 0..3 {
            path.lose();
            assert_eq!(fetch(&doubting, &path.url(scheme)).await.unwrap(), "ok");
        }
        assert_eq!(path.connections(), 4);
    }
}

/// A server that holds its answers back until it is told.
async fn holding(alpn: &[&str]) -> (Server, Arc<Notify>) {
    let release = Arc::new(Notify::new());
    let gate = release.clone();
    let server = Server::http(tls(alpn), move |request| {
        let gate = gate.clone();
        async move {
            if request.uri().path() == "/held" {
                gate.notified().await;
            }
            Response::new(body::full("ok"))
        }
    })
    .await;
    (server, release)
}

#[tokio::test]
async fn a_call_that_waits_on_a_lost_connection_learns_it() {
    let (server, _release) = holding(H2).await;
    let path = Path::to(server.address).await;
    let client = with(WATCHES).build().unwrap();
    let held = format!("{}held", path.url("https"));
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { fetch(&client, &held).await }
    });
    server.counts.until_requested(1).await;
    path.lose();
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Silent);
    assert_eq!(error.reached(), Reached::Unknown);
    assert!(!error.is_permanent());
    assert!(error.to_string().contains("went silent"), "{error}");
    assert!(chain(&error).contains("ping"), "{}", chain(&error));
    // The next call does not meet it again.
    assert_eq!(fetch(&client, &path.url("https")).await.unwrap(), "ok");
    assert_eq!(path.connections(), 2);
}

#[tokio::test]
async fn a_body_on_a_lost_connection_breaks_off() {
    let server = Server::http(tls(H2), |_| async {
        let half = futures_util::stream::once(async { Ok("half".into()) });
        let rest = futures_util::stream::pending();
        Response::new(body::stream(futures_util::StreamExt::chain(half, rest)))
    })
    .await;
    let path = Path::to(server.address).await;
    let client = with(WATCHES).build().unwrap();
    let answer = client
        .call(get(&path.url("https")), patience())
        .await
        .unwrap();
    path.lose();
    let error = body::collect(answer.into_body(), 99).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Silent);
}

/// While a call waits, its connection is asked many times; nobody else sees the answers.
#[tokio::test]
async fn a_slow_answer_on_a_sound_path_is_waited_for() {
    let (server, release) = holding(H2).await;
    let (log, _guard) = Log::capture();
    let path = Path::to(server.address).await;
    let brisk = Liveness {
        ping_after: Duration::ZERO,
        // Whatever else this machine does: the answer comes.
        ping_patience: NEVER,
        ..WATCHES
    };
    let client = with(brisk).build().unwrap();
    let held = format!("{}held", path.url("https"));
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { fetch(&client, &held).await }
    });
    server.counts.until_requested(1).await;
    // Each call is some frames that ours must not cut in two; the server logs what it is sent.
    while log.count("received frame=Ping") < 20 {
        assert_eq!(fetch(&client, &path.url("https")).await.unwrap(), "ok");
    }
    release.notify_one();
    assert_eq!(waiting.await.unwrap().unwrap(), "ok");
    assert_eq!(path.connections(), 1);
    assert_eq!(
        log.count("never sent"),
        0,
        "an answer went to somebody else"
    );
}
