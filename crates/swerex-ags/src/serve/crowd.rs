//! Who is at the door: how many connections may be open, and which one goes when there are too many.
//!
//! A connection is a stranger's until a request with the key has come over it. Strangers have [`PATIENCE`], and go in favour of newer
//! connections, the oldest first: an agent sends its request as soon as it is connected, so it is no stranger for long. When all connections
//! are agents', new ones wait in the system's queue: an agent's run would end with a refusal, and is only late with a wait.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{oneshot, watch},
    time::Instant,
};

/// How long a connection may take to show a request with the key.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of a request's head, and of what is read ahead of a body.
pub(crate) const HEAD: usize = 128 * 1024;

/// Strangers at a time; each may hold a head of [`HEAD`] in memory.
const MOST_STRANGERS: usize = 1024;

/// Connections that were told to go and have not gone yet: at most so many, and one in so many of all.
const GOING: (usize, usize) = (32, 4);

/// After so long without trouble the next one is told again.
const QUIET: Duration = Duration::from_secs(60);

/// The open connections of one listener. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Crowd {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    most: usize,
    inner: Mutex<Inner>,
    /// Changes when connections are not to be kept open between two calls.
    narrow: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    open: usize,
    /// By age; each is told to go by its sender, and is known when that is dropped.
    strangers: BTreeMap<u64, oneshot::Sender<()>>,
    full: Episode,
    short: Episode,
}

/// One kind of trouble that comes in waves.
#[derive(Debug, Default)]
struct Episode {
    last: Option<Instant>,
}

/// One open connection, which counts as long as this lives.
#[derive(Debug)]
pub(crate) struct Place {
    crowd: Crowd,
    number: u64,
}

/// What a connection is told by the crowd.
#[derive(Debug)]
pub(crate) struct Notices {
    /// Closed when the connection is an agent's.
    go: oneshot::Receiver<()>,
    is_known: bool,
    begun: Instant,
    narrow: watch::Receiver<()>,
}

/// One of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// It has to go: it is a stranger's, and its time is over or another takes its place.
    Go,
    /// It is not to be kept open after the call that is under way.
    EndWithCall,
}

impl Crowd {
    /// At most so many connections.
    pub(crate) fn new(most: usize) -> Self {
        let shared = Shared {
            most: most.max(1),
            inner: Mutex::default(),
            narrow: watch::channel(()).0,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Whether another connection can be taken; while it cannot, agents' connections end with the call that is under way on them.
    pub(crate) fn has_room(&self) -> bool {
        let mut inner = self.lock();
        if inner.open < self.shared.most {
            return true;
        }
        if !inner.strangers.is_empty() {
            let going = (self.shared.most / GOING.1).clamp(1, GOING.0);
            return inner.open < self.shared.most + going;
        }
        if inner.open == self.shared.most && inner.full.begins() {
            tracing::warn!(
                connections = self.shared.most,
                "agents have as many connections as may be open; new ones wait. `ulimit -n` before the start allows more"
            );
        }
        drop(inner);
        self.shared.narrow.send_replace(());
        false
    }

    /// Takes a connection in; one that is nobody's yet may have to go for it.
    pub(crate) fn enter(&self) -> (Place, Notices) {
        let mut inner = self.lock();
        let strangers = inner.strangers.len();
        if inner.open >= self.shared.most || strangers >= MOST_STRANGERS {
            inner.send_one_away();
        }
        let (tell, go) = oneshot::channel();
        let number = inner.next;
        inner.next += 1;
        inner.open += 1;
        inner.strangers.insert(number, tell);
        let place = Place {
            crowd: self.clone(),
            number,
        };
        let notices = Notices {
            go,
            is_known: false,
            begun: Instant::now(),
            narrow: self.shared.narrow.subscribe(),
        };
        (place, notices)
    }

    /// A connection could not be taken: descriptors are short, most likely.
    pub(crate) fn refused(&self, error: &std::io::Error) {
        let mut inner = self.lock();
        if inner.short.begins() {
            tracing::warn!(%error, "cannot accept connections; `ulimit -n` before the start allows more");
        }
        inner.send_one_away();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.shared
            .inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Tells the stranger that has been here longest to go.
    fn send_one_away(&mut self) {
        let Some((_, oldest)) = self.strangers.pop_first() else {
            return;
        };
        // Whoever does not hear it has gone.
        let _ = oldest.send(());
        if self.full.begins() {
            tracing::warn!(
                connections = self.open,
                "a crowd of connections without a request that has the key; the oldest of them go"
            );
        }
    }
}

impl Episode {
    /// Notes the trouble; whether it is the first of its wave.
    fn begins(&mut self) -> bool {
        let now = Instant::now();
        let before = self.last.replace(now);
        before.is_none_or(|before| now - before >= QUIET)
    }
}

impl Place {
    /// A request with the key has come: it is an agent's.
    pub(crate) fn is_known(&self) {
        self.crowd.lock().strangers.remove(&self.number);
    }
}

impl Notices {
    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> Notice {
        loop {
            tokio::select! {
                // Who has just become known is not sent away for the time that it took.
                biased;
                told = &mut self.go, if !self.is_known => match told {
                    Ok(()) => return Notice::Go,
                    Err(_) => self.is_known = true,
                },
                () = tokio::time::sleep_until(self.begun + PATIENCE), if !self.is_known => return Notice::Go,
                narrowed = self.narrow.changed() => match narrowed {
                    Ok(()) => return Notice::EndWithCall,
                    // The crowd is no more, and tells nothing.
                    Err(_) => std::future::pending().await,
                },
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inner = self.crowd.lock();
        inner.open -= 1;
        inner.strangers.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_oldest_stranger_goes_and_agents_stay() {
        let crowd = Crowd::new(3);
        let (agent, mut agents) = crowd.enter();
        agent.is_known();
        let (old, mut olds) = crowd.enter();
        let (_young, mut youngs) = crowd.enter();
        assert!(crowd.has_room(), "a stranger can go");
        let (_new, mut news) = crowd.enter();
        assert_eq!(olds.next().now_or_never(), Some(Notice::Go));
        for others in [&mut youngs, &mut agents, &mut news] {
            assert_eq!(others.next().now_or_never(), None);
        }
        assert_eq!(crowd.lock().open, 4, "it has not gone yet");
        drop(old);
        assert_eq!(crowd.lock().open, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stranger_has_its_time_and_an_agent_has_all() {
        let crowd = Crowd::new(2);
        let ((agent, mut agents), (_stranger, mut strangers)) = (crowd.enter(), crowd.enter());
        let begun = Instant::now();
        agent.is_known();
        assert_eq!(strangers.next().await, Notice::Go);
        // Timers count in whole milliseconds.
        let took = begun.elapsed();
        assert!(took >= PATIENCE && took < PATIENCE + Duration::from_millis(10));
        let waited = tokio::time::timeout(PATIENCE * 100, agents.next());
        assert!(waited.await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn where_all_are_agents_nobody_is_taken_and_nobody_kept() {
        let crowd = Crowd::new(2);
        let mut places = [crowd.enter(), crowd.enter()];
        for (place, _) in &places {
            place.is_known();
        }
        assert!(!crowd.has_room());
        for (_, notices) in &mut places {
            assert_eq!(notices.next().now_or_never(), Some(Notice::EndWithCall));
            assert_eq!(notices.next().now_or_never(), None, "once");
        }
        drop(places);
        assert!(crowd.has_room());
    }

    #[tokio::test(start_paused = true)]
    async fn trouble_is_told_once_in_a_wave() {
        let mut episode = Episode::default();
        assert!(episode.begins());
        for _ in 0..1000 {
            tokio::time::advance(QUIET / 2).await;
            assert!(!episode.begins());
        }
        tokio::time::advance(QUIET).await;
        assert!(episode.begins());
    }
}
