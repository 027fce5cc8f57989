//! Status polling that many tasks share: up to 100 ids a call, one call at a time.

mod batch;

use std::time::Duration;

use self::batch::Batcher;
use crate::{
    client::Client,
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
