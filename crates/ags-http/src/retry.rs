//! Whether to try again: a pure table of (fault × idempotence × attempt × elapsed), and the loop that obeys it.

use std::{borrow::Cow, error::Error, fmt, future::Future, time::Duration};

use tokio::time::Instant;

use crate::{
    Deadline, Reached, TransportError,
    backoff::{Backoff, Jitter},
};

/// Attempts of the default policy, the first one included.
pub const DEFAULT_MAX_ATTEMPTS: u32 = 5;
/// Time of the default policy for all attempts and waits together.
pub const DEFAULT_OVERALL: Duration = Duration::from_secs(120);

/// A peer that asks to wait may ask for so long, whatever the policy.
pub const LONGEST_ASKED: Duration = Duration::from_secs(60);
/// Beyond [`LONGEST_ASKED`] it may ask for so many times the longest wait of the policy's own.
const ASKED_PER_LONGEST: u32 = 4;

/// What a repeat of a request does that may have been carried out already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Idempotence {
    /// Nothing: it only reads, or sets the same again.
    Safe,
    /// Nothing, as long as it carries the same id (`ClientToken`, `X-Request-ID`).
    SameId,
    /// It may be done twice.
    Never,
}

/// What a failed attempt means for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The peer has not seen the request.
    NotSent,
    /// The peer refused the request for now and did not carry it out: too many requests, not ready yet.
    Refused,
    /// The request may have been carried out: reset, timeout, a gateway's 502/503/504.
    Unknown,
    /// The next attempt would fail in the same way.
    Final,
}

/// How often and how long to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts, the first one included; zero means one.
    pub max_attempts: u32,
    /// Time for all attempts and waits together.
    pub overall: Duration,
    /// The waits between them.
    pub backoff: Backoff,
    /// The randomness of the waits.
    pub jitter: Jitter,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: DEFAULT_MAX_ATTEMPTS,
            overall: DEFAULT_OVERALL,
            backoff: Backoff::default(),
            jitter: Jitter::default(),
        }
    }
}

impl RetryPolicy {
    /// One attempt, no retry, no overall limit.
    pub fn once() -> Self {
        Self {
            max_attempts: 1,
            overall: Duration::MAX,
            ..Self::default()
        }
    }

    /// How long a peer may ask to wait: [`LONGEST_ASKED`], or four times the longest wait of the backoff. Whoever
    /// asks for more refuses: nobody is made to sleep for as long as a stranger likes.
    pub fn longest_asked(&self) -> Duration {
        LONGEST_ASKED.max(self.backoff.longest.saturating_mul(ASKED_PER_LONGEST))
    }
}

/// A failed attempt, as [`decide`] sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Failed {
    /// What the failure means.
    pub fault: Fault,
    /// What a repeat does.
    pub idempotence: Idempotence,
    /// Number of the attempt that failed; 1 is the first.
    pub attempt: u32,
    /// Time since the first attempt began.
    pub elapsed: Duration,
    /// How long the peer asked to wait.
    pub retry_after: Option<Duration>,
    /// A draw between 0 and 1 for the jitter.
    pub draw: f64,
}

/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Wait, then try again.
    Retry {
        /// How long to wait.
        after: Duration,
        /// Why a repeat is right.
        reason: RetryReason,
    },
    /// Report the failure.
    GiveUp(GiveUpReason),
}

/// Why a repeat is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RetryReason {
    /// The peer has not seen the request.
    NotSent,
    /// The peer refused it for now.
    Refused,
    /// It may have been carried out, and a repeat does no harm.
    Idempotent,
}

/// Why there is no further attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GiveUpReason {
    /// The next attempt would fail in the same way.
    Final,
    /// It may have been carried out, and a repeat might do it twice.
    MayBeDone,
    /// All attempts are used up.
    Attempts,
    /// The next attempt would begin past the overall limit.
    Overall,
    /// The peer asks for a longer wait than it is given.
    Asked(Asked),
}

/// A wait that a peer asked for and is not given. `Display` is a clause of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Asked {
    /// How long it asked to wait.
    pub wait: Duration,
    /// How long was the most that would have been waited.
    pub bound: Duration,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wait = self.wait.as_secs();
        // What is larger was cut to this when it was read.
        let at_least = if wait == u64::MAX { "at least " } else { "" };
        write!(
            f,
            "the peer asks to wait {at_least}{wait} s, more than the {} s that are allowed",
            Seconds(self.bound)
        )
    }
}

/// Whole where it is, else with one digit.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.subsec_nanos() == 0 {
            write!(f, "{}", self.0.as_secs())
        } else {
            write!(f, "{:.1}", self.0.as_secs_f64())
        }
    }
}

impl RetryReason {
    /// Its name in logs and counters, in snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Refused => "refused",
            Self::Idempotent => "idempotent",
        }
    }
}

impl GiveUpReason {
    /// Its name in logs and counters, in snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::MayBeDone => "may_be_done",
            Self::Attempts => "attempts",
            Self::Overall => "overall",
            Self::Asked(_) => "asked_too_long",
        }
    }

    /// The wait that the peer asked for, where that is why.
    pub const fn asked(self) -> Option<Asked> {
        match self {
            Self::Asked(asked) => Some(asked),
            _ => None,
        }
    }
}

/// Whether to try again, and after how long. Pure: no clock, no randomness of its own.
///
/// | fault | `Safe` | `SameId` | `Never` |
/// |---|---|---|---|
/// | `NotSent`, `Refused` | retry | retry | retry |
/// | `Unknown` | retry | retry | give up |
/// | `Final` | give up | give up | give up |
///
/// A retry needs an attempt left, and must begin before `overall`. The wait is the policy's backoff; where the
/// peer asked for a time (`Retry-After`), it is that time plus the jitter of a first wait, never less. A peer that asks
/// for more than [`RetryPolicy::longest_asked`], or than is left of `overall`, is taken to refuse.
pub fn decide(policy: &RetryPolicy, failed: &Failed) -> Decision {
    let reason = match (failed.fault, failed.idempotence) {
        (Fault::Final, _) => return Decision::GiveUp(GiveUpReason::Final),
        (Fault::Unknown, Idempotence::Never) => return Decision::GiveUp(GiveUpReason::MayBeDone),
        (Fault::Unknown, Idempotence::Safe | Idempotence::SameId) => RetryReason::Idempotent,
        (Fault::NotSent, _) => RetryReason::NotSent,
        (Fault::Refused, _) => RetryReason::Refused,
    };
    if failed.attempt >= policy.max_attempts {
        return Decision::GiveUp(GiveUpReason::Attempts);
    }
    let left = policy.overall.saturating_sub(failed.elapsed);
    let after = match failed.retry_after {
        Some(wait) => {
            let bound = policy.longest_asked().min(left);
            if wait > bound {
                return Decision::GiveUp(GiveUpReason::Asked(Asked { wait, bound }));
            }
            wait.saturating_add(policy.backoff.wait(1, failed.draw))
        }
        None => policy.backoff.wait(failed.attempt, failed.draw),
    };
    if after >= left {
        return Decision::GiveUp(GiveUpReason::Overall);
    }
    Decision::Retry { after, reason }
}

/// An error that knows what it means for the next attempt.
pub trait Retryable {
    /// What it means.
    fn fault(&self) -> Fault;

    /// How long the peer asked to wait.
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// Its cause in a few words for the log, without a secret.
    fn in_brief(&self) -> Cow<'_, str>;
}

impl Retryable for TransportError {
    fn fault(&self) -> Fault {
        match self.reached() {
            _ if self.is_permanent() => Fault::Final,
            Reached::NotSent => Fault::NotSent,
            Reached::Unknown => Fault::Unknown,
        }
    }

    fn in_brief(&self) -> Cow<'_, str> {
        self.kind().as_str().into()
    }
}

/// What an attempt is told.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    /// 1 for the first.
    pub number: u32,
    /// The end of the policy's overall time.
    pub overall: Deadline,
}

/// All attempts failed, or no further one was allowed.
#[derive(Debug)]
pub struct GaveUp<E> {
    /// The last failure.
    pub error: E,
    /// How many attempts were made.
    pub attempts: u32,
    /// Time since the first attempt began.
    pub elapsed: Duration,
    /// Why there is no further attempt; [`GiveUpReason::Asked`] says what the peer asked for.
    pub reason: GiveUpReason,
    /// Whether any of the attempts may have been carried out, whatever the last one says.
    pub may_be_done: bool,
}

impl<E> fmt::Display for GaveUp<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.attempts == 1 { "" } else { "s" };
        let seconds = self.elapsed.as_secs_f64();
        write!(
            f,
            "gave up after {} attempt{plural} in {seconds:.1} s",
            self.attempts
        )?;
        match self.reason.asked() {
            Some(asked) => write!(f, ": {asked}"),
            None => Ok(()),
        }
    }
}

impl<E: Error + 'static> Error for GaveUp<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

/// Calls `attempt` until it succeeds or [`decide`] says to give up, sleeping in between.
///
/// Every retry is a tracing event at `WARN` with `what`, `attempt`, `reason`, `cause` and `wait_ms`. The overall time
/// does not interrupt a running attempt: [`Attempt::overall`] is there to bound it.
///
/// # Errors
/// [`GaveUp`] with the last failure.
pub async fn run<T, E, F, Fut>(
    policy: &RetryPolicy,
    idempotence: Idempotence,
    what: &str,
    mut attempt: F,
) -> Result<T, GaveUp<E>>
where
    F: FnMut(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    E: Retryable,
{
    let start = Instant::now();
    let overall = Deadline::after(policy.overall);
    let mut draws = policy.jitter.source();
    let mut number = 1;
    let mut may_be_done = false;
    loop {
        let error = match attempt(Attempt { number, overall }).await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let elapsed = start.elapsed();
        let fault = error.fault();
        may_be_done |= fault == Fault::Unknown;
        let decision = decide(
            policy,
            &Failed {
                fault,
                idempotence,
                attempt: number,
                elapsed,
                retry_after: error.retry_after(),
                draw: draws.f64(),
            },
        );
        match decision {
            Decision::GiveUp(reason) => {
                return Err(GaveUp {
                    error,
                    attempts: number,
                    elapsed,
                    reason,
                    may_be_done,
                });
            }
            Decision::Retry { after, reason } => {
                tracing::warn!(
                    what,
                    attempt = number,
                    reason = reason.as_str(),
                    cause = &*error.in_brief(),
                    wait_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
                    "trying again"
                );
                drop(error);
                tokio::time::sleep(after).await;
                number += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests;
