//! Status polling that many tasks share: up to 100 ids a call, one call at a time.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ags_http::BoxFuture;
use tokio::{sync::oneshot, time::Instant};

use crate::{
    client::Client,
    code::ErrorKind,
    error::Error,
    model::{
        DescribeSandboxInstancesRequest, DescribeSandboxToolListRequest, SandboxInstance,
        SandboxTool,
    },
};

/// Most ids that one call may ask for.
pub const MAX_IDS: usize = 100;

/// How often to ask.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Pace {
    /// Shortest time from one call to the next, for all waiters together. Default 100 ms.
    pub between_calls: Duration,
    /// How long a waiter waits before it looks for the second time; the first look is at once.
    /// Default 250 ms.
    pub first: Duration,
    /// By how much a waiter's pause grows each time. Default 1.5.
    pub growth: f64,
    /// Longest pause of a waiter. Default 5 s.
    pub longest: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            between_calls: Duration::from_millis(100),
            first: Duration::from_millis(250),
            growth: 1.5,
            longest: Duration::from_secs(5),
        }
    }
}

/// Tells many tasks the status of instances and tools with few calls.
///
/// Whoever asks joins the next call, which asks for up to [`MAX_IDS`] ids at once; while a call is
/// under way no other one starts. So a thousand waiters cost as many calls as ten. Clones share the
/// calls. A waiter that is dropped is no longer asked for. It needs a tokio runtime.
#[derive(Debug, Clone)]
pub struct StatusBoard {
    instances: Batcher<SandboxInstance>,
    tools: Batcher<SandboxTool>,
    pace: Pace,
}

impl StatusBoard {
    /// Asks through `client`, at the default [`Pace`].
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self::with_pace(client, Pace::default())
    }

    /// Asks through `client` at this pace.
    #[must_use]
    pub fn with_pace(client: Client, pace: Pace) -> Self {
        let (for_instances, for_tools) = (client.clone(), client);
        Self {
            instances: Batcher::new(pace.between_calls, move |ids| {
                Box::pin(instances(for_instances.clone(), ids))
            }),
            tools: Batcher::new(pace.between_calls, move |ids| {
                Box::pin(tools(for_tools.clone(), ids))
            }),
            pace,
        }
    }

    /// The instance as it is after this call; `None` if the service does not know it.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn instance(&self, id: &str) -> Result<Option<SandboxInstance>, Error> {
        self.instances.ask(id).await
    }

    /// The tool as it is after this call; `None` if the service does not know it.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn tool(&self, id: &str) -> Result<Option<SandboxTool>, Error> {
        self.tools.ask(id).await
    }

    /// Looks at the instance, at growing intervals, until `settled` gives a result. It waits for as long
    /// as that takes: bound it with a timeout.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn until_instance<T>(
        &self,
        id: &str,
        settled: impl FnMut(Option<SandboxInstance>) -> Option<T>,
    ) -> Result<T, Error> {
        until(&self.instances, self.pace, id, settled).await
    }

    /// Looks at the tool, at growing intervals, until `settled` gives a result. It waits for as long as
    /// that takes: bound it with a timeout.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn until_tool<T>(
        &self,
        id: &str,
        settled: impl FnMut(Option<SandboxTool>) -> Option<T>,
    ) -> Result<T, Error> {
        until(&self.tools, self.pace, id, settled).await
    }
}

async fn until<R: Clone + Send + 'static, T>(
    batcher: &Batcher<R>,
    pace: Pace,
    id: &str,
    mut settled: impl FnMut(Option<R>) -> Option<T>,
) -> Result<T, Error> {
    let mut pause = pace.first;
    loop {
        if let Some(result) = settled(batcher.ask(id).await?) {
            return Ok(result);
        }
        tokio::time::sleep(pause).await;
        pause = pause.mul_f64(pace.growth.max(1.0)).min(pace.longest);
    }
}

async fn instances(
    client: Client,
    ids: Vec<String>,
) -> Result<Vec<(String, SandboxInstance)>, Error> {
    let request = DescribeSandboxInstancesRequest {
        instance_ids: Some(ids),
        ..Default::default()
    };
    let found = client
        .call(&request)
        .await?
        .reply
        .instance_set
        .unwrap_or_default();
    Ok(found
        .into_iter()
        .filter_map(|found| Some((found.instance_id.clone()?, found)))
        .collect())
}

async fn tools(client: Client, ids: Vec<String>) -> Result<Vec<(String, SandboxTool)>, Error> {
    let request = DescribeSandboxToolListRequest {
        limit: i64::try_from(ids.len()).ok(),
        tool_ids: Some(ids),
        ..Default::default()
    };
    let found = client
        .call(&request)
        .await?
        .reply
        .sandbox_tool_set
        .unwrap_or_default();
    Ok(found
        .into_iter()
        .filter_map(|found| Some((found.tool_id.clone()?, found)))
        .collect())
}

type Fetch<R> =
    dyn Fn(Vec<String>) -> BoxFuture<'static, Result<Vec<(String, R)>, Error>> + Send + Sync;

/// Turns questions about single ids into calls about many.
struct Batcher<R> {
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
    fn new(
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

    async fn ask(&self, id: &str) -> Result<Option<R>, Error> {
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
