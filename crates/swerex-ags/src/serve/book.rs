//! What was asked of a sandbox under which `X-Request-ID`, and what came of it: a server that remembers only its last answer runs nothing twice.
//!
//! The first request with an id runs in a task of its own, which goes on when its agent hangs up. Whoever asks the same again waits for that
//! run or gets its answer; another request under the id is refused. The newest answers are kept, up to a number and a size; of older ones it
//! is known that they ran. What did not reach the server is as if it had not been asked.

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use ags_http::{Body, body, text::with_causes};
use bytes::Bytes;
use http::{Response, StatusCode};
use swerex_ags_runtime::Error;
use tokio::{sync::watch, task::AbortHandle};

use super::{reply, sandbox::CallFailed};

/// Bytes of answers that are kept, and of the largest of them.
const MAX_BYTES: usize = 2 << 20;
const MAX_KEPT: usize = MAX_BYTES / 2;

/// Ids that are known, and requests that run at a time.
const MAX_KNOWN: usize = 4096;
const MAX_RUNNING: usize = 64;

/// The largest answer that is gathered, in bytes: both streams of a command at their longest, and what is around them.
const LARGEST: usize = 2 * swerex_proto::native::MAX_OUTPUT + (1 << 20);

/// The requests of one sandbox. Dropping it gives up those that run.
#[derive(Debug, Default)]
pub(super) struct Book {
    hashes: (RandomState, RandomState),
    table: Arc<Mutex<Table>>,
}

type Hash = (u64, u64);

#[derive(Debug, Default)]
struct Table {
    entries: HashMap<Hash, Entry>,
    /// The finished ones, oldest first.
    finished: VecDeque<Hash>,
    /// Those of them whose answers are kept, oldest first.
    kept: VecDeque<Hash>,
    bytes: usize,
    running: usize,
}

#[derive(Debug)]
struct Entry {
    asked: Hash,
    state: State,
}

#[derive(Debug)]
enum State {
    Running(watch::Receiver<Option<Outcome>>, Option<AbortHandle>),
    Finished(Outcome),
}

type Outcome = Result<Kept, CallFailed>;

#[derive(Clone, Debug)]
struct Kept {
    status: StatusCode,
    /// `None`: it is not kept.
    body: Option<Bytes>,
}

impl Book {
    /// The outcome of the one run for this id. `asked` is all that tells one request from another.
    pub(super) async fn once<F>(
        &self,
        id: &[u8],
        asked: (&str, &[u8]),
        run: impl FnOnce() -> F,
    ) -> Result<Response<Body>, CallFailed>
    where
        F: Future<Output = Result<Response<Body>, Error>> + Send + 'static,
    {
        let (id, asked) = (self.hash(&id), self.hash(&asked));
        let mut outcome = match self.join(id, asked) {
            Joined::Known(outcome) => return outcome.map(answer),
            Joined::Refused(status, why) => return Ok(reply::detail(status, why)),
            Joined::Waiting(outcome) => outcome,
            Joined::First(sender) => {
                let outcome = sender.subscribe();
                let book = Arc::downgrade(&self.table);
                let task = tokio::spawn(carry_out(book, id, sender, run()));
                let mut table = lock(&self.table);
                if let Some(Entry {
                    state: State::Running(_, abort),
                    ..
                }) = table.entries.get_mut(&id)
                {
                    *abort = Some(task.abort_handle());
                }
                outcome
            }
        };
        let ended = match outcome.wait_for(Option::is_some).await {
            Ok(ended) => ended.clone(),
            Err(_) => None,
        };
        match ended {
            Some(outcome) => outcome.map(answer),
            None => Err(CallFailed::Unreachable(
                "the call was given up with its sandbox".to_owned(),
            )),
        }
    }

    fn hash(&self, what: &impl std::hash::Hash) -> Hash {
        (self.hashes.0.hash_one(what), self.hashes.1.hash_one(what))
    }

    fn join(&self, id: Hash, asked: Hash) -> Joined {
        let mut table = lock(&self.table);
        match table.entries.get(&id) {
            Some(entry) if entry.asked != asked => {
                return Joined::Refused(
                    StatusCode::CONFLICT,
                    "this X-Request-ID was used for another request",
                );
            }
            Some(Entry {
                state: State::Running(outcome, _),
                ..
            }) => return Joined::Waiting(outcome.clone()),
            Some(Entry {
                state: State::Finished(outcome),
                ..
            }) => return Joined::Known(outcome.clone()),
            None if table.running >= MAX_RUNNING => {
                return Joined::Refused(
                    StatusCode::TOO_MANY_REQUESTS,
                    "too many requests are running",
                );
            }
            None => {}
        }
        table.running += 1;
        let (sender, outcome) = watch::channel(None);
        let state = State::Running(outcome, None);
        table.entries.insert(id, Entry { asked, state });
        Joined::First(sender)
    }
}

enum Joined {
    First(watch::Sender<Option<Outcome>>),
    Waiting(watch::Receiver<Option<Outcome>>),
    Known(Outcome),
    Refused(StatusCode, &'static str),
}

impl Drop for Book {
    fn drop(&mut self) {
        for entry in lock(&self.table).entries.values() {
            if let State::Running(_, Some(task)) = &entry.state {
                task.abort();
            }
        }
    }
}

impl Table {
    /// Notes how a run ended, or that it is as if it had not been.
    fn finish(&mut self, id: Hash, outcome: &Outcome, is_known: bool) {
        self.running -= 1;
        if !is_known {
            self.entries.remove(&id);
            return;
        }
        let mut outcome = outcome.clone();
        if let Ok(Kept { body, .. }) = &mut outcome {
            *body = body.take().filter(|body| body.len() <= MAX_KEPT);
            self.bytes += body.as_ref().map_or(0, Bytes::len);
        }
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.state = State::Finished(outcome);
        }
        self.finished.push_back(id);
        self.kept.push_back(id);
        while self.bytes > MAX_BYTES
            && let Some(oldest) = self.kept.pop_front()
        {
            self.forget(oldest);
        }
        while self.finished.len() > MAX_KNOWN
            && let Some(oldest) = self.finished.pop_front()
        {
            self.forget(oldest);
            self.entries.remove(&oldest);
            if self.kept.front() == Some(&oldest) {
                self.kept.pop_front();
            }
        }
    }

    /// Keeps of an answer only that there was one.
    fn forget(&mut self, id: Hash) {
        if let Some(Entry {
            state: State::Finished(Ok(kept)),
            ..
        }) = self.entries.get_mut(&id)
        {
            self.bytes -= kept.body.take().map_or(0, |body| body.len());
        }
    }
}

async fn carry_out(
    book: Weak<Mutex<Table>>,
    id: Hash,
    sender: watch::Sender<Option<Outcome>>,
    run: impl Future<Output = Result<Response<Body>, Error>>,
) {
    let (outcome, is_known) = match run.await {
        Ok(response) => {
            let status = response.status();
            match body::collect(response.into_body(), LARGEST).await {
                Ok(body) => {
                    let body = Some(body);
                    // What was refused for now was not carried out.
                    (
                        Ok(Kept { status, body }),
                        status != StatusCode::TOO_MANY_REQUESTS,
                    )
                }
                Err(error) => {
                    let why = format!("the answer was lost: {}", with_causes(&error));
                    (Err(CallFailed::Unreachable(why)), true)
                }
            }
        }
        Err(error) => {
            let may_be_done = error.may_be_done();
            (Err(CallFailed::from(&error)), may_be_done)
        }
    };
    if let Some(table) = book.upgrade() {
        lock(&table).finish(id, &outcome, is_known);
    }
    sender.send_replace(Some(outcome));
}

fn answer(kept: Kept) -> Response<Body> {
    match kept.body {
        Some(bytes) => reply::with_body(kept.status, body::full(bytes)),
        None => reply::detail(
            StatusCode::CONFLICT,
            "this X-Request-ID has run; its answer is no longer kept",
        ),
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use super::*;

    #[derive(Default)]
    struct Bench {
        book: Book,
        runs: Arc<AtomicUsize>,
    }

    impl Bench {
        async fn ask(&self, id: &str, asked: &str, size: usize) -> (u16, String) {
            let runs = Arc::clone(&self.runs);
            let run = || async move {
                let run = runs.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok(reply::with_body(
                    StatusCode::OK,
                    body::full(format!("{run}{}", " ".repeat(size - 1))),
                ))
            };
            let asked = ("/execute", asked.as_bytes());
            let answer = self.book.once(id.as_bytes(), asked, run).await.unwrap();
            let status = answer.status().as_u16();
            let bytes = body::collect(answer.into_body(), 1 << 24).await.unwrap();
            (status, String::from_utf8(bytes.to_vec()).unwrap())
        }

        fn runs(&self) -> usize {
            self.runs.load(Ordering::SeqCst)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_repeat_waits_for_the_run_or_gets_its_answer() {
        let bench = Bench::default();
        let both = tokio::join!(bench.ask("a", "x", 1), bench.ask("a", "x", 1));
        assert_eq!(both.0, (200, "1".to_owned()));
        assert_eq!(both.0, both.1);
        assert_eq!(bench.ask("a", "x", 1).await.1, "1");
        assert_eq!(bench.ask("a", "y", 1).await.0, 409);
        assert_eq!(bench.ask("b", "y", 1).await.1, "2");
        assert_eq!(bench.runs(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_goes_on_when_its_agent_hangs_up() {
        let bench = Bench::default();
        let impatient = tokio::time::timeout(Duration::from_millis(1), bench.ask("a", "x", 1));
        assert!(impatient.await.is_err());
        assert_eq!(bench.ask("a", "x", 1).await.1, "1");
        assert_eq!(bench.runs(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_kept_does_not_run_again() {
        let bench = Bench::default();
        assert_eq!(bench.ask("huge", "x", MAX_KEPT + 1).await.0, 200);
        assert_eq!(bench.ask("huge", "x", 1).await.0, 409);
        for id in ["a", "b", "c"] {
            assert_eq!(bench.ask(id, "x", MAX_KEPT).await.0, 200);
        }
        assert_eq!(bench.ask("a", "x", 1).await.0, 409);
        assert_eq!(bench.ask("c", "x", 1).await.0, 200);
        assert_eq!(bench.runs(), 4);
        assert!(lock(&bench.book.table).bytes <= MAX_BYTES);
    }

    #[tokio::test(start_paused = true)]
    async fn ids_are_bounded_in_number() {
        let bench = Bench::default();
        let all = (0..=MAX_RUNNING).map(|id| {
            let bench = &bench;
            async move { bench.ask(&id.to_string(), "x", 1).await }
        });
        let told = futures_util::future::join_all(all).await;
        let refused = told.iter().filter(|told| told.0 == 429).count();
        assert_eq!(refused, 1);
        for id in 0..MAX_KNOWN {
            bench.ask(&format!("{id}-"), "x", 1).await;
        }
        let table = lock(&bench.book.table);
        assert!(table.entries.len() == MAX_KNOWN && table.kept.len() <= MAX_KNOWN);
    }

    #[tokio::test(start_paused = true)]
    async fn what_did_not_reach_the_server_is_as_if_it_had_not_been_asked() {
        let book = Book::default();
        let asked = ("/execute", b"x".as_slice());
        let failed = book
            .once(b"a", asked, || async {
                Err(Error::Invalid("no way".to_owned()))
            })
            .await;
        assert!(matches!(failed, Err(CallFailed::Unreachable(_))));
        let strange = || Error::Reply {
            call: "execute",
            status: StatusCode::OK,
            evidence: String::new(),
        };
        let lost = book
            .once(b"a", asked, || async move { Err(strange()) })
            .await;
        assert!(lost.is_err(), "it ran, and nobody knows what came of it");
        let again = book
            .once(b"a", asked, || async {
                Ok(reply::with_body(StatusCode::OK, body::empty()))
            })
            .await;
        assert!(again.is_err(), "it does not run again");
    }
}
