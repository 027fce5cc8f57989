//! The client: encode, wait for a turn, sign, send, decode, and again where that is safe.

mod actions;
mod attempt;
mod builder;
mod gone;
mod retry;
mod signing;

use std::{fmt, sync::Arc, time::Duration};

use ags_http::{HttpService, backoff::Jitter, retry::RetryPolicy};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;
use tracing::Instrument as _;

pub use self::builder::{ClientBuilder, ConfigError, DEFAULT_LANGUAGE, DEFAULT_OVERALL};
use self::{
    retry::{Next, Spent, reason},
    signing::Signing,
};
use crate::{
    action::{Action, Idempotence},
    answer::Answer,
    counters::{Counters, Tally},
    credential::CredentialSource,
    description,
    endpoint::Endpoint,
    envelope,
    error::{Error, Phase},
    limit::{Limits, WINDOW},
};

/// How long one attempt may take, from sending to the end of the reply, unless the builder says otherwise: of an action that the service
/// answers at once. A lost answer is asked for again.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(20);

/// The same of an action whose answer may wait for what it begins; a start for up to 50 s.
pub const DEFAULT_BLOCKING_TIMEOUT: Duration = Duration::from_secs(60);

/// Those actions.
const BLOCKING: [&str; 4] = [
    "CreateSandboxSnapshot",
    "PauseSandboxInstance",
    "ResumeSandboxInstance",
    "StartSandboxInstance",
];

/// A client of the AGS control plane.
///
/// Clones share connections, rate limits, the clock's correction and counters: build one per account
/// and region, and clone it.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    /// Of the shared policy only the overall time may differ from clone to clone.
    retry: RetryPolicy,
}

struct Shared {
    endpoint: Endpoint,
    region: Option<String>,
    language: String,
    request_client: String,
    http: Arc<dyn HttpService>,
    signing: Signing,
    timeout: Option<Duration>,
    limits: Limits,
    tally: Tally,
}

/// What is the same for every attempt of a call.
struct Call<'a> {
    action: &'a str,
    idempotence: Idempotence,
    limit: Option<u32>,
    retry: &'a RetryPolicy,
    payload: Bytes,
    /// Our id of the call, for the vendor's logs.
    trace_id: String,
}

impl Client {
    /// Begins a client that signs with what `credential` gives.
    pub fn builder(credential: impl CredentialSource + 'static) -> ClientBuilder {
        ClientBuilder::new(Arc::new(credential))
    }

    /// Calls an action.
    ///
    /// It waits for its turn under the client's rate limits, then sends the request and, where that is
    /// safe, sends it again: after overload, after failures on the way, after a wrong clock or an expired
    /// session token (once each). Every attempt is signed afresh and carries the same `ClientToken`.
    /// Waiting for a turn is not bounded; the attempts together are, by the retry policy's `overall`.
    /// Dropping the future abandons the call, whose outcome is then not known.
    ///
    /// # Errors
    /// [`Error`] says how far the call got; the last attempt counts.
    pub async fn call<A: Action>(&self, request: &A) -> Result<Answer<A::Reply>, Error> {
        self.begin(A::NAME, A::IDEMPOTENCE, A::RATE_LIMIT_PER_SECOND, request)
            .await
    }

    /// Calls an action by name with JSON parameters, also one that the description does not have; such a
    /// one is not repeated after an unknown outcome.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn call_json(
        &self,
        action: &str,
        parameters: &Value,
    ) -> Result<Answer<Value>, Error> {
        if action.is_empty() || !action.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let problem = "an action's name consists of ASCII letters and digits".to_owned();
            return Err(Error::new(
                &action.escape_debug().to_string(),
                Phase::Invalid { problem },
            ));
        }
        let (idempotence, limit) = match description::action(action) {
            Some(info) => (info.idempotence, info.rate_limit_per_second),
            None => (Idempotence::Never, None),
        };
        self.begin(action, idempotence, limit, parameters).await
    }

    /// This client for calls that must be over within `limit`, retries included; never longer than its own `overall`. It shares everything
    /// else. So a caller who has little time is told the cause, not only that the time is up.
    #[must_use]
    pub fn within(&self, limit: Duration) -> Self {
        let mut client = self.clone();
        client.retry.overall = client.retry.overall.min(limit);
        client
    }

    /// What a call may take, retries included.
    pub(crate) fn overall(&self) -> Duration {
        self.retry.overall
    }

    /// What this client and its clones have done so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.tally.snapshot()
    }

    /// The rate limits, to share with another client of the same account and region.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// Where requests go.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.shared.endpoint
    }

    /// The region, if one was given.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.shared.region.as_deref()
    }

    async fn begin<T: DeserializeOwned>(
        &self,
        action: &str,
        idempotence: Idempotence,
        limit: Option<u32>,
        request: &impl serde::Serialize,
    ) -> Result<Answer<T>, Error> {
        let new_id = || uuid::Uuid::new_v4().to_string();
        let payload = envelope::encode(request, idempotence, new_id)
            .map_err(|phase| Error::new(action, phase))?;
        let call = Call {
            action,
            idempotence,
            limit,
            retry: &self.retry,
            payload,
            trace_id: new_id(),
        };
        let span = tracing::debug_span!(
            "ags_call",
            action,
            request_id = tracing::field::Empty,
            attempts = tracing::field::Empty,
            outcome = tracing::field::Empty,
            elapsed_ms = tracing::field::Empty,
        );
        let shared = &self.shared;
        shared.tally.calls.one_more();
        let begun = Instant::now();
        let outcome = shared.attempts(&call).instrument(span.clone()).await;
        span.record("elapsed_ms", millis(begun.elapsed()));
        match &outcome {
            Ok(answer) => {
                shared.tally.succeeded.one_more();
                span.record("request_id", &answer.request_id)
                    .record("outcome", "ok");
            }
            Err(error) => {
                shared.tally.failed.one_more();
                span.record("attempts", error.attempts());
                span.record("request_id", error.request_id().unwrap_or_default());
                span.record(
                    "outcome",
                    error.code().map_or("failed", |code| code.as_str()),
                );
            }
        }
        outcome
    }
}

impl Shared {
    /// Sends the request until it is answered, refused for good, or out of time.
    async fn attempts<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<Answer<T>, Error> {
        let mut begun = None;
        let mut spent = Spent::default();
        let mut draws = match call.retry.jitter {
            Jitter::Random => fastrand::Rng::new(),
            Jitter::Seeded(seed) => fastrand::Rng::with_seed(seed),
        };
        let mut attempt = 0;
        let mut lost = false;
        loop {
            self.tally
                .waited(self.limits.acquire(call.action, call.limit).await);
            // The queue of our own limits is not the service's fault: time runs from the first attempt.
            let begun = *begun.get_or_insert_with(Instant::now);
            attempt += 1;
            self.tally.attempts.one_more();
            let timeout = match self.timeout {
                Some(timeout) => timeout,
                None if BLOCKING.contains(&call.action) => DEFAULT_BLOCKING_TIMEOUT,
                None => DEFAULT_TIMEOUT,
            };
            let left = call.retry.overall.saturating_sub(begun.elapsed());
            let failure = match self.attempt(call, attempt, left.min(timeout)).await {
                Ok(answer) => {
                    tracing::Span::current().record("attempts", attempt);
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            let finish = |phase| {
                Error::new(call.action, phase)
                    .after(attempt, begun.elapsed(), Some(call.trace_id.clone()))
                    .after_lost_attempts(lost)
            };
            let mut pause = Duration::ZERO;
            match spent.next(
                &failure,
                call.idempotence,
                call.retry,
                begun.elapsed(),
                draws.f64(),
            ) {
                Next::GiveUp => return Err(finish(failure.phase)),
                Next::PutOff(asked) => {
                    return Err(finish(failure.phase).asked_to_wait(Some(asked)));
                }
                Next::OutOfTime => {
                    let last = Some(Box::new(Error::new(call.action, failure.phase)));
                    return Err(finish(Phase::Deadline {
                        overall: call.retry.overall,
                        last,
                    }));
                }
                Next::CorrectClock(date) => {
                    self.signing.correct_clock(date);
                    self.tally.clock_corrections.one_more();
                }
                Next::RereadCredential => {
                    self.signing.reread(failure.generation).await;
                    self.tally.credential_rereads.one_more();
                }
                Next::Retry {
                    pause: after,
                    overloaded,
                } => {
                    pause = after;
                    if overloaded {
                        // The limits are per second, so waiting out one is enough unless the service asks for more.
                        let hold = failure.retry_after.unwrap_or_else(|| pause.min(WINDOW));
                        self.limits.hold_back(call.action, hold);
                    }
                }
            }
            lost |= failure.phase.may_be_done();
            let reason = reason(&failure.phase);
            self.tally.retried(&reason);
            tracing::warn!(
                action = call.action,
                attempt,
                reason,
                wait_ms = millis(pause),
                "trying again"
            );
            tokio::time::sleep(pause).await;
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("endpoint", &self.shared.endpoint)
            .field("region", &self.shared.region)
            .finish_non_exhaustive()
    }
}
