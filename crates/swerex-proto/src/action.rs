//! What is done in a session, and what is seen of it.

use serde::{Deserialize, Serialize};

use crate::session::{SessionType, default_session};

/// How long one ^C may take unless told otherwise, in seconds.
pub const DEFAULT_INTERRUPT_TIMEOUT: f64 = 0.2;

/// How often ^C is sent unless told otherwise.
pub const DEFAULT_INTERRUPT_RETRIES: i64 = 3;

/// Body of `POST /run_in_session`. The tag must be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action_type")]
pub enum Action {
    /// Run a command.
    #[serde(rename = "bash")]
    Bash(BashAction),
    /// Interrupt the command that runs.
    #[serde(rename = "bash_interrupt")]
    BashInterrupt(BashInterruptAction),
}

/// A command to run in a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BashAction {
    /// The command; it may have several lines.
    pub command: String,
    /// The session's name. Default: `default`.
    #[serde(default = "default_session")]
    pub session: String,
    /// Seconds that the command may take. Default: no limit.
    #[serde(default)]
    pub timeout: Option<f64>,
    /// The command goes to a program that has taken over the terminal and does not end with it. Default: false.
    #[serde(default)]
    pub is_interactive_command: bool,
    /// The command ends a program that has taken over the terminal. Default: false.
    #[serde(default)]
    pub is_interactive_quit: bool,
    /// What is made of the exit code. Default: [`Check::Raise`].
    #[serde(default)]
    pub check: Check,
    /// What to put in front of the error about a non-zero exit code. Default: nothing.
    #[serde(default)]
    pub error_msg: String,
    /// Regular expressions of Python; the answer comes when one of them or the prompt is seen. Default: none.
    #[serde(default)]
    pub expect: Vec<String>,
}

/// What is made of the exit code of a command in a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Check {
    /// It is answered, whatever it is.
    Silent,
    /// One that is not zero, or cannot be read, is an exception.
    #[default]
    Raise,
    /// It is not asked for.
    Ignore,
}

/// Interrupts the command that runs in a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BashInterruptAction {
    /// The session's name. Default: `default`.
    #[serde(default = "default_session")]
    pub session: String,
    /// Seconds to wait after each attempt. Default: [`DEFAULT_INTERRUPT_TIMEOUT`].
    #[serde(default = "default_interrupt_timeout")]
    pub timeout: f64,
    /// Attempts before harder means. Default: [`DEFAULT_INTERRUPT_RETRIES`].
    #[serde(default = "default_interrupt_retries")]
    pub n_retry: i64,
    /// As in [`BashAction::expect`].
    #[serde(default)]
    pub expect: Vec<String>,
}

/// Answer of `POST /run_in_session`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BashObservation {
    /// What the terminal showed.
    #[serde(default)]
    pub output: String,
    /// The exit code; `None` if it was not asked for or could not be read.
    #[serde(default)]
    pub exit_code: Option<i64>,
    /// Always empty in 1.4.0.
    #[serde(default)]
    pub failure_reason: String,
    /// Which pattern was seen; the server's own word for the prompt.
    #[serde(default)]
    pub expect_string: String,
    /// What kind of session it is.
    #[serde(default)]
    pub session_type: SessionType,
}

/// Answer of `POST /run_in_session`; there is one kind.
pub type Observation = BashObservation;

impl BashAction {
    /// `command` in the default session, with every other member at its default.
    pub fn new(command: impl Into<String>) -> Self {
        Self {
            command: command.into(),
            session: default_session(),
            timeout: None,
            is_interactive_command: false,
            is_interactive_quit: false,
            check: Check::default(),
            error_msg: String::new(),
            expect: Vec::new(),
        }
    }
}

impl Default for BashInterruptAction {
    fn default() -> Self {
        Self {
            session: default_session(),
            timeout: DEFAULT_INTERRUPT_TIMEOUT,
            n_retry: DEFAULT_INTERRUPT_RETRIES,
            expect: Vec::new(),
        }
    }
}

impl Action {
    /// The session it is about.
    pub fn session(&self) -> &str {
        match self {
            Self::Bash(action) => &action.session,
            Self::BashInterrupt(action) => &action.session,
        }
    }
}

impl From<BashAction> for Action {
    fn from(action: BashAction) -> Self {
        Self::Bash(action)
    }
}

impl From<BashInterruptAction> for Action {
    fn from(action: BashInterruptAction) -> Self {
        Self::BashInterrupt(action)
    }
}

fn default_interrupt_timeout() -> f64 {
    DEFAULT_INTERRUPT_TIMEOUT
}

fn default_interrupt_retries() -> i64 {
    DEFAULT_INTERRUPT_RETRIES
}
