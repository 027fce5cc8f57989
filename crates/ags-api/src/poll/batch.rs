//! Questions about single ids, asked as few calls about many.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ags_http::BoxFuture;
use tokio::{sync::oneshot, time::Instant};

use super::MAX_IDS;
use crate::{code::ErrorKind, error::Error};

type Fetch<R> =
    dyn Fn(Vec<String>) -> BoxFuture<'static, Result<Vec<(String, R)>, Error>> + Send + Sync;

/// Turns questions about single ids into calls about many.
pub(super) struct Batcher<R> {
    shared: Arc<Shared<R>>,
}

struct Shared<R> {
    fetch: Box<Fetch<R>>,
    between_calls: Duration,
    line: Mutex<Line<R>>,
}

struct Line<R> {
    waiting: Vec<Asked<R>>,
    /// Whether a task is at work that will look at `waiting` again.
    served: bool,
    last_call: Option<Instant>,
}

struct Asked<R> {
    id: String,
    answer: oneshot::Sender<Result<Option<R>, Error>>,
}

impl<R: Clone + Send + 'static> Batcher<R> {
    pub(super) fn new(
        between_calls: Duration,
        fetch: impl Fn(Vec<String>) -> BoxFuture<'static, Result<Vec<(String, R)>, Error>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let line = Mutex::new(Line {
            waiting: Vec::new(),
            served: false,
            last_call: None,
        });
        Self {
            shared: Arc::new(Shared {
                fetch: Box::new(fetch),
                between_calls,
                line,
            }),
        }
    }

    pub(super) async fn ask(&self, id: &str) -> Result<Option<R>, Error> {
        loop {
            let (answer, answered) = oneshot::channel();
            let serve = {
                let mut line = self
                    .shared
                    .line
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                line.waiting.push(Asked {
                    id: id.to_owned(),
                    answer,
                });
                !std::mem::replace(&mut line.served, true)
            };
            if serve {
                // Made here and not in the task, which may be dropped before it begins.
                let serving = Serving {
                    shared: Arc::clone(&self.shared),
                    done: false,
                };
                tokio::spawn(serving.serve());
            }
            match answered.await {
                Ok(answer) => return answer,
                // The serving task was cut off, with the runtime that it ran on: ask again from here.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }
}

/// The task at work. If it is cut off, everyone who waits is sent back to ask again.
struct Serving<R> {
    shared: Arc<Shared<R>>,
    done: bool,
}

impl<R: Clone + Send + 'static> Serving<R> {
    /// Answers everyone who waits, call by call, until nobody does.
    async fn serve(mut self) {
        loop {
            match self.shared.not_before() {
                Some(at) => tokio::time::sleep_until(at).await,
                // Those who ask at the same moment belong in the same call.
                None => tokio::task::yield_now().await,
            }
            let Some(batch) = self.shared.take_batch() else {
                self.done = true;
                return;
            };
            self.shared.answer(batch).await;
        }
    }
}

impl<R> Drop for Serving<R> {
    fn drop(&mut self) {
        if !self.done {
            let mut line = self
                .shared
                .line
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            line.served = false;
            line.waiting.clear();
        }
    }
}

impl<R: Clone + Send + 'static> Shared<R> {
    /// The earliest time for the next call; `None` before the first one.
    fn not_before(&self) -> Option<Instant> {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.last_call.map(|last| last + self.between_calls)
    }

    /// The next ids to ask for with everyone who waits for them; without any, the task is done.
    fn take_batch(&self) -> Option<HashMap<String, Vec<Asked<R>>>> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.waiting.retain(|asked| !asked.answer.is_closed());
        let mut ids = HashSet::new();
        for asked in &line.waiting {
            if ids.len() == MAX_IDS {
                break;
            }
            ids.insert(asked.id.clone());
        }
        if ids.is_empty() {
            line.served = false;
            return None;
        }
        line.last_call = Some(Instant::now());
        let mut batch: HashMap<String, Vec<Asked<R>>> = HashMap::new();
        for asked in line.waiting.extract_if(.., |asked| ids.contains(&asked.id)) {
            batch.entry(asked.id.clone()).or_default().push(asked);
        }
        Some(batch)
    }

    /// Asks for a batch. One id that the service does not like must not spoil the others' answers, so a
    /// refused batch is asked for again in halves.
    async fn answer(&self, batch: HashMap<String, Vec<Asked<R>>>) {
        let mut parts = vec![batch];
        while let Some(mut part) = parts.pop() {
            let ids: Vec<String> = part.keys().cloned().collect();
            match (self.fetch)(ids.clone()).await {
                Ok(found) => {
                    let mut found: HashMap<String, R> = found.into_iter().collect();
                    for (id, asked) in part {
                        send(asked, &Ok(found.remove(&id)));
                    }
                }
                Err(error) if is_about_an_id(&error) && ids.len() > 1 => {
                    let (half, _) = ids.split_at(ids.len() / 2);
                    let first = half.iter().filter_map(|id| part.remove_entry(id)).collect();
                    parts.extend([first, part]);
                }
                Err(error) => {
                    let answer = if error.kind() == Some(ErrorKind::NotFound) {
                        Ok(None)
                    } else {
                        Err(error)
                    };
                    for asked in part.into_values() {
                        send(asked, &answer);
                    }
                }
            }
        }
    }
}

fn is_about_an_id(error: &Error) -> bool {
    matches!(
        error.kind(),
        Some(ErrorKind::NotFound | ErrorKind::InvalidParameter)
    )
}

fn send<R: Clone>(asked: Vec<Asked<R>>, answer: &Result<Option<R>, Error>) {
    for asked in asked {
        // Whoever stopped waiting does not miss it.
        let _ = asked.answer.send(answer.clone());
    }
}

impl<R> Clone for Batcher<R> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<R> fmt::Debug for Batcher<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self
            .shared
            .line
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        formatter
            .debug_struct("Batcher")
            .field("waiting", &line.waiting.len())
            .finish_non_exhaustive()
    }
}
