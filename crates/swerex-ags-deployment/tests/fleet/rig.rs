//! An emulator and an account of it.

use std::time::Duration;

use ags_emulator::{Behaviour, Emulator, EmulatorBuilder, InstanceRunner, behaviour::StartAnswers};
use swerex_ags_deployment::{Account, TencentAgsDeploymentConfig};
use swerex_ags_runtime::AgsRuntime;
use swerex_proto::Command;

/// More than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Longer than any test: what takes so long goes on when the test moves the clock.
pub(crate) const DELAY: Duration = Duration::from_secs(600);

/// An emulator, and what leads to it.
pub(crate) struct Rig {
    pub(crate) emulator: Emulator,
    pub(crate) config: TencentAgsDeploymentConfig,
    pub(crate) account: Account,
}

impl Rig {
    pub(crate) async fn start(change: impl FnOnce(EmulatorBuilder) -> EmulatorBuilder) -> Self {
        let builder = Emulator::builder().runner(InstanceRunner::Native);
        let emulator = change(builder).start().await.unwrap();
        let mut config =
            TencentAgsDeploymentConfig::new(emulator.secret_id(), emulator.secret_key().expose());
        config.http_endpoint = emulator.endpoint();
        config.domain = emulator.domain();
        config.ca_file = emulator.ca_file().to_str().unwrap().to_owned();
        config.startup_timeout = LONG;
        let account = Account::of(&config).unwrap();
        Self {
            emulator,
            config,
            account,
        }
    }

    pub(crate) fn arm(&self, fault: &str) {
        self.emulator.arm(fault.parse().unwrap()).unwrap();
    }

    /// Waits until so many instances were started, and are not over.
    pub(crate) async fn until_alive(&self, count: usize) {
        let alive = self.emulator.wait_for_instances(|instances| {
            let alive = instances.iter().filter(|instance| !instance.is_over());
            alive.count() == count
        });
        tokio::time::timeout(LONG, alive)
            .await
            .unwrap_or_else(|_| panic!("not {count} instances: {:?}", self.emulator.instances()));
    }

    /// All that was started has been asked to stop, now.
    pub(crate) fn assert_stopped(&self) {
        for instance in self.emulator.live_instances() {
            assert_eq!(instance.status, "STOPPING", "{}", instance.id);
        }
    }

    /// Nothing is left running. A stop that was accepted takes a moment.
    pub(crate) async fn end(self) {
        self.until_alive(0).await;
        self.emulator.shutdown().await;
    }
}

/// Starts are answered at once, and the instance comes up after [`DELAY`].
pub(crate) fn starting_slowly(builder: EmulatorBuilder) -> EmulatorBuilder {
    let mut behaviour = Behaviour::default();
    behaviour.start_answers = StartAnswers::Starting;
    builder.behaviour(behaviour).start_delay(DELAY)
}

/// Gives way until something is so.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, waiting)
        .await
        .expect("it never came to be");
}

/// Runs a command in the sandbox.
pub(crate) async fn use_it(runtime: &AgsRuntime) {
    let answer = runtime.execute(&Command::shell("echo well")).await.unwrap();
    assert_eq!(
        (answer.stdout.as_str(), answer.exit_code),
        ("well\n", Some(0))
    );
}
