//! The command of an instance as a process with a directory, an environment and a process group of its own.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use rustix::process::Signal;
use tokio::{
    process::{Child, Command},
    sync::watch,
    time::Instant,
};

use super::{Plan, Runs, command, environment, ports::Reserved, probe, processes, tail::Tail};
use crate::shared::Shared;

/// A process group that runs.
#[derive(Debug)]
pub(crate) struct Group {
    leader: u32,
    instance: String,
    ports: Arc<BTreeMap<u16, u16>>,
    ended: watch::Receiver<Option<String>>,
    said: Arc<Tail>,
    _reserved: Vec<Reserved>,
}

impl Group {
    /// Starts the command in `directory` and waits until its probe is answered.
    pub(super) async fn launch(
        shared: &Shared,
        id: &str,
        plan: &Plan,
        directory: &Path,
    ) -> Result<Self, String> {
        let Runs::Process { argv } = &plan.runs else {
            return Err("there is no command".to_owned());
        };
        let reserved: Option<Vec<Reserved>> =
            plan.ports.iter().map(|_| shared.ports.reserve()).collect();
        let reserved = reserved.ok_or_else(|| "no loopback port is free".to_owned())?;
        let ports: BTreeMap<u16, u16> = plan
            .ports
            .iter()
            .copied()
            .zip(reserved.iter().map(Reserved::port))
            .collect();
        let words: Vec<String> = argv
            .iter()
            .map(|word| command::with_ports(word, &ports))
            .collect();
        let environment =
            environment::of(shared.settings.path.clone(), id, plan, &ports, directory);
        let started = Instant::now();
        let group = Self::spawn(&words, environment, directory, id, ports, reserved)?;
        if let Some(probe) = &plan.probe {
            let port = group.ports.get(&probe.port).copied().unwrap_or(probe.port);
            tokio::select! {
                ready = probe::ready(&shared.http, probe, port, started) => if let Err(why) = ready {
                    let said = group.said();
                    group.stop(shared.settings.kill_grace).await;
                    return Err(format!("{why}{}", after_colon(&said.text())));
                },
                how = group.ended() => return Err(how),
            }
        }
        Ok(group)
    }

    fn spawn(
        words: &[String],
        environment: Vec<(OsString, OsString)>,
        directory: &Path,
        id: &str,
        ports: BTreeMap<u16, u16>,
        reserved: Vec<Reserved>,
    ) -> Result<Self, String> {
        let Some((program, arguments)) = words.split_first() else {
            return Err("there is no command".to_owned());
        };
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(environment)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| format!("cannot run {program}: {error}"))?;
        let Some(leader) = child.id() else {
            return Err(format!("{program} has no process id"));
        };
        let said = Arc::new(Tail::default());
        if let Some(stdout) = child.stdout.take() {
            let said = Arc::clone(&said);
            tokio::spawn(async move { said.follow(stdout).await });
        }
        if let Some(stderr) = child.stderr.take() {
            let said = Arc::clone(&said);
            tokio::spawn(async move { said.follow(stderr).await });
        }
        let (tell, ended) = watch::channel(None);
        tokio::spawn(reap(child, leader, id.to_owned(), Arc::clone(&said), tell));
        Ok(Self {
            leader,
            instance: id.to_owned(),
            ports: Arc::new(ports),
            ended,
            said,
            _reserved: reserved,
        })
    }

    pub(crate) fn leader(&self) -> u32 {
        self.leader
    }

    pub(crate) fn ports(&self) -> Arc<BTreeMap<u16, u16>> {
        Arc::clone(&self.ports)
    }

    fn said(&self) -> Arc<Tail> {
        Arc::clone(&self.said)
    }

    /// Waits until the leader has ended, everything else of the instance with it, and says how.
    pub(super) async fn ended(&self) -> String {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(how) => how.clone().unwrap_or_default(),
            Err(_) => "its process is gone".to_owned(),
        }
    }

    pub(super) async fn freeze(&self, frozen: bool) {
        self.signal(if frozen { Signal::STOP } else { Signal::CONT })
            .await;
    }

    /// TERM, and KILL for what is left after `grace`.
    pub(super) async fn stop(self, grace: Duration) {
        if self.ended.borrow().is_some() {
            return;
        }
        self.signal(Signal::TERM).await;
        // A frozen process takes TERM when it goes on.
        self.signal(Signal::CONT).await;
        if tokio::time::timeout(grace, self.ended()).await.is_err() {
            self.signal(Signal::KILL).await;
            self.ended().await;
        }
    }

    async fn signal(&self, signal: Signal) {
        let (leader, instance) = (self.leader, self.instance.clone());
        // It reads /proc, which is quick but blocks. It is over before the runtime is.
        let _ =
            tokio::task::spawn_blocking(move || processes::signal(leader, &instance, signal)).await;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.ended.borrow().is_none() {
            processes::kill_all(Some(self.leader), &self.instance);
        }
    }
}

/// Waits for the leader; like the first process of a container it takes the rest with it.
async fn reap(
    mut child: Child,
    leader: u32,
    instance: String,
    said: Arc<Tail>,
    tell: watch::Sender<Option<String>>,
) {
    let status = child.wait().await;
    let _ = tokio::task::spawn_blocking(move || processes::kill_all(Some(leader), &instance)).await;
    let how = match status {
        Ok(status) => ended_how(status),
        Err(error) => format!("its process cannot be waited for: {error}"),
    };
    tell.send_replace(Some(format!("{how}{}", after_colon(&said.text()))));
}

fn ended_how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("its command exited with status {code}"),
        (None, Some(signal)) => format!("its command was ended by signal {signal}"),
        (None, None) => "its command ended".to_owned(),
    }
}

fn after_colon(said: &str) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!(": {said}")
    }
}
