//! Requests and replies without I/O.

use std::{fmt, sync::Arc, time::Duration};

use ags_http::{Body, body};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use serde::{
    Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use swerex_proto::{Action, Command, CreateSessionRequest, route};
use url::Url;

use crate::{checked::Checked, error::Error};

/// Time for one ^C beyond what the caller allows it: the server waits between two of them and tries harder means at the end.
const INTERRUPT_EXTRA: Duration = Duration::from_millis(500);

/// Work on more bytes than these is not done where other calls wait for their turn.
const HEAVY: usize = 256 << 10;

/// Makes a request's body anew for every attempt.
pub(crate) type MakeBody = Arc<dyn Fn() -> Result<Body, Error> + Send + Sync>;

/// One call, ready to be sent as often as need be.
#[derive(Clone)]
pub(crate) struct Call {
    /// The endpoint's name, for errors and logs.
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// `Content-Type`, `Content-Length` and what else belongs to the body.
    pub(crate) headers: HeaderMap,
    pub(crate) body: MakeBody,
    /// What the caller allows the command on the server.
    pub(crate) allowed: Allowed,
    /// A command whose failure is an exception: a Python server remembers none of those.
    pub(crate) checked: Option<Checked>,
    /// What a repeat does on a server that does not know repeats by their ids.
    pub(crate) again: Again,
    /// Whether its answer has a command's output, which may be of any length.
    pub(crate) has_output: bool,
}

/// What a repeat of a call does that may have been carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// It is done twice.
    Twice,
    /// It reads, or sets the same again.
    Same,
    /// It fails with this exception of SWE-ReX if it has been done: then this is the answer.
    Fails(&'static str, &'static str),
}

impl Again {
    /// Of the endpoint at this path.
    pub(crate) fn of(path: &str) -> Self {
        match path {
            route::READ_FILE | route::WRITE_FILE | route::UPLOAD | route::CLOSE => Self::Same,
            route::CREATE_SESSION => Self::Fails(
                "swerex.exceptions.SessionExistsError",
                r#"{"output":"","session_type":"bash"}"#,
            ),
            route::CLOSE_SESSION => Self::Fails(
                "swerex.exceptions.SessionDoesNotExistError",
                r#"{"session_type":"bash"}"#,
            ),
            _ => Self::Twice,
        }
    }
}

/// How long the server may work on a call by the caller's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// The call runs no command.
    NoCommand,
    /// A transfer that takes its time, but runs no command.
    Transfer(Duration),
    /// A command with a timeout.
    For(Duration),
    /// A command without one.
    Ever,
}

impl Allowed {
    /// Of a timeout in seconds as the protocol has it. What is no finite number is `null` in JSON, which is none; so is one beyond all clocks.
    fn seconds(timeout: Option<f64>) -> Self {
        let finite = timeout.filter(|seconds| seconds.is_finite());
        let allowed = finite.map(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)));
        match allowed {
            Some(Ok(allowed)) => Self::For(allowed),
            None | Some(Err(_)) => Self::Ever,
        }
    }

    pub(crate) fn of_command(command: &Command) -> Self {
        Self::seconds(command.timeout)
    }

    pub(crate) fn of_session(request: &CreateSessionRequest) -> Self {
        let CreateSessionRequest::Bash(bash) = request;
        Self::seconds(Some(bash.startup_timeout))
    }

    pub(crate) fn of_action(action: &Action) -> Self {
        match action {
            // The original reads exactly -1 as its own default of 30 s.
            Action::Bash(bash) if bash.timeout == Some(-1.0) => Self::For(Duration::from_secs(30)),
            Action::Bash(bash) => Self::seconds(bash.timeout),
            Action::BashInterrupt(interrupt) => {
                let tries = u32::try_from(interrupt.n_retry.clamp(0, 1_000)).unwrap_or(0) + 1;
                match Self::seconds(Some(interrupt.timeout)) {
                    Self::For(each) => {
                        Self::For(each.saturating_add(INTERRUPT_EXTRA).saturating_mul(tries))
                    }
                    other => other,
                }
            }
        }
    }

    /// When the transport gives up: never before the command's own timeout, and never at all if it has none.
    pub(crate) fn deadline(self, runtime_timeout: Duration) -> Option<Duration> {
        match self {
            Self::NoCommand => Some(runtime_timeout),
            Self::For(allowed) | Self::Transfer(allowed) => {
                Some(allowed.saturating_add(runtime_timeout))
            }
            Self::Ever => None,
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.name).finish()
    }
}

/// A path below the server's address.
pub(crate) fn uri(base: &Url, path: &str, query: &[(&str, &str)]) -> Result<Uri, Error> {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    url.as_str()
        .parse()
        .map_err(|error| Error::Invalid(format!("the address `{url}` cannot be used: {error}")))
}

/// A `GET`.
pub(crate) fn get(name: &'static str, uri: Uri) -> Call {
    Call {
        name,
        method: Method::GET,
        uri,
        headers: HeaderMap::new(),
        body: Arc::new(|| Ok(body::empty())),
        allowed: Allowed::NoCommand,
        checked: None,
        again: Again::Twice,
        has_output: false,
    }
}

/// A `POST` of JSON.
pub(crate) fn post<T: Serialize>(
    name: &'static str,
    uri: Uri,
    value: &T,
    allowed: Allowed,
) -> Result<Call, Error> {
    let text = serde_json::to_vec(value)
        .map_err(|error| Error::Invalid(format!("{name} cannot be written as JSON: {error}")))?;
    let mut call = with_bytes(name, Method::POST, uri, Bytes::from(text));
    call.headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    call.allowed = allowed;
    Ok(call)
}

/// A request whose body is at hand.
pub(crate) fn with_bytes(name: &'static str, method: Method, uri: Uri, bytes: Bytes) -> Call {
    let mut call = get(name, uri);
    call.method = method;
    call.body = Arc::new(move || Ok(body::full(bytes.clone())));
    call
}

/// An HTTP request of a call, without tokens and ids.
pub(crate) fn build(call: &Call) -> Result<Request<Body>, Error> {
    let mut request = Request::new((call.body)()?);
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = call.uri.clone();
    *request.headers_mut() = call.headers.clone();
    Ok(request)
}

/// The type that an answer should have.
pub(crate) fn parse<T: DeserializeOwned>(
    name: &'static str,
    status: http::StatusCode,
    bytes: &[u8],
) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|_| Error::Reply {
        call: name,
        status,
        evidence: crate::gateway::evidence(bytes),
    })
}

/// Whether it is JSON, of any shape.
pub(crate) fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

/// As [`parse`], of an answer of any size.
pub(crate) async fn parsed<T: DeserializeOwned + Send + 'static>(
    name: &'static str,
    status: http::StatusCode,
    bytes: Bytes,
) -> Result<T, Error> {
    off_worker(bytes.len(), move || parse(name, status, &bytes)).await
}

/// Does work on so many bytes, away from the workers if there are many of them.
pub(crate) async fn off_worker<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    if bytes <= HEAVY {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime shuts down, and nobody will see what comes of it.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use swerex_proto::{BashAction, BashInterruptAction};

    use super::*;

    const MARGIN: Duration = Duration::from_secs(60);

    #[test]
    fn the_transport_never_cuts_a_command_short() {
        let of = |timeout| {
            Allowed::of_command(&Command {
                timeout,
                ..Command::shell("x")
            })
            .deadline(MARGIN)
        };
        assert_eq!(of(Some(500.0)), Some(Duration::from_secs(560)));
        assert_eq!(of(Some(0.25)), Some(Duration::from_millis(60_250)));
        assert_eq!(of(None), None);
        assert_eq!(of(Some(-5.0)), Some(MARGIN), "the server ends it at once");
        for endless in [f64::NAN, f64::NEG_INFINITY, f64::INFINITY, 1e300] {
            assert_eq!(of(Some(endless)), None, "{endless}");
        }
        let action = |timeout| {
            Allowed::of_action(
                &BashAction {
                    timeout,
                    ..BashAction::new("x")
                }
                .into(),
            )
            .deadline(MARGIN)
        };
        assert_eq!(action(Some(-1.0)), Some(Duration::from_secs(90)));
        let interrupt = Allowed::of_action(&BashInterruptAction::default().into()).deadline(MARGIN);
        assert_eq!(interrupt, Some(Duration::from_millis(62_800)));
    }

    #[test]
    fn paths_go_below_the_servers_address() {
        let at = |base: &str| {
            uri(&Url::parse(base).unwrap(), "/is_alive", &[])
                .unwrap()
                .to_string()
        };
        assert_eq!(
            at("http://127.0.0.1:8000"),
            "http://127.0.0.1:8000/is_alive"
        );
        assert_eq!(
            at("http://127.0.0.1:8866/v1/python%3A3.11/a/"),
            "http://127.0.0.1:8866/v1/python%3A3.11/a/is_alive"
        );
        let query = uri(
            &Url::parse("http://h").unwrap(),
            "/native/file",
            &[("path", "/a b&c")],
        )
        .unwrap();
        assert_eq!(query.to_string(), "http://h/native/file?path=%2Fa+b%26c");
    }
}
