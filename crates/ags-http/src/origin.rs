//! Scheme, host and port: what a connection can be reused for.

use std::sync::Arc;

use http::{
    Uri,
    uri::{Authority, PathAndQuery, Scheme},
};

use crate::{Reached, TransportError, TransportErrorKind};

/// What a connection can be reused for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) https: bool,
    pub(crate) authority: Authority,
}

impl Key {
    /// Of the URI of a request.
    pub(crate) fn of(uri: &Uri) -> Result<Self, TransportError> {
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(invalid("the address has no scheme http:// or https://")),
        };
        let authority = uri
            .authority()
            .ok_or_else(|| invalid("the address has no host"))?;
        if authority.as_str().contains('@') {
            return Err(invalid("the address holds a user or password"));
        }
        if authority.host().is_empty() {
            return Err(invalid("the address has no host"));
        }
        Ok(Self {
            https,
            authority: authority.clone(),
        })
    }
}

/// A [`Key`] and what is derived from it once.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    key: Key,
    peer: Arc<str>,
}

impl Origin {
    pub(crate) fn new(key: Key) -> Self {
        let default = if key.https { 443 } else { 80 };
        let port = key.authority.port_u16().unwrap_or(default);
        let peer = format!("{}:{port}", key.authority.host()).into();
        Self { key, peer }
    }

    pub(crate) fn of(uri: &Uri) -> Result<Self, TransportError> {
        Key::of(uri).map(Self::new)
    }

    pub(crate) fn is_https(&self) -> bool {
        self.key.https
    }

    /// `host:port`, always with the port.
    pub(crate) fn peer(&self) -> &str {
        &self.peer
    }

    pub(crate) fn shared_peer(&self) -> Arc<str> {
        self.peer.clone()
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// Whether both lead to the same port of the same host, in the same way.
    pub(crate) fn is_same_end(&self, other: &Self) -> bool {
        self.key.https == other.key.https && self.peer.eq_ignore_ascii_case(&other.peer)
    }

    /// Its root, with its scheme.
    pub(crate) fn uri(&self) -> Result<Uri, TransportError> {
        let scheme = if self.key.https {
            Scheme::HTTPS
        } else {
            Scheme::HTTP
        };
        root(scheme, self.key.authority.as_str())
    }

    /// Its root, as a plain address with its port: just the TCP part of the way.
    pub(crate) fn plain_uri(&self) -> Result<Uri, TransportError> {
        root(Scheme::HTTP, &self.peer)
    }
}

fn root(scheme: Scheme, authority: &str) -> Result<Uri, TransportError> {
    Uri::builder()
        .scheme(scheme)
        .authority(authority)
        .path_and_query(PathAndQuery::from_static("/"))
        .build()
        .map_err(|error| invalid("the address is not valid").with_source(error))
}

fn invalid(message: &'static str) -> TransportError {
    TransportError::new(TransportErrorKind::Invalid, Reached::NotSent, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peer_always_names_its_port() {
        for (uri, peer) in [
            ("https://a.example/x?y", "a.example:443"),
            ("http://a.example", "a.example:80"),
            ("https://a.example:8443/", "a.example:8443"),
            ("http://[::1]:9/", "[::1]:9"),
        ] {
            assert_eq!(Origin::of(&uri.parse().unwrap()).unwrap().peer(), peer);
        }
    }

    #[test]
    fn what_cannot_be_dialled_is_refused_unsent() {
        for uri in [
            "/path",
            "ftp://host/",
            "https://user:secret@host/",
            "https://:443/",
        ] {
            let Ok(parsed) = uri.parse() else { continue };
            let error = Origin::of(&parsed).unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::Invalid, "{uri}");
            assert_eq!(error.reached(), Reached::NotSent);
            assert!(error.is_permanent());
            assert!(!format!("{error} {error:?}").contains("secret"));
        }
    }
}
