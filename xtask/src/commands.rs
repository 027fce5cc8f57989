//! Running other programs: what is run is shown, and a failure names the program.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use crate::repo;

/// A program to run at the root of the repository.
pub(crate) struct Run {
    command: Command,
    shown: String,
}

impl Run {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let program = program.as_ref();
        let shown = Path::new(program)
            .file_name()
            .unwrap_or(program)
            .to_string_lossy()
            .into_owned();
        let mut command = Command::new(program);
        command.current_dir(repo::root()).stdin(Stdio::null());
        Self { command, shown }
    }

    /// Cargo itself, the one that runs this chore.
    pub(crate) fn cargo() -> Self {
        Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        for arg in args {
            self.shown.push(' ');
            self.shown.push_str(&arg.as_ref().to_string_lossy());
            self.command.arg(arg);
        }
        self
    }

    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    pub(crate) fn envs(mut self, vars: &[(String, std::ffi::OsString)]) -> Self {
        self.command
            .envs(vars.iter().map(|(key, value)| (key, value)));
        self
    }

    /// Runs it, its output going to the terminal.
    pub(crate) fn run(mut self) -> Result<(), String> {
        repo::say(&format!("$ {}", self.shown));
        let started = Instant::now();
        let status = self
            .command
            .status()
            .map_err(|error| format!("cannot run `{}`: {error}", self.shown))?;
        if status.success() {
            repo::say(&format!("  ({:.1} s)", started.elapsed().as_secs_f64()));
            return Ok(());
        }
        Err(format!("`{}` failed ({status})", self.shown))
    }

    /// Runs it and returns what it printed; its output is shown only when it fails.
    pub(crate) fn output(mut self) -> Result<String, String> {
        let output = self
            .command
            .output()
            .map_err(|error| format!("cannot run `{}`: {error}", self.shown))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(format!(
            "`{}` failed ({}): {}",
            self.shown,
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        ))
    }
}
