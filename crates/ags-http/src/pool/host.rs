//! The connections to one host, and the calls that wait for one.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{HeaderValue, Request, Response, Uri, Version, header};
use hyper::body::Incoming;
use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};

use super::Limits;
use crate::{
    Body, TransportError,
    dial::{Connection, Http1, Http2},
    fault,
    origin::Origin,
};

/// How long a kept connection may take to have done with the call before.
const SETTLE: Duration = Duration::from_secs(1);

/// One host.
pub(crate) struct Host {
    origin: Origin,
    limits: Limits,
    state: Mutex<State>,
}

struct State {
    /// Unused connections, the latest used last.
    idle: Vec<Idle>,
    /// The connection that all calls share, where the host speaks HTTP/2.
    shared: Option<Arc<Shared>>,
    /// Whether a new connection may turn out to be one that all can share.
    may_share: bool,
    /// HTTP/1.1 connections: unused, in use, being opened.
    open: usize,
    /// Connections that are being opened.
    dialing: usize,
    waiters: VecDeque<oneshot::Sender<Grant>>,
    /// Whether the task runs that closes what was unused for too long.
    swept: bool,
}

struct Idle {
    connection: Http1,
    since: Instant,
}

struct Shared {
    connection: Http2,
    used: Mutex<Instant>,
}

/// What a waiting call is told.
enum Grant {
    Connection(Http1),
    LookAgain,
    Failed(TransportError),
}

/// What a call does next.
pub(super) enum Next {
    Ready(Lease),
    Dial(Turn),
    Wait(Waiting),
}

impl Host {
    pub(super) fn new(origin: Origin, limits: Limits, may_share: bool) -> Arc<Self> {
        Arc::new(Self {
            origin,
            limits,
            state: Mutex::new(State {
                idle: Vec::new(),
                shared: None,
                may_share,
                open: 0,
                dialing: 0,
                waiters: VecDeque::new(),
                swept: false,
            }),
        })
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(super) fn is_unused(&self) -> bool {
        let state = self.lock();
        state.open == 0 && state.dialing == 0 && state.shared.is_none() && state.waiters.is_empty()
    }

    pub(super) fn next(self: &Arc<Self>) -> Next {
        let now = Instant::now();
        let mut state = self.lock();
        if let Some(shared) = &state.shared {
            if !shared.connection.sender.is_closed() && !shared.expired(now, &self.limits) {
                shared.touch(now);
                return Next::Ready(self.lease(Held::Shared(shared.clone()), true));
            }
            state.shared = None;
        }
        while let Some(idle) = state.pop() {
            let fresh = now.saturating_duration_since(idle.since) < self.limits.idle_timeout;
            if fresh && !idle.connection.sender.is_closed() {
                return Next::Ready(self.lease(Held::Own(idle.connection), true));
            }
            state.open -= 1;
        }
        if state.room(&self.limits) > 0 {
            state.open += 1;
            state.dialing += 1;
            return Next::Dial(Turn {
                host: self.clone(),
                over: false,
            });
        }
        let (tell, told) = oneshot::channel();
        state.waiters.push_back(tell);
        Next::Wait(Waiting {
            host: self.clone(),
            told,
        })
    }

    fn lease(self: &Arc<Self>, held: Held, reused: bool) -> Lease {
        Lease {
            host: self.clone(),
            held,
            reused,
        }
    }

    /// Takes back a connection for the next call.
    fn put_back(self: &Arc<Self>, mut connection: Http1) {
        let mut state = self.lock();
        while let Some(waiter) = state.waiters.pop_front() {
            match waiter.send(Grant::Connection(connection)) {
                Ok(()) => return,
                // That call is gone: the connection comes back.
                Err(Grant::Connection(back)) => connection = back,
                Err(_) => return,
            }
        }
        if state.idle.len() >= self.limits.idle {
            state.open -= 1;
            return;
        }
        state.idle.push(Idle {
            connection,
            since: Instant::now(),
        });
        self.sweep_later(&mut state);
    }

    /// A connection is gone.
    fn closed(&self) {
        let mut state = self.lock();
        state.open -= 1;
        state.wake(&self.limits);
    }

    /// Sees to it that unused connections are closed in time, although nobody calls.
    fn sweep_later(self: &Arc<Self>, state: &mut State) {
        if mem::replace(&mut state.swept, true) {
            return;
        }
        let host = Arc::downgrade(self);
        let mut next = Instant::now().checked_add(self.limits.idle_timeout);
        tokio::spawn(async move {
            while let Some(at) = next {
                tokio::time::sleep_until(at).await;
                next = host.upgrade().and_then(|host| host.sweep());
            }
        });
    }

    /// Closes what was unused for too long; says when to look again.
    fn sweep(&self) -> Option<Instant> {
        let now = Instant::now();
        let timeout = self.limits.idle_timeout;
        let mut state = self.lock();
        let before = state.idle.len();
        state.idle.retain(|idle| {
            let age = now.saturating_duration_since(idle.since);
            age < timeout && !idle.connection.sender.is_closed()
        });
        state.open -= before - state.idle.len();
        let expired = |shared: &Arc<Shared>| {
            shared.connection.sender.is_closed() || shared.expired(now, &self.limits)
        };
        if state.shared.as_ref().is_some_and(expired) {
            state.shared = None;
        }
        let oldest = state.idle.iter().map(|idle| idle.since).min();
        let shared = state.shared.as_ref().map(|shared| shared.used());
        let next = match (oldest, shared) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        state.swept = next.is_some();
        // Never at once again: a shared connection in use looks old but is kept.
        let soonest = now.checked_add(timeout / 4)?;
        Some(next?.checked_add(timeout)?.max(soonest))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The latest used connection that is ready, else the latest used: it will be ready in a moment.
    fn pop(&mut self) -> Option<Idle> {
        let ready = self
            .idle
            .iter()
            .rposition(|idle| idle.connection.sender.is_ready());
        match ready {
            Some(index) => Some(self.idle.remove(index)),
            None => self.idle.pop(),
        }
    }

    /// How many more connections may be opened now.
    fn room(&self, limits: &Limits) -> usize {
        let dials = if self.may_share { 1 } else { limits.dials };
        let open = limits.open.saturating_sub(self.open);
        dials.saturating_sub(self.dialing).min(open)
    }

    /// Tells waiting calls to look again: all where one connection serves all, else as many as there is room for.
    fn wake(&mut self, limits: &Limits) {
        let mut count = match self.shared {
            Some(_) => self.waiters.len(),
            None => self.room(limits),
        };
        while count > 0 {
            let Some(waiter) = self.waiters.pop_front() else {
                return;
            };
            if waiter.send(Grant::LookAgain).is_ok() {
                count -= 1;
            }
        }
    }
}

impl Shared {
    fn used(&self) -> Instant {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self, now: Instant) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Whether no call uses it, and none did for too long. A call in progress holds a reference besides the pool's.
    fn expired(self: &Arc<Self>, now: Instant, limits: &Limits) -> bool {
        Arc::strong_count(self) == 1
            && now.saturating_duration_since(self.used()) >= limits.idle_timeout
    }
}

/// The right to open a connection; it lapses when dropped.
pub(super) struct Turn {
    host: Arc<Host>,
    over: bool,
}

impl Turn {
    pub(super) fn succeeded(mut self, connection: Connection) -> Lease {
        self.over = true;
        let host = self.host.clone();
        let mut state = host.lock();
        state.dialing -= 1;
        let held = match connection {
            Connection::Http1(own) => {
                state.may_share = false;
                Held::Own(own)
            }
            Connection::Http2(connection) => {
                state.open -= 1;
                state.may_share = true;
                let shared = Arc::new(Shared {
                    connection,
                    used: Mutex::new(Instant::now()),
                });
                state.shared = Some(shared.clone());
                host.sweep_later(&mut state);
                Held::Shared(shared)
            }
        };
        state.wake(&host.limits);
        drop(state);
        host.lease(held, false)
    }

    /// Where not even one connection stands, the calls that wait share the failure: one after the other
    /// they would only meet it again.
    pub(super) fn failed(mut self, error: &TransportError) {
        self.over = true;
        let mut state = self.host.lock();
        state.dialing -= 1;
        state.open -= 1;
        if state.dialing > 0 {
            // Those that are still being opened may fare better; the last one decides.
            return;
        }
        if state.open > 0 || state.shared.is_some() {
            state.wake(&self.host.limits);
            return;
        }
        for waiter in mem::take(&mut state.waiters) {
            // A call that is gone needs no answer.
            let _ = waiter.send(Grant::Failed(error.clone()));
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.over {
            let mut state = self.host.lock();
            state.dialing -= 1;
            state.open -= 1;
            state.wake(&self.host.limits);
        }
    }
}

/// A call's place in the queue.
pub(super) struct Waiting {
    host: Arc<Host>,
    told: oneshot::Receiver<Grant>,
}

impl Waiting {
    /// A connection or a failure; `None` to look again.
    pub(super) async fn outcome(mut self) -> Option<Result<Lease, TransportError>> {
        match (&mut self.told).await {
            Ok(Grant::Connection(own)) => Some(Ok(self.host.lease(Held::Own(own), true))),
            Ok(Grant::Failed(error)) => Some(Err(error)),
            Ok(Grant::LookAgain) | Err(_) => None,
        }
    }
}

impl Drop for Waiting {
    /// Passes on what a call was given that went away at the same moment.
    fn drop(&mut self) {
        self.told.close();
        match self.told.try_recv() {
            Ok(Grant::Connection(own)) => self.host.put_back(own),
            Ok(Grant::LookAgain) => self.host.lock().wake(&self.host.limits),
            Ok(Grant::Failed(_)) | Err(_) => {}
        }
    }
}

/// A connection while a call uses it. Dropped before [`Lease::finish`], an HTTP/1.1 connection is closed.
pub(crate) struct Lease {
    host: Arc<Host>,
    held: Held,
    reused: bool,
}

enum Held {
    Own(Http1),
    Shared(Arc<Shared>),
    Nothing,
}

/// A request that was not answered; it is handed back where nothing of it was written.
pub(crate) struct Unanswered {
    pub(crate) error: TransportError,
    pub(crate) unwritten: Option<Request<Body>>,
}

impl Lease {
    /// `host:port` of the other end.
    pub(crate) fn peer(&self) -> Arc<str> {
        self.host.origin.shared_peer()
    }

    /// Whether the connection served a call before, so that its peer may have closed it meanwhile.
    pub(crate) fn is_reused(&self) -> bool {
        self.reused
    }

    /// Sends a request in the form that this connection wants.
    pub(crate) async fn send(
        &mut self,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, Unanswered> {
        let sent = match &mut self.held {
            Held::Own(own) => {
                if !settled(own).await {
                    return Err(Unanswered {
                        error: fault::unusable(),
                        unwritten: Some(request),
                    });
                }
                dress_for_http1(&mut request, own);
                own.sender.try_send_request(request).await
            }
            Held::Shared(shared) => {
                dress_for_http2(&mut request);
                // A clone is one more handle to the same connection.
                let mut sender = shared.connection.sender.clone();
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

    /// The answer was read to its end: the connection is free again.
    pub(crate) fn finish(mut self) {
        match mem::replace(&mut self.held, Held::Nothing) {
            Held::Own(own) if own.sender.is_closed() => {
                drop(own);
                self.host.closed();
            }
            Held::Own(own) => self.host.put_back(own),
            Held::Shared(shared) => shared.touch(Instant::now()),
            Held::Nothing => {}
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Held::Own(own) = mem::replace(&mut self.held, Held::Nothing) {
            drop(own);
            self.host.closed();
        }
    }
}

/// Whether the connection has done with the call before. Mostly it has; else its task is about to see that the
/// answer is over, unless the peer answered early and never reads the rest of that call's body.
async fn settled(own: &mut Http1) -> bool {
    own.sender.is_ready() || matches!(timeout(SETTLE, own.sender.ready()).await, Ok(Ok(())))
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
