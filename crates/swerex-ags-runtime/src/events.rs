//! A command on our native server, followed by its events: what it prints is told while it prints it, heartbeats keep an idle gateway from
//! cutting the connection, and a lost connection is taken up where it ended.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use ags_http::{
    Body, Deadline, Idempotence, Reached, TransportError, TransportErrorKind, body,
    retry::{self, Fault, GaveUp, RetryPolicy},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use swerex_proto::{
    native::{self, Event, Stream},
    route,
};
use tracing::Span;
use uuid::Uuid;

use crate::{
    call::{Connection, MAX_PROBLEM},
    error::{Attempted, Error},
    gateway,
    request::{Allowed, Call},
};

/// A command that may take as long as this, or for ever, is followed by its events where the server has them. A shorter one is asked for at once.
pub const FOLLOWED_FROM: Duration = Duration::from_secs(20);

/// A stream of events that is silent for so long is lost: the server sends a heartbeat every [`native::HEARTBEAT_SECONDS`].
const SILENCE: Duration = Duration::from_secs(3 * native::HEARTBEAT_SECONDS);

/// How much longer than an answer the line around it may be, in bytes.
const AROUND: usize = 64 << 10;

/// Is told what a command prints while it prints it, in pieces that may end within a character. It must not block.
pub type Heard<'a> = dyn Fn(Stream, &[u8]) + Send + Sync + 'a;

/// How a stream of events ended.
enum Ended {
    /// With the command's answer.
    Result(StatusCode, Value),
    /// Too early, after something new was told.
    Cut(Attempted),
}

/// Whether a call is worth following.
pub(crate) fn is_long(allowed: Allowed) -> bool {
    match allowed {
        Allowed::Ever => true,
        Allowed::For(allowed) => allowed >= FOLLOWED_FROM,
        Allowed::NoCommand | Allowed::Transfer(_) => false,
    }
}

impl Connection {
    /// Carries a call to one of the server's streams of events out, once, however often the connection is lost.
    pub(crate) async fn follow<T: DeserializeOwned>(
        &self,
        call: &Call,
        heard: Option<&Heard<'_>>,
    ) -> Result<T, Error> {
        let id = Uuid::new_v4().to_string();
        let outcome = self.follow_as(call, heard, &id);
        self.observed(call.name, Some(&id), outcome).await
    }

    async fn follow_as<T: DeserializeOwned>(
        &self,
        call: &Call,
        heard: Option<&Heard<'_>>,
        id: &str,
    ) -> Result<T, Error> {
        let _under_way = self.crowd.enter();
        let deadline = self.deadline(call.allowed);
        // The number of the last event that was heard.
        let last = AtomicU64::new(0);
        let (mut has_begun, tries) = (false, AtomicU64::new(0));
        loop {
            let policy = RetryPolicy {
                overall: deadline.remaining().unwrap_or(Duration::MAX),
                ..self.config.retry
            };
            let listen = |_| {
                let attempt = tries.fetch_add(1, Ordering::Relaxed) + 1;
                Span::current().record("attempts", attempt);
                self.listen(call, deadline, id, &last, heard)
            };
            match retry::run(&policy, Idempotence::SameId, call.name, listen)
                .await
                .map_err(|gave_up| {
                    Attempted::given_up(GaveUp {
                        may_be_done: gave_up.may_be_done || has_begun,
                        ..gave_up
                    })
                })? {
                Ended::Result(status, value) => return self.told(call, status, value),
                Ended::Cut(lost) if deadline.is_past() => return Err(lost.error),
                Ended::Cut(lost) => {
                    // A stream that gave something new counts as a success: a command of hours may lose many connections.
                    has_begun = true;
                    let wait = policy.backoff.base;
                    let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                    let (after, cause) = (last.load(Ordering::Relaxed), &lost.error);
                    self.config.tally.repeated("cut stream".to_owned());
                    tracing::warn!(what = call.name, after, %cause, wait_ms, "taking a lost stream up again");
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    /// Listens to one stream, from behind event number `last`, until it ends.
    async fn listen(
        &self,
        call: &Call,
        deadline: Deadline,
        id: &str,
        last: &AtomicU64,
        heard: Option<&Heard<'_>>,
    ) -> Result<Ended, Attempted> {
        let mut call = call.clone();
        let from = last.load(Ordering::Relaxed);
        if from > 0 {
            let name = HeaderName::from_static(native::LAST_EVENT_ID);
            call.headers.insert(name, HeaderValue::from(from));
        }
        let response = self.send(&call, deadline, Some(id)).await?;
        let (parts, incoming) = response.into_parts();
        if parts.status != StatusCode::OK {
            let bytes = body::collect(incoming, MAX_PROBLEM)
                .await
                .map_err(|error| Attempted::transport(call.name, error))?;
            return Err(self.problem(call.name, parts.status, &parts.headers, &bytes));
        }
        let mut lines = Lines::new(incoming, self.config.max_reply.saturating_add(AROUND));
        let mut is_new = false;
        loop {
            let line = match lines.next().await {
                Ok(line) => line,
                Err(error) => {
                    let lost = Attempted::transport(call.name, error);
                    return if is_new && lost.fault != Fault::Final {
                        Ok(Ended::Cut(lost))
                    } else {
                        Err(lost)
                    };
                }
            };
            match serde_json::from_slice(&line) {
                Ok(Event::Output { id, stream, data }) => {
                    if last.fetch_max(id, Ordering::Relaxed) < id
                        && let Some(heard) = heard
                    {
                        let data = STANDARD.decode(data).map_err(|_| strange(&call, &line))?;
                        heard(stream, &data);
                    }
                }
                Ok(Event::Skipped { id }) => {
                    last.fetch_max(id, Ordering::Relaxed);
                }
                Ok(Event::Heartbeat | Event::Other) => {}
                Ok(Event::Result { status, body, .. }) => {
                    let status = StatusCode::from_u16(status).map_err(|_| strange(&call, &line))?;
                    return Ok(Ended::Result(status, body));
                }
                Err(_) => return Err(strange(&call, &line)),
            }
            is_new = true;
        }
    }

    /// The answer that the plain endpoint would have given.
    fn told<T: DeserializeOwned>(
        &self,
        call: &Call,
        status: StatusCode,
        value: Value,
    ) -> Result<T, Error> {
        if status.is_success()
            && let Ok(typed) = T::deserialize(&value)
        {
            return Ok(typed);
        }
        let bytes = value.to_string();
        let is_refusal = status.as_u16() == route::STATUS_EXCEPTION || status.is_client_error();
        if is_refusal {
            // The stream was the server's, so what it says of the end is, too.
            let mut headers = HeaderMap::new();
            let name = HeaderName::from_static(native::HEADER);
            headers.insert(name, HeaderValue::from(native::REVISION));
            return Err(self
                .problem(call.name, status, &headers, bytes.as_bytes())
                .error);
        }
        Err(Error::Reply {
            call: call.name,
            status,
            evidence: gateway::evidence(bytes.as_bytes()),
        })
    }
}

fn strange(call: &Call, line: &[u8]) -> Attempted {
    Attempted::finally(Error::Reply {
        call: call.name,
        status: StatusCode::OK,
        evidence: gateway::evidence(line),
    })
}

/// The lines of a body, each of at most `longest` bytes.
struct Lines {
    body: Body,
    longest: usize,
    buffer: BytesMut,
    /// So much of the buffer holds no end of a line.
    searched: usize,
}

impl Lines {
    fn new(body: Body, longest: usize) -> Self {
        Self {
            body,
            longest,
            buffer: BytesMut::new(),
            searched: 0,
        }
    }

    /// The next line, without its end; empty ones are left out. A body that ends, or is silent for [`SILENCE`], is broken: the last line of
    /// a whole stream is the command's answer.
    async fn next(&mut self) -> Result<Bytes, TransportError> {
        loop {
            let unseen = self.buffer.get(self.searched..).unwrap_or_default();
            if let Some(at) = unseen.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(self.searched + at + 1).freeze();
                self.searched = 0;
                let line = line.slice(..line.len() - 1);
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                return Ok(line);
            }
            self.searched = self.buffer.len();
            if self.searched > self.longest {
                let said = format!("a line of the answer is longer than {} bytes", self.longest);
                return Err(broken(TransportErrorKind::TooLarge, said).permanent());
            }
            let frame = tokio::time::timeout(SILENCE, self.body.frame())
                .await
                .map_err(|_| {
                    let said = format!("no sign of life for {} s", SILENCE.as_secs());
                    broken(TransportErrorKind::Timeout, said)
                })?
                .ok_or_else(|| {
                    let said = "the stream of events ended before the command".to_owned();
                    broken(TransportErrorKind::Closed, said)
                })?;
            if let Ok(data) = frame.map_err(body::into_transport)?.into_data() {
                self.buffer.extend_from_slice(&data);
            }
        }
    }
}

fn broken(kind: TransportErrorKind, said: String) -> TransportError {
    TransportError::new(kind, Reached::Unknown, said)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(chunks: &[&'static str], longest: usize) -> Vec<String> {
        let chunks: Vec<Bytes> = chunks
            .iter()
            .map(|chunk| Bytes::from_static(chunk.as_bytes()))
            .collect();
        let mut lines = Lines::new(body::chunks(chunks), longest);
        let mut all = Vec::new();
        loop {
            match lines.next().await {
                Ok(line) => all.push(String::from_utf8(line.to_vec()).unwrap()),
                Err(error) => {
                    all.push(error.kind().as_str().to_owned());
                    return all;
                }
            }
        }
    }

    #[tokio::test]
    async fn lines_come_however_they_are_cut() {
        let closed = TransportErrorKind::Closed.as_str();
        assert_eq!(
            lines(&["a", "b\n\nc", "\n", "d"], 9).await,
            ["ab", "c", closed]
        );
        let too_large = TransportErrorKind::TooLarge.as_str();
        assert_eq!(lines(&["ab\n", "abcd", "e\n"], 3).await, ["ab", too_large]);
        assert_eq!(lines(&[], 3).await, [closed]);
    }

    #[test]
    fn what_may_take_long_is_followed() {
        assert!(is_long(Allowed::Ever) && is_long(Allowed::For(FOLLOWED_FROM)));
        assert!(!is_long(Allowed::NoCommand) && !is_long(Allowed::For(Duration::from_secs(19))));
    }
}
