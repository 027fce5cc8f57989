//! One attempt: sign, send, read.

use std::time::Duration;

use ags_http::{Deadline, TransportError, body, date};
use ags_sign::{Method, Payload, SignableRequest};
use futures_util::future::{Either, select};
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{CONTENT_TYPE, HOST},
};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::{BLOCKING, Call, Shared, millis};
use crate::{
    answer::Answer,
    envelope::{self, API_VERSION, MAX_REPLY},
    error::Phase,
};

/// How long an action that is answered at once may take before whoever waits is told.
const SLOW: Duration = Duration::from_secs(5);

/// Why an attempt failed, with what a decision about the next one needs.
pub(super) struct Failure {
    pub(super) phase: Phase,
    /// What `Retry-After` asks for.
    pub(super) retry_after: Option<Duration>,
    /// The service's time.
    pub(super) date: Option<i64>,
    /// Which credential was used.
    pub(super) generation: u64,
}

impl Shared {
    pub(super) async fn attempt<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        attempt: u32,
        timeout: Duration,
    ) -> Result<Answer<T>, Failure> {
        let begun = Instant::now();
        let current = self
            .signing
            .current()
            .await
            .map_err(|error| Failure::before(Phase::Credential(error.into())))?;
        let fail = |phase| Failure {
            phase,
            retry_after: None,
            date: None,
            generation: current.generation,
        };
        let request = self.request(call, &current.signer).map_err(|problem| {
            fail(Phase::Invalid {
                problem: problem.to_string(),
            })
        })?;
        let answer = self.send_and_tell(call, request, timeout).await.map_err(|error| {
            tracing::debug!(action = call.action, attempt, %error, elapsed_ms = millis(begun.elapsed()), "no answer");
            fail(Phase::Transport(error))
        })?;
        let (status, headers) = (answer.status(), answer.headers());
        let result = envelope::decode(call.action, status, headers, answer.body());
        trace(call, attempt, status, begun.elapsed(), &result);
        result.map_err(|phase| Failure {
            phase,
            retry_after: date::retry_after(
                headers,
                u64::try_from(self.signing.now()).unwrap_or_default(),
            ),
            date: date::date(headers).and_then(|date| i64::try_from(date).ok()),
            generation: current.generation,
        })
    }

    /// Sends, and reads the whole reply.
    async fn send(
        &self,
        request: Request<ags_http::Body>,
        timeout: Duration,
    ) -> Result<Response<bytes::Bytes>, TransportError> {
        let answer = self.http.call(request, Deadline::after(timeout)).await?;
        let (parts, body) = answer.into_parts();
        let body = body::collect(body, MAX_REPLY).await?;
        Ok(Response::from_parts(parts, body))
    }

    /// As [`send`](Self::send), with a word to whoever waits when an action that is answered at once is not.
    async fn send_and_tell(
        &self,
        call: &Call<'_>,
        request: Request<ags_http::Body>,
        timeout: Duration,
    ) -> Result<Response<bytes::Bytes>, TransportError> {
        let sent = std::pin::pin!(self.send(request, timeout));
        let slow = tokio::time::sleep(SLOW);
        match select(sent, std::pin::pin!(slow)).await {
            Either::Left((answer, _)) => answer,
            Either::Right(((), sent)) => {
                if !BLOCKING.contains(&call.action) {
                    let (action, waited_s) = (call.action, SLOW.as_secs());
                    let at_most_s = timeout.as_secs();
                    tracing::warn!(action, waited_s, at_most_s, "AGS has not answered yet");
                }
                sent.await
            }
        }
    }

    /// The signed request, as it goes out.
    fn request(
        &self,
        call: &Call<'_>,
        signer: &ags_sign::Signer,
    ) -> Result<Request<ags_http::Body>, Box<dyn std::error::Error + Send + Sync>> {
        let host = self.endpoint.authority();
        let signable = SignableRequest::new(
            Method::Post,
            host,
            "/",
            "",
            envelope::CONTENT_TYPE,
            Payload::Bytes(&call.payload),
        )?;
        let signed = signer.sign(&signable, self.signing.now());
        let mut request = Request::post(self.endpoint.url())
            .header(HOST, host)
            .header(CONTENT_TYPE, envelope::CONTENT_TYPE)
            .header("X-TC-Action", call.action)
            .header("X-TC-Version", API_VERSION)
            .header("X-TC-Language", &self.language)
            .header("X-TC-RequestClient", &self.request_client)
            .header("X-TC-TraceId", &call.trace_id);
        if let Some(region) = &self.region {
            request = request.header("X-TC-Region", region);
        }
        for (name, value, sensitive) in signed.headers() {
            let mut value = HeaderValue::from_str(value)?;
            value.set_sensitive(sensitive);
            request = request.header(name, value);
        }
        Ok(request.body(body::full(call.payload.clone()))?)
    }
}

impl Failure {
    /// Before anything was signed.
    fn before(phase: Phase) -> Self {
        Self {
            phase,
            retry_after: None,
            date: None,
            generation: 0,
        }
    }
}

fn trace<T>(
    call: &Call<'_>,
    attempt: u32,
    status: StatusCode,
    elapsed: Duration,
    result: &Result<Answer<T>, Phase>,
) {
    let (request_id, outcome) = match result {
        Ok(answer) => (answer.request_id.as_str(), "ok"),
        Err(Phase::Service {
            code, request_id, ..
        }) => (request_id.as_deref().unwrap_or_default(), code.as_str()),
        Err(Phase::Reply { request_id, .. }) => {
            (request_id.as_deref().unwrap_or_default(), "not the API's")
        }
        Err(_) => ("", "failed"),
    };
    let (action, status, elapsed_ms) = (call.action, status.as_u16(), millis(elapsed));
    tracing::debug!(
        action, attempt, status, request_id, outcome, elapsed_ms, "answered"
    );
}
