//! Sending one call: tokens, repeats, and what comes back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use ags_http::{
    Body, Deadline, HttpService, Idempotence, body, date,
    retry::{self, Attempt, Fault},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use swerex_proto::{ExceptionBody, native, route};
use tokio::time::Instant;

use crate::{
    config::AgsRuntimeConfig,
    crowd::{Crowd, UnderWay},
    error::{Attempted, Error, Lost},
    gateway::{self, Meaning},
    request::{self, Allowed, Call},
    secret::Secret,
    token::{AccessToken, TokenSource},
};

/// The largest answer with an error status that is read, in bytes.
pub(crate) const MAX_PROBLEM: usize = 8 << 20;

/// How long to wait before asking again whether a Python server has finished what it was doing.
const FINISHED_PAUSE: Duration = Duration::from_millis(100);

/// What all calls of one runtime share.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) config: AgsRuntimeConfig,
    pub(crate) http: Arc<dyn HttpService>,
    pub(crate) tokens: Option<Arc<dyn TokenSource>>,
    /// Whether the gateway was found to want the traffic token.
    traffic: AtomicBool,
    /// The native server's revision; 0 for another server, or before the first answer.
    native: AtomicU32,
    /// Calls with a request id: a Python server remembers only the last one's answer.
    crowd: Crowd,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) bytes: Bytes,
}

/// Which of a token's two halves is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Access,
    Traffic,
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
        }
    }

    /// Whether the server is known to be ours.
    pub(crate) fn is_native(&self) -> bool {
        self.native.load(Ordering::Relaxed) > 0
    }

    pub(crate) fn deadline(&self, allowed: Allowed) -> Deadline {
        allowed
            .deadline(self.config.runtime_timeout)
            .map_or_else(Deadline::none, Deadline::after)
    }

    /// Sends a call that only reads: it may be repeated at will.
    pub(crate) async fn read(&self, call: &Call, deadline: Deadline) -> Result<Answer, Error> {
        self.repeat(call, deadline, Idempotence::Safe, None).await
    }

    /// Sends a call that does something, with an id by which the server knows repeats of it.
    pub(crate) async fn act(
        &self,
        call: &Call,
        deadline: Deadline,
        id: &str,
    ) -> Result<Answer, Error> {
        let under_way = self.crowd.enter();
        let idempotence = if self.is_native() {
            Idempotence::SameId
        } else {
            Idempotence::Never
        };
        let outcome = self.repeat(call, deadline, idempotence, Some(id)).await;
        let Err(Error::UnknownOutcome { source: lost, .. }) = outcome else {
            return outcome;
        };
        // The first answer may have told that the server is native after all; otherwise only a Python server that has served nobody else
        // since can know the answer.
        if under_way.was_alone() && !deadline.is_past() {
            return self.fetch_lost(call, deadline, id, &under_way, lost).await;
        }
        Err(Error::UnknownOutcome {
            call: call.name,
            source: lost,
        })
    }

    /// Asks a Python server again for an answer that was lost on its way. It remembers the last answer by its id, but only once the call has
    /// ended; since it serves nobody while a call runs, an answered `is_alive` shows that it has ended.
    async fn fetch_lost(
        &self,
        call: &Call,
        deadline: Deadline,
        id: &str,
        under_way: &UnderWay<'_>,
        mut lost: Lost,
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
            if matches!(call.allowed, Allowed::For(allowed) if under_way.elapsed() >= allowed) {
                lost = Lost::TimedOut(Box::new(lost));
                break;
            }
            if !under_way.was_alone() {
                break;
            }
            tracing::warn!(call = call.name, attempt, reason = "idempotent", cause = %lost, "asking again for a lost answer");
            match self
                .attempt(call, deadline, Some(id))
                .await
                .map_err(|failed| failed.error)
            {
                Err(Error::UnknownOutcome { source, .. }) => lost = source,
                Err(Error::NotSent { .. }) => {}
                other => return other,
            }
            tokio::time::sleep(FINISHED_PAUSE).await;
        }
        Err(Error::UnknownOutcome {
            call: call.name,
            source: lost,
        })
    }

    async fn repeat(
        &self,
        call: &Call,
        deadline: Deadline,
        idempotence: Idempotence,
        id: Option<&str>,
    ) -> Result<Answer, Error> {
        let overall = deadline.remaining().unwrap_or(Duration::MAX);
        let policy = retry::RetryPolicy {
            overall,
            ..self.config.retry
        };
        let once = |_: Attempt| self.attempt(call, deadline, id);
        retry::run(&policy, idempotence, call.name, once)
            .await
            .map_err(|gave_up| gave_up.error.error)
    }

    /// Sends a call once; more often only when the gateway wants another token, because then the call has not been carried out.
    async fn attempt(
        &self,
        call: &Call,
        deadline: Deadline,
        id: Option<&str>,
    ) -> Result<Answer, Attempted> {
        let response = self.send(call, deadline, id).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let limit = if status.is_success() {
            self.config.max_reply
        } else {
            MAX_PROBLEM
        };
        let bytes = body::collect(response.into_body(), limit)
            .await
            .map_err(|error| Attempted::transport(call.name, error))?;
        if status.is_success() {
            return Ok(Answer { status, bytes });
        }
        Err(self.problem(call.name, status, &headers, &bytes))
    }

    /// What an answer that is no success means for the call.
    pub(crate) fn problem(
        &self,
        name: &'static str,
        status: StatusCode,
        headers: &HeaderMap,
        bytes: &[u8],
    ) -> Attempted {
        if status.as_u16() == route::STATUS_EXCEPTION {
            let error = match request::parse::<ExceptionBody>(name, status, bytes) {
                Ok(body) => Error::Remote(body.swerexception),
                Err(strange) => strange,
            };
            return Attempted::finally(error);
        }
        let retry_after = date::retry_after(headers, date::date(headers).unwrap_or_default());
        match gateway::meaning(status, headers, bytes, self.tokens.is_some()) {
            Meaning::Refused(message) => Attempted::finally(Error::Refused {
                call: name,
                status,
                message,
            }),
            Meaning::WrongKey(message) => {
                let message = format!("the server wants another key: {message}");
                Attempted::finally(Error::Unauthorized {
                    call: name,
                    message,
                })
            }
            Meaning::WrongToken(message) => {
                let message = format!("the gateway refused the token, also a new one: {message}");
                Attempted::finally(Error::Unauthorized {
                    call: name,
                    message,
                })
            }
            Meaning::Expired(message) => Attempted::finally(Error::EnvironmentExpired {
                call: name,
                message,
            }),
            Meaning::Later => {
                let error = Error::Refused {
                    call: name,
                    status,
                    message: "too many requests".to_owned(),
                };
                Attempted {
                    error,
                    fault: Fault::Refused,
                    retry_after,
                }
            }
            Meaning::Lost => {
                let error = Error::UnknownOutcome {
                    call: name,
                    source: Lost::Gateway(status),
                };
                Attempted {
                    error,
                    fault: Fault::Unknown,
                    retry_after,
                }
            }
            Meaning::Strange(evidence) => Attempted::finally(Error::Reply {
                call: name,
                status,
                evidence,
            }),
        }
    }

    /// Sends a call with a token that the gateway takes, if there is one.
    pub(crate) async fn send(
        &self,
        call: &Call,
        deadline: Deadline,
        id: Option<&str>,
    ) -> Result<Response<Body>, Attempted> {
        let Some(tokens) = &self.tokens else {
            return self.send_with(call, deadline, id, None).await;
        };
        let no_token = |source| {
            Attempted::finally(Error::Token {
                call: call.name,
                source,
            })
        };
        let mut token = tokens.token().await.map_err(no_token)?;
        let mut renewed = false;
        loop {
            let first = if self.traffic.load(Ordering::Relaxed) {
                Half::Traffic
            } else {
                Half::Access
            };
            let second = if first == Half::Access {
                Half::Traffic
            } else {
                Half::Access
            };
            let mut refused = None;
            for half in [first, second] {
                let Some(secret) = half_of(&token, half) else {
                    continue;
                };
                let response = self.send_with(call, deadline, id, Some(secret)).await?;
                if !self.wants_another_token(&response) {
                    self.traffic.store(half == Half::Traffic, Ordering::Relaxed);
                    return Ok(response);
                }
                refused = Some(response);
            }
            match refused {
                Some(response) if renewed => return Ok(response),
                _ => {}
            }
            tracing::info!(
                call = call.name,
                "the gateway refused the token; renewing it"
            );
            token = tokens.renew(&token).await.map_err(no_token)?;
            renewed = true;
        }
    }

    /// Whether this is the gateway's refusal; the server's own has JSON with `detail`, which is only known once it is read, so it is told by
    /// its content type: the gateway's refusals that look like the server's cost one needless renewal.
    fn wants_another_token(&self, response: &Response<Body>) -> bool {
        matches!(response.status().as_u16(), 401 | 403)
            && !response.headers().contains_key(native::HEADER)
    }

    async fn send_with(
        &self,
        call: &Call,
        deadline: Deadline,
        id: Option<&str>,
        token: Option<&Secret>,
    ) -> Result<Response<Body>, Attempted> {
        let mut request = request::build(call).map_err(Attempted::finally)?;
        let headers = request.headers_mut();
        let secret = |name: &'static str, secret: &Secret| {
            let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| {
                Attempted::finally(Error::Invalid(format!(
                    "the value of {name} cannot stand in a header"
                )))
            })?;
            value.set_sensitive(true);
            Ok((HeaderName::from_static(name), value))
        };
        if let Some(key) = &self.config.auth_token {
            headers.extend([secret(route::X_API_KEY, key)?]);
        }
        if let Some(token) = token {
            headers.extend([secret(route::X_ACCESS_TOKEN, token)?]);
        }
        if self.tokens.is_none() && !self.is_native() {
            // The Python server closes a connection after each exception, and after 5 s of silence, without saying so: a request on a
            // connection that was used before would be lost. Its own client makes a new one each time, too. What is behind a gateway is
            // the gateway's to know.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(id) = id
            && let Ok(id) = HeaderValue::from_str(id)
        {
            headers.insert(HeaderName::from_static(route::X_REQUEST_ID), id);
        }
        let started = Instant::now();
        let answer = self.http.call(request, deadline).await;
        let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match answer {
            Ok(response) => {
                let status = response.status().as_u16();
                tracing::debug!(
                    call = call.name,
                    status,
                    elapsed_ms,
                    request_id = id,
                    "answered"
                );
                if let Some(revision) = response.headers().get(native::HEADER) {
                    let revision = revision
                        .to_str()
                        .ok()
                        .and_then(|text| text.parse().ok())
                        .unwrap_or(0);
                    self.native.store(revision, Ordering::Relaxed);
                }
                Ok(response)
            }
            Err(error) => {
                tracing::debug!(call = call.name, %error, elapsed_ms, request_id = id, "no answer");
                Err(Attempted::transport(call.name, error))
            }
        }
    }

    /// Sends a call once and gives its answer as it comes, for a caller that passes it on.
    pub(crate) async fn stream(
        &self,
        call: &Call,
        deadline: Deadline,
        id: Option<&str>,
    ) -> Result<Response<Body>, Error> {
        let _under_way = id.map(|_| self.crowd.enter());
        self.send(call, deadline, id)
            .await
            .map_err(|failed| failed.error)
    }
}

fn half_of(token: &AccessToken, half: Half) -> Option<&Secret> {
    match half {
        Half::Access => Some(&token.token),
        Half::Traffic => token.traffic_token.as_ref(),
    }
}
