//! A running emulator: where it is, what it has seen, and how it ends.

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ags_api::{
    Secret,
    model::{InstanceStatus, StopReason},
};
use ags_http::{HttpClient, HttpVersions, ProxyConfig};
use ags_sign::Credential;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{
    EmulatorBuilder, StartError, control,
    fault::{Fault, Faults, InvalidFault},
    incident, listener,
    shared::Shared,
    state::secret,
    tls::Authority,
    view::{InstanceView, ToolView},
};

/// How long an idle connection to a process is kept. Servers close theirs after 5 s or so; whoever closes
/// first decides whether a request is lost.
const UPSTREAM_IDLE: Duration = Duration::from_secs(2);

/// A running emulator.
///
/// [`shutdown`](Self::shutdown) stops it and every process of its instances. Dropping it does the same
/// in the background: as long as the runtime runs TERM comes first, with the runtime's end it is KILL.
pub struct Emulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    ca_pem: String,
    ca_file: PathBuf,
    secret_key: Secret,
    directory: Option<TempDir>,
}

impl Emulator {
    /// Settings of a new emulator.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::default()
    }

    pub(crate) async fn start(builder: EmulatorBuilder) -> Result<Self, StartError> {
        let mut settings = builder.checked()?;
        let secret_id = settings
            .secret_id
            .take()
            .unwrap_or_else(|| secret("AKID").replace(['-', '_'], "x"));
        let secret_key = settings
            .secret_key
            .take()
            .unwrap_or_else(|| Secret::new(secret("")));
        let mut credential = Credential::new(secret_id, secret_key.expose()).map_err(|error| {
            StartError::because("the emulator's credential is not valid", error)
        })?;
        if let Some(token) = &settings.session_token {
            credential = credential.with_token(token.expose()).map_err(|error| {
                StartError::because("the emulator's session token is not valid", error)
            })?;
        }
        let faults = Faults::default();
        for fault in std::mem::take(&mut settings.faults) {
            faults
                .arm(fault)
                .map_err(|error| StartError::because("a fault cannot be armed", error))?;
        }
        let http = HttpClient::builder()
            .http_versions(HttpVersions::Http1)
            .proxy(ProxyConfig::None)
            .pool_idle_timeout(UPSTREAM_IDLE)
            .build()
            .map_err(|error| StartError::because("the gateway's client cannot be set up", error))?;
        let directory = tempfile::Builder::new()
            .prefix("ags-emulator-")
            .tempdir()
            .map_err(|error| StartError::because("no temporary directory can be made", error))?;
        let authority = Arc::new(Authority::new(&settings.domain, settings.listen.ip())?);
        let ca_file = settings
            .ca_out
            .clone()
            .unwrap_or_else(|| directory.path().join("ca.pem"));
        tokio::fs::write(&ca_file, authority.ca_pem())
            .await
            .map_err(|error| StartError::write(&ca_file, error))?;
        let acceptor = TlsAcceptor::from(Arc::new(authority.server_config()?));
        let listen = settings.listen;
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|error| StartError::listen(listen, error))?;
        let address = listener
            .local_addr()
            .map_err(|error| StartError::listen(listen, error))?;
        let instances = directory.path().join("instances");
        let shared = Arc::new(Shared::new(settings, credential, faults, http, instances));
        shared
            .tasks
            .spawn(listener::accept(Arc::clone(&shared), listener, acceptor));
        Ok(Self {
            ca_pem: authority.ca_pem().to_owned(),
            shared,
            address,
            ca_file,
            secret_key,
            directory: Some(directory),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The control plane, for example `https://127.0.0.1:41231`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            let loopback = if address.is_ipv4() {
                [127, 0, 0, 1].into()
            } else {
                std::net::Ipv6Addr::LOCALHOST.into()
            };
            address.set_ip(loopback);
        }
        format!("https://{address}")
    }

    /// The domain of the gateway with its port, for example `localhost:41231`.
    #[must_use]
    pub fn domain(&self) -> String {
        format!("{}:{}", self.shared.settings.domain, self.address.port())
    }

    /// The certificate to trust, in PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The file that holds it.
    #[must_use]
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// The one credential that is known.
    #[must_use]
    pub fn credential(&self) -> Credential {
        self.shared.credential.clone()
    }

    /// Its secret id.
    #[must_use]
    pub fn secret_id(&self) -> &str {
        self.shared.credential.secret_id()
    }

    /// Its key.
    #[must_use]
    pub fn secret_key(&self) -> &Secret {
        &self.secret_key
    }

    /// One line of JSON with all that a client needs: `endpoint`, `domain`, `ca_file`, `secret_id` and `secret_key`.
    #[must_use]
    pub fn ready_line(&self) -> String {
        serde_json::json!({
            "endpoint": self.endpoint(),
            "domain": self.domain(),
            "ca_file": self.ca_file(),
            "secret_id": self.secret_id(),
            "secret_key": self.secret_key().expose(),
        })
        .to_string()
    }

    /// The tools, in the order of their creation.
    #[must_use]
    pub fn tools(&self) -> Vec<ToolView> {
        self.shared
            .state()
            .tools
            .values()
            .map(ToolView::of)
            .collect()
    }

    /// The instances that are listed, stopped ones included, in the order of their start.
    #[must_use]
    pub fn instances(&self) -> Vec<InstanceView> {
        self.shared
            .state()
            .instances
            .values()
            .map(|instance| InstanceView::of(instance, &self.shared.directory))
            .collect()
    }

    /// The instances that are not over: not stopped and not failed.
    #[must_use]
    pub fn live_instances(&self) -> Vec<InstanceView> {
        self.instances()
            .into_iter()
            .filter(|instance| !instance.is_over())
            .collect()
    }

    /// Waits until the instances are as `wanted` says. It looks at every change.
    pub async fn wait_for_instances(&self, mut wanted: impl FnMut(&[InstanceView]) -> bool) {
        let mut changes = self.shared.changes();
        while !wanted(&self.instances()) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// How often each action was called, throttled calls included, calls that were not authenticated not.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.shared.calls.by_action()
    }

    /// How many calls got `RequestLimitExceeded`.
    #[must_use]
    pub fn throttled_calls(&self) -> u64 {
        self.shared.calls.throttled()
    }

    /// How many requests came for instances.
    #[must_use]
    pub fn gateway_requests(&self) -> u64 {
        self.shared.calls.through_gateway()
    }

    /// How many tokens are good or have just expired.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.shared.state().tokens.len()
    }

    /// Moves the emulator's clock forward: lifetimes, delays, tokens and rate windows. Signatures are
    /// checked against the wall clock all the same.
    pub fn advance(&self, span: Duration) {
        self.shared.clock.advance(span);
    }

    /// Adds a fault to the script.
    ///
    /// # Errors
    /// [`InvalidFault`] when it cannot happen.
    pub fn arm(&self, fault: Fault) -> Result<(), InvalidFault> {
        self.shared.faults.arm(fault)
    }

    /// Drops the whole script.
    pub fn disarm(&self) {
        self.shared.faults.clear();
    }

    /// Each fault of the script and how often it has happened.
    #[must_use]
    pub fn faults(&self) -> Vec<(Fault, u32)> {
        self.shared.faults.happened()
    }

    /// The faults that did not happen as often as they were to. One without a count is here only when no call matched it.
    #[must_use]
    pub fn unconsumed_faults(&self) -> Vec<Fault> {
        self.shared.faults.unconsumed()
    }

    /// For tests: every fault of the script has happened.
    ///
    /// # Panics
    /// When one has not; the message names them.
    #[track_caller]
    pub fn assert_faults_consumed(&self) {
        let left: Vec<String> = self
            .unconsumed_faults()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(
            left.is_empty(),
            "faults that did not happen: {}",
            left.join("; ")
        );
    }

    /// The instance reaches the end of its lifetime now.
    pub fn expire_instance(&self, id: &str) {
        incident::expire(&self.shared, id);
    }

    /// The process of the instance is killed.
    pub fn kill_instance(&self, id: &str) {
        incident::kill(&self.shared, id);
    }

    /// The tokens of the instance are refused from now on.
    pub fn revoke_tokens(&self, instance: &str) {
        self.shared.state().tokens.forget(instance);
    }

    /// The tool becomes `FAILED`.
    pub fn fail_tool(&self, id: &str) {
        let now = self.shared.clock.now();
        control::fail_tool(&mut self.shared.state(), id, now);
        self.shared.tell();
    }

    /// Stops every instance, waits until their processes have ended, and stops listening.
    pub async fn shutdown(mut self) {
        self.stop();
        self.shared.tasks.wait().await;
        if let Some(directory) = self.directory.take() {
            // It is in the system's temporary directory; what cannot be removed is lost to it.
            let _ = tokio::task::spawn_blocking(move || directory.close()).await;
        }
    }

    fn stop(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        let now = self.shared.clock.now();
        for instance in self.shared.state().instances.values_mut() {
            instance.stop(StopReason::SYSTEM, now);
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Emulator")
            .field("address", &self.address)
            .field(
                "instances",
                &self
                    .shared
                    .state()
                    .count(|status| *status != InstanceStatus::STOPPED),
            )
            .finish_non_exhaustive()
    }
}
