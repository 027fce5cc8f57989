//! What is told while a deployment starts and stops.

use std::{fmt, time::Duration};

/// A step of a deployment's life.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// A tool that may serve is looked for.
    FindingTool {
        /// Its id or name.
        tool: String,
    },
    /// A tool is being created.
    CreatingTool {
        /// Its name.
        name: String,
    },
    /// A tool exists but is not active yet.
    WaitingForTool {
        /// Its id.
        tool_id: String,
    },
    /// An instance is asked for.
    StartingInstance {
        /// The tool's id.
        tool_id: String,
        /// The image.
        image: String,
    },
    /// The account's instances are all in use; the start waits for one to end.
    WaitingForQuota {
        /// When it is asked for again.
        retry_in: Duration,
        /// What the service said.
        message: String,
    },
    /// There is an instance; it is not running yet.
    WaitingForInstance {
        /// Its id.
        instance_id: String,
    },
    /// A token for the gateway is acquired.
    AcquiringToken {
        /// The instance's id.
        instance_id: String,
    },
    /// The server in the sandbox is waited for.
    WaitingForServer {
        /// The instance's id.
        instance_id: String,
    },
    /// It takes commands.
    Ready {
        /// The instance's id.
        instance_id: String,
        /// How long it took.
        after: Duration,
    },
    /// The instance is being stopped.
    Stopping {
        /// Its id.
        instance_id: String,
    },
    /// The instance is stopped, or was gone.
    Stopped {
        /// Its id.
        instance_id: String,
    },
}

/// Is told each step, as it begins. It must not block.
pub trait Hook: Send + Sync {
    /// A step begins.
    fn on_step(&self, step: &Step);
}

impl<F: Fn(&Step) + Send + Sync> Hook for F {
    fn on_step(&self, step: &Step) {
        self(step);
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FindingTool { tool } => write!(f, "looking for the tool {tool}"),
            Self::CreatingTool { name } => write!(f, "creating the tool {name}"),
            Self::WaitingForTool { tool_id } => {
                write!(f, "waiting for the tool {tool_id} to become active")
            }
            Self::StartingInstance { tool_id, image } => {
                write!(f, "starting an instance of {tool_id} with {image}")
            }
            Self::WaitingForQuota { retry_in, message } => {
                write!(
                    f,
                    "waiting for room in the quota, next try in {:.0} s ({message})",
                    retry_in.as_secs_f64()
                )
            }
            Self::WaitingForInstance { instance_id } => {
                write!(f, "waiting for the instance {instance_id} to run")
            }
            Self::AcquiringToken { instance_id } => {
                write!(f, "acquiring a token for {instance_id}")
            }
            Self::WaitingForServer { instance_id } => {
                write!(f, "waiting for the server in {instance_id}")
            }
            Self::Ready { instance_id, after } => write!(
                f,
                "{instance_id} is ready after {:.1} s",
                after.as_secs_f64()
            ),
            Self::Stopping { instance_id } => write!(f, "stopping {instance_id}"),
            Self::Stopped { instance_id } => write!(f, "{instance_id} is stopped"),
        }
    }
}
