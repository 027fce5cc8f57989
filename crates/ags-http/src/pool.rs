//! Kept connections: which call gets which, and how many are opened.
//!
//! A burst of calls to a host does not open a connection each. While the host's protocol is unknown, one call
//! opens a connection and the others wait to see whether it can be shared (HTTP/2). Over HTTP/1.1 a few are being
//! opened at a time, and a waiting call takes whichever comes first: a turn to open one, or one that became free.

mod host;
mod lease;
mod queue;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use host::Host;
pub(crate) use lease::Lease;
use queue::Next;

use crate::{
    TransportError,
    dial::Dialer,
    origin::{Key, Origin},
};

/// How many connections there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Unused HTTP/1.1 connections kept for a host.
    pub(crate) idle: usize,
    /// How long one is kept.
    pub(crate) idle_timeout: Duration,
    /// Open HTTP/1.1 connections to a host.
    pub(crate) open: usize,
    /// Connections to a host that are being opened.
    pub(crate) dials: usize,
}

/// The connections of one client.
pub(crate) struct Pool {
    dialer: Dialer,
    limits: Limits,
    may_share: bool,
    hosts: Mutex<Hosts>,
}

#[derive(Default)]
struct Hosts {
    by_key: HashMap<Key, Arc<Host>>,
    /// Past this number, hosts without a connection are forgotten before one is added.
    sweep_at: usize,
}

impl Pool {
    /// `may_share`: whether HTTP/2 is offered to hosts.
    pub(crate) fn new(dialer: Dialer, limits: Limits, may_share: bool) -> Self {
        Self {
            dialer,
            limits,
            may_share,
            hosts: Mutex::default(),
        }
    }

    /// The host that a request is for.
    pub(crate) fn host(&self, key: Key) -> Arc<Host> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.by_key.get(&key) {
            return host.clone();
        }
        if hosts.by_key.len() >= hosts.sweep_at {
            hosts
                .by_key
                .retain(|_, host| Arc::strong_count(host) > 1 || !host.is_unused());
            hosts.sweep_at = (hosts.by_key.len() * 2).max(64);
        }
        let may_share = self.may_share && key.https;
        let host = Host::new(Origin::new(key.clone()), self.limits, may_share);
        hosts.by_key.insert(key, host.clone());
        host
    }

    /// A connection to `host`: a kept one, else a new one, whichever comes first.
    pub(crate) async fn checkout(&self, host: &Arc<Host>) -> Result<Lease, TransportError> {
        loop {
            match host.next() {
                Next::Ready(mut lease) => {
                    if lease.settled().await {
                        return Ok(lease);
                    }
                }
                Next::Dial(turn) => {
                    // Boxed: it is large and rare, and every call would carry room for it.
                    return match Box::pin(self.dialer.dial(host.origin())).await {
                        Ok(connection) => Ok(turn.succeeded(connection)),
                        Err(error) => {
                            turn.failed(&error);
                            Err(error)
                        }
                    };
                }
                Next::Wait(waiting) => {
                    if let Some(outcome) = waiting.outcome().await {
                        let mut lease = outcome?;
                        if lease.settled().await {
                            return Ok(lease);
                        }
                    }
                }
            }
        }
    }
}
