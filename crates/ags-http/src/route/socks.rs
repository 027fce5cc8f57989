//! Through a SOCKS proxy, which passes on whatever it is sent once it knows the host.

use std::{
    future::{Ready, ready},
    io,
    net::IpAddr,
    task::{Context, Poll},
};

use http::Uri;
use hyper_util::client::legacy::connect::proxy::{SocksV4, SocksV5};
use tower_service::Service;

use super::{Names, Stream, fault, refused};
use crate::{
    BodyError, TransportError,
    origin::Origin,
    proxy::{Address, Scheme, User},
};

/// SOCKS 5 has room for so many bytes of a user or a password (RFC 1929).
const LONGEST_WORD: usize = 255;
/// Parts of what is said where the proxy wants a user, or another one.
const AUTHENTICATION: [&str; 2] = ["user/pass authentication", "credentials not accepted"];

/// Asks the proxy for a way to the host.
pub(super) async fn tunnel(
    stream: Stream,
    origin: &Origin,
    proxy: &Address,
) -> Result<Stream, TransportError> {
    let target = match proxy.scheme {
        Scheme::Socks5h | Scheme::Socks4a => origin.plain_uri()?,
        Scheme::Socks5 => resolved(origin, |_| true).await?,
        _ => resolved(origin, IpAddr::is_ipv4).await?,
    };
    // The stream is open already: where the proxy is was said before.
    let (nowhere, stream) = (Uri::default(), Opened(Some(stream)));
    let user = proxy.user();
    let opened = match (proxy.scheme, user) {
        (Scheme::Socks4 | Scheme::Socks4a, _) => {
            let asked = SocksV4::new(nowhere, stream).call(target).await;
            asked.map_err(|refusal| refusal.to_string())
        }
        (_, None) => {
            let asked = SocksV5::new(nowhere, stream).call(target).await;
            asked.map_err(|refusal| refusal.to_string())
        }
        (_, Some(user)) => {
            let (name, password) = words(user, proxy)?;
            let asking = SocksV5::new(nowhere, stream).with_auth(name, password);
            let asked = { asking }.call(target).await;
            asked.map_err(|refusal| refusal.to_string())
        }
    };
    opened.map_err(|refusal| told(&refusal, origin, proxy))
}

/// What the proxy's refusal means. hyper-util tells it in words alone.
fn told(refusal: &str, origin: &Origin, proxy: &Address) -> TransportError {
    let (peer, shown) = (origin.peer(), proxy.shown());
    let is_about_user = AUTHENTICATION.iter().any(|part| refusal.contains(part));
    if !is_about_user {
        let refusal = refusal.strip_prefix("SOCKS error: ").unwrap_or(refusal);
        return refused(format!(
            "the proxy {shown} opens no way to {peer}: {refusal}"
        ));
    }
    let message = match proxy.user() {
        None => format!(
            "the proxy {shown} wants a user and a password: write {}://user:password@{}",
            proxy.scheme.as_str(),
            proxy.authority()
        ),
        Some(_) => format!("the proxy {shown} does not take this user and password"),
    };
    refused(message).permanent()
}

/// User and password in the form that SOCKS 5 has for them.
fn words(user: &User, proxy: &Address) -> Result<(String, String), TransportError> {
    let word = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).ok()?;
        (text.len() <= LONGEST_WORD).then(|| text.to_owned())
    };
    word(&user.name).zip(word(&user.password)).ok_or_else(|| {
        let message = format!(
            "user and password of the proxy {} cannot be sent: SOCKS takes UTF-8 of at most {LONGEST_WORD} bytes each",
            proxy.shown()
        );
        refused(message).permanent()
    })
}

/// The origin with its host's address instead of the name.
async fn resolved(origin: &Origin, suits: impl Fn(&IpAddr) -> bool) -> Result<Uri, TransportError> {
    let plain = origin.plain_uri()?;
    let host = plain.host().unwrap_or_default();
    if host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return Ok(plain);
    }
    let unknown = |error: BodyError| fault::connecting(error, origin.peer());
    let name = host.parse().map_err(|error| unknown(Box::new(error)))?;
    let found = Names.call(name).await;
    let mut found = found.map_err(|error| unknown(Box::new(error)))?;
    let address = found.find(|address| suits(&address.ip()));
    let mut address = address.ok_or_else(|| unknown(Box::new(super::NoAddress(None))))?;
    address.set_port(plain.port_u16().unwrap_or_default());
    Uri::builder()
        .scheme("http")
        .authority(address.to_string())
        .path_and_query("/")
        .build()
        .map_err(|error| unknown(Box::new(error)))
}

/// Hands over a stream that is open already.
struct Opened(Option<Stream>);

impl Service<Uri> for Opened {
    type Response = Stream;
    type Error = io::Error;
    type Future = Ready<io::Result<Stream>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let stream = self.0.take();
        ready(stream.ok_or_else(|| io::ErrorKind::NotConnected.into()))
    }
}
