//! Through a proxy: the tunnel, the credential, the exceptions, and what may go wrong.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use ags_http::{
    HttpClient, HttpClientBuilder, ProxyConfig, ProxyRules, Reached, TransportErrorKind, body,
};
use http::Response;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::TcpStream,
};

use crate::support::{
    Authority, Counts, H2, Log, Pending, Server, Stream, chain, client, fetch, ok, serving,
};

/// `Basic` of `user:p@ss word`, computed elsewhere.
const BASIC: &str = "Basic dXNlcjpwQHNzIHdvcmQ=";

fn through(rules: ProxyRules) -> HttpClientBuilder {
    client().proxy(ProxyConfig::Explicit(rules))
}

/// A proxy that tunnels everything to `to`, and the heads it was sent.
async fn proxy(
    tls: Option<rustls::ServerConfig>,
    to: SocketAddr,
) -> (Server, Arc<Mutex<Vec<String>>>) {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = heads.clone();
    let server = Server::streams(
        tls,
        Arc::new(Counts::default()),
        move |mut stream| -> Pending<()> {
            let seen = seen.clone();
            Box::pin(async move {
                let Some(head) = head(&mut stream).await else {
                    return;
                };
                seen.lock().unwrap().push(head);
                let mut host = TcpStream::connect(to).await.unwrap();
                stream
                    .write_all(b"HTTP/1.1 200 Connection established\r\nvia: test\r\n\r\n")
                    .await
                    .unwrap();
                let _ = copy_bidirectional(&mut stream, &mut host).await;
            })
        },
    )
    .await;
    (server, heads)
}

async fn head(stream: &mut Box<dyn Stream>) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// A proxy that answers every request with these bytes.
async fn saying(answer: &'static [u8]) -> Server {
    Server::raw(move |mut stream| async move {
        let mut head = [0; 1024];
        let _ = stream.read(&mut head).await;
        let _ = stream.write_all(answer).await;
        let _ = stream.read(&mut head).await;
    })
    .await
}

#[tokio::test]
async fn https_is_tunnelled_with_the_credential_of_the_address() {
    let authority = Authority::new();
    let host = Server::http(
        Some(serving(authority.issue(&["api.internal.example"]), H2)),
        ok,
    )
    .await;
    let (proxy, heads) = proxy(None, host.address).await;
    let rules = ProxyRules::all(format!("http://user:p%40ss%20word@{}", proxy.address));
    let client = through(rules).ca_pem(authority.pem()).build().unwrap();
    // The name has no address here: only the proxy knows the way.
    for _ in 0..3 {
        let answer = fetch(&client, "https://api.internal.example:8443/").await;
        assert_eq!(answer.unwrap(), "ok");
    }
    let heads = heads.lock().unwrap().clone();
    assert_eq!(heads.len(), 1, "the tunnel is kept");
    assert!(heads[0].starts_with(
        "CONNECT api.internal.example:8443 HTTP/1.1\r\nHost: api.internal.example:8443\r\n"
    ));
    assert!(
        heads[0].contains(&format!("Proxy-Authorization: {BASIC}\r\n")),
        "{}",
        heads[0]
    );
    assert_eq!(host.counts.handshakes(), 1);
}

#[tokio::test]
async fn the_proxy_itself_may_speak_tls() {
    let authority = Authority::new();
    let host = Server::http(
        Some(serving(authority.issue(&["api.internal.example"]), H2)),
        ok,
    )
    .await;
    let own = serving(authority.issue(&["127.0.0.1"]), &[]);
    let (proxy, heads) = proxy(Some(own), host.address).await;
    let rules = ProxyRules::all(format!("https://{}", proxy.address));
    let client = through(rules).ca_pem(authority.pem()).build().unwrap();
    assert_eq!(
        fetch(&client, "https://api.internal.example/")
            .await
            .unwrap(),
        "ok"
    );
    let heads = heads.lock().unwrap().clone();
    assert!(heads[0].starts_with("CONNECT api.internal.example:443 "));
    assert!(!heads[0].contains("Proxy-Authorization"));
}

#[tokio::test]
async fn exceptions_are_reached_directly() {
    let host = Server::http(None, ok).await;
    let rules = ProxyRules::all("http://127.0.0.1:1").except("10.0.0.0/8, 127.0.0.1");
    let client = through(rules).build().unwrap();
    assert_eq!(fetch(&client, &host.plain()).await.unwrap(), "ok");
}

#[tokio::test]
async fn plain_requests_are_forwarded_whole() {
    let proxy = Server::http(None, |request| async move {
        let authorization = request.headers()["proxy-authorization"].to_str().unwrap();
        let told = format!(
            "{} {} {authorization}",
            request.uri(),
            request.headers()["host"].to_str().unwrap()
        );
        Response::new(body::full(told))
    })
    .await;
    let rules = ProxyRules::default().http(format!("user:p%40ss%20word@{}", proxy.address));
    let client = through(rules).build().unwrap();
    let told = fetch(&client, "http://sandbox.example:8000/is_alive?x=1")
        .await
        .unwrap();
    assert_eq!(
        told,
        format!("http://sandbox.example:8000/is_alive?x=1 sandbox.example:8000 {BASIC}")
    );
}

async fn refused(client: &HttpClient) -> ags_http::TransportError {
    let error = fetch(client, "https://api.internal.example/")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Proxy, "{error:?}");
    assert_eq!(error.reached(), Reached::NotSent);
    error
}

#[tokio::test]
async fn a_refused_tunnel_is_told_without_the_password() {
    let wants =
        saying(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n").await;
    let forbids = saying(b"HTTP/1.0 403 Forbidden\r\n\r\n").await;
    for (server, part, permanent) in [(&wants, "407", true), (&forbids, "403", false)] {
        let rules = ProxyRules::all(format!("http://user:hunter2@{}", server.address));
        let client = through(rules).build().unwrap();
        let error = refused(&client).await;
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!(error.is_permanent(), permanent);
        let everything = format!("{}\n{client:?}", chain(&error));
        assert!(!everything.contains("hunter2"), "{everything}");
        assert!(!everything.contains("aHVudGVyMg"), "{everything}");
    }
}

#[tokio::test]
async fn a_proxy_that_babbles_or_is_down_is_told() {
    let babble = saying(b"SSH-2.0-OpenSSH_9.6\r\n\r\n").await;
    let endless = saying(&[b'x'; 20_000]).await;
    let silent = Server::raw(|_stream| async {}).await;
    for (address, part) in [
        (babble.address.to_string(), "does not answer in HTTP"),
        (endless.address.to_string(), "more than 8192 bytes"),
        (silent.address.to_string(), "broke off"),
        ("127.0.0.1:1".to_owned(), "cannot be reached"),
    ] {
        let client = through(ProxyRules::all(format!("http://{address}")))
            .build()
            .unwrap();
        let error = refused(&client).await;
        assert!(error.to_string().contains(part), "{error}");
        assert!(error.to_string().contains(&address), "{error}");
    }
}

#[test]
fn an_address_that_cannot_be_used_stops_the_build() {
    for address in ["ftp://user:hunter2@proxy:1080", "http://user:hunter2"] {
        let error = through(ProxyRules::all(address)).build().unwrap_err();
        assert!(error.to_string().contains("`https`"), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

/// What stands before the last `@` goes to the proxy, whatever is in it, and nowhere else.
#[tokio::test]
async fn a_password_of_any_letters_reaches_the_proxy_and_no_message() {
    // `Basic` of each, computed elsewhere.
    for (written, basic) in [
        ("user:hunter2", "dXNlcjpodW50ZXIy"),
        ("user:hunt%40er2", "dXNlcjpodW50QGVyMg=="),
        ("user:hunt@er2", "dXNlcjpodW50QGVyMg=="),
        ("user:hunt#er2", "dXNlcjpodW50I2VyMg=="),
        ("user:hunt/er2", "dXNlcjpodW50L2VyMg=="),
        ("user:hunt?er2", "dXNlcjpodW50P2VyMg=="),
        ("user:hunt:er2", "dXNlcjpodW50OmVyMg=="),
        ("user:hunt%er2", "dXNlcjpodW50JWVyMg=="),
    ] {
        let (log, _guard) = Log::capture();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = heads.clone();
        let handle = move |mut stream: Box<dyn Stream>| -> Pending<()> {
            let seen = seen.clone();
            Box::pin(async move {
                let head = head(&mut stream).await.unwrap();
                seen.lock().unwrap().push(head);
                let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await;
            })
        };
        let proxy = Server::streams(None, Arc::default(), handle).await;
        let rules = ProxyRules::all(format!("http://{written}@{}", proxy.address));
        let client = through(rules).build().unwrap();
        let error = refused(&client).await;
        let heads = heads.lock().unwrap().clone();
        assert!(
            heads[0].contains(&format!("Proxy-Authorization: Basic {basic}\r\n")),
            "{written}: {heads:?}"
        );
        let everything = format!("{}\n{client:?}\n{}", chain(&error), log.text());
        for part in ["hunt", "er2", basic] {
            assert!(!everything.contains(part), "{written}: {everything}");
        }
    }
}

/// The environment is read when a client is built, and no test may change its own: the test runs itself
/// again in a process with another one.
#[tokio::test]
async fn the_environment_names_the_proxy() {
    if let Ok(pem) = std::env::var("EDGE_CA") {
        let builder = HttpClient::builder().native_roots(false).ca_pem(pem);
        let answer = fetch(&builder.build().unwrap(), "https://api.internal.example/").await;
        assert_eq!(answer.unwrap(), "ok");
        return;
    }
    let authority = Authority::new();
    let identity = authority.issue(&["api.internal.example"]);
    let host = Server::http(Some(serving(identity, H2)), ok).await;
    let (proxy, heads) = proxy(None, host.address).await;
    for name in ["HTTPS_PROXY", "https_proxy"] {
        let mut again = tokio::process::Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", "proxies::the_environment_names_the_proxy"]);
        for inherited in [
            "HTTPS_PROXY",
            "https_proxy",
            "ALL_PROXY",
            "all_proxy",
            "no_proxy",
        ] {
            again.env_remove(inherited);
        }
        // Nobody needs it.
        again.env("ALL_PROXY", "gopher://user:hunter2@proxy");
        again.env(name, format!("http://user:p%40ss%20word@{}", proxy.address));
        again.env("NO_PROXY", "elsewhere.example");
        again.env("EDGE_CA", authority.pem());
        let output = again.output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let heads = heads.lock().unwrap().clone();
    assert_eq!(heads.len(), 2);
    assert!(heads.iter().all(|head| head.contains(BASIC)), "{heads:?}");
}
