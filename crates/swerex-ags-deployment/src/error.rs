//! Why a deployment did not start or stop: the stage, the cause, what to do.

use std::{error::Error, fmt, time::Duration};

use ags_http::text::{self, clean};

use crate::{account::Leftover, config::InvalidConfig};

/// The longest text of one clause, in characters.
const MOST_TOLD: usize = 4000;

/// An error with its causes, on one line, for the log.
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    clean(&text::with_causes(error), MOST_TOLD)
}

/// How far a start got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Reading the configuration; nothing was asked of AGS.
    Configure,
    /// Finding or creating the tool.
    Tool,
    /// Starting the instance.
    Instance,
    /// Acquiring its token.
    Token,
    /// Waiting for the server in it.
    Server,
}

impl Stage {
    /// All stages, in their order.
    pub const ALL: [Self; 5] = [
        Self::Configure,
        Self::Tool,
        Self::Instance,
        Self::Token,
        Self::Server,
    ];

    /// Its name in messages, logs and counters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Configure => "configure",
            Self::Tool => "tool",
            Self::Instance => "instance",
            Self::Token => "token",
            Self::Server => "server",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A start that failed. Nothing of it is left running, or is being stopped.
#[derive(Debug)]
pub struct StartFailed {
    pub(crate) stage: Stage,
    pub(crate) cause: Cause,
    pub(crate) hint: Option<Box<str>>,
    pub(crate) left: Left,
}

/// What a start that failed leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Left {
    /// No instance: none was started, or it has ended.
    #[default]
    Nothing,
    /// This instance; it is being stopped in the background.
    Stopping(Box<str>),
    /// AGS did not say whether it started an instance: it is looked for in the background, and stopped.
    Unknown,
    /// AGS did not say whether it made the deployment's own tool of this name: it is looked for in the background, and deleted.
    UnknownTool(Box<str>),
}

/// Why a start failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The configuration is wrong.
    Config(InvalidConfig),
    /// The edge to the network cannot be set up: a CA file that cannot be read.
    Edge(ags_http::BuildError),
    /// AGS refused, or could not be reached.
    Api(ags_api::Error),
    /// The server in the sandbox, or the gateway.
    Runtime(Box<swerex_ags_runtime::Error>),
    /// The state of a tool or an instance forbids it.
    State(String),
    /// The time was up.
    Timeout {
        /// All of it.
        after: Duration,
        /// What was seen last.
        last: String,
    },
}

impl StartFailed {
    pub(crate) fn new(stage: Stage, mut cause: Cause) -> Self {
        // Both have parts that AGS says.
        if let Cause::State(text) | Cause::Timeout { last: text, .. } = &mut cause {
            *text = clean(text, MOST_TOLD);
        }
        Self {
            stage,
            cause,
            hint: None,
            left: Left::Nothing,
        }
    }

    #[must_use]
    pub(crate) fn leaving(mut self, left: Left) -> Self {
        self.left = left;
        self
    }

    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<Box<str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// How far it got.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Why it failed.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// What to do about it, if that is known.
    pub fn hint(&self) -> Option<&str> {
        match (&self.hint, &self.cause) {
            (Some(hint), _) => Some(hint),
            (None, Cause::Api(error)) => error.hint(),
            _ => None,
        }
    }

    /// What is left of it. [`Account::settled`](crate::Account::settled) waits until nothing is.
    pub fn left(&self) -> &Left {
        &self.left
    }

    /// The id of the request that AGS refused, for its support.
    pub fn request_id(&self) -> Option<&str> {
        match &self.cause {
            Cause::Api(error) => error.request_id(),
            _ => None,
        }
    }

    /// Whether the configuration is at fault and nothing was asked of AGS.
    pub fn is_usage(&self) -> bool {
        matches!(self.cause, Cause::Config(_) | Cause::Edge(_))
    }
}

impl fmt::Display for StartFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Config(problem) => write!(f, "{problem}")?,
            Cause::State(problem) => {
                write!(f, "the start failed at stage {}: {problem}", self.stage)?;
            }
            Cause::Timeout { after, last } => {
                let after = after.as_secs_f64();
                write!(
                    f,
                    "the start was not over after {after:.1} s, at stage {}; last seen: {last}",
                    self.stage
                )?;
            }
            Cause::Edge(_) | Cause::Api(_) | Cause::Runtime(_) => {
                write!(f, "the start failed at stage {}", self.stage)?;
            }
        }
        match &self.left {
            Left::Nothing => Ok(()),
            Left::Stopping(id) => write!(f, " (the instance {id} is being stopped)"),
            Left::Unknown => {
                f.write_str(" (an instance that AGS may have started is looked for and stopped)")
            }
            Left::UnknownTool(name) => {
                write!(
                    f,
                    " (the tool {name} is looked for, and deleted if AGS has made it)"
                )
            }
        }
    }
}

impl Error for StartFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::Edge(error) => Some(error),
            Cause::Api(error) => Some(error),
            Cause::Runtime(error) => Some(&**error),
            Cause::Config(_) | Cause::State(_) | Cause::Timeout { .. } => None,
        }
    }
}

/// An instance or a tool that could not be ended, and goes on.
#[derive(Debug)]
pub struct StopFailed {
    pub(crate) what: Leftover,
    pub(crate) source: ags_api::Error,
}

impl StopFailed {
    pub(crate) fn new(what: Leftover, source: ags_api::Error) -> Self {
        Self { what, source }
    }

    /// The id of what goes on. Of an instance or a tool whose making was not answered: the client token of the start, the name of the tool.
    pub fn id(&self) -> &str {
        self.what.id()
    }

    /// Why AGS was not made to end it.
    pub fn cause(&self) -> &ags_api::Error {
        &self.source
    }

    /// The id of the request that AGS refused, for its support.
    pub fn request_id(&self) -> Option<&str> {
        self.source.request_id()
    }
}

impl fmt::Display for StopFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = &self.what;
        match what {
            Leftover::Instance(_) | Leftover::Start(_) => write!(
                f,
                "{what} could not be stopped and goes on until its lifetime is over; `swerex-ags instance gc` stops it"
            ),
            Leftover::Tool(_) | Leftover::Creation(_) => write!(
                f,
                "{what} could not be deleted and stays; `swerex-ags tool gc` deletes it"
            ),
        }
    }
}

impl Error for StopFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// The deployment is not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotStarted;

impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deployment is not started")
    }
}

impl Error for NotStarted {}
