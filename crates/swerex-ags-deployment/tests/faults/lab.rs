//! An emulator with the native server in its instances, an account on it, and what is left of both.

use std::{sync::Arc, time::Duration};

use ags_api::{Client, Limits};
use ags_emulator::{Emulator, EmulatorBuilder, Fault};
use ags_http::{HttpClient, HttpService, backoff::Backoff, retry::RetryPolicy};
use swerex_ags_deployment::{Account, TencentAgsDeployment, TencentAgsDeploymentConfig};
use swerex_ags_runtime::AgsRuntime;
use swerex_proto::{Command, CommandResponse};

/// Longer than anything here takes that goes well.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// How long one attempt of a call of the control plane may take where nothing else is said.
pub(crate) const ATTEMPT: Duration = Duration::from_millis(400);

pub(crate) struct Lab {
    pub(crate) emulator: Emulator,
    pub(crate) account: Account,
    pub(crate) config: TencentAgsDeploymentConfig,
    /// For files of the test.
    pub(crate) directory: tempfile::TempDir,
}

impl Lab {
    pub(crate) async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    pub(crate) async fn with(change: impl FnOnce(EmulatorBuilder) -> EmulatorBuilder) -> Self {
        let emulator = change(Emulator::builder()).start().await.unwrap();
        let mut config =
            TencentAgsDeploymentConfig::new(emulator.secret_id(), emulator.secret_key().expose());
        config.http_endpoint = emulator.endpoint();
        config.domain = emulator.domain();
        config.ca_file = emulator.ca_file().to_str().unwrap().to_owned();
        config.startup_timeout = LONG;
        let account = account(&emulator, &config, ATTEMPT);
        Self {
            emulator,
            account,
            config,
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn deployment(&self) -> TencentAgsDeployment {
        TencentAgsDeployment::with_account(self.config.clone(), self.account.clone()).unwrap()
    }

    pub(crate) async fn started(&self) -> TencentAgsDeployment {
        let mut deployment = self.deployment();
        deployment.start().await.unwrap();
        deployment
    }

    pub(crate) fn arm(&self, fault: &str) {
        self.emulator.arm(fault.parse::<Fault>().unwrap()).unwrap();
    }

    /// The script happened, all of it; the next one may be armed.
    pub(crate) fn consumed(&self, what: &str) {
        let left = self.emulator.unconsumed_faults();
        assert!(left.is_empty(), "{what}: it did not happen: {left:?}");
        self.emulator.disarm();
    }

    /// Nothing runs, by the emulator's own list, once what goes on in the background is over.
    pub(crate) async fn nothing_runs(&self, what: &str) {
        assert!(
            self.account.settled(LONG).await,
            "{what}: something goes on in the background"
        );
        let over = self
            .emulator
            .wait_for_instances(|all| all.iter().all(|instance| instance.is_over()));
        if tokio::time::timeout(LONG, over).await.is_err() {
            panic!(
                "{what}: an instance lives on: {:?}",
                self.emulator.live_instances()
            );
        }
    }

    /// A file of the sandbox, which is one of this machine: sandboxes of the emulator share it.
    pub(crate) fn path(&self, name: &str) -> String {
        self.directory
            .path()
            .join(name)
            .to_str()
            .unwrap()
            .to_owned()
    }

    /// How many lines a file has: a command that runs adds one.
    pub(crate) fn lines(&self, name: &str) -> usize {
        std::fs::read_to_string(self.path(name)).map_or(0, |text| text.lines().count())
    }
}

/// An account whose calls do not wait long before they are repeated.
pub(crate) fn account(
    emulator: &Emulator,
    config: &TencentAgsDeploymentConfig,
    attempt: Duration,
) -> Account {
    let http: Arc<dyn HttpService> = Arc::new(
        HttpClient::builder()
            .ca_file(emulator.ca_file())
            .build()
            .unwrap(),
    );
    let retry = RetryPolicy {
        backoff: Backoff {
            base: Duration::from_millis(5),
            longest: Duration::from_millis(50),
        },
        ..RetryPolicy::default()
    };
    let client = Client::builder(emulator.credential())
        .region(&config.region)
        .endpoint(&emulator.endpoint())
        .unwrap()
        .http(Arc::clone(&http))
        .retry(retry)
        .timeout(attempt)
        .limits(Limits::unlimited())
        .build()
        .unwrap();
    Account::with_client(client, http)
}

/// Runs a shell command that must end well.
pub(crate) async fn shell(runtime: &AgsRuntime, command: &str) -> CommandResponse {
    let answer = runtime.execute(&Command::shell(command)).await.unwrap();
    assert_eq!(answer.exit_code, Some(0), "{command}: {answer:?}");
    answer
}
