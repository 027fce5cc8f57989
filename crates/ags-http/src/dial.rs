//! Opens connections: TCP, proxy, TLS and the HTTP handshake, within the connect timeout.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use http::HeaderValue;
use hyper::client::conn::{http1, http2};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::connect::Connection as _,
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use tokio::{sync::oneshot, time::timeout};
use tower_service::Service;

use crate::{
    Body, HttpVersions, Liveness, Reached, TransportError, TransportErrorKind,
    error::Chain,
    fault,
    line::{Line, Lined},
    origin::Origin,
    proxy::Proxies,
    route::Route,
    tls::{Basis, Trust},
};

/// The head of an HTTP/1.1 answer may be this long, in bytes. HTTP/2 has hyper's limit of 16 KiB.
const HEAD_LIMIT: usize = 64 * 1024;
/// A connection that is no longer wanted has this long to say goodbye.
const CLOSE_GRACE: Duration = Duration::from_secs(5);

/// Opens connections to hosts.
pub(crate) struct Dialer {
    connector: HttpsConnector<Route>,
    basis: Basis,
    proxies: Arc<Proxies>,
    connect_timeout: Duration,
    liveness: Liveness,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

/// An open connection.
pub(crate) enum Connection {
    Http1(Http1),
    Http2(Http2),
}

/// A connection for one call at a time.
pub(crate) struct Http1 {
    pub(crate) sender: http1::SendRequest<Body>,
    /// Set where a proxy forwards plain requests: they carry the whole address.
    pub(crate) forwarded: Option<Forwarded>,
    wanted: Wanted,
}

/// A connection for many calls at a time.
pub(crate) struct Http2 {
    pub(crate) sender: http2::SendRequest<Body>,
    pub(crate) line: Arc<Line>,
    _wanted: Wanted,
}

/// What a forwarding proxy wants in each request.
pub(crate) struct Forwarded {
    pub(crate) authorization: Option<HeaderValue>,
}

/// Held by whoever still wants the connection. When it is dropped the connection has [`CLOSE_GRACE`] to end in
/// good order; when it says so, the connection ends at once. So no peer that stopped reading holds a socket for ever.
struct Wanted {
    signal: oneshot::Sender<Abort>,
}

struct Abort;

impl Http1 {
    /// Ends the connection in the middle of a call.
    pub(crate) fn abort(self) {
        // An error means that it has ended by itself.
        let _ = self.wanted.signal.send(Abort);
    }
}

impl Dialer {
    pub(crate) fn new(
        trust: Trust,
        proxies: Proxies,
        versions: HttpVersions,
        connect_timeout: Duration,
        liveness: Liveness,
    ) -> Self {
        let proxies = Arc::new(proxies);
        let route = Route::new(proxies.clone(), &trust, connect_timeout);
        let schemes = HttpsConnectorBuilder::new()
            .with_tls_config(trust.config)
            .https_or_http();
        let connector = match versions {
            HttpVersions::Negotiated => schemes.enable_all_versions().wrap_connector(route),
            HttpVersions::Http1 => schemes.enable_http1().wrap_connector(route),
        };
        let mut http1 = http1::Builder::new();
        http1.max_header_size(HEAD_LIMIT);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2.timer(TokioTimer::new());
        Self {
            connector,
            basis: trust.basis,
            proxies,
            connect_timeout,
            liveness,
            http1,
            http2,
        }
    }

    /// Opens a connection to `origin`. Every failure is [`Reached::NotSent`] and names the peer.
    pub(crate) async fn dial(&self, origin: &Origin) -> Result<Connection, TransportError> {
        let opened = timeout(self.connect_timeout, self.open(origin)).await;
        let failed = match opened {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => error,
            Err(_) => TransportError::new(
                TransportErrorKind::Connect,
                Reached::NotSent,
                format!(
                    "no connection to {} within {:?}",
                    origin.peer(),
                    self.connect_timeout
                ),
            ),
        };
        Err(failed.with_peer(origin.shared_peer()))
    }

    async fn open(&self, origin: &Origin) -> Result<Connection, TransportError> {
        let uri = origin.uri()?;
        let stream = self.connector.clone().call(uri.clone()).await;
        let stream = stream.map_err(|error| match error.downcast::<TransportError>() {
            Ok(known) => *known,
            Err(error) => fault::handshaking(error, origin.peer(), self.basis),
        })?;
        let speaks_http2 = stream.connected().is_negotiated_h2();
        tracing::debug!(peer = origin.peer(), http2 = speaks_http2, "connected");
        let unready = |error| {
            TransportError::new(
                TransportErrorKind::Connect,
                Reached::NotSent,
                format!("no HTTP connection with {}", origin.peer()),
            )
            .with_source(error)
        };
        if speaks_http2 {
            let line = Line::new();
            let stream = Lined::new(TokioIo::new(stream), line.clone());
            // Boxed: hyper spawns a future with room for the stream for each call.
            let shaking = self.http2.handshake(Box::new(TokioIo::new(stream)));
            let (mut sender, connection) = shaking.await.map_err(unready)?;
            let wanted = drive(connection, origin.shared_peer());
            sender.ready().await.map_err(unready)?;
            line.watch(self.liveness);
            return Ok(Connection::Http2(Http2 {
                sender,
                line,
                _wanted: wanted,
            }));
        }
        let (mut sender, connection) = self.http1.handshake(stream).await.map_err(unready)?;
        // So that whoever got a 101 can take the connection over, with `hyper::upgrade::on` its answer.
        let wanted = drive(connection.with_upgrades(), origin.shared_peer());
        sender.ready().await.map_err(unready)?;
        let forwarding = if origin.is_https() {
            None
        } else {
            self.proxies.via(&uri)?
        };
        let forwarding = forwarding.filter(|proxy| proxy.address.scheme.is_http());
        Ok(Connection::Http1(Http1 {
            sender,
            forwarded: forwarding.map(|proxy| Forwarded {
                authorization: proxy.address.basic(),
            }),
            wanted,
        }))
    }
}

/// Runs a connection in a task of its own until it ends or is no longer wanted.
fn drive<C>(connection: C, peer: Arc<str>) -> Wanted
where
    C: Future<Output = Result<(), hyper::Error>> + Send + 'static,
{
    let (signal, unwanted) = oneshot::channel();
    tokio::spawn(async move {
        let connection = pin!(connection);
        let ended = match select(connection, unwanted).await {
            Either::Left((ended, _)) => ended,
            Either::Right((Ok(Abort), _)) => Ok(()),
            Either::Right((Err(_), connection)) => {
                timeout(CLOSE_GRACE, connection).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = ended {
            let error = Chain(&error);
            tracing::debug!(peer = &*peer, %error, "a connection ended with an error");
        }
    });
    Wanted { signal }
}
