//! One call of an agent: to whom it goes, and what comes back.

use std::{sync::Arc, time::Duration};

use ags_http::{Body, TransportErrorKind, body};
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body::Body as _;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::{
    reply,
    sandbox::{CallFailed, StartProblem},
    slot::{InUse, Purpose, Refused, Slot},
};

/// The largest body of a call that says which session it is about, in bytes; larger ones are refused.
const LARGEST_SESSION_CALL: usize = 1 << 20;

/// The largest exception, and the largest other answer that is no success, in bytes; a larger one is replaced by a summary.
const LARGEST_EXCEPTION: usize = 8 << 20;
const LARGEST_PROBLEM: usize = 64 << 10;

/// How much of a strange answer is looked at, in bytes.
const EVIDENCE: usize = 1 << 10;

/// SWE-ReX's endpoints that take a POST, and [`attached`](super::attached). Other paths are not passed on.
const ENDPOINTS: &[&str] = &[
    "create_session",
    "run_in_session",
    "close_session",
    "execute",
    ATTACHED,
    "read_file",
    "write_file",
    "upload",
];

/// The endpoint at [`attached::PATH`](super::attached::PATH), the only one whose answer is no JSON.
const ATTACHED: &str = "execute_attached";

/// What the original assumes where a session's name is left out.
const DEFAULT_SESSION: &str = "default";

/// Headers of a call that mean something to the sandbox's server. The agent's key is for the bridge and stays here.
const PASSED_ON: &[&str] = &["content-type", "content-length", "x-request-id"];

/// Carries out one call on one virtual server. The key has been checked.
pub(crate) async fn serve(
    slot: &Arc<Slot>,
    endpoint: &str,
    request: Request<Body>,
    start_timeout: Duration,
) -> Response<Body> {
    match (request.method(), endpoint) {
        (&Method::GET, "is_alive") => {
            let (is_alive, message) = slot.alive();
            reply::answer(
                StatusCode::OK,
                &json!({ "is_alive": is_alive, "message": message }),
            )
        }
        (&Method::GET, "") => reply::answer(StatusCode::OK, &json!({ "message": "hello world" })),
        (&Method::POST, "close") => {
            slot.close();
            reply::answer(StatusCode::OK, &json!({}))
        }
        (&Method::POST, endpoint) if ENDPOINTS.contains(&endpoint) => {
            pass_on(slot, endpoint, request, Instant::now() + start_timeout).await
        }
        (_, known) if matches!(known, "" | "is_alive" | "close") || ENDPOINTS.contains(&known) => {
            reply::detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
        }
        _ => reply::detail(StatusCode::NOT_FOUND, "Not Found"),
    }
}

async fn pass_on(
    slot: &Arc<Slot>,
    endpoint: &str,
    request: Request<Body>,
    deadline: Instant,
) -> Response<Body> {
    let (request, session) = match with_session(endpoint, request).await {
        Ok(parts) => parts,
        Err(refused) => return refused,
    };
    let id = request.headers().get("x-request-id");
    let id = id.map(http::HeaderValue::as_bytes);
    let purpose = match (endpoint, &session) {
        ("create_session", Some(session)) if !slot.is_repeat(session, id) => {
            Purpose::Create(session)
        }
        _ => Purpose::Use,
    };
    let in_use = match slot.sandbox(purpose, deadline).await {
        Ok(in_use) => in_use,
        Err(refused) => return refusal(refused),
    };
    let call = in_use.sandbox().call(to_sandbox(endpoint, request));
    let response = match purpose {
        // A session belongs to the start: without one there is nothing to work with.
        Purpose::Create(_) => tokio::time::timeout_at(deadline, call).await,
        Purpose::Use => Ok(call.await),
    };
    let response = match response {
        Ok(Ok(response)) => response,
        Err(_) => {
            slot.give_up(&in_use);
            let why = "the sandbox came up, but opened no session in time, and was given up";
            return refusal(Refused::NotStarted(StartProblem(why.to_owned())));
        }
        Ok(Err(CallFailed::Gone(why))) => {
            slot.gone(&in_use, &why);
            return refusal(Refused::Dead(why));
        }
        Ok(Err(CallFailed::Broken(why))) => return reply::detail(StatusCode::BAD_REQUEST, &why),
        Ok(Err(CallFailed::Unreachable(why))) => return reply::exception(reply::FALLBACK, &why),
    };
    if let ("close_session", Some(session), true) =
        (endpoint, session, response.status().is_success())
    {
        slot.session_closed(&session);
    }
    to_agent(endpoint, response, in_use).await
}

/// The session that a call creates or closes. Bodies of other calls are not looked at: they stream.
async fn with_session(
    endpoint: &str,
    request: Request<Body>,
) -> Result<(Request<Body>, Option<String>), Response<Body>> {
    #[derive(Deserialize)]
    struct Named {
        session: Option<serde_json::Value>,
    }

    if !matches!(endpoint, "create_session" | "close_session") {
        return Ok((request, None));
    }
    let (parts, incoming) = request.into_parts();
    let bytes = body::collect(incoming, LARGEST_SESSION_CALL)
        .await
        .map_err(|error| match error.kind() {
            TransportErrorKind::TooLarge => reply::detail(
                StatusCode::PAYLOAD_TOO_LARGE,
                &format!("the body of {endpoint} is larger than {LARGEST_SESSION_CALL} bytes"),
            ),
            _ => reply::detail(
                StatusCode::BAD_REQUEST,
                &format!("the body of {endpoint} cannot be read: {error}"),
            ),
        })?;
    let session = match serde_json::from_slice::<Named>(&bytes) {
        Ok(Named {
            session: Some(serde_json::Value::String(name)),
        }) => name,
        // What is no session is refused by the sandbox's server, in its own words.
        _ => DEFAULT_SESSION.to_owned(),
    };
    Ok((Request::from_parts(parts, body::full(bytes)), Some(session)))
}

fn to_sandbox(endpoint: &str, request: Request<Body>) -> Request<Body> {
    let (parts, body) = request.into_parts();
    let mut onward = Request::new(body);
    *onward.method_mut() = Method::POST;
    if let Ok(path) = format!("/{endpoint}").parse() {
        *onward.uri_mut() = path;
    }
    let mut headers = HeaderMap::new();
    for name in PASSED_ON {
        if let Some(value) = parts.headers.get(*name) {
            headers.insert(*name, value.clone());
        }
    }
    *onward.headers_mut() = headers;
    onward
}

/// A success streams through; anything else is read, checked and told anew, so that the agent always gets JSON.
async fn to_agent(endpoint: &str, response: Response<Body>, in_use: InUse) -> Response<Body> {
    let status = response.status();
    let length = response.headers().get(header::CONTENT_LENGTH).cloned();
    let kind = response.headers().get(header::CONTENT_TYPE).cloned();
    let is = |wanted: &str| {
        kind.as_ref()
            .is_some_and(|kind| kind.as_bytes().starts_with(wanted.as_bytes()))
    };
    if status.is_success() && is("application/json") {
        let mut answer = reply::with_body(status, held(response.into_body(), in_use));
        if let Some(length) = length {
            answer.headers_mut().insert(header::CONTENT_LENGTH, length);
        }
        return answer;
    }
    if status.is_success() && endpoint == ATTACHED && is(reply::EVENTS) {
        return reply::events(held(response.into_body(), in_use));
    }
    let is_exception = status.as_u16() == reply::STATUS_EXCEPTION;
    let limit = if is_exception {
        LARGEST_EXCEPTION
    } else {
        LARGEST_PROBLEM
    };
    let bytes = match body::collect(response.into_body(), limit).await {
        Ok(bytes) => bytes,
        Err(error) => {
            return reply::exception(
                reply::FALLBACK,
                &format!("the sandbox's answer ({status}): {error}"),
            );
        }
    };
    let evidence = bytes.slice(..bytes.len().min(EVIDENCE));
    let told = if is_exception {
        // Of one that is large the parsing is work that others need not wait for.
        let retold = tokio::task::spawn_blocking(move || reply::retold(&bytes));
        retold.await.unwrap_or_default()
    } else if status.is_client_error() && reply::is_object(&bytes) {
        Some(reply::with_body(status, body::full(bytes)))
    } else {
        None
    };
    told.unwrap_or_else(|| {
        let text = String::from_utf8_lossy(&evidence);
        let evidence: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
        reply::exception(
            reply::FALLBACK,
            &format!("the sandbox answered {status}, which is no answer of SWE-ReX: {evidence}"),
        )
    })
}

/// A body that keeps its sandbox in use until it has been read.
fn held(incoming: Body, in_use: InUse) -> Body {
    use futures_util::StreamExt;
    use http_body_util::BodyExt;

    if incoming.is_end_stream() {
        return incoming;
    }
    let frames = incoming.into_data_stream().map(move |chunk| {
        let _kept_while_reading = &in_use;
        chunk
    });
    body::stream(frames)
}

fn refusal(refused: Refused) -> Response<Body> {
    match refused {
        Refused::NotStarted(problem) => reply::exception(reply::NOT_STARTED, &problem.0),
        Refused::Dead(why) => reply::exception(
            reply::FALLBACK,
            &format!(
                "the sandbox is gone and what was in it is lost ({why}); /close or create_session begins a new one"
            ),
        ),
        Refused::Held => reply::exception(
            reply::SESSION_EXISTS,
            "another agent is at work on this address; give each agent an instance name of its own",
        ),
        Refused::Closed => reply::exception(
            reply::FALLBACK,
            "the sandbox was closed while this call waited for it",
        ),
        Refused::Stopping => reply::exception(reply::NOT_STARTED, "the bridge is stopping"),
    }
}
