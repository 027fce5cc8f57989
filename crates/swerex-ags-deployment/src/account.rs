//! What all deployments of one account share: a client, status polling, tools, and the stopping of what was abandoned.

mod scope;

use std::{
    collections::HashMap,
    io,
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use ags_api::{Client, poll::StatusBoard};
use ags_http::{HttpClient, HttpService};
use ags_sign::Credential;
use tokio::sync::OnceCell;
use tokio_util::task::TaskTracker;

pub(crate) use self::scope::Leftover;
use self::scope::Scope;
use crate::{
    config::{InvalidConfig, TencentAgsDeploymentConfig},
    counters::{Counters, Tally},
    error::{Cause, Stage, StartFailed, StopFailed},
    journal::Journal,
};

/// How often a stop is tried, each time with the client's own retries.
const STOP_ATTEMPTS: u32 = 3;

/// The pause between two such attempts.
const STOP_PAUSE: Duration = Duration::from_secs(2);

/// The network, for both planes.
#[derive(Clone, Debug)]
pub struct Connections {
    /// To the control plane.
    pub control: Arc<dyn HttpService>,
    /// To the gateway.
    pub data: Arc<dyn HttpService>,
}

/// One account in one region. Clones share everything: make one for a process, or let
/// [`TencentAgsDeployment::new`](crate::TencentAgsDeployment::new) do it.
#[derive(Clone, Debug)]
pub struct Account {
    inner: Arc<Inner>,
    /// Follows what is done in the background through this clone and its clones.
    scope: Option<Arc<Scope>>,
}

#[derive(Debug)]
struct Inner {
    client: Client,
    board: StatusBoard,
    data: Arc<dyn HttpService>,
    /// Tools by their name, each looked up once.
    tools: Mutex<HashMap<String, Arc<OnceCell<String>>>>,
    background: TaskTracker,
    journal: OnceLock<Journal>,
    tally: Tally,
    calls: swerex_ags_runtime::Tally,
}

impl Connections {
    /// Both planes as the configuration says: trust, proxies.
    ///
    /// # Errors
    /// The CA file cannot be used.
    pub fn of(config: &TencentAgsDeploymentConfig) -> Result<Self, ags_http::BuildError> {
        let mut builder = HttpClient::builder().danger_skip_ssl_verify(config.skip_ssl_verify);
        if !config.ca_file.is_empty() {
            builder = builder.ca_file(&config.ca_file);
        }
        let client: Arc<dyn HttpService> = Arc::new(builder.build()?);
        Ok(Self {
            control: Arc::clone(&client),
            data: client,
        })
    }
}

impl Account {
    /// The account that a configuration names, over connections made as it says.
    ///
    /// # Errors
    /// [`StartFailed`] at [`Stage::Configure`].
    pub fn of(config: &TencentAgsDeploymentConfig) -> Result<Self, StartFailed> {
        let connections = Connections::of(config)
            .map_err(|error| StartFailed::new(Stage::Configure, Cause::Edge(error)))?;
        Self::over(config, connections)
    }

    /// The account that a configuration names, over other connections.
    ///
    /// # Errors
    /// [`StartFailed`] at [`Stage::Configure`].
    pub fn over(
        config: &TencentAgsDeploymentConfig,
        connections: Connections,
    ) -> Result<Self, StartFailed> {
        let invalid = |problem| StartFailed::new(Stage::Configure, Cause::Config(problem));
        config.validate().map_err(invalid)?;
        let credential = credential(config).map_err(invalid)?;
        let endpoint_problem =
            |problem: String| invalid(InvalidConfig::new("http_endpoint", problem));
        let client = Client::builder(credential)
            .region(&config.region)
            .endpoint(&config.http_endpoint)
            .map_err(|problem| endpoint_problem(problem.to_string()))?
            .http(connections.control)
            .build()
            .map_err(|problem| endpoint_problem(problem.to_string()))?;
        Ok(Self::with_client(client, connections.data))
    }

    /// The account of a client that is there already.
    pub fn with_client(client: Client, data: Arc<dyn HttpService>) -> Self {
        let board = StatusBoard::new(client.clone());
        let inner = Inner {
            client,
            board,
            data,
            tools: Mutex::default(),
            background: TaskTracker::new(),
            journal: OnceLock::new(),
            tally: Tally::default(),
            calls: swerex_ags_runtime::Tally::default(),
        };
        Self {
            inner: Arc::new(inner),
            scope: None,
        }
    }

    /// The client of the control plane.
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    /// From now on writes down what is started here before it is used, in a file of its own in `directory`, so that what a killed process leaves
    /// behind can be found: see [`journal`](crate::journal). The directory is made if it is not there. Once is enough.
    ///
    /// # Errors
    /// The directory or the file cannot be made.
    pub fn keep_journal(&self, directory: &Path) -> io::Result<()> {
        if self.inner.journal.get().is_none() {
            let journal = Journal::open(directory, &self.journal_scope())?;
            // Whoever was faster has one that is as good.
            drop(self.inner.journal.set(journal));
        }
        Ok(())
    }

    /// What the ids in a journal of this account belong to: endpoint and region.
    pub fn journal_scope(&self) -> String {
        let client = self.client();
        format!(
            "{} {}",
            client.endpoint(),
            client.region().unwrap_or_default()
        )
    }

    /// What the deployments of this account have done so far, with the calls of both planes.
    pub fn counters(&self) -> Counters {
        let control = self.client().counters();
        self.inner
            .tally
            .snapshot(control, self.inner.calls.counters())
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.inner.tally
    }

    /// What its runtimes count with.
    pub(crate) fn calls(&self) -> swerex_ags_runtime::Tally {
        self.inner.calls.clone()
    }

    pub(crate) fn journal(&self) -> Option<&Journal> {
        self.inner.journal.get()
    }

    pub(crate) fn board(&self) -> &StatusBoard {
        &self.inner.board
    }

    pub(crate) fn data(&self) -> Arc<dyn HttpService> {
        Arc::clone(&self.inner.data)
    }

    /// The place of a tool of this name; whoever comes first looks it up.
    pub(crate) fn tool(&self, name: &str) -> Arc<OnceCell<String>> {
        let mut tools = self
            .inner
            .tools
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tools.entry(name.to_owned()).or_default())
    }

    /// Forgets a tool that turned out not to serve.
    pub(crate) fn forget_tool(&self, name: &str) {
        self.inner
            .tools
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(name);
    }

    /// Stops an instance, more than once if need be. One that is gone is stopped; whether there was one to stop.
    ///
    /// # Errors
    /// [`StopFailed`] with the last refusal.
    pub async fn stop_instance(&self, instance_id: &str) -> Result<bool, StopFailed> {
        let was_there = self
            .stop_somehow(instance_id)
            .await
            .inspect_err(|_| self.tally().stops_failed.one_more())?;
        self.tally().stopped.one_more();
        if let Some(journal) = self.journal() {
            journal.instance_over(instance_id);
        }
        Ok(was_there)
    }

    async fn stop_somehow(&self, instance_id: &str) -> Result<bool, StopFailed> {
        let mut attempt = 1;
        loop {
            let error = match self.client().stop_if_there(instance_id).await {
                Ok(was_there) => {
                    tracing::debug!(instance_id, was_there, "stopped");
                    // An earlier attempt may have been carried out without an answer.
                    return Ok(was_there || attempt > 1);
                }
                Err(error) => error,
            };
            // An instance that has ended by itself is refused with a code that nobody documents: look at it.
            if self.has_ended(instance_id).await {
                return Ok(attempt > 1);
            }
            if attempt >= STOP_ATTEMPTS || !error.is_retryable() {
                return Err(StopFailed {
                    what: format!("instance {instance_id}"),
                    source: error,
                });
            }
            tracing::warn!(instance_id, attempt, %error, "the stop failed; trying again");
            tokio::time::sleep(STOP_PAUSE).await;
            attempt += 1;
        }
    }

    async fn has_ended(&self, instance_id: &str) -> bool {
        match self.board().instance(instance_id).await {
            Ok(None) => true,
            Ok(Some(instance)) => instance
                .status
                .is_some_and(|status| crate::instance::has_ended(&status)),
            Err(_) => false,
        }
    }

    /// Stops an instance in the background: for paths that cannot wait. Without a runtime there is no background, and the instance goes on
    /// until its lifetime is over or it is collected.
    pub(crate) fn abandon(&self, instance_id: String) {
        let account = self.clone();
        let id = instance_id.clone();
        self.in_background(&id, async move {
            if let Err(error) = account.stop_instance(&instance_id).await {
                tracing::error!(instance_id, cause = %error.source, "an abandoned instance could not be stopped");
                account.not_stopped(Leftover::Instance(instance_id), error);
            }
        });
    }

    /// Runs work that outlives its caller.
    pub(crate) fn in_background(
        &self,
        what: &str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        match (tokio::runtime::Handle::try_current(), &self.scope) {
            (Ok(runtime), Some(scope)) => {
                let work = scope.track(work);
                drop(self.inner.background.spawn_on(work, &runtime));
            }
            (Ok(runtime), None) => drop(self.inner.background.spawn_on(work, &runtime)),
            (Err(_), _) => tracing::error!(
                what,
                "there is no runtime to clean up in; `swerex-ags instance gc` does it"
            ),
        }
    }

    /// Waits until nothing is being stopped in the background any more, at most `limit`; whether that is so. Call it before a process ends.
    pub async fn settled(&self, limit: Duration) -> bool {
        self.inner.background.close();
        // A closed tracker takes work all the same.
        tokio::time::timeout(limit, self.inner.background.wait())
            .await
            .is_ok()
    }
}

fn credential(config: &TencentAgsDeploymentConfig) -> Result<Credential, InvalidConfig> {
    let credential = Credential::new(config.secret_id.as_str(), config.secret_key.expose())
        .map_err(|problem| {
            InvalidConfig::new(
                "secret_id",
                format!("or secret_key cannot be used: {problem}"),
            )
        })?;
    match &config.token {
        Some(token) => {
            let wrong = |problem: ags_sign::InvalidCredential| {
                InvalidConfig::new("token", format!("cannot be used: {problem}"))
            };
            credential.with_token(token.expose()).map_err(wrong)
        }
        None => Ok(credential),
    }
}
