//! The account: an emulator in a process of its own, which says at the end how many sandboxes run.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use ags_emulator::{Emulator, InstanceRunner};
use serde_json::Value;
use swerex_ags_deployment::TencentAgsDeploymentConfig;

/// More than two sandboxes for each agent; those that are stopping count.
const QUOTA: usize = 2000;

/// The process: ready line, work, and at the end of its input what runs.
pub(super) async fn serve() {
    let emulator = Emulator::builder()
        .runner(InstanceRunner::Native)
        .instance_quota(QUOTA)
        .start()
        .await
        .unwrap();
    println!("{}", emulator.ready_line());
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()))
        .await
        .unwrap()
        .unwrap();
    let live = emulator.live_instances();
    println!(
        "{}",
        live.iter()
            .filter(|instance| instance.status != "STOPPING")
            .count()
    );
    emulator.shutdown().await;
}

/// The process as its parent sees it.
pub(super) struct Account {
    pub(super) child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    pub(super) ready: String,
}

impl Account {
    pub(super) fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("account")
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

    /// The settings that lead to it.
    pub(super) fn config(&self) -> TencentAgsDeploymentConfig {
        let ready: Value = serde_json::from_str(&self.ready).unwrap();
        let text = |key: &str| ready[key].as_str().unwrap().to_owned();
        let mut config = TencentAgsDeploymentConfig::new(text("secret_id"), text("secret_key"));
        config.http_endpoint = text("endpoint");
        config.domain = text("domain");
        config.ca_file = text("ca_file");
        config
    }

    /// Ends it; gives how many sandboxes ran.
    pub(super) fn end(mut self) -> usize {
        self.input.take();
        let mut said = String::new();
        self.output.read_line(&mut said).unwrap();
        self.child.wait().unwrap();
        said.trim().parse().unwrap()
    }
}
