//! A connection while a call uses it, and the form that it wants a request in.

use std::{mem, sync::Arc};

use http::{HeaderValue, Request, Response, Uri, Version, header};
use hyper::body::Incoming;

use super::host::{Host, Shared};
use crate::{Body, TransportError, dial::Http1, fault, line::InUse};

/// A connection while a call uses it. Dropped before [`Lease::finish`], an HTTP/1.1 connection is closed.
pub(crate) struct Lease {
    host: Arc<Host>,
    held: Held,
    reused: bool,
}

enum Held {
    Own(Http1),
    Shared {
        connection: Arc<Shared>,
        _in_use: InUse,
    },
    Nothing,
}

/// A request that was not answered; it is handed back where nothing of it was written.
pub(crate) struct Unanswered {
    pub(crate) error: TransportError,
    pub(crate) unwritten: Option<Request<Body>>,
}

impl Lease {
    pub(super) fn own(host: &Arc<Host>, connection: Http1, reused: bool) -> Self {
        Self {
            host: host.clone(),
            held: Held::Own(connection),
            reused,
        }
    }

    pub(super) fn shared(host: &Arc<Host>, connection: Arc<Shared>, reused: bool) -> Self {
        let in_use = connection.connection.line.used();
        Self {
            host: host.clone(),
            held: Held::Shared {
                connection,
                _in_use: in_use,
            },
            reused,
        }
    }

    /// `host:port` of the other end.
    pub(crate) fn peer(&self) -> Arc<str> {
        self.host.origin().shared_peer()
    }

    /// Whether the connection served a call before, so that its peer may have closed it meanwhile.
    pub(crate) fn is_reused(&self) -> bool {
        self.reused
    }

    /// Whether the connection can be used. Mostly that is known at once; else the connection's task is about to
    /// see that the answer before is over, or that the peer has closed.
    pub(super) async fn settled(&mut self) -> bool {
        match &mut self.held {
            Held::Own(own) => own.sender.is_ready() || own.sender.ready().await.is_ok(),
            Held::Shared { .. } | Held::Nothing => true,
        }
    }

    /// Sends a request in the form that this connection wants.
    pub(crate) async fn send(
        &mut self,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, Unanswered> {
        let sent = match &mut self.held {
            Held::Own(own) => {
                dress_for_http1(&mut request, own);
                own.sender.try_send_request(request).await
            }
            Held::Shared { connection, .. } => {
                dress_for_http2(&mut request);
                // A clone is one more handle to the same connection.
                let mut sender = connection.connection.sender.clone();
                sender.try_send_request(request).await
            }
            Held::Nothing => std::future::pending().await,
        };
        sent.map_err(|mut failed| {
            let unwritten = failed.take_message();
            Unanswered {
                error: fault::exchanging(failed.into_error(), unwritten.is_some()),
                unwritten,
            }
        })
    }

    /// The request was sent and the answer read, both to their ends: the connection is free again.
    pub(crate) fn finish(mut self) {
        match mem::replace(&mut self.held, Held::Nothing) {
            Held::Own(own) if own.sender.is_closed() => {
                drop(own);
                self.host.closed();
            }
            Held::Own(own) => self.host.put_back(own),
            // The end of the answer was heard just now: one look at the clock is enough.
            Held::Shared { connection, .. } => connection.touch(connection.connection.line.heard()),
            Held::Nothing => {}
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Held::Own(own) = mem::replace(&mut self.held, Held::Nothing) {
            own.abort();
            self.host.closed();
        }
    }
}

/// Names the host in a header, and only the path in the first line, except to a forwarding proxy.
fn dress_for_http1(request: &mut Request<Body>, connection: &Http1) {
    *request.version_mut() = Version::HTTP_11;
    if !request.headers().contains_key(header::HOST) {
        let default = if request.uri().scheme_str() == Some("https") {
            443
        } else {
            80
        };
        let authority = request.uri().authority();
        let host = authority.and_then(|authority| {
            if authority.port_u16() == Some(default) {
                HeaderValue::from_str(authority.host()).ok()
            } else {
                HeaderValue::from_str(authority.as_str()).ok()
            }
        });
        if let Some(host) = host {
            request.headers_mut().insert(header::HOST, host);
        }
    }
    match &connection.forwarded {
        Some(forwarded) => {
            if let Some(credential) = &forwarded.authorization {
                request
                    .headers_mut()
                    .insert(header::PROXY_AUTHORIZATION, credential.clone());
            }
        }
        None => {
            let path = request.uri().path_and_query().cloned();
            *request.uri_mut() = path.map_or_else(Uri::default, Uri::from);
        }
    }
}

/// Names the host as `:authority`; a `Host` header wins over the address that was dialled.
fn dress_for_http2(request: &mut Request<Body>) {
    *request.version_mut() = Version::HTTP_2;
    let Some(host) = request.headers_mut().remove(header::HOST) else {
        return;
    };
    let named = host.to_str().ok().and_then(|host| host.parse().ok());
    let mut parts = request.uri().clone().into_parts();
    if named.is_some() && named != parts.authority {
        parts.authority = named;
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
}
