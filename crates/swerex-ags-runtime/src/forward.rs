//! Calls of others that are passed on, as a bridge does: the server's answer as it comes, with every repeat that the library's own calls have.

use std::{
    fs::File,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ags_http::{Body, Deadline, Idempotence, TransportErrorKind, body, retry::RetryPolicy};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use http_body::Body as _;
use swerex_proto::{Action, Command, ExceptionBody, native, route};
use uuid::Uuid;

use crate::{
    call::{Answer, Connection},
    checked::Checked,
    error::{Attempted, Error, Lost},
    events, file,
    problem::read_problem,
    request::{self, Again, Allowed, Call, MakeBody},
    runtime::AgsRuntime,
};

/// An answer of at most so many bytes is awaited before it is passed on, so that one that breaks off is asked for again.
const AWAITED: u64 = 4 << 20;

/// The body of a call that is passed on.
#[derive(Debug)]
pub enum Forwarded {
    /// At hand.
    Whole(Bytes),
    /// So many bytes of a file, from its beginning.
    File(Arc<File>, u64),
    /// As it comes. Such a call is sent once.
    Once(Body),
}

impl AgsRuntime {
    /// Passes a call on and gives the server's answer as it is, whatever its status. Commands are awaited as the library's own calls await them,
    /// and what does no harm is repeated as they repeat it; of output beyond [`native::MAX_OUTPUT`] head and tail are kept.
    ///
    /// `path` is an endpoint's; headers of `headers` that describe the body are sent on. An `X-Request-ID` among them is the call's id, by which
    /// the server knows its repeats; without one there is a new one. What may be done again has none on a Python server. Tokens and keys are this runtime's. `timeout` is for calls that
    /// run no command.
    ///
    /// # Errors
    /// There is no answer of the server: the call did not reach it, its outcome is unknown, the sandbox is gone. What the gateway says is never
    /// given as an answer.
    pub async fn forward(
        &self,
        path: &str,
        headers: HeaderMap,
        body: Forwarded,
        timeout: Option<Duration>,
    ) -> Result<Response<Body>, Error> {
        let mut headers = headers;
        let id = headers.remove(route::X_REQUEST_ID);
        let id = id.as_ref().and_then(|id| id.to_str().ok());
        let id = id.map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
        let mut call = request::get(name(path), self.uri(path)?);
        (call.method, call.headers, call.again) = (Method::POST, headers, Again::of(path));
        if let Forwarded::Whole(bytes) = &body
            && let Some(events) = understood(&mut call, path, bytes)
        {
            let bytes = bytes.clone();
            call.body = Arc::new(move || Ok(body::full(bytes.clone())));
            let is_followed = self.is_native() && events::is_long(call.allowed);
            if let (true, Some(events)) = (is_followed, events) {
                call.uri = self.uri(events)?;
                return as_response(self.connection.follow(&call, Some(&id), None).await);
            }
            let deadline = self.connection.deadline(call.allowed);
            return as_response(self.connection.act(&call, deadline, &id).await);
        }
        let is_once = matches!(body, Forwarded::Once(_));
        call.body = body.make(call.name);
        let deadline = timeout.map_or_else(Deadline::none, Deadline::after);
        let connection = &self.connection;
        let passing = connection.pass(&call, deadline, &id, is_once);
        match connection.observed(call.name, Some(&id), passing).await {
            Err(Error::Remote(error)) => exception(error.into()),
            outcome => outcome,
        }
    }
}

impl Connection {
    async fn pass(
        &self,
        call: &Call,
        deadline: Deadline,
        id: &str,
        is_once: bool,
    ) -> Result<Response<Body>, Error> {
        let _under_way = self.crowd.enter();
        let is_native = self.is_native();
        // As the library's own calls: see `act_once`.
        let (id, _turn) = match call.again {
            _ if is_native => (Some(id), None),
            Again::Same => (None, None),
            Again::Fails(..) | Again::Twice => (Some(id), self.turn(deadline).await),
        };
        let (policy, idempotence) = if is_once {
            (RetryPolicy::once(), Idempotence::Never)
        } else if is_native {
            (self.config.retry, Idempotence::SameId)
        } else if call.again == Again::Twice {
            (self.config.retry, Idempotence::Never)
        } else {
            (self.config.retry, Idempotence::Safe)
        };
        let once = || self.pass_once(call, deadline, id);
        self.repeat_with(policy, call, deadline, idempotence, once, json)
            .await
            .map_err(|error| match error {
                Error::UnknownOutcome {
                    source: Lost::Transport(source),
                    call,
                    ..
                } if is_once && source.kind() == TransportErrorKind::Body => {
                    Error::BrokenRequest { call, source }
                }
                error => error,
            })
    }

    /// Sends a call once. A refusal of the server's is its answer.
    async fn pass_once(
        &self,
        call: &Call,
        deadline: Deadline,
        id: Option<&str>,
    ) -> Result<Response<Body>, Attempted> {
        let transport = |error| Attempted::transport(call.name, error);
        let response = self.send(call, deadline, id).await?;
        let (parts, incoming) = response.into_parts();
        if parts.status.is_success() {
            let is_small = incoming
                .size_hint()
                .upper()
                .is_some_and(|length| length <= AWAITED);
            if !is_small {
                return Ok(Response::from_parts(parts, incoming));
            }
            let bytes = body::collect(incoming, self.config.max_reply).await;
            let bytes = bytes.map_err(transport)?;
            return Ok(Response::from_parts(parts, body::full(bytes)));
        }
        let bytes = read_problem(parts.status, incoming).await;
        let bytes = bytes.map_err(transport)?;
        let problem = self
            .problem_of(call.name, parts.status, &parts.headers, bytes.clone())
            .await;
        match &problem.error {
            Error::Refused { message, .. } if problem.is_final() => {
                let status = parts.status;
                // Of a refusal that is too long only the beginning was read.
                let is_whole = request::is_json(&bytes);
                let said = || serde_json::json!({ "detail": message }).to_string().into();
                let bytes = if is_whole { bytes } else { said() };
                Ok(json(Answer { status, bytes }))
            }
            _ => Err(problem),
        }
    }
}

impl Forwarded {
    fn make(self, name: &'static str) -> MakeBody {
        match self {
            Self::Whole(bytes) => Arc::new(move || Ok(body::full(bytes.clone()))),
            Self::File(file, size) => Arc::new(move || {
                let pieces = file::pieces(&file, size).map_err(|source| Error::Local {
                    path: std::env::temp_dir(),
                    source,
                })?;
                Ok(body::stream(pieces))
            }),
            Self::Once(body) => {
                let once = Mutex::new(Some(body));
                Arc::new(move || {
                    let body = once.lock().unwrap_or_else(PoisonError::into_inner).take();
                    body.ok_or_else(|| {
                        Error::Invalid(format!(
                            "the gateway wants another token, but the body of {name} cannot be sent twice"
                        ))
                    })
                })
            }
        }
    }
}

/// The endpoint's name, for errors and logs.
fn name(path: &str) -> &'static str {
    match path {
        route::EXECUTE => "execute",
        route::RUN_IN_SESSION => "run_in_session",
        route::CREATE_SESSION => "create_session",
        route::CLOSE_SESSION => "close_session",
        route::READ_FILE => "read_file",
        route::WRITE_FILE => "write_file",
        route::UPLOAD => "upload",
        route::CLOSE => "close",
        _ => "the call",
    }
}

/// What the body of a call that runs something says of the time it needs, and where its events are, if it has any. What is not understood is
/// the server's to refuse, in its own words.
fn understood(call: &mut Call, path: &str, bytes: &[u8]) -> Option<Option<&'static str>> {
    let events = match path {
        route::EXECUTE => {
            let command: Command = serde_json::from_slice(bytes).ok()?;
            call.allowed = Allowed::of_command(&command);
            call.checked = Checked::of_command(&command);
            Some(native::EXECUTE_EVENTS)
        }
        route::RUN_IN_SESSION => {
            let action: Action = serde_json::from_slice(bytes).ok()?;
            call.allowed = Allowed::of_action(&action);
            call.checked = Checked::of_action(&action);
            match action {
                Action::Bash(_) => Some(native::RUN_IN_SESSION_EVENTS),
                Action::BashInterrupt(_) => None,
            }
        }
        _ => return None,
    };
    call.has_output = true;
    Some(events)
}

/// The outcome of a call as the answer that it was.
fn as_response(outcome: Result<Answer, Error>) -> Result<Response<Body>, Error> {
    match outcome {
        Ok(answer) => Ok(json(answer)),
        Err(Error::Remote(error)) => exception(error.into()),
        Err(Error::Refused {
            status, message, ..
        }) if !is_for_later(status) => {
            let bytes = serde_json::json!({ "detail": message }).to_string().into();
            Ok(json(Answer { status, bytes }))
        }
        Err(error) => Err(error),
    }
}

fn is_for_later(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    )
}

fn exception(body: ExceptionBody) -> Result<Response<Body>, Error> {
    let bytes = serde_json::to_vec(&body)
        .map_err(|error| Error::Invalid(format!("the exception cannot be told: {error}")))?;
    let status = StatusCode::from_u16(route::STATUS_EXCEPTION)
        .map_err(|error| Error::Invalid(error.to_string()))?;
    let bytes = bytes.into();
    Ok(json(Answer { status, bytes }))
}

fn json(answer: Answer) -> Response<Body> {
    let mut response = Response::new(body::full(answer.bytes));
    *response.status_mut() = answer.status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
