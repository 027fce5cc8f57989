//! What can go wrong with a call, by whose fault it is and what may have happened.

use std::{borrow::Cow, error, fmt, path::PathBuf, time::Duration};

use ags_http::{
    TransportError, TransportErrorKind,
    retry::{Asked, Fault, GaveUp, Retryable},
};
use http::StatusCode;
use swerex_proto::RemoteError;

use crate::{token::TokenError, transfer::Skipped};

/// Why a call has no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The server raised an exception: the command timed out, a file is missing, ….
    Remote(RemoteError),
    /// There was no way to the server; the call was not carried out.
    NotSent {
        /// The call.
        call: &'static str,
        /// What failed on the way.
        source: TransportError,
        /// How often it was tried.
        tried: Tried,
    },
    /// The call may or may not have been carried out: the answer was lost, and repeating it might do it twice.
    UnknownOutcome {
        /// The call.
        call: &'static str,
        /// What happened to the answer.
        source: Lost,
        /// How often it was tried.
        tried: Tried,
    },
    /// The gateway knows no such sandbox. Why not (it expired, was stopped, died, never was) only the control plane can tell: whoever has one
    /// asks there when [`is_environment_expired`](Self::is_environment_expired) says so.
    EnvironmentExpired {
        /// The call.
        call: &'static str,
        /// What the gateway said.
        message: String,
    },
    /// The token or the key was refused.
    Unauthorized {
        /// The call.
        call: &'static str,
        /// Who refused what.
        message: String,
    },
    /// No token could be had for the gateway.
    Token {
        /// The call.
        call: &'static str,
        /// Why not.
        source: TokenError,
    },
    /// The server refused the call as it is (4xx); nothing was done.
    Refused {
        /// The call.
        call: &'static str,
        /// The status.
        status: StatusCode,
        /// What the server said, in part.
        message: String,
        /// How often it was tried.
        tried: Tried,
    },
    /// The answer is none of SWE-ReX's.
    Reply {
        /// The call.
        call: &'static str,
        /// The status.
        status: StatusCode,
        /// The beginning of what came.
        evidence: String,
    },
    /// The server did not come up in time.
    NotAlive {
        /// How often it was asked.
        asked: u32,
        /// How long was waited.
        waited: Duration,
        /// What was seen last.
        last: String,
    },
    /// Something on this machine: a file that cannot be read.
    Local {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: std::io::Error,
    },
    /// The body of a request that was to be passed on broke off; it is the fault of whoever sent it.
    BrokenRequest {
        /// The call.
        call: &'static str,
        /// What happened to the body.
        source: TransportError,
    },
    /// Whoever was to take a command's output failed; the command was not waited for.
    Output(std::io::Error),
    /// What was to be brought here is more than was allowed; nothing was written.
    OverLimit {
        /// The file or directory there.
        source: String,
        /// Of what it has more.
        limit: Limit,
    },
    /// Something could not be brought as it is, and was not to be left out; nothing was written.
    LeftOut(Skipped),
    /// The call cannot be made with these arguments.
    Invalid(String),
}

/// The most that a download may bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// Bytes of a file, or of a directory as an archive.
    Bytes(u64),
    /// Entries of a directory.
    Entries(u64),
}

/// How often a call was tried, and how long, before it was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// 1 is the first attempt alone.
    pub attempts: u32,
    /// From the first attempt to the end of the last.
    pub elapsed: Duration,
    /// The wait that the peer asked for, where it was too long to be waited for.
    pub asked: Option<Box<Asked>>,
}

/// What happened to an answer.
#[derive(Debug)]
pub enum Lost {
    /// The connection.
    Transport(TransportError),
    /// The gateway answered in the server's place.
    Gateway(StatusCode),
    /// The command had run as long as it may; the server does not keep the answer to that.
    TimedOut(Box<Self>),
}

impl Error {
    /// The server's exception, if it raised one.
    pub fn remote(&self) -> Option<&RemoteError> {
        match self {
            Self::Remote(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the sandbox does not exist, as far as the gateway knows.
    pub fn is_environment_expired(&self) -> bool {
        match self {
            Self::EnvironmentExpired { .. } => true,
            Self::Token { source, .. } => source.is_instance_gone(),
            _ => false,
        }
    }

    /// Whether the call's deadline passed before an answer came; not the command's own timeout, which is a [`Remote`](Self::Remote).
    pub fn is_transport_timeout(&self) -> bool {
        match self {
            Self::NotSent { source, .. }
            | Self::UnknownOutcome {
                source: Lost::Transport(source),
                ..
            } => source.is_timeout(),
            _ => false,
        }
    }

    /// Whether the command may have been carried out although there is no result.
    pub fn may_be_done(&self) -> bool {
        matches!(self, Self::UnknownOutcome { .. } | Self::Reply { .. })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remote(error) => write!(f, "{error}"),
            Self::NotSent { call, tried, .. } => {
                write!(f, "{call} did not reach the server{tried}")
            }
            Self::UnknownOutcome { call, tried, .. } => {
                write!(
                    f,
                    "the answer to {call} was lost, and it may or may not have been carried out{tried}"
                )
            }
            Self::EnvironmentExpired { call, message } => {
                write!(f, "{call} found no sandbox")?;
                if message.is_empty() {
                    Ok(())
                } else {
                    write!(f, ": the gateway says `{message}`")
                }
            }
            Self::Unauthorized { call, message } => write!(f, "{call} was refused: {message}"),
            Self::Token { call, .. } => write!(f, "{call} has no token for the gateway"),
            Self::Refused {
                call,
                status,
                message,
                tried,
            } => write!(
                f,
                "the server refused {call} with {status}: {message}{tried}"
            ),
            Self::Reply {
                call,
                status,
                evidence,
            } => {
                write!(
                    f,
                    "the answer to {call} ({status}) is none of SWE-ReX's: {evidence}"
                )
            }
            Self::NotAlive {
                asked,
                waited,
                last,
            } => {
                write!(
                    f,
                    "the server did not come up within {:.1} s, asked {asked} times; last seen: {last}",
                    waited.as_secs_f64()
                )
            }
            Self::Local { path, .. } => write!(f, "cannot use `{}`", path.display()),
            Self::BrokenRequest { call, .. } => {
                write!(
                    f,
                    "the body of the request for {call} broke off before its end"
                )
            }
            Self::Output(_) => f.write_str("the output of the command could not be passed on"),
            Self::OverLimit { source, limit } => {
                write!(
                    f,
                    "`{source}` has more than {limit}, the most that may be brought"
                )
            }
            Self::LeftOut(skipped) => write!(f, "{skipped}"),
            Self::Invalid(what) => f.write_str(what),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{bytes} bytes"),
            Self::Entries(entries) => write!(f, "{entries} entries"),
        }
    }
}

impl Default for Tried {
    fn default() -> Self {
        Self {
            attempts: 1,
            elapsed: Duration::ZERO,
            asked: None,
        }
    }
}

/// A clause that follows the error's own; nothing for a single attempt that nothing was asked of.
impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.attempts > 1 {
            let elapsed = self.elapsed.as_secs_f64();
            write!(f, ", after {} attempts in {elapsed:.1} s", self.attempts)?;
        }
        match &self.asked {
            Some(asked) => write!(f, "; {asked}"),
            None => Ok(()),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::NotSent { source, .. } | Self::BrokenRequest { source, .. } => Some(source),
            Self::UnknownOutcome { source, .. } => Some(source),
            Self::Token { source, .. } => Some(source),
            Self::Local { source, .. } | Self::Output(source) => Some(source),
            _ => None,
        }
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(error) => write!(f, "{error}"),
            Self::Gateway(status) => {
                write!(f, "the gateway answered {status} in the server's place")
            }
            Self::TimedOut(lost) => {
                write!(f, "{lost}, after the command had run as long as it may")
            }
        }
    }
}

impl error::Error for Lost {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Transport(error) => error.source(),
            Self::Gateway(_) => None,
            Self::TimedOut(lost) => lost.source(),
        }
    }
}

/// A failed attempt, before it is known whether there will be another.
#[derive(Debug)]
pub(crate) struct Attempted {
    pub(crate) error: Error,
    pub(crate) fault: Fault,
    pub(crate) retry_after: Option<Duration>,
}

impl Attempted {
    /// A failure that the next attempt would meet again.
    pub(crate) fn finally(error: Error) -> Self {
        Self {
            error,
            fault: Fault::Final,
            retry_after: None,
        }
    }

    /// Whether the next attempt would meet it again.
    pub(crate) fn is_final(&self) -> bool {
        self.fault == Fault::Final
    }

    /// The error of the last attempt of so many.
    pub(crate) fn given_up(gave_up: GaveUp<Self>) -> Error {
        let of_all = Tried {
            attempts: gave_up.attempts,
            elapsed: gave_up.elapsed,
            asked: gave_up.reason.asked().map(Box::new),
        };
        let mut error = match (gave_up.error.error, gave_up.error.fault) {
            // The last attempt was not carried out, but one before it may have been.
            (Error::NotSent { call, source, .. }, _) if gave_up.may_be_done => {
                Error::UnknownOutcome {
                    call,
                    source: Lost::Transport(source),
                    tried: of_all.clone(),
                }
            }
            (Error::Refused { call, status, .. }, Fault::Refused) if gave_up.may_be_done => {
                Error::UnknownOutcome {
                    call,
                    source: Lost::Gateway(status),
                    tried: of_all.clone(),
                }
            }
            (error, _) => error,
        };
        if let Error::NotSent { tried, .. }
        | Error::UnknownOutcome { tried, .. }
        | Error::Refused { tried, .. } = &mut error
        {
            *tried = of_all;
        }
        error
    }

    pub(crate) fn transport(call: &'static str, error: TransportError) -> Self {
        let fault = match error.kind() {
            // It would be as large the next time.
            TransportErrorKind::TooLarge => Fault::Final,
            _ => error.fault(),
        };
        let error = if error.reached() == ags_http::Reached::NotSent {
            Error::NotSent {
                call,
                source: error,
                tried: Tried::default(),
            }
        } else {
            Error::UnknownOutcome {
                call,
                source: Lost::Transport(error),
                tried: Tried::default(),
            }
        };
        Self {
            error,
            fault,
            retry_after: None,
        }
    }
}

impl Retryable for Attempted {
    fn fault(&self) -> Fault {
        self.fault
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    fn in_brief(&self) -> Cow<'_, str> {
        match &self.error {
            Error::NotSent { source, .. } => source.in_brief(),
            Error::UnknownOutcome {
                source: Lost::Transport(source),
                ..
            } => source.in_brief(),
            Error::UnknownOutcome {
                source: Lost::Gateway(status),
                ..
            } => Cow::Owned(status.as_u16().to_string()),
            other => Cow::Owned(other.to_string()),
        }
    }
}
