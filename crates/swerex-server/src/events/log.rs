//! The numbered events of one run, the newest of them kept.

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
use tokio::sync::watch;

use crate::json::quote;

/// Bytes that go out at a time.
const BATCH: usize = 256 * 1024;

/// Bytes of output in one event.
const PIECE: usize = 32 * 1024;

pub(super) struct Log {
    max_kept: usize,
    /// Bytes of all logs together.
    all: Arc<AtomicUsize>,
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    lines: VecDeque<(u64, Bytes)>,
    kept: usize,
    last: u64,
    /// The number of the newest event that is no longer kept.
    dropped: u64,
    is_finished: bool,
}

/// Lines that go out together.
pub(super) struct Batch {
    pub(super) lines: Bytes,
    /// The number of the last one.
    pub(super) last: u64,
    /// Whether it is the result.
    pub(super) is_end: bool,
}

impl Log {
    pub(super) fn new(max_kept: usize, all: &Arc<AtomicUsize>) -> Self {
        Self {
            max_kept,
            all: Arc::clone(all),
            state: Mutex::default(),
            changed: watch::Sender::new(0),
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

    /// The command has printed something.
    pub(super) fn output(&self, stream: Stream, bytes: &[u8]) {
        for piece in bytes.chunks(PIECE) {
            self.push(false, |id| {
                line(&Event::Output {
                    id,
                    stream,
                    data: BASE64_STANDARD.encode(piece),
                })
            });
        }
    }

    /// The command has ended. The answer's body is JSON already and goes in as it is.
    pub(super) fn result(&self, status: u16, body: &[u8]) {
        self.push(true, |id| {
            let mut line = b"{\"event\":".to_vec();
            quote("result", &mut line);
            line.extend_from_slice(
                format!(",\"id\":{id},\"status\":{status},\"body\":").as_bytes(),
            );
            line.extend_from_slice(body);
            line.extend_from_slice(b"}\n");
            line.into()
        });
    }

    fn push(&self, is_end: bool, line: impl FnOnce(u64) -> Bytes) {
        let mut state = self.state();
        if state.is_finished {
            return;
        }
        state.last += 1;
        let id = state.last;
        let line = line(id);
        state.kept += line.len();
        self.all.fetch_add(line.len(), Ordering::Relaxed);
        state.lines.push_back((id, line));
        state.is_finished = is_end;
        // The result is kept, however long it is.
        while state.kept > self.max_kept && state.lines.len() > 1 {
            if let Some((id, line)) = state.lines.pop_front() {
                state.kept -= line.len();
                self.all.fetch_sub(line.len(), Ordering::Relaxed);
                state.dropped = id;
            }
        }
        drop(state);
        self.changed.send_replace(id);
    }

    /// The events after number `last`; `None` if there are none yet.
    pub(super) fn after(&self, last: u64) -> Option<Batch> {
        let state = self.state();
        let mut lines = Vec::new();
        let mut newest = last;
        if state.dropped > last {
            newest = state.dropped;
            lines.extend_from_slice(&line(&Event::Skipped { id: newest }));
        }
        let from = state.lines.partition_point(|(id, _)| *id <= newest);
        for (id, line) in state.lines.range(from..) {
            if !lines.is_empty() && lines.len() + line.len() > BATCH {
                break;
            }
            lines.extend_from_slice(line);
            newest = *id;
        }
        let is_end = state.is_finished && newest >= state.last;
        (is_end || !lines.is_empty()).then(|| Batch {
            lines: lines.into(),
            last: newest,
            is_end,
        })
    }
}

/// The line that says that the command still runs.
pub(super) fn heartbeat() -> Bytes {
    line(&Event::Heartbeat)
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
        self.all.fetch_sub(state.kept, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_longer_kept_is_said_to_be_left_out() {
        let log = Log::new(300, &Arc::default());
        for _ in 0..10 {
            log.output(Stream::Stdout, &[b'x'; 40]);
        }
        log.result(200, b"{}");
        let batch = log.after(0).unwrap();
        let text = String::from_utf8(batch.lines.to_vec()).unwrap();
        assert!(text.starts_with("{\"event\":\"skipped\",\"id\":"), "{text}");
        assert!(text.ends_with("{\"event\":\"result\",\"id\":11,\"status\":200,\"body\":{}}\n"));
        assert!(batch.is_end && batch.last == 11);
    }
}
