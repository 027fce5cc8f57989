//! What all deployments of one account share: a client, status polling, tools, and the stopping of what was abandoned.

mod background;
mod ending;
mod listing;
mod scope;
mod shared;

use std::{
    collections::HashMap,
    io,
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use ags_api::{Client, poll::StatusBoard};
use ags_http::{HttpClient, HttpService};
use ags_sign::Credential;
use tokio::sync::OnceCell;

pub(crate) use self::ending::Leftover;
pub use self::ending::STOP_PATIENCE;
use self::{background::Background, listing::Listing, scope::Scope};
use crate::{
    config::{InvalidConfig, TencentAgsDeploymentConfig},
    counters::{Counters, Tally},
    error::{Cause, Stage, StartFailed},
    journal::Journal,
};

/// The network, for both planes.
#[derive(Clone, Debug)]
pub struct Connections {
    /// To the control plane.
    pub control: Arc<dyn HttpService>,
    /// To the gateway.
    pub data: Arc<dyn HttpService>,
}

/// One account in one region. Clones share everything: make one for a process, or let
/// [`TencentAgsDeployment::new`](crate::TencentAgsDeployment::new) take the one that is [`shared`](Self::shared).
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
    listing: Listing,
    background: Background,
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
            listing: Listing::default(),
            background: Background::default(),
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
