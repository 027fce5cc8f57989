//! The way to a host: name to address, straight or through a proxy, up to a TCP stream that ends there.

mod socks;

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
    vec,
};

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::{
    client::legacy::connect::{HttpConnector, dns::Name},
    rt::TokioIo,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tower_service::Service;

use crate::{
    BoxFuture, Reached, TransportError, TransportErrorKind,
    fault::{self, NoAddress},
    origin::Origin,
    proxy::{Address, Proxies, Scheme, Via, is_localhost},
    tls::{Basis, Trust},
};

/// After this silence the system asks whether the peer is still there: a command may say nothing for an hour…
const TCP_KEEPALIVE: Duration = Duration::from_secs(15);
/// …and asks again so often…
const TCP_KEEPALIVE_RETRIES: u32 = 3;
/// …at this distance. Over HTTP/1.1 nothing else tells a lost path from a command that says nothing.
const TCP_KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
/// The head of a proxy's answer may be this long.
const PROXY_HEAD_LIMIT: usize = 8 * 1024;

/// A stream to the host, or to the proxy in front of it.
pub(crate) type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

/// Opens a stream that ends at the host of a URI; TLS with the host itself is the next layer's work.
#[derive(Clone)]
pub(crate) struct Route {
    sockets: HttpsConnector<HttpConnector<Names>>,
    basis: Basis,
    proxies: Arc<Proxies>,
}

impl Route {
    /// `trust` is for proxies that are spoken to over TLS.
    pub(crate) fn new(proxies: Arc<Proxies>, trust: &Trust, connect_timeout: Duration) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Names);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // Shared out among the addresses of a name, so that a dead one does not use it up.
        tcp.set_connect_timeout(Some(connect_timeout));
        tcp.set_keepalive(Some(TCP_KEEPALIVE));
        tcp.set_keepalive_interval(Some(TCP_KEEPALIVE_INTERVAL));
        tcp.set_keepalive_retries(Some(TCP_KEEPALIVE_RETRIES));
        let sockets = HttpsConnectorBuilder::new()
            .with_tls_config(trust.config.clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Self {
            sockets,
            basis: trust.basis,
            proxies,
        }
    }

    async fn open(mut self, uri: Uri) -> Result<Stream, TransportError> {
        let origin = Origin::of(&uri)?;
        let proxies = self.proxies.clone();
        let Some(Via { name, address }) = proxies.via(&uri)? else {
            let plain = origin.plain_uri()?;
            let opened = self.sockets.call(plain).await;
            return opened.map_err(|error| fault::connecting(error, origin.peer()));
        };
        let opened = self.sockets.call(address.uri().clone()).await;
        let stream = opened.map_err(|error| {
            let message = format!(
                "the proxy {} of {} cannot be reached: check {name} and NO_PROXY",
                address.shown(),
                origin.peer()
            );
            let cause = if fault::is_tls(&*error) {
                fault::handshaking(error, address.authority(), self.basis)
            } else {
                fault::connecting(error, address.authority())
            };
            refused(message).with_source(cause)
        })?;
        match address.scheme {
            Scheme::Http | Scheme::Https if origin.is_https() => {
                tunnel(stream, &origin, address).await
            }
            Scheme::Http | Scheme::Https => Ok(stream),
            Scheme::Socks4 | Scheme::Socks4a | Scheme::Socks5 | Scheme::Socks5h => {
                socks::tunnel(stream, &origin, address).await
            }
        }
    }
}

/// Asks the proxy for a tunnel to the host.
async fn tunnel(
    stream: Stream,
    origin: &Origin,
    proxy: &Address,
) -> Result<Stream, TransportError> {
    let (peer, address) = (origin.peer(), proxy.shown());
    let mut ask = format!("CONNECT {peer} HTTP/1.1\r\nHost: {peer}\r\n").into_bytes();
    if let Some(credential) = proxy.basic() {
        ask.extend_from_slice(b"Proxy-Authorization: ");
        ask.extend_from_slice(credential.as_bytes());
        ask.extend_from_slice(b"\r\n");
    }
    ask.extend_from_slice(b"\r\n");
    let mut stream = TokioIo::new(stream);
    let broken = |error: io::Error| {
        let message = format!("the proxy {address} broke off while asked for a tunnel to {peer}");
        refused(message).with_source(error)
    };
    stream.write_all(&ask).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let mut head = Vec::with_capacity(512);
    while !head.ends_with(b"\r\n\r\n") {
        // A byte at a time: what follows the head belongs to the host. It is short, and once a connection.
        let byte = stream.read_u8().await.map_err(broken)?;
        head.push(byte);
        if head.len() > PROXY_HEAD_LIMIT {
            return Err(refused(format!(
                "the proxy {address} answers with more than {PROXY_HEAD_LIMIT} bytes of head"
            )));
        }
    }
    match status(&head) {
        Some(200..=299) => Ok(stream.into_inner()),
        Some(407) => Err(refused(format!(
            "the proxy {address} wants a user and a password (407): write {}://user:password@{}",
            proxy.uri().scheme_str().unwrap_or_default(),
            proxy.authority()
        ))
        .permanent()),
        Some(code) => Err(refused(format!(
            "the proxy {address} refuses a tunnel to {peer} with status {code}"
        ))),
        None => Err(refused(format!(
            "the proxy {address} does not answer in HTTP"
        ))),
    }
}

/// The status of an HTTP/1 head.
fn status(head: &[u8]) -> Option<u16> {
    let line = head.strip_prefix(b"HTTP/1.")?;
    let code = line.get(2..5)?;
    let ends = matches!(line.get(5), Some(b' ' | b'\r'));
    if line.get(1) != Some(&b' ') || !ends || !code.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(code).ok()?.parse().ok()
}

fn refused(message: String) -> TransportError {
    TransportError::new(TransportErrorKind::Proxy, Reached::NotSent, message)
}

impl Service<Uri> for Route {
    type Response = Stream;
    type Error = TransportError;
    type Future = BoxFuture<'static, Result<Stream, TransportError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().open(uri))
    }
}

/// Turns names into addresses; `localhost` and what is below it is this machine, without asking anyone.
#[derive(Clone)]
pub(crate) struct Names;

impl Service<Name> for Names {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = NoAddress;
    type Future = BoxFuture<'static, Result<Self::Response, NoAddress>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NoAddress>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            if is_localhost(name.as_str()) {
                let loopback = vec![
                    SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                    SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
                ];
                return Ok(loopback.into_iter());
            }
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let addresses: Vec<_> = found.map_err(|error| NoAddress(Some(error)))?.collect();
            if addresses.is_empty() {
                return Err(NoAddress(None));
            }
            Ok(addresses.into_iter())
        })
    }
}
