//! What a failed attempt means for the next one.

use std::time::Duration;

use ags_http::retry::{Decision, Failed, Fault, GiveUpReason, RetryPolicy, Retryable as _, decide};

use super::attempt::Failure;
use crate::{
    action::Idempotence,
    code::{AuthKind, ErrorCode, ErrorKind, RetryAdvice},
    error::Phase,
};

/// What to do after a failed attempt.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    /// Report the failure.
    GiveUp,
    /// Report that time has run out.
    OutOfTime,
    /// Report the failure, and that the service asked for a wait that is longer than there is time.
    PutOff(Duration),
    /// Wait, then send again.
    Retry { pause: Duration, overloaded: bool },
    /// Send again at once, by the service's time.
    CorrectClock(i64),
    /// Send again at once, with what the credential's source gives now.
    RereadCredential,
}

/// What a call has already used up.
#[derive(Debug, Default)]
pub(super) struct Spent {
    clock_corrected: bool,
    credential_reread: bool,
    /// Attempts that may have been carried out or were lost on the way. They are limited in number.
    failed: u32,
    /// Attempts that the service put off. They cost nothing but time, and only time limits them.
    put_off: u32,
}

impl Spent {
    /// Decides about the next attempt. Pure but for the counts: `elapsed` since the first attempt and the
    /// `draw` for the jitter are given.
    pub(super) fn next(
        &mut self,
        failure: &Failure,
        idempotence: Idempotence,
        policy: &RetryPolicy,
        elapsed: Duration,
        draw: f64,
    ) -> Next {
        if let Phase::Service { code, .. } = &failure.phase {
            match (code.kind(), failure.date) {
                (ErrorKind::Auth(AuthKind::SignatureExpired), Some(date))
                    if !self.clock_corrected =>
                {
                    self.clock_corrected = true;
                    return Next::CorrectClock(date);
                }
                (ErrorKind::Auth(AuthKind::SessionToken), _) if !self.credential_reread => {
                    self.credential_reread = true;
                    return Next::RereadCredential;
                }
                _ => {}
            }
        }
        let fault = fault(&failure.phase);
        let put_off = fault == Fault::Refused;
        let count = if put_off {
            &mut self.put_off
        } else {
            &mut self.failed
        };
        *count = count.saturating_add(1);
        let max_attempts = if put_off && policy.max_attempts > 1 {
            u32::MAX
        } else {
            policy.max_attempts
        };
        let decision = decide(
            &RetryPolicy {
                max_attempts,
                ..*policy
            },
            &Failed {
                fault,
                idempotence,
                attempt: *count,
                elapsed,
                retry_after: failure.retry_after,
                draw,
            },
        );
        match decision {
            Decision::Retry { after, .. } => Next::Retry {
                pause: after,
                overloaded: is_overloaded(&failure.phase),
            },
            // What a refusal asks for is told whatever it is refused for: it is why there is no further attempt.
            Decision::GiveUp(reason) => match (failure.retry_after, reason) {
                (Some(asked), reason) if reason != GiveUpReason::Final => Next::PutOff(asked),
                (None, GiveUpReason::Overall) => Next::OutOfTime,
                _ => Next::GiveUp,
            },
        }
    }
}

/// The table for the control plane.
///
/// | what came back | means |
/// |---|---|
/// | nothing | as the transport says |
/// | `RequestLimitExceeded*`, HTTP 429 | not carried out |
/// | `FailedOperation.RequestInProgress` | still being carried out under the same `ClientToken` |
/// | `ResourceUnavailable.ImagePreheating` | not carried out yet |
/// | `InternalError*`, `FailedOperation.DependencyUnavailable`, HTTP 408 and 5xx, a cut reply | may have been carried out |
/// | any other code or answer | final |
fn fault(phase: &Phase) -> Fault {
    match phase {
        Phase::Transport(error) => error.fault(),
        Phase::Service { code, .. } => match (code.advice(), code.kind()) {
            (RetryAdvice::Soon, ErrorKind::RateLimited | ErrorKind::InProgress) => Fault::Refused,
            (RetryAdvice::Soon, _) if *code == ErrorCode::IMAGE_PREHEATING => Fault::Refused,
            (RetryAdvice::Soon, _) => Fault::Unknown,
            (RetryAdvice::Later | RetryAdvice::Never, _) => Fault::Final,
        },
        Phase::Reply { status: 429, .. } => Fault::Refused,
        Phase::Reply {
            unknown_outcome: true,
            ..
        } => Fault::Unknown,
        _ => Fault::Final,
    }
}

/// Whether the service says that there are too many calls, so that others should hold back too.
fn is_overloaded(phase: &Phase) -> bool {
    match phase {
        Phase::Service { code, .. } => code.kind() == ErrorKind::RateLimited,
        Phase::Reply { status, .. } => *status == 429,
        _ => false,
    }
}

/// The failure in a word or two, for events and counters.
pub(super) fn reason(phase: &Phase) -> String {
    match phase {
        Phase::Transport(error) => error.kind().as_str().to_owned(),
        Phase::Service { code, .. } => code.as_str().to_owned(),
        Phase::Reply { status, .. } if *status != 200 => format!("HTTP {status}"),
        Phase::Reply { .. } => "cut reply".to_owned(),
        _ => "failed".to_owned(),
    }
}
