//! The built program, run against an emulator that this test looks into.

use std::{
    ffi::OsStr,
    path::PathBuf,
    process::{Output, Stdio},
    time::Duration,
};

use ags_emulator::{Emulator, EmulatorBuilder, InstanceRunner};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

/// How long a stop may take until the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An emulator with our server in its instances, and a place for files.
pub(crate) struct Lab {
    pub(crate) emulator: Emulator,
    pub(crate) directory: TempDir,
}

/// What a program said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: Option<i32>,
}

impl Lab {
    pub(crate) async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    pub(crate) async fn with(change: impl FnOnce(EmulatorBuilder) -> EmulatorBuilder) -> Self {
        let builder = Emulator::builder().runner(InstanceRunner::Native);
        let emulator = change(builder).start().await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let lab = Self {
            emulator,
            directory,
        };
        std::fs::write(lab.path("ready"), lab.emulator.ready_line()).unwrap();
        lab
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The program, led to the emulator.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = program();
        command.arg(format!("--local={}", self.path("ready").display()));
        command.args(args).current_dir(self.directory.path());
        command.env("SWEREX_AGS_STATE_DIR", self.path("state"));
        command
    }

    pub(crate) async fn run(&self, args: &[&str]) -> Said {
        Said::of(self.command(args).output().await.unwrap())
    }

    /// The result of a command that succeeds, in JSON.
    pub(crate) async fn json(&self, args: &[&str]) -> Value {
        let said = self.run(&[&["-o", "json"], args].concat()).await;
        assert_eq!(said.code, Some(0), "{args:?}: {said:?}");
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
    }

    /// A sandbox that stays.
    pub(crate) async fn up(&self) -> String {
        self.json(&["up"]).await["instance_id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Nothing is left: a stop that is accepted is over soon.
    pub(crate) async fn nothing_runs(&self) {
        let over = self
            .emulator
            .wait_for_instances(|all| all.iter().all(ags_emulator::InstanceView::is_over));
        if tokio::time::timeout(PATIENCE, over).await.is_err() {
            panic!("still there: {:?}", self.emulator.live_instances());
        }
    }
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code(),
        }
    }

    /// The one line on stderr that says why it failed.
    #[track_caller]
    pub(crate) fn error(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{self:?}");
        let mut lines = self.err.lines().filter(|line| line.starts_with("error: "));
        let line = lines.next().unwrap_or_else(|| panic!("{self:?}"));
        assert_eq!(lines.next(), None, "{self:?}");
        line.strip_prefix("error: ").unwrap()
    }
}

/// The program without anything of this machine that would lead it elsewhere.
pub(crate) fn program() -> Command {
    program_called(env!("CARGO_BIN_EXE_swerex-ags"))
}

/// As [`program`], by the name of a link to it.
pub(crate) fn program_called(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    for name in [
        "TENCENTCLOUD_SECRET_ID",
        "TENCENTCLOUD_SECRET_KEY",
        "TENCENTCLOUD_TOKEN",
        "TENCENTCLOUD_ROLE_ARN",
        "SWEREX_AGS_CONFIG",
        "SWEREX_AGS_LOCAL",
        "SWEREX_AGS_LOG",
        "SWEREX_AGS_AUTH_TOKEN",
        "HTTPS_PROXY",
        "https_proxy",
    ] {
        command.env_remove(name);
    }
    // Nobody's own state is touched.
    let state = concat!(env!("CARGO_TARGET_TMPDIR"), "/state");
    command.env("SWEREX_AGS_STATE_DIR", state);
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

pub(crate) async fn without_cloud(args: &[&str]) -> Said {
    Said::of(program().args(args).output().await.unwrap())
}

/// `docker`, led to the emulator.
pub(crate) fn docker(lab: &Lab, args: &[&str]) -> Command {
    let mut docker = program_called(lab.path("shims/docker"));
    docker
        .args(args)
        .env("SWEREX_AGS_LOCAL", lab.path("ready"))
        .env("SWEREX_AGS_STATE_DIR", lab.path("state"));
    docker
}
