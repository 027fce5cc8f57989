//! A command outside of sessions, in the terms of Python's `subprocess.run`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Body of `POST /execute`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// What to run.
    pub command: CommandLine,
    /// Seconds that it may take. Default: no limit.
    #[serde(default)]
    pub timeout: Option<f64>,
    /// Whether `/bin/sh -c` runs it. Default: false, the first word is the program.
    #[serde(default)]
    pub shell: bool,
    /// Whether a non-zero exit code is an exception. Default: false.
    #[serde(default)]
    pub check: bool,
    /// What to put in front of that exception's message. Default: nothing.
    #[serde(default)]
    pub error_msg: String,
    /// The whole environment. Default: the server's.
    #[serde(default)]
    pub env: Option<BTreeMap<String, String>>,
    /// The working directory. Default: the server's.
    #[serde(default)]
    pub cwd: Option<String>,
    /// Whether what goes to stderr is put into stdout, in order. Default: false.
    #[serde(default)]
    pub merge_output_streams: bool,
}

/// One text or a list of arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CommandLine {
    /// With `shell` a script; without, the name of a program, blanks and all.
    Shell(String),
    /// A program and its arguments; with `shell` a script and its `$0`, `$1`, ….
    Argv(Vec<String>),
}

/// Answer of `POST /execute`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandResponse {
    /// Standard output; bytes that are not UTF-8 are shown as `\xff`.
    #[serde(default)]
    pub stdout: String,
    /// Standard error, likewise.
    #[serde(default)]
    pub stderr: String,
    /// The exit code; -N for a death by signal N.
    #[serde(default)]
    pub exit_code: Option<i64>,
}

impl Command {
    /// A script for `/bin/sh`, with every other member at its default.
    pub fn shell(script: impl Into<String>) -> Self {
        Self {
            command: CommandLine::Shell(script.into()),
            shell: true,
            ..Self::default()
        }
    }

    /// A program and its arguments, with every other member at its default.
    pub fn argv<A: Into<String>>(argv: impl IntoIterator<Item = A>) -> Self {
        Self {
            command: CommandLine::Argv(argv.into_iter().map(Into::into).collect()),
            ..Self::default()
        }
    }
}

impl Default for CommandLine {
    fn default() -> Self {
        Self::Argv(Vec::new())
    }
}
