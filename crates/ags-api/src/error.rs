//! Why a call failed, by how far it got.

use std::{fmt, sync::Arc, time::Duration};

use ags_http::{TransportError, retry::Asked};

use crate::{
    code::{AuthKind, ErrorCode, ErrorKind, RetryAdvice},
    credential::CredentialError,
};

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
    asked: Option<Asked>,
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
            asked: None,
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

    /// Adds that the service asks for a longer wait than it is given.
    pub(crate) fn asked_to_wait(self, asked: Asked) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.0);
        inner.asked = Some(asked);
        Self(Arc::new(inner))
    }

    /// The wait that the service asked for (`Retry-After`), where it was too long to be waited for and the call was
    /// given up therefore.
    #[must_use]
    pub fn asked(&self) -> Option<Asked> {
        self.0.asked
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
            ErrorKind::RateLimited => {
                Some("make fewer calls a second, from all processes of the account together")
            }
            ErrorKind::QuotaExceeded => {
                Some("stop or delete what is no longer needed, or ask for a larger quota")
            }
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            action,
            attempts,
            elapsed,
            asked,
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
            Phase::Service { code, message, .. } => {
                write!(formatter, "{action} was refused: {code}: {message}")?
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
                    "{action} did not succeed within {:.1} s",
                    overall.as_secs_f64()
                )?;
            }
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
        match asked {
            Some(asked) => write!(formatter, "; {asked}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            action,
            trace_id,
            attempts,
            elapsed,
            asked,
            phase,
        } = &*self.0;
        formatter
            .debug_struct("Error")
            .field("action", action)
            .field("phase", phase)
            .field("attempts", attempts)
            .field("elapsed", elapsed)
            .field("asked", asked)
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
