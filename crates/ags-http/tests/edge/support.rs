//! Servers on 127.0.0.1 that count what happens to them, and an authority that issues their certificates.

use std::{
    convert::Infallible,
    future::Future,
    io::{self, Write},
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use ags_http::{
    Body, Deadline, HttpClient, HttpClientBuilder, HttpService, ProxyConfig, TransportError, body,
};
use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use tokio_rustls::TlsAcceptor;

/// Issues certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate with its key.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    pub(crate) fn pem(&self) -> String {
        self.pem.clone()
    }

    pub(crate) fn issue(&self, names: &[&str]) -> Identity {
        self.issue_until(names, 2099)
    }

    pub(crate) fn issue_until(&self, names: &[&str], year: i32) -> Identity {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity {
            chain: vec![certificate.der().clone()],
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        }
    }
}

/// TLS settings of a server that offers `alpn`.
pub(crate) fn serving(identity: Identity, alpn: &[&str]) -> ServerConfig {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

/// TLS settings of an impostor: it shows `shown`, but signs with the key of `held`.
pub(crate) fn impostor(
    shown: &Identity,
    held: &Identity,
    version: &'static rustls::SupportedProtocolVersion,
) -> ServerConfig {
    #[derive(Debug)]
    struct Mixed(Arc<CertifiedKey>);
    impl ResolvesServerCert for Mixed {
        fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
            Some(self.0.clone())
        }
    }
    let key = ring::sign::any_supported_type(&held.key).unwrap();
    let mixed = CertifiedKey::new(shown.chain.clone(), key);
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Mixed(Arc::new(mixed))))
}

pub(crate) const H1: &[&str] = &["http/1.1"];
pub(crate) const H2: &[&str] = &["h2", "http/1.1"];

/// What happened to a server.
#[derive(Default)]
pub(crate) struct Counts {
    accepted: AtomicUsize,
    handshakes: AtomicUsize,
    requests: AtomicUsize,
    closed: AtomicUsize,
    changed: Notify,
}

impl Counts {
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(crate) fn handshakes(&self) -> usize {
        self.handshakes.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    fn add(&self, counter: &AtomicUsize) {
        counter.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    /// Waits until `count` connections have come to their end.
    pub(crate) async fn until_closed(&self, count: usize) {
        loop {
            let changed = self.changed.notified();
            if self.closed.load(Ordering::SeqCst) >= count {
                return;
            }
            changed.await;
        }
    }

    /// Waits until `count` requests have arrived.
    pub(crate) async fn until_requested(&self, count: usize) {
        loop {
            let changed = self.changed.notified();
            if self.requests() >= count {
                return;
            }
            changed.await;
        }
    }
}

pub(crate) type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A server that runs until the test's runtime ends.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) counts: Arc<Counts>,
}

impl Server {
    /// Speaks HTTP, over TLS if there are settings for it.
    pub(crate) async fn http<F, R>(tls: Option<ServerConfig>, answer: F) -> Self
    where
        F: Fn(Request<Incoming>) -> R + Send + Sync + 'static,
        R: Future<Output = Response<Body>> + Send + 'static,
    {
        let counts = Arc::new(Counts::default());
        let answer = Arc::new(answer);
        let inner = counts.clone();
        Self::streams(tls, counts, move |stream| {
            let (answer, counts) = (answer.clone(), inner.clone());
            Box::pin(async move {
                let service = service_fn(move |request| {
                    counts.add(&counts.requests);
                    let answered = answer(request);
                    async move { Ok::<_, Infallible>(answered.await) }
                });
                let mut builder = auto::Builder::new(TokioExecutor::new());
                // Calls that go away by the hundred are what a test does, not an attack.
                builder.http2().max_pending_accept_reset_streams(10_000);
                // A client that closes early is no failure of the test.
                let _ = builder
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            })
        })
        .await
    }

    /// Hands each plain TCP connection to `handle`.
    pub(crate) async fn raw<F, R>(handle: F) -> Self
    where
        F: Fn(TcpStream) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let counts = Arc::new(Counts::default());
        let seen = counts.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                seen.add(&seen.accepted);
                let (handled, seen) = (handle(stream), seen.clone());
                tokio::spawn(async move {
                    handled.await;
                    seen.add(&seen.closed);
                });
            }
        });
        Self { address, counts }
    }

    /// Hands each stream, after its TLS handshake, to `handle`.
    pub(crate) async fn streams<F>(
        tls: Option<ServerConfig>,
        counts: Arc<Counts>,
        handle: F,
    ) -> Self
    where
        F: Fn(Box<dyn Stream>) -> Pending<()> + Send + Sync + 'static,
    {
        Self::streams_at("127.0.0.1:0", tls, counts, handle)
            .await
            .unwrap()
    }

    pub(crate) async fn streams_at<F>(
        address: &str,
        tls: Option<ServerConfig>,
        counts: Arc<Counts>,
        handle: F,
    ) -> io::Result<Self>
    where
        F: Fn(Box<dyn Stream>) -> Pending<()> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let acceptor = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let (seen, handle) = (counts.clone(), Arc::new(handle));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                seen.add(&seen.accepted);
                let (seen, handle, acceptor) = (seen.clone(), handle.clone(), acceptor.clone());
                tokio::spawn(async move {
                    let stream: Option<Box<dyn Stream>> = match acceptor {
                        None => Some(Box::new(stream)),
                        Some(acceptor) => match acceptor.accept(stream).await {
                            Ok(stream) => Some(Box::new(stream)),
                            Err(_) => None,
                        },
                    };
                    if let Some(stream) = stream {
                        seen.add(&seen.handshakes);
                        handle(stream).await;
                    }
                    seen.add(&seen.closed);
                });
            }
        });
        Ok(Self { address, counts })
    }

    pub(crate) fn url(&self, scheme: &str, host: &str) -> String {
        format!("{scheme}://{host}:{}/", self.address.port())
    }

    pub(crate) fn https(&self) -> String {
        self.url("https", "127.0.0.1")
    }

    pub(crate) fn plain(&self) -> String {
        self.url("http", "127.0.0.1")
    }
}

/// Any stream.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Answers `ok` to everything.
pub(crate) async fn ok(_: Request<Incoming>) -> Response<Body> {
    Response::new(body::full("ok"))
}

/// A builder that neither the machine's proxies nor its certificates influence.
pub(crate) fn client() -> HttpClientBuilder {
    HttpClient::builder()
        .proxy(ProxyConfig::None)
        .native_roots(false)
}

pub(crate) fn get(url: &str) -> Request<Body> {
    Request::get(url).body(body::empty()).unwrap()
}

pub(crate) fn post(url: &str, text: &'static str) -> Request<Body> {
    Request::post(url).body(body::full(text)).unwrap()
}

/// Generous: only a hang meets it.
pub(crate) fn patience() -> Deadline {
    Deadline::after(Duration::from_secs(30))
}

/// One call with its whole body.
pub(crate) async fn fetch(client: &HttpClient, url: &str) -> Result<String, TransportError> {
    let answer = client.call(get(url), patience()).await?;
    let bytes = body::collect(answer.into_body(), 1 << 20).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// An error with all its causes, in both renderings.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = format!("{error}\n{error:?}");
    let mut next = error.source();
    while let Some(cause) = next {
        text += &format!("\n{cause}\n{cause:?}");
        next = cause.source();
    }
    text
}

/// Collects what is logged.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Captures everything that this thread logs from now on, at all levels.
    pub(crate) fn capture() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        (log, guard)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }

    /// How many lines hold `part`.
    pub(crate) fn count(&self, part: &str) -> usize {
        self.text()
            .lines()
            .filter(|line| line.contains(part))
            .count()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
