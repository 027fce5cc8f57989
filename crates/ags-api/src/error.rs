//! Why a call failed, by how far it got.

use std::{fmt, sync::Arc, time::Duration};

use ags_http::{Reached, TransportError};

use crate::{
    code::{AuthKind, ErrorCode, ErrorKind, RetryAdvice},
    credential::CredentialError,
};

/// The status of a gateway that was asked too often.
const TOO_MANY_REQUESTS: u16 = 429;

/// Why a call failed.
///
/// Match on [`phase`](Self::phase) for how far it got, or ask the predicates. It is cheap to clone.
/// `Display` is one clause; causes come through [`source`](std::error::Error::source). It shows no
/// secret.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    action: String,
    trace_id: Option<String>,
    attempts: u32,
    elapsed: Duration,
    retry_after: Option<Duration>,
    may_be_done: bool,
    phase: Phase,
}

/// How far a call got.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Phase {
    /// Nothing was sent: the request cannot be written.
    Invalid {
        /// What is wrong with it.
        problem: String,
    },
    /// Nothing was sent: there is no credential to sign with.
    Credential(Arc<CredentialError>),
    /// No answer came back; the error says whether the request may have been carried out.
    Transport(TransportError),
    /// The service refused.
    Service {
        /// What it says is wrong, for programs.
        code: ErrorCode,
        /// What it says is wrong, for people.
        message: String,
        /// Id of the request.
        request_id: Option<String>,
    },
    /// Something answered, but not as the API does: a proxy, an overloaded gateway, a cut reply.
    Reply {
        /// HTTP status.
        status: u16,
        /// What is wrong with it.
        problem: String,
        /// The beginning of the answer, or why it is not shown.
        evidence: String,
        /// Id of the request, if there was one.
        request_id: Option<String>,
        /// Whether the answer is one of overload or was cut, so that the outcome is not known.
        unknown_outcome: bool,
    },
    /// A list that does not end.
    Endless {
        /// How far it was read.
        problem: String,
    },
    /// Time ran out between attempts.
    Deadline {
        /// The time that all attempts had together.
        overall: Duration,
        /// Why the last attempt failed.
        last: Option<Box<Error>>,
    },
}

impl Error {
    pub(crate) fn new(action: &str, phase: Phase) -> Self {
        let inner = Inner {
            action: action.to_owned(),
            trace_id: None,
            attempts: 0,
            elapsed: Duration::ZERO,
            retry_after: None,
            may_be_done: phase.may_be_done(),
            phase,
        };
        Self(Arc::new(inner))
    }

    /// Adds what only the caller's loop knows.
    pub(crate) fn after(self, attempts: u32, elapsed: Duration, trace_id: Option<String>) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.0);
        inner.attempts = attempts;
        inner.elapsed = elapsed;
        inner.trace_id = trace_id;
        Self(Arc::new(inner))
    }

    /// Adds what the service asked for: not to be asked again before that.
    pub(crate) fn asked_to_wait(self, retry_after: Option<Duration>) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.0);
        inner.retry_after = retry_after;
        Self(Arc::new(inner))
    }

    /// An attempt before the last one may have been carried out, whatever the last one says.
    pub(crate) fn after_lost_attempts(self, lost: bool) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.0);
        inner.may_be_done |= lost;
        Self(Arc::new(inner))
    }

    /// Name of the action.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.0.action
    }

    /// How far the call got.
    #[must_use]
    pub fn phase(&self) -> &Phase {
        &self.0.phase
    }

    /// The service's error code, also of the last attempt before time ran out.
    #[must_use]
    pub fn code(&self) -> Option<&ErrorCode> {
        match &self.0.phase {
            Phase::Service { code, .. } => Some(code),
            Phase::Deadline { last, .. } => last.as_deref()?.code(),
            _ => None,
        }
    }

    /// What the code means; `None` if the service did not refuse.
    #[must_use]
    pub fn kind(&self) -> Option<ErrorKind> {
        self.code().map(ErrorCode::kind)
    }

    /// The service's id of the request, also of the last attempt before time ran out.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match &self.0.phase {
            Phase::Service { request_id, .. } | Phase::Reply { request_id, .. } => {
                request_id.as_deref()
            }
            Phase::Deadline { last, .. } => last.as_deref()?.request_id(),
            _ => None,
        }
    }

    /// Our id of the call, sent as `X-TC-TraceId` with every attempt.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        self.0.trace_id.as_deref()
    }

    /// How often the request was sent or tried to be sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// From the first attempt to the end, waits between attempts included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// How long the service asked to wait (`Retry-After`), where that is longer than the call had.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.0.phase {
            Phase::Deadline { last, .. } => self
                .0
                .retry_after
                .or_else(|| last.as_deref()?.retry_after()),
            _ => self.0.retry_after,
        }
    }

    /// Whether an attempt may have been carried out although there is no answer that says so: one was lost on its way, or the service failed
    /// inside. What was refused, with an answer, was not.
    #[must_use]
    pub fn may_be_done(&self) -> bool {
        self.0.may_be_done
    }

    /// Whether the service said that there were too many calls. It did not carry this one out.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        match &self.0.phase {
            Phase::Service { code, .. } => code.kind() == ErrorKind::RateLimited,
            Phase::Reply { status, .. } => *status == TOO_MANY_REQUESTS,
            Phase::Deadline { last, .. } => last.as_deref().is_some_and(Self::is_throttled),
            _ => false,
        }
    }

    /// Whether the time that the call had was too short for it.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match &self.0.phase {
            Phase::Transport(error) => error.is_timeout(),
            Phase::Deadline { .. } => true,
            _ => false,
        }
    }

    /// Whether the resource does not exist, or no longer. For a stop or a delete that is success.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind() == Some(ErrorKind::NotFound)
    }

    /// Whether the same request has a chance later, after a short pause or after something has changed.
    /// The client has by then done what is safe to do by itself.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match &self.0.phase {
            Phase::Invalid { .. } | Phase::Credential(_) => false,
            Phase::Transport(error) => !error.is_permanent(),
            Phase::Endless { .. } => false,
            Phase::Deadline { .. } => true,
            Phase::Service { code, .. } => code.advice() != RetryAdvice::Never,
            Phase::Reply {
                unknown_outcome, ..
            } => *unknown_outcome,
        }
    }

    /// What a person can do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        if self.is_throttled() {
            return Some("make fewer calls a second, from all processes of the account together");
        }
        match self.kind()? {
            ErrorKind::Auth(AuthKind::SignatureExpired) => {
                Some("set this machine's clock; it may be at most five minutes off")
            }
            ErrorKind::Auth(AuthKind::Signature) => {
                Some("check the secret key; it does not belong to the secret id")
            }
            ErrorKind::Auth(AuthKind::SecretId) => {
                Some("check the secret id, and that it belongs to this site and account")
            }
            ErrorKind::Auth(AuthKind::SessionToken) => {
                Some("get new temporary credentials; the session token has expired")
            }
            ErrorKind::Auth(AuthKind::Unauthorized) => {
                Some("give the account or role the permission that the message names")
            }
            ErrorKind::Auth(AuthKind::Registry) => {
                Some("give the role access to the image's registry")
            }
            ErrorKind::QuotaExceeded => {
                Some("stop or delete what is no longer needed, or ask for a larger quota")
            }
            _ => None,
        }
    }
}

impl Phase {
    /// Whether one attempt that ended so may have been carried out.
    pub(crate) fn may_be_done(&self) -> bool {
        match self {
            Self::Invalid { .. } | Self::Credential(_) | Self::Endless { .. } => false,
            Self::Transport(error) => error.reached() == Reached::Unknown,
            Self::Service { code, .. } => {
                matches!(code.kind(), ErrorKind::Internal | ErrorKind::InProgress)
                    || code.as_str() == "FailedOperation.DependencyUnavailable"
            }
            Self::Reply { status, .. } => *status != TOO_MANY_REQUESTS,
            Self::Deadline { last, .. } => last.as_deref().is_none_or(Error::may_be_done),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            action,
            attempts,
            elapsed,
            phase,
            ..
        } = &*self.0;
        match phase {
            Phase::Invalid { problem } => write!(formatter, "{action} was not sent: {problem}")?,
            Phase::Credential(_) => write!(
                formatter,
                "{action} was not sent: no credential could be read"
            )?,
            Phase::Transport(_) => write!(formatter, "{action} got no answer")?,
            Phase::Endless { problem } => write!(formatter, "{action} has no end: {problem}")?,
            Phase::Service { code, message, .. } => {
                write!(formatter, "{action} was refused: {code}: {message}")?
            }
            Phase::Reply {
                status: TOO_MANY_REQUESTS,
                ..
            } => {
                write!(
                    formatter,
                    "{action} was refused: too many requests (HTTP {TOO_MANY_REQUESTS})"
                )?;
            }
            Phase::Reply {
                status,
                problem,
                evidence,
                ..
            } => {
                write!(
                    formatter,
                    "{action} got an answer that is not the API's: HTTP {status}, {problem}: {evidence}"
                )?;
            }
            Phase::Deadline { overall, .. } => {
                write!(
                    formatter,
                    "{action} did not succeed within the {:.1} s that it had",
                    overall.as_secs_f64()
                )?;
            }
        }
        if let Some(asked) = self.retry_after() {
            write!(
                formatter,
                ", with a wish to wait {} s before the next try",
                asked.as_secs()
            )?;
        }
        if let (Some(id), false) = (self.request_id(), matches!(phase, Phase::Deadline { .. })) {
            write!(formatter, " (request id {id})")?;
        }
        if *attempts > 1 {
            write!(
                formatter,
                ", after {attempts} attempts in {:.1} s",
                elapsed.as_secs_f64()
            )?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            action,
            trace_id,
            attempts,
            elapsed,
            retry_after,
            may_be_done,
            phase,
        } = &*self.0;
        formatter
            .debug_struct("Error")
            .field("action", action)
            .field("phase", phase)
            .field("attempts", attempts)
            .field("elapsed", elapsed)
            .field("retry_after", retry_after)
            .field("may_be_done", may_be_done)
            .field("trace_id", trace_id)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.phase {
            Phase::Credential(error) => Some(&**error),
            Phase::Transport(error) => Some(error),
            Phase::Deadline { last, .. } => last.as_deref().map(|last| last as _),
            _ => None,
        }
    }
}
