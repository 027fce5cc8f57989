//! What a running command prints, told while it prints it; a client that lost the connection takes the stream up again.
//!
//! A run's events are numbered and kept ([`Keeps`] says which); runs are kept by their `X-Request-ID` until newer ones push them out,
//! and then are not run again. A run goes on while somebody reads, or with an id for a while without.

mod log;
mod tap;

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream;
use http::StatusCode;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use swerex_proto::native::MAX_OUTPUT;
use tokio::{sync::watch, task::AbortHandle};

use log::Kept;
pub(crate) use log::{Keeps, Log};
pub(crate) use tap::Tap;

use crate::{
    answer::{Answer, Body, BodyError, Content},
    idempotency::{Fingerprint, no_longer_kept},
    past::Past,
};

/// Runs that are kept, and bytes of the events of all of them: the longest answer has room. A client asks again within seconds, in which
/// there may be thousands of runs.
const MAX_RUNS: usize = 4096;
const MAX_ALL: usize = 2 * MAX_OUTPUT + 8 * 1024 * 1024;

/// Runs that are kept by their ids.
pub(crate) struct Streams {
    heartbeat: Duration,
    abandoned: Duration,
    book: Arc<Book>,
}

/// What those who come back look into.
struct Book {
    runs: Mutex<Runs>,
    /// Bytes of all events that are kept.
    kept: Arc<Kept>,
}

#[derive(Default)]
struct Runs {
    by_id: HashMap<Vec<u8>, (Fingerprint, Arc<Log>)>,
    /// Oldest first.
    order: VecDeque<Vec<u8>>,
    /// Those that were pushed out.
    past: Past,
}

impl Streams {
    pub(crate) fn new(heartbeat: Duration, abandoned: Duration) -> Self {
        Self {
            heartbeat,
            abandoned,
            book: Arc::new(Book {
                runs: Mutex::default(),
                kept: Arc::new(Kept::new(MAX_ALL)),
            }),
        }
    }

    /// Starts a run, or joins the one with the same id; the events after number `last` are streamed.
    pub(crate) fn open<F>(
        &self,
        named: Option<(Vec<u8>, Fingerprint)>,
        last: u64,
        keeps: Keeps,
        run: impl FnOnce(&Arc<Log>) -> F,
    ) -> Answer
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let Some((id, fingerprint)) = named else {
            let log = Arc::new(Log::new(keeps, &self.book.kept));
            // Nobody can come back to it.
            let task = self.start(&log, run(&log), None);
            return self.stream(log, 0, Some(Leash(task)));
        };
        let mut runs = self.book.runs();
        let log = match runs.by_id.get(&id) {
            Some((known, _)) if *known != fingerprint => {
                return Answer::detail(
                    StatusCode::CONFLICT,
                    "this X-Request-ID was used for another request",
                );
            }
            Some((_, log)) => Arc::clone(log),
            // Whoever has seen events of it has seen it run.
            None if last > 0 || runs.past.has(&id) => return no_longer_kept(),
            None => {
                if !runs.make_room(&self.book.kept) {
                    return Answer::detail(
                        StatusCode::TOO_MANY_REQUESTS,
                        "too many requests are running",
                    );
                }
                let log = Arc::new(Log::new(keeps, &self.book.kept));
                self.start(&log, run(&log), Some(self.abandoned));
                runs.by_id
                    .insert(id.clone(), (fingerprint, Arc::clone(&log)));
                runs.order.push_back(id);
                log
            }
        };
        drop(runs);
        self.stream(log, last, None)
    }

    /// Runs it in a task of its own; with `patience`, that long without a reader.
    fn start(
        &self,
        log: &Arc<Log>,
        run: impl Future<Output = Answer> + Send + 'static,
        patience: Option<Duration>,
    ) -> AbortHandle {
        let log = Arc::clone(log);
        let book = Arc::clone(&self.book);
        let task = tokio::spawn(async move {
            let answer = match patience {
                None => run.await,
                Some(patience) => tokio::select! {
                    answer = run => answer,
                    () = abandoned(&log, patience) => Answer::detail(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "the request was given up: nobody waited for it",
                    ),
                },
            };
            let body = match answer.content {
                Content::Whole(body) => body,
                Content::Stream(_) => Bytes::from_static(b"null"),
            };
            log.result(answer.status.as_u16(), body);
            // Results may be long, and many may come at a time.
            book.runs().trim(&book.kept);
        });
        task.abort_handle()
    }

    fn stream(&self, log: Arc<Log>, last: u64, leash: Option<Leash>) -> Answer {
        log.seen(last);
        let reader = Reader {
            changes: log.changes(),
            log,
            last,
            heartbeat: self.heartbeat,
            has_begun: false,
            pending: VecDeque::new(),
            is_done: false,
            _leash: leash,
        };
        let frames = stream::unfold(reader, |mut reader| async move {
            let piece = reader.next().await?;
            Some((Ok::<_, BodyError>(Frame::data(piece)), reader))
        });
        let body: Body = StreamBody::new(frames).boxed_unsync();
        Answer::stream("application/x-ndjson", body)
    }
}

impl Book {
    fn runs(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runs {
    /// The oldest finished runs make room; runs that go on stay, and there is a limit to them.
    fn make_room(&mut self, kept: &Kept) -> bool {
        self.trim(kept);
        self.order.len() < MAX_RUNS || self.forget_oldest()
    }

    /// The same for what is kept of them.
    fn trim(&mut self, kept: &Kept) {
        while kept.is_too_much() && self.forget_oldest() {}
    }

    /// Whether there was one that has finished.
    fn forget_oldest(&mut self) -> bool {
        let by_id = &self.by_id;
        let oldest = self
            .order
            .iter()
            .position(|id| by_id.get(id).is_none_or(|(_, log)| log.is_finished()));
        let Some(id) = oldest.and_then(|at| self.order.remove(at)) else {
            return false;
        };
        self.by_id.remove(&id);
        self.past.add(&id);
        true
    }
}

/// Ends a run that only its first reader can read.
struct Leash(AbortHandle);

impl Drop for Leash {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Returns when nobody has read for the given time.
async fn abandoned(log: &Log, patience: Duration) {
    /// How often it is looked at.
    const GLANCE: Duration = Duration::from_secs(5);
    let mut alone = Duration::ZERO;
    while alone < patience {
        let pause = GLANCE.min(patience);
        tokio::time::sleep(pause).await;
        alone = if log.readers() > 0 {
            Duration::ZERO
        } else {
            alone + pause
        };
    }
}

struct Reader {
    log: Arc<Log>,
    changes: watch::Receiver<u64>,
    last: u64,
    heartbeat: Duration,
    has_begun: bool,
    /// What belongs to the last line, and goes out after it.
    pending: VecDeque<Bytes>,
    is_done: bool,
    _leash: Option<Leash>,
}

impl Reader {
    /// The next lines; `None` after the last. The first come at once: they show that the stream has begun.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(pending) = self.pending.pop_front() {
            return Some(pending);
        }
        if self.is_done {
            return None;
        }
        let has_begun = std::mem::replace(&mut self.has_begun, true);
        loop {
            // Marked as seen before looking, so that no change is missed in between.
            self.changes.borrow_and_update();
            let batch = self.log.after(self.last);
            if let Some(batch) = batch {
                self.last = batch.last;
                self.is_done = batch.is_end;
                if !batch.is_end {
                    return Some(batch.lines);
                }
                if batch.rest.len() <= log::BATCH {
                    return Some([batch.lines, batch.rest, log::END].concat().into());
                }
                self.pending = [batch.rest, log::END].into();
                return Some(batch.lines);
            }
            if self.log.is_full() {
                self.is_done = true;
                return Some(log::pause());
            }
            if !has_begun {
                return Some(log::heartbeat());
            }
            match tokio::time::timeout(self.heartbeat, self.changes.changed()).await {
                Err(_) => return Some(log::heartbeat()),
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use swerex_proto::native::{Event, Stream};

    use super::*;
    use crate::idempotency::{Bounds, Idempotency};

    const SECOND: Duration = Duration::from_secs(1);

    /// Fingerprints of one server; those of another would differ.
    fn fingerprints() -> impl Fn(&[u8]) -> Fingerprint {
        let ids = Idempotency::new(Bounds {
            answers: 1,
            bytes: 1,
            running: 1,
            abandoned: SECOND,
        });
        move |body| ids.fingerprint().part(body).finish()
    }

    const KEEPS: Keeps = Keeps::Newest(1000);

    fn run(log: &Arc<Log>) -> impl Future<Output = Answer> + use<> {
        slowly(log.tap())
    }

    async fn slowly(tap: Tap) -> Answer {
        for piece in ["one", "two"] {
            tokio::time::sleep(15 * SECOND).await;
            tap.tell(Stream::Stdout, piece.as_bytes());
        }
        Answer::json(StatusCode::OK, br#"{"exit_code":0}"#.as_slice())
    }

    fn streams() -> Streams {
        Streams::new(10 * SECOND, 60 * SECOND)
    }

    fn body(answer: Answer) -> Body {
        match answer.content {
            Content::Stream(body) => body,
            Content::Whole(_) => panic!("a stream was asked for"),
        }
    }

    /// Those that tell something.
    async fn news(answer: Answer) -> Vec<Event> {
        let mut events = events(answer).await;
        events.retain(|event| *event != Event::Heartbeat);
        events
    }

    async fn events(answer: Answer) -> Vec<Event> {
        let all = body(answer).collect().await.unwrap().to_bytes();
        all.split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    fn output(id: u64, data: &str) -> Event {
        Event::Output {
            id,
            stream: Stream::Stdout,
            data: data.to_owned(),
        }
    }

    fn result(id: u64) -> Event {
        Event::Result {
            id,
            status: 200,
            body: serde_json::json!({"exit_code": 0}),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn output_heartbeats_and_the_result() {
        let told = events(streams().open(None, 0, KEEPS, run)).await;
        assert_eq!(
            told,
            vec![
                Event::Heartbeat,
                Event::Heartbeat,
                output(1, "b25l"),
                Event::Heartbeat,
                output(2, "dHdv"),
                result(3)
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_stream_is_taken_up_again() {
        let streams = streams();
        let fingerprint = fingerprints();
        let named = || Some((b"id".to_vec(), fingerprint(b"x")));
        let mut first = body(streams.open(named(), 0, KEEPS, run));
        first.frame().await.unwrap().unwrap();
        drop(first);
        tokio::time::sleep(22 * SECOND).await;
        let told = events(streams.open(named(), 1, KEEPS, run)).await;
        assert_eq!(told, vec![Event::Heartbeat, output(2, "dHdv"), result(3)]);
        let again = events(streams.open(named(), 2, KEEPS, run)).await;
        assert_eq!(again, vec![result(3)]);
        let other = streams.open(Some((b"id".to_vec(), fingerprint(b"y"))), 0, KEEPS, run);
        assert_eq!(other.status, StatusCode::CONFLICT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_that_was_pushed_out_does_not_run_again() {
        let streams = streams();
        let fingerprint = fingerprints();
        let named = |id: usize| Some((id.to_string().into_bytes(), fingerprint(b"x")));
        for id in 0..=MAX_RUNS {
            let at_once = |_: &Arc<Log>| async { Answer::json(StatusCode::OK, b"1".as_slice()) };
            events(streams.open(named(id), 0, KEEPS, at_once)).await;
        }
        let status = |id, last| streams.open(named(id), last, KEEPS, run).status;
        assert_eq!(status(0, 0), StatusCode::CONFLICT);
        // Of another server before this one, perhaps.
        assert_eq!(status(MAX_RUNS + 1, 1), StatusCode::CONFLICT);
        assert_eq!(events(streams.open(named(1), 0, KEEPS, run)).await.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_pauses_until_what_it_told_was_seen() {
        let streams = streams();
        let fingerprint = fingerprints();
        let open = |last| {
            let named = Some((b"id".to_vec(), fingerprint(b"x")));
            streams.open(named, last, Keeps::Unseen(1), |log| {
                let log = Arc::clone(log);
                async move {
                    for piece in ["one", "two"] {
                        log.room().await;
                        log.output(Stream::Stdout, piece.as_bytes());
                    }
                    log.room().await;
                    Answer::json(StatusCode::OK, br#"{"exit_code":0}"#.as_slice())
                }
            })
        };
        // The second time it has not seen all of the first.
        for _ in 0..2 {
            assert_eq!(news(open(0)).await, [output(1, "b25l"), Event::Pause]);
        }
        assert_eq!(news(open(1)).await, [output(2, "dHdv"), Event::Pause]);
        assert_eq!(news(open(2)).await, [result(3)]);
    }
}
