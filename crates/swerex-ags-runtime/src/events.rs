//! A command on our native server, followed by its events: what it prints is told while it prints it, heartbeats keep an idle gateway from
//! cutting the connection, and a lost connection is taken up where it ended.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use ags_http::{
    Deadline, Idempotence, TransportErrorKind,
    retry::{self, Fault, GaveUp, RetryPolicy},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::de::DeserializeOwned;
use swerex_proto::{
    native::{self, EventLine, Stream},
    route,
};
use tokio::time::Instant;
use tracing::Span;
use uuid::Uuid;

use crate::{
    call::{Answer, Connection},
    error::{Attempted, Error, Lost, Tried},
    gateway,
    lines::{Lines, SILENCE, broken, silent},
    request::{self, Allowed, Call},
    shorten::shortened,
};

/// A command that may take as long as this, or for ever, is followed by its events where the server has them. A shorter one is asked for at once.
pub const FOLLOWED_FROM: Duration = Duration::from_secs(20);

/// How much longer than an answer the line around it may be, in bytes.
const AROUND: usize = 64 << 10;

/// After so many bytes of output a stream that pauses is taken up at once; after fewer, the usual wait comes first.
const WORTH_IT: usize = 4 << 10;

/// So many pauses in a row without anything new are the end: a server that works tells something between two of them.
const MAX_EMPTY_PAUSES: u32 = 8;

/// Is told what a command prints while it prints it, in pieces that may end within a character. It must not block.
pub type Heard<'a> = dyn Fn(Stream, &[u8]) + Send + Sync + 'a;

/// What a stream of events tells.
pub(crate) enum Told {
    /// The command has printed something.
    Output(Stream, Bytes),
    /// The command's answer: the status and the JSON text that the plain endpoint would have given.
    Result(StatusCode, Bytes),
}

/// The events of one call, one after the other, however often the connection is lost.
#[derive(Debug)]
pub(crate) struct Events {
    place: Place,
    /// How often and how long to try to take the stream up.
    pub(crate) policy: RetryPolicy,
    stream: Option<Lines>,
    /// Read already, as a sign that the stream has begun.
    first: Option<Seen>,
    /// When the stream was taken up last, and how many bytes of output it has told since.
    since: Instant,
    news: usize,
    /// How often in a row a stream has paused, or was lost early, without anything new.
    empty_pauses: u32,
    early_losses: u32,
}

/// Where a stream goes on.
#[derive(Debug)]
struct Place {
    call: Call,
    id: String,
    deadline: Deadline,
    /// What the connection is told of it: none where the deadline moves.
    of_connection: Deadline,
    /// The number of the last event that was told.
    last: u64,
    has_begun: bool,
    /// How often it was tried to take it up, the first time included.
    tries: AtomicU64,
}

/// An event that was read.
#[derive(Debug)]
enum Seen {
    Nothing,
    Output(u64, Stream, Bytes),
    Skipped(u64),
    Pause,
    Result(StatusCode, Bytes),
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
    /// Carries a call to one of the server's streams of events out, once, however often the connection is lost. A failure of the call is the
    /// error that its plain endpoint's answer would be.
    pub(crate) async fn follow(
        &self,
        call: &Call,
        id: Option<&str>,
        heard: Option<&Heard<'_>>,
    ) -> Result<Answer, Error> {
        let made;
        let id = match id {
            Some(id) => id,
            None => {
                made = Uuid::new_v4().to_string();
                &made
            }
        };
        let outcome = self.follow_as(call, heard, id);
        self.observed(call.name, Some(id), outcome).await
    }

    async fn follow_as(
        &self,
        call: &Call,
        heard: Option<&Heard<'_>>,
        id: &str,
    ) -> Result<Answer, Error> {
        let _under_way = self.crowd.enter();
        let deadline = self.deadline(call.allowed);
        let mut events = Events::new(call.clone(), id, deadline, self.config.retry);
        loop {
            match events.next(self).await? {
                Told::Output(stream, data) => {
                    if let Some(heard) = heard {
                        heard(stream, &data);
                    }
                }
                Told::Result(status, bytes) => return self.told(call, status, bytes).await,
            }
        }
    }

    /// The answer that the plain endpoint would have given, if it is a success.
    pub(crate) async fn told(
        &self,
        call: &Call,
        status: StatusCode,
        bytes: Bytes,
    ) -> Result<Answer, Error> {
        if status.is_success() {
            return Ok(Answer { status, bytes });
        }
        let is_refusal = status.as_u16() == route::STATUS_EXCEPTION || status.is_client_error();
        if is_refusal {
            // The stream was the server's, so what it says of the end is, too.
            let mut headers = HeaderMap::new();
            let name = HeaderName::from_static(native::HEADER);
            headers.insert(name, HeaderValue::from(native::REVISION));
            return Err(self
                .problem_of(call.name, status, &headers, bytes)
                .await
                .error);
        }
        Err(Error::Reply {
            call: call.name,
            status,
            evidence: gateway::evidence(&bytes),
        })
    }

    /// As [`told`](Self::told), typed.
    pub(crate) async fn told_typed<T: DeserializeOwned + Send + 'static>(
        &self,
        call: &Call,
        status: StatusCode,
        bytes: Bytes,
    ) -> Result<T, Error> {
        let answer = self.told(call, status, bytes).await?;
        request::parsed(call.name, answer.status, answer.bytes).await
    }
}

impl Events {
    pub(crate) fn new(call: Call, id: &str, deadline: Deadline, policy: RetryPolicy) -> Self {
        Self {
            place: Place {
                call,
                id: id.to_owned(),
                deadline,
                of_connection: deadline,
                last: 0,
                has_begun: false,
                tries: AtomicU64::new(0),
            },
            policy,
            stream: None,
            first: None,
            since: Instant::now(),
            news: 0,
            empty_pauses: 0,
            early_losses: 0,
        }
    }

    /// From now on it has until `deadline`, however long the connection is kept: whoever reads slowly moves it on.
    pub(crate) fn put_off(&mut self, deadline: Deadline) {
        (self.place.deadline, self.place.of_connection) = (deadline, Deadline::none());
    }

    /// What is told next. May be dropped and called again; nothing is told after a result.
    pub(crate) async fn next(&mut self, connection: &Connection) -> Result<Told, Error> {
        loop {
            let lost = match self.event(connection).await? {
                Ok(Seen::Output(id, stream, data)) => {
                    if id > self.place.last {
                        self.place.last = id;
                        self.news = self.news.saturating_add(data.len());
                        return Ok(Told::Output(stream, data));
                    }
                    continue;
                }
                Ok(Seen::Skipped(id)) => {
                    self.place.last = self.place.last.max(id);
                    continue;
                }
                Ok(Seen::Nothing) => continue,
                Ok(Seen::Result(status, body)) => return Ok(Told::Result(status, body)),
                Ok(Seen::Pause) if self.news >= WORTH_IT => {
                    (self.stream, self.empty_pauses) = (None, 0);
                    continue;
                }
                Ok(Seen::Pause) => {
                    self.empty_pauses = if self.news > 0 {
                        0
                    } else {
                        self.empty_pauses + 1
                    };
                    if self.empty_pauses >= MAX_EMPTY_PAUSES {
                        let said = format!("{MAX_EMPTY_PAUSES} pauses in a row without an event");
                        return Err(strange(&self.place.call, said.as_bytes()).error);
                    }
                    None
                }
                Err(lost) if lost.fault == Fault::Final || self.place.deadline.is_past() => {
                    return Err(lost.error);
                }
                Err(lost) => Some(lost.error),
            };
            // A stream that has begun counts as a success: a command of hours may lose many connections. But one that is lost at once, again
            // and again, is asked for less and less often.
            self.stream = None;
            let heartbeat = Duration::from_secs(native::HEARTBEAT_SECONDS);
            let is_early = self.news == 0 && self.since.elapsed() < heartbeat;
            self.early_losses = if is_early { self.early_losses + 1 } else { 1 };
            let wait = self.policy.backoff.ceiling(self.early_losses);
            if let Some(cause) = lost {
                let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                let (what, after) = (self.place.call.name, self.place.last);
                connection.config.tally.repeated("cut stream".to_owned());
                tracing::warn!(what, after, %cause, wait_ms, "taking a lost stream up again");
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Waits until the stream has begun.
    pub(crate) async fn begin(&mut self, connection: &Connection) -> Result<(), Error> {
        if self.stream.is_some() {
            return Ok(());
        }
        let policy = RetryPolicy {
            overall: match self.place.deadline.remaining() {
                Some(left) => left.min(self.policy.overall),
                None => self.policy.overall,
            },
            ..self.policy
        };
        let once = |_| self.place.take_up(connection);
        let begun = retry::run(&policy, Idempotence::SameId, self.place.call.name, once);
        let begun = self.place.in_time(begun).await?;
        let (stream, first) = begun.map_err(|gave_up| {
            Attempted::given_up(GaveUp {
                may_be_done: gave_up.may_be_done || self.place.has_begun,
                ..gave_up
            })
        })?;
        (self.stream, self.first) = (Some(stream), Some(first));
        (self.since, self.news) = (Instant::now(), 0);
        self.place.has_begun = true;
        Ok(())
    }

    /// The next event; within, the stream's end before its last.
    async fn event(&mut self, connection: &Connection) -> Result<Result<Seen, Attempted>, Error> {
        self.begin(connection).await?;
        match (self.first.take(), &mut self.stream) {
            (Some(event), _) => Ok(Ok(event)),
            (None, Some(stream)) => self.place.in_time(seen(&self.place.call, stream)).await,
            (None, None) => Ok(Ok(Seen::Nothing)),
        }
    }
}

impl Place {
    /// Opens one stream, from behind the last event, up to its first.
    async fn take_up(&self, connection: &Connection) -> Result<(Lines, Seen), Attempted> {
        let attempt = self.tries.fetch_add(1, Ordering::Relaxed) + 1;
        Span::current().record("attempts", attempt);
        let mut call = self.call.clone();
        if self.last > 0 {
            let name = HeaderName::from_static(native::LAST_EVENT_ID);
            call.headers.insert(name, HeaderValue::from(self.last));
        }
        let answer = connection.send(&call, self.of_connection, Some(&self.id));
        let response = if self.has_begun {
            // What begins at once is lost after such a silence; the first time there may be much to send.
            tokio::time::timeout(SILENCE, answer)
                .await
                .map_err(|_| Attempted::transport(call.name, silent()))?
        } else {
            answer.await
        };
        let (parts, incoming) = response?.into_parts();
        if parts.status != StatusCode::OK {
            return Err(connection.read_problem(call.name, &parts, incoming).await);
        }
        let longest = connection.config.max_reply.saturating_add(AROUND);
        let mut lines = Lines::new(shortened(incoming), longest);
        let first = seen(&call, &mut lines).await?;
        Ok((lines, first))
    }

    /// Waits for work until the deadline.
    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        let Some(at) = self.deadline.instant() else {
            return Ok(work.await);
        };
        tokio::time::timeout_at(at, work).await.map_err(|_| {
            let said = "no complete answer within the deadline of the call".to_owned();
            Error::UnknownOutcome {
                call: self.call.name,
                source: Lost::Transport(broken(TransportErrorKind::Timeout, said)),
                tried: Tried::default(),
            }
        })
    }
}

/// Opens a stream that is not taken up again, if the answer is one; the result is some.
pub(crate) async fn open(connection: &Connection, call: &Call) -> Result<Option<Lines>, Attempted> {
    let response = connection.send(call, Deadline::none(), None).await?;
    let (parts, incoming) = response.into_parts();
    if parts.status != StatusCode::OK {
        return Err(connection.read_problem(call.name, &parts, incoming).await);
    }
    let longest = connection.config.max_reply.saturating_add(AROUND);
    Ok(Some(Lines::new(shortened(incoming), longest)))
}

async fn seen(call: &Call, stream: &mut Lines) -> Result<Seen, Attempted> {
    let line = stream.next().await;
    let line = line.map_err(|error| Attempted::transport(call.name, error))?;
    let evidence = line.slice(..line.len().min(MAX_EVIDENCE));
    let read = request::off_worker(line.len(), move || read(&line)).await;
    read.ok_or_else(|| strange(call, &evidence))
}

/// How much of a strange line is looked at.
const MAX_EVIDENCE: usize = 1 << 10;

fn read(line: &Bytes) -> Option<Seen> {
    Some(match EventLine::read(line).ok()? {
        EventLine::Heartbeat | EventLine::Other => Seen::Nothing,
        EventLine::Output { id, stream, data } => {
            Seen::Output(id, stream, STANDARD.decode(data.as_ref()).ok()?.into())
        }
        EventLine::Skipped { id } => Seen::Skipped(id),
        EventLine::Pause => Seen::Pause,
        EventLine::Result { status, body, .. } => {
            let status = StatusCode::from_u16(status).ok()?;
            // A body that is left out is no part of the line.
            let body = match body {
                "null" => Bytes::from_static(b"null"),
                body => line.slice_ref(body.as_bytes()),
            };
            Seen::Result(status, body)
        }
    })
}

fn strange(call: &Call, line: &[u8]) -> Attempted {
    Attempted::finally(Error::Reply {
        call: call.name,
        status: StatusCode::OK,
        evidence: gateway::evidence(line),
    })
}

impl Lines {
    /// What is told next by a stream that leaves nothing out and does not pause.
    pub(crate) async fn told(&mut self, call: &Call) -> Result<Told, Attempted> {
        loop {
            match seen(call, self).await? {
                Seen::Output(_, stream, piece) => return Ok(Told::Output(stream, piece)),
                Seen::Result(status, body) => return Ok(Told::Result(status, body)),
                Seen::Nothing => {}
                Seen::Skipped(_) | Seen::Pause => {
                    return Err(strange(
                        call,
                        b"output that cannot be asked for again is missing",
                    ));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_take_long_is_followed() {
        assert!(is_long(Allowed::Ever) && is_long(Allowed::For(FOLLOWED_FROM)));
        assert!(!is_long(Allowed::NoCommand) && !is_long(Allowed::For(Duration::from_secs(19))));
    }
}
