//! The bridge: the built program.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// The key of the agents.
pub(super) const KEY: &str = "bench";

pub(super) struct Bridge {
    pub(super) child: Child,
    pub(super) url: String,
    _home: TempDir,
}

impl Bridge {
    /// Starts it on the account with that ready line.
    pub(super) fn start(ready: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("ready");
        fs::write(&file, ready).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_swerex-ags"))
            .arg(format!("--local={}", file.display()))
            .args(["-q", "-o", "json", "serve", "--listen", "127.0.0.1:0"])
            .env("SWEREX_AGS_AUTH_TOKEN", KEY)
            .env("SWEREX_AGS_STATE_DIR", home.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut said)
            .unwrap();
        let said: Value = serde_json::from_str(&said).unwrap();
        Self {
            child,
            url: said["url"].as_str().unwrap().to_owned(),
            _home: home,
        }
    }

    /// A line of its status, in kB.
    pub(super) fn memory(&self, key: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Has it stop; whether it freed everything.
    pub(super) fn stop(mut self) -> bool {
        let pid = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
        self.child.wait().unwrap().success()
    }
}
