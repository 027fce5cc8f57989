//! The account: an emulator that keeps the documented limits, and says at the end what it was asked.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use ags_emulator::{Emulator, InstanceRunner, Throttle};
use serde_json::{Value, json};
use swerex_ags_deployment::TencentAgsDeploymentConfig;

/// More than the sandboxes: those that are stopping count.
const QUOTA: usize = 600;

/// How long an instance is `STARTING`.
const START_DELAY: Duration = Duration::from_millis(500);

/// How long it is `STOPPING`: longer than any run.
const STOP_DELAY: Duration = Duration::from_secs(600);

/// How long each call takes in an account without limits.
const CALL: &str = "*:delay=50ms,after,always";

/// What the account is like.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// It keeps the documented limits, and instances take a while to start.
    Limited,
    /// It keeps none, and only its calls take a while.
    Unlimited,
}

impl Kind {
    /// The word that asks the process for it.
    const fn word(self) -> &'static str {
        match self {
            Self::Limited => "account",
            Self::Unlimited => "unlimited-account",
        }
    }

    pub(super) fn of(word: &str) -> Option<Self> {
        [Self::Limited, Self::Unlimited]
            .into_iter()
            .find(|kind| kind.word() == word)
    }
}

/// The process: ready line, work, and at the end of its input what it was asked.
pub(super) async fn serve(kind: Kind) {
    let builder = Emulator::builder()
        .runner(InstanceRunner::Native)
        .instance_quota(QUOTA)
        .stop_delay(STOP_DELAY);
    let builder = match kind {
        Kind::Limited => builder.throttle(Throttle::Sliding).start_delay(START_DELAY),
        Kind::Unlimited => builder.fault(CALL.parse().unwrap()),
    };
    let emulator = builder.start().await.unwrap();
    println!("{}", emulator.ready_line());
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()))
        .await
        .unwrap()
        .unwrap();
    let running = emulator
        .live_instances()
        .iter()
        .filter(|instance| instance.status != "STOPPING")
        .count();
    println!(
        "{}",
        json!({
            "calls": emulator.calls(),
            "throttled": emulator.throttled_calls(),
            "running": running,
        })
    );
    // Nobody needs what is still stopping to end in order.
    std::process::exit(0);
}

/// The process as its parent sees it.
pub(super) struct Account {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    pub(super) ready: String,
}

impl Account {
    pub(super) fn start(kind: Kind) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(kind.word())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut ready = String::new();
        output.read_line(&mut ready).unwrap();
        Self {
            input: child.stdin.take(),
            child,
            output,
            ready: ready.trim().to_owned(),
        }
    }

    /// Ends it; gives what it says.
    pub(super) fn end(mut self) -> Value {
        self.input.take();
        let mut said = String::new();
        self.output.read_line(&mut said).unwrap();
        self.child.wait().unwrap();
        serde_json::from_str(&said).unwrap()
    }
}

/// The settings that lead to it.
pub(super) fn config(ready: &str) -> TencentAgsDeploymentConfig {
    let ready: Value = serde_json::from_str(ready).unwrap();
    let text = |key: &str| ready[key].as_str().unwrap().to_owned();
    let mut config = TencentAgsDeploymentConfig::new(text("secret_id"), text("secret_key"));
    config.http_endpoint = text("endpoint");
    config.domain = text("domain");
    config.ca_file = text("ca_file");
    config
}
