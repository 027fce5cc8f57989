//! The connections to one host, and the calls that wait for one.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::{sync::oneshot, time::Instant};

use super::{
    Hosts, Limits,
    lease::Lease,
    queue::{Grant, Next, Turn, Waiting},
};
use crate::{
    TransportError,
    dial::{Connection, Http1, Http2},
    origin::Origin,
};

/// One host.
pub(crate) struct Host {
    origin: Origin,
    limits: Limits,
    home: Weak<Hosts>,
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
    /// Whether the end is to be forgotten: nothing is kept any more.
    forgotten: bool,
}

struct Idle {
    connection: Http1,
    since: Instant,
}

/// A connection that all calls share.
pub(super) struct Shared {
    pub(super) connection: Http2,
    used: Mutex<Instant>,
}

impl Host {
    pub(super) fn new(
        origin: Origin,
        limits: Limits,
        may_share: bool,
        home: Weak<Hosts>,
    ) -> Arc<Self> {
        Arc::new(Self {
            origin,
            limits,
            home,
            state: Mutex::new(State {
                idle: Vec::new(),
                shared: None,
                may_share,
                open: 0,
                dialing: 0,
                waiters: VecDeque::new(),
                swept: false,
                forgotten: false,
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

    /// Closes what is unused, and keeps nothing from now on: what is in use ends with its calls.
    pub(super) fn forget(&self) {
        let mut state = self.lock();
        state.forgotten = true;
        let idle = mem::take(&mut state.idle);
        state.open -= idle.len();
        let shared = state.shared.take();
        state.wake(&self.limits);
        drop(state);
        drop((idle, shared));
    }

    pub(super) fn next(self: &Arc<Self>) -> Next {
        let now = Instant::now();
        let mut state = self.lock();
        if let Some(shared) = &state.shared {
            if !shared.connection.sender.is_closed() && !shared.expired(now, &self.limits) {
                shared.touch(now);
                return Next::Ready(Lease::shared(self, shared.clone(), true));
            }
            state.shared = None;
        }
        while let Some(idle) = state.pop() {
            let fresh = now.saturating_duration_since(idle.since) < self.limits.idle_timeout;
            if fresh && !idle.connection.sender.is_closed() {
                return Next::Ready(Lease::own(self, idle.connection, true));
            }
            state.open -= 1;
        }
        if state.room(&self.limits) > 0 {
            state.open += 1;
            state.dialing += 1;
            return Next::Dial(Turn::new(self.clone()));
        }
        let (tell, told) = oneshot::channel();
        state.waiters.push_back(tell);
        Next::Wait(Waiting::new(self.clone(), told))
    }

    /// A turn succeeded.
    pub(super) fn opened(self: &Arc<Self>, connection: Connection) -> Lease {
        let mut state = self.lock();
        state.dialing -= 1;
        let lease = match connection {
            Connection::Http1(own) => {
                state.may_share = false;
                Lease::own(self, own, false)
            }
            Connection::Http2(connection) => {
                state.open -= 1;
                state.may_share = true;
                let shared = Arc::new(Shared {
                    connection,
                    used: Mutex::new(Instant::now()),
                });
                state.shared = Some(shared.clone());
                self.sweep_later(&mut state);
                Lease::shared(self, shared, false)
            }
        };
        state.wake(&self.limits);
        lease
    }

    /// A turn failed. Where not even one connection stands, the calls that wait share the failure: one after the
    /// other they would only meet it again.
    pub(super) fn not_opened(&self, error: &TransportError) {
        let mut state = self.lock();
        state.dialing -= 1;
        state.open -= 1;
        if state.dialing > 0 {
            // Those that are still being opened may fare better; the last one decides.
            return;
        }
        if state.open > 0 || state.shared.is_some() {
            state.wake(&self.limits);
            return;
        }
        for waiter in mem::take(&mut state.waiters) {
            // A call that is gone needs no answer.
            let _ = waiter.send(Grant::Failed(error.clone()));
        }
    }

    /// The call that had a turn is gone.
    pub(super) fn turn_lapsed(&self) {
        let mut state = self.lock();
        state.dialing -= 1;
        state.open -= 1;
        state.wake(&self.limits);
    }

    /// A call that was told to look again is gone: others may.
    pub(super) fn look_again(&self) {
        self.lock().wake(&self.limits);
    }

    /// Takes back a connection for the next call.
    pub(super) fn put_back(self: &Arc<Self>, mut connection: Http1) {
        let mut state = self.lock();
        while let Some(waiter) = state.waiters.pop_front() {
            match waiter.send(Grant::Connection(connection)) {
                Ok(()) => return,
                // That call is gone: the connection comes back.
                Err(Grant::Connection(back)) => connection = back,
                Err(_) => return,
            }
        }
        if state.forgotten || state.idle.len() >= self.limits.idle {
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
    pub(super) fn closed(&self) {
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
                let Some(host) = host.upgrade() else {
                    return;
                };
                next = host.sweep();
                if next.is_none()
                    && let Some(home) = host.home.upgrade()
                {
                    home.leave(&host);
                }
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
        if state.idle.is_empty() {
            state.idle.shrink_to_fit();
        }
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

    pub(super) fn touch(&self, now: Instant) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Whether no call uses it, and none did for too long. A call in progress holds a reference besides the pool's.
    fn expired(self: &Arc<Self>, now: Instant, limits: &Limits) -> bool {
        Arc::strong_count(self) == 1
            && now.saturating_duration_since(self.used()) >= limits.idle_timeout
    }
}
