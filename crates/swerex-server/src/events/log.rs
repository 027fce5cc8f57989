//! The numbered events of one run: the newest of them are kept, or all that were not seen yet.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use swerex_proto::native::{Event, Stream};
use tokio::sync::{Notify, watch};

use super::Tap;
use crate::json::quote;

/// Bytes that go out at a time. A gateway that cuts long answers lets the first of them through.
pub(super) const BATCH: usize = 64 * 1024;

/// Bytes of output in one event.
const PIECE: usize = 32 * 1024;

/// Where all logs together keep too much, one of a run that goes on keeps this part of what it might.
const SHARE: usize = 16;

/// Which events are kept for a client that comes back, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// So much of the newest: whoever prints does not wait.
    Newest(usize),
    /// All that the client has not said to have seen: whoever prints more waits for [`Log::room`].
    Unseen(usize),
}

/// Bytes of all logs together, and how many there should be.
#[derive(Debug)]
pub(super) struct Kept {
    bytes: AtomicUsize,
    most: usize,
}

impl Kept {
    pub(super) fn new(most: usize) -> Self {
        Self {
            bytes: AtomicUsize::new(0),
            most,
        }
    }

    pub(super) fn is_too_much(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) > self.most
    }
}

/// The events of a run.
pub(crate) struct Log {
    keeps: Keeps,
    all: Arc<Kept>,
    state: Mutex<State>,
    changed: watch::Sender<u64>,
    freed: Notify,
}

/// The line of an event.
struct Line {
    id: u64,
    text: Bytes,
    /// What follows the text, without being copied: a result may be long.
    rest: Bytes,
}

impl Line {
    fn len(&self) -> usize {
        self.text.len() + self.rest.len()
    }
}

#[derive(Default)]
struct State {
    lines: VecDeque<Line>,
    kept: usize,
    last: u64,
    /// The number of the newest event that is no longer kept.
    dropped: u64,
    is_finished: bool,
}

/// Lines that go out together.
pub(super) struct Batch {
    pub(super) lines: Bytes,
    /// The rest of the last one.
    pub(super) rest: Bytes,
    /// The number of the last one.
    pub(super) last: u64,
    /// Whether it is the result.
    pub(super) is_end: bool,
}

impl Log {
    pub(super) fn new(keeps: Keeps, all: &Arc<Kept>) -> Self {
        Self {
            keeps,
            all: Arc::clone(all),
            state: Mutex::default(),
            changed: watch::Sender::new(0),
            freed: Notify::new(),
        }
    }

    /// What is told to it is an event.
    pub(crate) fn tap(self: &Arc<Self>) -> Tap {
        match self.keeps {
            Keeps::Newest(_) => {
                let log = Arc::clone(self);
                Tap::new(move |stream, bytes| log.output(stream, bytes))
            }
            Keeps::Unseen(_) => Tap::exact(self),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of every event that comes; each receiver is a reader.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(super) fn readers(&self) -> usize {
        self.changed.receiver_count()
    }

    pub(super) fn is_finished(&self) -> bool {
        self.state().is_finished
    }

    /// Whether whoever prints should wait.
    pub(super) fn is_full(&self) -> bool {
        matches!(self.keeps, Keeps::Unseen(most) if self.state().kept >= most)
    }

    /// Returns when there is room for another event.
    pub(crate) async fn room(&self) {
        loop {
            // It hears of what is freed from here on.
            let freed = self.freed.notified();
            if !self.is_full() {
                return;
            }
            freed.await;
        }
    }

    /// The client has seen the events up to number `last`.
    pub(super) fn seen(&self, last: u64) {
        if let Keeps::Newest(_) = self.keeps {
            return;
        }
        let mut state = self.state();
        while state.lines.front().is_some_and(|line| line.id <= last) {
            self.forget_oldest(&mut state);
        }
        drop(state);
        self.freed.notify_waiters();
    }

    fn forget_oldest(&self, state: &mut State) {
        if let Some(line) = state.lines.pop_front() {
            state.kept -= line.len();
            self.all.bytes.fetch_sub(line.len(), Ordering::Relaxed);
            state.dropped = line.id;
        }
    }

    /// The command has printed something.
    pub(crate) fn output(&self, stream: Stream, bytes: &[u8]) {
        for piece in bytes.chunks(PIECE) {
            self.push(false, Bytes::new(), |id| printed(id, stream, piece));
        }
    }

    /// The command has ended. The answer's body is JSON already and goes in as it is.
    pub(super) fn result(&self, status: u16, body: Bytes) {
        self.push(true, body, |id| {
            let mut line = b"{\"event\":".to_vec();
            quote("result", &mut line);
            line.extend_from_slice(
                format!(",\"id\":{id},\"status\":{status},\"body\":").as_bytes(),
            );
            line.into()
        });
    }

    fn push(&self, is_end: bool, rest: Bytes, text: impl FnOnce(u64) -> Bytes) {
        let mut state = self.state();
        if state.is_finished {
            return;
        }
        state.last += 1;
        let id = state.last;
        let text = text(id);
        let line = Line { id, text, rest };
        state.kept += line.len();
        self.all.bytes.fetch_add(line.len(), Ordering::Relaxed);
        state.lines.push_back(line);
        state.is_finished = is_end;
        if let Keeps::Newest(most) = self.keeps {
            let most = match self.all.is_too_much() {
                true => most / SHARE,
                false => most,
            };
            // The result is kept, however long it is.
            while state.kept > most && state.lines.len() > 1 {
                self.forget_oldest(&mut state);
            }
        }
        drop(state);
        self.changed.send_replace(id);
    }

    /// The events after number `last`; `None` if there are none yet.
    pub(super) fn after(&self, last: u64) -> Option<Batch> {
        let state = self.state();
        let mut lines = Vec::new();
        let mut rest = Bytes::new();
        let mut newest = last;
        if state.dropped > last {
            newest = state.dropped;
            lines.extend_from_slice(&line(&Event::Skipped { id: newest }));
        }
        let from = state.lines.partition_point(|line| line.id <= newest);
        for line in state.lines.range(from..) {
            if !lines.is_empty() && lines.len() + line.text.len() > BATCH {
                break;
            }
            lines.extend_from_slice(&line.text);
            rest = line.rest.clone();
            newest = line.id;
        }
        let is_end = state.is_finished && newest >= state.last;
        (is_end || !lines.is_empty()).then(|| Batch {
            lines: lines.into(),
            rest,
            last: newest,
            is_end,
        })
    }
}

/// What comes behind a result's body.
pub(super) const END: Bytes = Bytes::from_static(b"}\n");

/// The line that says that the command still runs.
pub(super) fn heartbeat() -> Bytes {
    line(&Event::Heartbeat)
}

/// The line that says that the client is to ask for more.
pub(super) fn pause() -> Bytes {
    line(&Event::Pause)
}

/// The line of output: as [`line`] has it, but without a copy on the way.
fn printed(id: u64, stream: Stream, bytes: &[u8]) -> Bytes {
    /// Bytes around the data.
    const FRAME: usize = 100;
    let mut line = String::with_capacity(FRAME + bytes.len().div_ceil(3) * 4);
    let stream = match stream {
        Stream::Stdout => "stdout",
        Stream::Stderr => "stderr",
    };
    line += &format!(r#"{{"event":"output","id":{id},"stream":"{stream}","data":""#);
    BASE64_STANDARD.encode_string(bytes, &mut line);
    line += "\"}\n";
    line.into()
}

fn line(event: &Event) -> Bytes {
    // Such an event always has a JSON form.
    let mut line = serde_json::to_vec(event).unwrap_or_default();
    line.push(b'\n');
    line.into()
}

impl Drop for Log {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.all.bytes.fetch_sub(state.kept, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn kept(most: usize) -> Arc<Kept> {
        Arc::new(Kept::new(most))
    }

    fn text(batch: &Batch) -> String {
        String::from_utf8([&batch.lines[..], &batch.rest[..]].concat()).unwrap()
    }

    #[test]
    fn output_is_told_as_every_event() {
        for stream in [Stream::Stdout, Stream::Stderr] {
            for bytes in [&b""[..], b"\xff", b"ab", b"abc", &[7; PIECE]] {
                let data = BASE64_STANDARD.encode(bytes);
                let event = Event::Output {
                    id: u64::MAX,
                    stream,
                    data,
                };
                assert_eq!(printed(u64::MAX, stream, bytes), line(&event));
            }
        }
    }

    #[test]
    fn what_is_no_longer_kept_is_said_to_be_left_out() {
        let log = Log::new(Keeps::Newest(300), &kept(1000));
        for _ in 0..10 {
            log.output(Stream::Stdout, &[b'x'; 40]);
        }
        log.result(200, Bytes::from_static(b"{}"));
        let batch = log.after(0).unwrap();
        let text = text(&batch);
        assert!(text.starts_with("{\"event\":\"skipped\",\"id\":"), "{text}");
        assert!(text.ends_with("{\"event\":\"result\",\"id\":11,\"status\":200,\"body\":{}"));
        assert!(batch.is_end && batch.last == 11);
    }

    #[tokio::test]
    async fn what_was_not_seen_is_kept_and_whoever_prints_waits() {
        let all = kept(1000);
        let log = Log::new(Keeps::Unseen(300), &all);
        while !log.is_full() {
            log.room().await;
            log.output(Stream::Stdout, &[b'x'; 40]);
        }
        let whole = log.after(0).unwrap();
        assert_eq!((whole.last, whole.is_end), (3, false));
        log.seen(1);
        assert!(!log.is_full() && log.after(3).is_none());
        log.room().await;
        log.result(200, Bytes::from_static(b"{}"));
        let rest = log.after(1).unwrap();
        let text = text(&rest);
        assert!(
            text.starts_with("{\"event\":\"output\",\"id\":2,"),
            "{text}"
        );
        assert!(rest.is_end && rest.last == 4);
        log.seen(u64::MAX);
        assert_eq!(all.bytes.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn all_who_wait_for_room_are_told() {
        let log = Log::new(Keeps::Unseen(1), &kept(1000));
        log.output(Stream::Stdout, b"x");
        let (mut one, mut other) = (Box::pin(log.room()), Box::pin(log.room()));
        assert!((&mut one).now_or_never().is_none());
        assert!((&mut other).now_or_never().is_none());
        log.seen(1);
        tokio::join!(one, other);
    }

    #[test]
    fn where_all_keep_too_much_each_keeps_less() {
        let all = kept(10_000);
        let logs = [(); 8].map(|()| Log::new(Keeps::Newest(8_000), &all));
        for _ in 0..1000 {
            for log in &logs {
                log.output(Stream::Stdout, &[b'x'; 40]);
            }
        }
        let bytes = all.bytes.load(Ordering::Relaxed);
        assert!((8 * 300..=11_000).contains(&bytes), "{bytes}");
    }

    /// A long result is the answer's own bytes, not a copy of them.
    #[test]
    fn a_result_is_not_copied() {
        let log = Log::new(Keeps::Newest(300), &kept(1000));
        let body = Bytes::from(vec![b'1'; 100_000]);
        log.result(200, body.clone());
        let batch = log.after(0).unwrap();
        assert_eq!(batch.rest.as_ptr(), body.as_ptr());
    }
}
