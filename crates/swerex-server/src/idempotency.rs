//! One run for each `X-Request-ID`, however often it is asked for.
//!
//! The first request with an id runs in a task of its own. Whoever asks again with the same body while it runs waits for
//! that run; whoever asks later gets the kept answer, an exception too. Another body under the same id is refused. Answers
//! are kept up to a number and a size, the oldest go first; they leave a mark, and so does an answer too large to keep, so that
//! nothing runs twice. A run that nobody waits for any more is given up after a while.

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    hash::{BuildHasher, DefaultHasher, Hasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use tokio::sync::watch;

use crate::{
    answer::{Answer, Content},
    past::Past,
};

/// How many answers are kept, how many bytes of them, and how long a run goes on that nobody waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) answers: usize,
    pub(crate) bytes: usize,
    pub(crate) running: usize,
    pub(crate) abandoned: Duration,
}

/// The requests that were seen.
pub(crate) struct Idempotency {
    bounds: Bounds,
    keys: (RandomState, RandomState),
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    entries: HashMap<Box<[u8]>, Entry>,
    /// The finished ones, oldest first.
    finished: VecDeque<Box<[u8]>>,
    bytes: usize,
    running: usize,
    /// Those that were dropped.
    past: Past,
}

struct Entry {
    fingerprint: Fingerprint,
    state: State,
}

enum State {
    /// Those who ask again wait here.
    Running(watch::Receiver<Option<Kept>>),
    Finished(Kept, usize),
}

/// What a request asks for, in few bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint(u64, u64);

/// Collects what a request asks for.
#[derive(Default)]
pub(crate) struct Fingerprinting {
    /// Two hashes, as 64 bits are few.
    hashers: Option<(DefaultHasher, DefaultHasher)>,
    length: usize,
}

impl Fingerprinting {
    /// One more part; parts do not run together.
    pub(crate) fn part(self, bytes: &[u8]) -> Self {
        let mut with = self.raw(bytes);
        if let Some((one, other)) = &mut with.hashers {
            one.write_usize(with.length);
            other.write_usize(with.length);
        }
        with.length = 0;
        with
    }

    /// More bytes of the part that is ended next.
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        if let Some((one, other)) = &mut self.hashers {
            one.write(bytes);
            other.write(bytes);
        }
        self.length += bytes.len();
        self
    }

    /// Collects nothing: for requests that are not repeated.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    pub(crate) fn finish(self) -> Fingerprint {
        let (one, other) = self.hashers.unwrap_or_default();
        Fingerprint(one.finish(), other.finish())
    }
}

#[derive(Clone)]
struct Kept {
    status: StatusCode,
    headers: Arc<[(HeaderName, HeaderValue)]>,
    /// `None`: too large to keep.
    body: Option<Bytes>,
}

impl Kept {
    fn answer(&self) -> Answer {
        match &self.body {
            Some(body) => Answer {
                status: self.status,
                headers: self.headers.to_vec(),
                content: Content::Whole(body.clone()),
            },
            None => Answer::detail(
                StatusCode::CONFLICT,
                "this X-Request-ID has run; its answer was too large to keep",
            ),
        }
    }
}

impl Idempotency {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            keys: (RandomState::new(), RandomState::new()),
            table: Mutex::default(),
        }
    }

    pub(crate) fn fingerprint(&self) -> Fingerprinting {
        Fingerprinting {
            hashers: Some((self.keys.0.build_hasher(), self.keys.1.build_hasher())),
            length: 0,
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer of the one run for this id.
    pub(crate) async fn once<F>(
        self: &Arc<Self>,
        id: &[u8],
        fingerprint: Fingerprint,
        run: impl FnOnce() -> F,
    ) -> Answer
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let mut outcome = match self.join(id, fingerprint) {
            Joined::Waiting(outcome) => outcome,
            Joined::Answered(answer) => return answer,
            Joined::First(sender) => {
                let outcome = sender.subscribe();
                tokio::spawn(Arc::clone(self).carry_out(id.into(), sender, run()));
                outcome
            }
        };
        let answer = match outcome.wait_for(Option::is_some).await {
            Ok(kept) => kept.as_ref().map(Kept::answer),
            Err(_) => None,
        };
        answer.unwrap_or_else(|| {
            Answer::detail(
                StatusCode::SERVICE_UNAVAILABLE,
                "the request was given up: nobody waited for it, or the server stops",
            )
        })
    }

    fn join(&self, id: &[u8], fingerprint: Fingerprint) -> Joined {
        let mut table = self.table();
        match table.entries.get(id) {
            Some(entry) if entry.fingerprint != fingerprint => {
                return Joined::Answered(Answer::detail(
                    StatusCode::CONFLICT,
                    "this X-Request-ID was used for another request",
                ));
            }
            Some(Entry {
                state: State::Running(outcome),
                ..
            }) => return Joined::Waiting(outcome.clone()),
            Some(Entry {
                state: State::Finished(kept, _),
                ..
            }) => return Joined::Answered(kept.answer()),
            None if table.past.has(id) => return Joined::Answered(no_longer_kept()),
            None if table.running >= self.bounds.running => {
                return Joined::Answered(Answer::detail(
                    StatusCode::TOO_MANY_REQUESTS,
                    "too many requests are running",
                ));
            }
            None => {}
        }
        table.running += 1;
        let (sender, outcome) = watch::channel(None);
        let entry = Entry {
            fingerprint,
            state: State::Running(outcome),
        };
        table.entries.insert(id.into(), entry);
        Joined::First(sender)
    }

    async fn carry_out(
        self: Arc<Self>,
        id: Box<[u8]>,
        sender: watch::Sender<Option<Kept>>,
        run: impl Future<Output = Answer>,
    ) {
        let mut running = Running {
            book: &self,
            id: Some(id),
        };
        let answer = tokio::select! {
            answer = run => answer,
            () = abandoned(&sender, self.bounds.abandoned) => return,
        };
        let kept = Kept {
            status: answer.status,
            headers: answer.headers.into(),
            body: match answer.content {
                Content::Whole(body) => Some(body),
                Content::Stream(_) => None,
            },
        };
        if let Some(id) = running.id.take() {
            self.keep(id, kept.clone());
        }
        // Those who wait get it in any case.
        sender.send_replace(Some(kept));
    }

    fn keep(&self, id: Box<[u8]>, mut kept: Kept) {
        let mut table = self.table();
        table.running -= 1;
        let mut cost = id.len() + kept.body.as_ref().map_or(0, Bytes::len);
        if cost > self.bounds.bytes {
            kept.body = None;
            cost = id.len();
        }
        if let Some(entry) = table.entries.get_mut(&id) {
            entry.state = State::Finished(kept, cost);
            table.bytes += cost;
            table.finished.push_back(id);
        }
        while table.finished.len() > self.bounds.answers || table.bytes > self.bounds.bytes {
            let Some(oldest) = table.finished.pop_front() else {
                break;
            };
            if let Some(Entry {
                state: State::Finished(_, cost),
                ..
            }) = table.entries.remove(&oldest)
            {
                table.bytes -= cost;
            }
            table.past.add(&oldest);
        }
    }
}

/// The answer to a repeat that comes too late.
pub(crate) fn no_longer_kept() -> Answer {
    Answer::detail(
        StatusCode::CONFLICT,
        "this X-Request-ID has run; its answer is no longer kept",
    )
}

enum Joined {
    /// The caller is to run it.
    First(watch::Sender<Option<Kept>>),
    Waiting(watch::Receiver<Option<Kept>>),
    Answered(Answer),
}

/// Takes the entry of a run that did not finish away, also where its task is cancelled.
struct Running<'a> {
    book: &'a Idempotency,
    id: Option<Box<[u8]>>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            let mut table = self.book.table();
            table.running -= 1;
            table.entries.remove(&id);
        }
    }
}

/// Returns when nobody has waited for the given time. The table's own receiver does not wait.
async fn abandoned(sender: &watch::Sender<Option<Kept>>, patience: Duration) {
    /// How often it is looked at.
    const GLANCE: Duration = Duration::from_secs(5);
    let mut alone = Duration::ZERO;
    while alone < patience {
        let pause = GLANCE.min(patience);
        tokio::time::sleep(pause).await;
        alone = if sender.receiver_count() > 1 {
            Duration::ZERO
        } else {
            alone + pause
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const BOUNDS: Bounds = Bounds {
        answers: 2,
        bytes: 100,
        running: 2,
        abandoned: Duration::from_secs(60),
    };

    struct Bench {
        book: Arc<Idempotency>,
        runs: Arc<AtomicUsize>,
    }

    impl Bench {
        fn new() -> Self {
            Self {
                book: Arc::new(Idempotency::new(BOUNDS)),
                runs: Arc::default(),
            }
        }

        /// The status and the body of the answer.
        async fn ask(&self, id: &str, body: &str, pause: Duration, size: usize) -> (u16, String) {
            let runs = Arc::clone(&self.runs);
            let fingerprint = self.book.fingerprint().part(body.as_bytes()).finish();
            let answer = self
                .book
                .once(id.as_bytes(), fingerprint, || async move {
                    tokio::time::sleep(pause).await;
                    let run = runs.fetch_add(1, Ordering::SeqCst) + 1;
                    Answer::json(StatusCode::OK, format!("{run:0size$}"))
                })
                .await;
            let Content::Whole(body) = answer.content else {
                panic!("kept answers are whole");
            };
            (
                answer.status.as_u16(),
                String::from_utf8(body.to_vec()).unwrap(),
            )
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_duplicate_waits_for_the_run_or_gets_its_answer() {
        let bench = Bench::new();
        let both = tokio::join!(
            bench.ask("a", "x", SECOND, 1),
            bench.ask("a", "x", SECOND, 1)
        );
        assert_eq!(both.0, (200, "1".to_owned()));
        assert_eq!(both.1, (200, "1".to_owned()));
        assert_eq!(bench.ask("a", "x", SECOND, 1).await.1, "1");
        assert_eq!(bench.ask("a", "y", SECOND, 1).await.0, 409);
        assert_eq!(bench.runs.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_answers_go_first_and_do_not_run_again() {
        let bench = Bench::new();
        for id in ["a", "b", "c"] {
            bench.ask(id, "x", SECOND, 1).await;
        }
        assert_eq!(bench.ask("c", "x", SECOND, 1).await.1, "3");
        assert_eq!(bench.ask("b", "x", SECOND, 1).await.1, "2");
        assert_eq!(bench.ask("a", "x", SECOND, 1).await.0, 409);
        assert_eq!(bench.runs.load(Ordering::SeqCst), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_large_to_keep_does_not_run_again() {
        let bench = Bench::new();
        assert_eq!(bench.ask("a", "x", SECOND, 101).await.0, 200);
        assert_eq!(bench.ask("a", "x", SECOND, 101).await.0, 409);
        assert_eq!(bench.runs.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn runs_are_bounded_in_number() {
        let bench = Bench::new();
        let all = tokio::join!(
            bench.ask("a", "x", SECOND, 1),
            bench.ask("b", "x", SECOND, 1),
            bench.ask("c", "x", SECOND, 1)
        );
        assert_eq!((all.0.0, all.1.0, all.2.0), (200, 200, 429));
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_goes_on_without_its_client_but_not_for_ever() {
        let bench = Bench::new();
        let patience = tokio::time::timeout(SECOND, bench.ask("a", "x", 10 * SECOND, 1));
        assert!(patience.await.is_err());
        assert_eq!(bench.ask("a", "x", SECOND, 1).await.1, "1");

        let long = 1000 * SECOND;
        let patience = tokio::time::timeout(SECOND, bench.ask("b", "x", long, 1));
        assert!(patience.await.is_err());
        tokio::time::sleep(100 * SECOND).await;
        assert_eq!(bench.ask("b", "x", SECOND, 1).await.1, "2");
        assert_eq!(bench.runs.load(Ordering::SeqCst), 2);
    }
}
