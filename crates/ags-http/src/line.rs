//! Whether the other end of an HTTP/2 connection is still there.
//!
//! A path can forget a connection without a word (a NAT table lost, another network), and then nobody answers. hyper
//! asks only for itself and counts nothing but its own answer, so the question is put here: a PING slipped in between
//! the frames on their way out; its answer is taken out of those on their way in. Whatever arrives is a sign of life.

mod frames;
mod stream;

use std::{
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::task::AtomicWaker;
pub(crate) use stream::Lined;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until, timeout},
};

use crate::Liveness;

/// The watch looks no more often than this.
const SHORTEST_LOOK: Duration = Duration::from_millis(1);

/// What is known of the other end of a connection, and the way to ask it.
pub(crate) struct Line {
    opened: Instant,
    /// When something arrived last, in nanoseconds after it was opened.
    heard: AtomicU64,
    /// Calls that use the connection.
    calls: AtomicUsize,
    /// Whether a PING is to be sent.
    wanted: AtomicBool,
    /// How many wait for a sign of life.
    asking: AtomicUsize,
    sign: Notify,
    /// Whether the connection has ended, or is given up.
    over: AtomicBool,
    given_up: AtomicBool,
    /// The task that reads and writes.
    task: AtomicWaker,
}

/// Held by a call that uses the connection.
pub(crate) struct InUse(Arc<Line>);

impl Line {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            heard: AtomicU64::new(0),
            calls: AtomicUsize::new(0),
            wanted: AtomicBool::new(false),
            asking: AtomicUsize::new(0),
            sign: Notify::new(),
            over: AtomicBool::new(false),
            given_up: AtomicBool::new(false),
            task: AtomicWaker::new(),
        })
    }

    /// When something arrived last.
    pub(crate) fn heard(&self) -> Instant {
        self.opened + Duration::from_nanos(self.heard.load(Ordering::Relaxed))
    }

    /// Asks the other end, and waits so long for a sign of life.
    pub(crate) async fn answers(&self, within: Duration) -> bool {
        let mut sign = pin!(self.sign.notified());
        sign.as_mut().enable();
        // A crowd asks once.
        let is_first = self.asking.fetch_add(1, Ordering::AcqRel) == 0;
        let _asking = Asking(&self.asking);
        if self.is_over() {
            return false;
        }
        if is_first {
            self.wanted.store(true, Ordering::Release);
            self.task.wake();
        }
        // In two halves: where this process was stopped meanwhile, one of them is still to come.
        for _ in 0..2 {
            if timeout(within / 2, sign.as_mut()).await.is_ok() {
                return !self.is_over();
            }
        }
        false
    }

    /// One more call uses the connection.
    pub(crate) fn used(self: &Arc<Self>) -> InUse {
        self.calls.fetch_add(1, Ordering::Relaxed);
        InUse(self.clone())
    }

    /// As long as calls wait, asks whenever nothing was heard for a while, and gives up where there is no answer:
    /// the calls learn that their connection is lost. An unused connection is left alone.
    pub(crate) fn watch(self: &Arc<Self>, liveness: Liveness) {
        let line = Arc::downgrade(self);
        let ping_after = liveness.ping_after.max(SHORTEST_LOOK);
        tokio::spawn(async move {
            let mut next = Instant::now().checked_add(ping_after);
            while let Some(at) = next {
                sleep_until(at).await;
                let Some(line) = line.upgrade().filter(|line| !line.is_over()) else {
                    return;
                };
                let now = Instant::now();
                let quiet_from = line.heard().checked_add(ping_after);
                next = quiet_from
                    .filter(|at| *at > now)
                    .or_else(|| now.checked_add(ping_after));
                let is_quiet = quiet_from.is_some_and(|at| at <= now);
                if line.calls.load(Ordering::Relaxed) > 0
                    && is_quiet
                    && !line.answers(liveness.ping_patience).await
                {
                    line.give_up();
                    return;
                }
            }
        });
    }

    /// Ends the connection with an error.
    fn give_up(&self) {
        self.given_up.store(true, Ordering::Release);
        self.end();
        self.task.wake();
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// An error once the connection was given up.
    fn check(&self) -> io::Result<()> {
        if self.given_up.load(Ordering::Acquire) {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "a ping was not answered",
            ));
        }
        Ok(())
    }

    /// Something has arrived.
    fn hear(&self) {
        let nanos = u64::try_from(self.opened.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.heard.store(nanos, Ordering::Relaxed);
        if self.asking.load(Ordering::Acquire) > 0 {
            self.sign.notify_waiters();
        }
    }

    /// The connection has ended.
    fn end(&self) {
        self.over.store(true, Ordering::Release);
        self.sign.notify_waiters();
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One who waits for a sign of life.
struct Asking<'a>(&'a AtomicUsize);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
