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
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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
    hosts: Arc<Hosts>,
}

/// The hosts that calls are for, or were until a moment ago.
#[derive(Default)]
struct Hosts {
    by_key: Mutex<HashMap<Key, Arc<Host>>>,
}

impl Pool {
    /// `may_share`: whether HTTP/2 is offered to hosts.
    pub(crate) fn new(dialer: Dialer, limits: Limits, may_share: bool) -> Self {
        Self {
            dialer,
            limits,
            may_share,
            hosts: Arc::default(),
        }
    }

    /// The host that a request is for.
    pub(crate) fn host(&self, key: Key) -> Arc<Host> {
        let mut hosts = self.hosts.lock();
        if let Some(host) = hosts.get(&key) {
            return host.clone();
        }
        let may_share = self.may_share && key.https;
        let home = Arc::downgrade(&self.hosts);
        let host = Host::new(Origin::new(key.clone()), self.limits, may_share, home);
        hosts.insert(key, host.clone());
        host
    }

    /// Closes the unused connections to `origin`, and those in use as soon as their calls are over.
    pub(crate) fn forget(&self, origin: &Origin) {
        let mut forgotten = Vec::new();
        let mut hosts = self.hosts.lock();
        // With and without a default port it is the same end, but not the same key.
        hosts.retain(|_, host| {
            let is_other = !host.origin().is_same_end(origin);
            if !is_other {
                forgotten.push(host.clone());
            }
            is_other
        });
        give_back(&mut hosts);
        drop(hosts);
        for host in forgotten {
            host.forget();
        }
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

impl Hosts {
    /// A host without a connection that nobody wants is no longer remembered.
    fn leave(&self, host: &Arc<Host>) {
        let mut hosts = self.lock();
        let key = host.origin().key();
        let here = hosts.get(key).is_some_and(|known| Arc::ptr_eq(known, host));
        // One reference is kept here and one is the caller's: whoever has a third is about to use it.
        if here && Arc::strong_count(host) <= 2 && host.is_unused() {
            hosts.remove(key);
            give_back(&mut hosts);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Arc<Host>>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the memory of a crowd back once it has gone.
fn give_back(hosts: &mut HashMap<Key, Arc<Host>>) {
    if hosts.len() < hosts.capacity() / 4 {
        hosts.shrink_to(hosts.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;
    use crate::{Deadline, HttpClient, HttpService, ProxyConfig, body};

    /// Answers one request a connection, and reports when the client has closed it.
    async fn server() -> (String, tokio::sync::mpsc::UnboundedReceiver<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, told) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let tell = tell.clone();
                tokio::spawn(async move {
                    let mut some = [0; 1024];
                    let _ = stream.read(&mut some).await;
                    let _ = stream
                        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                        .await;
                    while stream.read(&mut some).await.is_ok_and(|count| count > 0) {}
                    let _ = tell.send(());
                });
            }
        });
        (format!(".localhost:{port}/"), told)
    }

    #[tokio::test]
    async fn a_crowd_of_hosts_leaves_nothing_behind() {
        const CROWD: usize = 200;
        let (tail, mut closed) = server().await;
        let client = HttpClient::builder()
            .proxy(ProxyConfig::None)
            .pool_idle_timeout(Duration::from_millis(20))
            .build()
            .unwrap();
        let hosts = client.pool().hosts.clone();
        for number in 0..CROWD {
            let request = Request::get(format!("http://{number}{tail}"))
                .body(body::empty())
                .unwrap();
            let answer = client.call(request, Deadline::none()).await.unwrap();
            drop(answer);
        }
        for _ in 0..CROWD {
            closed.recv().await.unwrap();
        }
        // The last connection was closed just before its host is taken off the list.
        while !hosts.lock().is_empty() {
            tokio::task::yield_now().await;
        }
        assert!(hosts.lock().capacity() < CROWD / 4);
    }
}
