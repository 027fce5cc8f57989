//! Carrying one call out: repeats, and what comes back.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use ags_http::{
    Deadline, HttpService, Idempotence, body,
    retry::{self, Attempt, Fault, RetryPolicy, Retryable as _},
};
use bytes::Bytes;
use http::StatusCode;
use swerex_proto::route;
use tokio::time::Instant;
use tracing::{Instrument as _, Span, field::Empty};

use crate::{
    config::AgsRuntimeConfig,
    crowd::Crowd,
    error::{Attempted, Error, Lost, Tried},
    pieces::Piece,
    request::{self, Again, Allowed, Call},
    rooms::Rooms,
    shorten::shortened,
    token::TokenSource,
};

/// How long to wait before asking again whether a Python server has finished what it was doing.
const FINISHED_PAUSE: Duration = Duration::from_millis(100);

/// What all calls of one runtime share.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) config: AgsRuntimeConfig,
    pub(crate) http: Arc<dyn HttpService>,
    pub(crate) tokens: Option<Arc<dyn TokenSource>>,
    /// Whether the gateway was found to want the traffic token.
    pub(crate) traffic: AtomicBool,
    /// The native server's revision; 0 for another server, or before the first answer.
    pub(crate) native: AtomicU32,
    /// The calls that are under way.
    pub(crate) crowd: Crowd,
    /// Where downloads are put together.
    pub(crate) rooms: Rooms,
    /// Held by the one call whose answer a Python server may be asked for again: it remembers only the last one that had an id. It serves one at a
    /// time anyway, so nothing takes longer.
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// How much of a file is sent, and asked for, at a time.
    pub(crate) request_piece: Piece,
    pub(crate) answer_piece: Piece,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) bytes: Bytes,
}

impl Connection {
    pub(crate) fn new(
        config: AgsRuntimeConfig,
        http: Arc<dyn HttpService>,
        tokens: Option<Arc<dyn TokenSource>>,
    ) -> Self {
        Self {
            config,
            http,
            tokens,
            traffic: AtomicBool::new(false),
            native: AtomicU32::new(0),
            crowd: Crowd::default(),
            rooms: Rooms::default(),
            turn: tokio::sync::Mutex::default(),
            request_piece: Piece::default(),
            answer_piece: Piece::default(),
        }
    }

    /// Whether the server is known to be ours.
    pub(crate) fn is_native(&self) -> bool {
        self.revision() > 0
    }

    pub(crate) fn revision(&self) -> u32 {
        self.native.load(Ordering::Relaxed)
    }

    pub(crate) fn deadline(&self, allowed: Allowed) -> Deadline {
        allowed
            .deadline(self.config.runtime_timeout)
            .map_or_else(Deadline::none, Deadline::after)
    }

    /// Sends a call that only reads: it may be repeated at will.
    pub(crate) async fn read(&self, call: &Call, deadline: Deadline) -> Result<Answer, Error> {
        let outcome = self.repeat(call, deadline, Idempotence::Safe, None);
        self.observed(call.name, None, outcome).await
    }

    /// Sends a call that does something, with an id by which a native server knows repeats of it. On other servers the call itself says what a
    /// repeat does.
    pub(crate) async fn act(
        &self,
        call: &Call,
        deadline: Deadline,
        id: &str,
    ) -> Result<Answer, Error> {
        let outcome = self.act_once(call, deadline, id);
        self.observed(call.name, Some(id), outcome).await
    }

    /// Carries a call out: all that happens in it is in its span, and what becomes of it is counted.
    pub(crate) async fn observed<T>(
        &self,
        name: &'static str,
        id: Option<&str>,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let span = tracing::debug_span!(
            "call",
            name,
            host = self.config.base.host_str(),
            request_id = id,
            attempts = Empty,
            outcome = Empty,
            elapsed_ms = Empty,
        );
        let begun = Instant::now();
        self.config.tally.began();
        let outcome = work.instrument(span.clone()).await;
        let said = match &outcome {
            Ok(_) => "ok",
            Err(Error::Remote(_)) => "exception",
            Err(_) => {
                self.config.tally.failed();
                "failed"
            }
        };
        let elapsed_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        span.record("outcome", said)
            .record("elapsed_ms", elapsed_ms);
        outcome
    }

    async fn act_once(&self, call: &Call, deadline: Deadline, id: &str) -> Result<Answer, Error> {
        let _under_way = self.crowd.enter();
        if self.is_native() {
            return self
                .repeat(call, deadline, Idempotence::SameId, Some(id))
                .await;
        }
        let idempotence = Idempotence::Safe;
        match call.again {
            // Without an id: what it remembers stays, and an answer to half a body is not remembered.
            Again::Same => return self.repeat(call, deadline, idempotence, None).await,
            Again::Fails(..) => {
                let _turn = self.turn(deadline).await;
                return self.repeat(call, deadline, idempotence, Some(id)).await;
            }
            Again::Twice => {}
        }
        let _turn = self.turn(deadline).await;
        let Some(checked) = call.checked.clone() else {
            return self.once(call, deadline, id).await;
        };
        let body = body::collect((call.body)()?, usize::MAX)
            .await
            .map_err(|error| Error::Invalid(error.to_string()))?;
        match checked.without(call, &body) {
            Some(unchecked) => {
                let answer = self.once(&unchecked, deadline, id).await?;
                checked.judged(call.name, answer).await
            }
            None => self.once(call, deadline, id).await,
        }
    }

    /// Waits until no other call may have to ask for its answer; at most until the deadline, which then ends the call.
    pub(crate) async fn turn(&self, deadline: Deadline) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        match deadline.instant() {
            Some(at) => tokio::time::timeout_at(at, self.turn.lock()).await.ok(),
            None => Some(self.turn.lock().await),
        }
    }

    /// Sends what a Python server must not do twice.
    async fn once(&self, call: &Call, deadline: Deadline, id: &str) -> Result<Answer, Error> {
        let begun = Instant::now();
        let outcome = self
            .repeat(call, deadline, Idempotence::Never, Some(id))
            .await;
        match outcome {
            Err(Error::UnknownOutcome {
                source: lost,
                tried,
                ..
            }) if !deadline.is_past() => {
                self.fetch_lost(call, deadline, id, begun, lost, tried)
                    .await
            }
            outcome => outcome,
        }
    }

    /// Asks a Python server again for an answer that was lost on its way. It remembers the last answer by its id, but only once the call has
    /// ended; since it serves nobody while a call runs, an answered `is_alive` shows that it has ended.
    async fn fetch_lost(
        &self,
        call: &Call,
        deadline: Deadline,
        id: &str,
        begun: Instant,
        mut lost: Lost,
        mut tried: Tried,
    ) -> Result<Answer, Error> {
        for attempt in 1..self.config.retry.max_attempts.max(1) {
            let alive = request::get(
                "is_alive",
                request::uri(&self.config.base, route::IS_ALIVE, &[])?,
            );
            match self.read(&alive, deadline).await {
                Ok(_) => {}
                Err(
                    error @ (Error::EnvironmentExpired { .. }
                    | Error::Unauthorized { .. }
                    | Error::Token { .. }),
                ) => return Err(error),
                Err(_) => break,
            }
            // A timed-out command is an exception, and the server does not remember those: a repeat would run it again.
            if matches!(call.allowed, Allowed::For(allowed) if begun.elapsed() >= allowed) {
                lost = Lost::TimedOut(Box::new(lost));
                break;
            }
            self.config.tally.repeated("lost answer".to_owned());
            tried.attempts += 1;
            tracing::warn!(call = call.name, attempt, reason = "idempotent", cause = %lost, "asking again for a lost answer");
            let again = self.repeat(call, deadline, Idempotence::Never, Some(id));
            match again.await {
                Err(Error::UnknownOutcome { source, .. }) => lost = source,
                Err(Error::NotSent { .. }) => {}
                other => return other,
            }
            tried.elapsed = begun.elapsed();
            tokio::time::sleep(FINISHED_PAUSE).await;
        }
        Err(Error::UnknownOutcome {
            call: call.name,
            source: lost,
            tried,
        })
    }

    async fn repeat(
        &self,
        call: &Call,
        deadline: Deadline,
        idempotence: Idempotence,
        id: Option<&str>,
    ) -> Result<Answer, Error> {
        let once = || self.attempt(call, deadline, id);
        let policy = self.config.retry;
        self.repeat_with(policy, call, deadline, idempotence, once, |answer| answer)
            .await
    }

    /// Tries until `once` succeeds, or must not or need not be tried again. `done` makes a success of the answer of a call that turns out to
    /// have been carried out by an attempt whose answer was lost.
    pub(crate) async fn repeat_with<T, F>(
        &self,
        policy: RetryPolicy,
        call: &Call,
        deadline: Deadline,
        idempotence: Idempotence,
        once: impl Fn() -> F,
        done: impl Fn(Answer) -> T,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Attempted>>,
    {
        let overall = deadline.remaining().unwrap_or(Duration::MAX);
        let policy = RetryPolicy { overall, ..policy };
        let last = Mutex::new((None, false));
        let tried = |this: Attempt| {
            let (cause, was_lost) = {
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                (last.0.take(), last.1)
            };
            if let Some(cause) = cause {
                self.config.tally.repeated(cause);
            }
            Span::current().record("attempts", this.number);
            let (attempt, last, done) = (once(), &last, &done);
            async move {
                let failed = match attempt.await {
                    Ok(answer) => return Ok(answer),
                    Err(failed) => failed,
                };
                if was_lost && let Some(answer) = done_before(call, &failed.error) {
                    return Ok(done(answer));
                }
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                last.0 = Some(failed.in_brief().into_owned());
                last.1 |= failed.fault == Fault::Unknown;
                Err(failed)
            }
        };
        retry::run(&policy, idempotence, call.name, tried)
            .await
            .map_err(Attempted::given_up)
    }

    /// Sends a call once; more often only when the gateway wants another token, because then the call has not been carried out.
    pub(crate) async fn attempt(
        &self,
        call: &Call,
        deadline: Deadline,
        id: Option<&str>,
    ) -> Result<Answer, Attempted> {
        let response = self.send(call, deadline, id).await?;
        let (parts, incoming) = response.into_parts();
        if !parts.status.is_success() {
            return Err(self.read_problem(call.name, &parts, incoming).await);
        }
        let incoming = if call.has_output {
            shortened(incoming)
        } else {
            incoming
        };
        let bytes = body::collect(incoming, self.config.max_reply)
            .await
            .map_err(|error| Attempted::transport(call.name, error))?;
        Ok(Answer {
            status: parts.status,
            bytes,
        })
    }
}

/// The answer of a call that failed because an earlier attempt, whose answer was lost, had done it.
fn done_before(call: &Call, error: &Error) -> Option<Answer> {
    let Again::Fails(class, answer) = call.again else {
        return None;
    };
    (error.remote()?.class_path == class).then(|| Answer {
        status: StatusCode::OK,
        bytes: Bytes::from_static(answer.as_bytes()),
    })
}
