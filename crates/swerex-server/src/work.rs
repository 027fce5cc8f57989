//! What each route does: reading its request, and the run that makes the answer.

mod guard;
mod native;
mod plain;
mod terminal;

use std::{
    ffi::{OsStr, OsString},
    panic::AssertUnwindSafe,
    path::PathBuf,
    sync::Arc,
};

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{StatusCode, header::CONTENT_TYPE, request::Parts};
use swerex_proto::{Action, UploadResponse, route::AUTH_TOKEN_VARIABLE};

pub(crate) use guard::Run;
use guard::{from_panic, guarded};

use crate::{
    answer::{Answer, Body},
    body,
    config::ServerConfig,
    events::Tap,
    exception::PyException,
    files::blocking,
    heavy,
    idempotency::{Fingerprint, Fingerprinting},
    process::Running,
    router::Route,
    server::Shared,
    session::Sessions,
    terminal::Terminals,
    upload::{self, Broken},
    validate::Invalid,
};

/// Where commands and shells start, and with which environment.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    /// The directory from which relative paths start.
    pub(crate) directory: PathBuf,
    /// `None` is the environment of this process. The server's own key is not in it.
    pub(crate) environment: Option<Arc<[(OsString, OsString)]>>,
    /// What has been started and still runs.
    pub(crate) running: Running,
}

/// The machine that commands, sessions and files are on.
pub(crate) struct Machine {
    pub(crate) surroundings: Surroundings,
    pub(crate) sessions: Sessions,
    pub(crate) terminals: Terminals,
}

impl Machine {
    pub(crate) fn new(config: &ServerConfig) -> Self {
        let surroundings = Surroundings {
            directory: config.directory(),
            environment: environment(config),
            running: Running::with_grace(config.kill_grace),
        };
        Self {
            sessions: Sessions::new(surroundings.clone()),
            terminals: Terminals::default(),
            surroundings,
        }
    }
}

/// What a server is told, or what this process has; without the key that it may have come with.
fn environment(config: &ServerConfig) -> Option<Arc<[(OsString, OsString)]>> {
    let is_key = |name: &OsStr| name == AUTH_TOKEN_VARIABLE;
    match &config.environment {
        Some(pairs) => {
            let pairs = pairs
                .iter()
                .map(|(name, value)| (name.into(), value.into()));
            Some(
                pairs
                    .filter(|(name, _): &(OsString, _)| !is_key(name))
                    .collect(),
            )
        }
        None if std::env::var_os(AUTH_TOKEN_VARIABLE).is_none() => None,
        None => {
            let pairs = std::env::vars_os();
            Some(pairs.filter(|(name, _)| !is_key(name)).collect())
        }
    }
}

/// A request that has been read.
pub(crate) struct Prepared {
    pub(crate) run: Run,
    /// What it asks for; only of requests that have an id.
    pub(crate) fingerprint: Option<Fingerprint>,
}

/// Reads the request; what comes back has been checked and only needs to be run.
pub(crate) async fn prepare(
    shared: &Arc<Shared>,
    route: Route,
    parts: &Parts,
    body: Body,
    id: Option<&[u8]>,
) -> Result<Prepared, Answer> {
    let print = match id {
        Some(_) => shared.ids.fingerprint().part(parts.uri.path().as_bytes()),
        None => Fingerprinting::none(),
    };
    let request = Request {
        content_type: content_type(parts),
        print,
        id: id.map(<[u8]>::to_vec),
    };
    match route {
        Route::Upload => upload(shared, request, body).await,
        Route::Native(route) => native::prepare(shared, route, parts, request, body).await,
        _ => json(shared, route, request, body).await,
    }
}

/// What is known of a request before its body is read.
struct Request {
    content_type: Option<Vec<u8>>,
    print: Fingerprinting,
    id: Option<Vec<u8>>,
}

impl Request {
    /// The fingerprint of a request with an id.
    fn finish(&self, print: Fingerprinting) -> Option<Fingerprint> {
        self.id.is_some().then(|| print.finish())
    }
}

fn content_type(parts: &Parts) -> Option<Vec<u8>> {
    let value = parts.headers.get(CONTENT_TYPE)?;
    Some(value.as_bytes().to_vec())
}

async fn json(
    shared: &Arc<Shared>,
    route: Route,
    mut request: Request,
    body: Body,
) -> Result<Prepared, Answer> {
    let bytes = match route {
        Route::Root | Route::IsAlive | Route::Close => Bytes::new(),
        _ => body::collect(body, shared.config.max_body).await?,
    };
    let shared = Arc::clone(shared);
    let content_type = request.content_type.take();
    let (run, fingerprint) = check(request, bytes, move |bytes| {
        plain::check(shared, route, content_type.as_deref(), bytes)
    })
    .await?;
    Ok(Prepared { run, fingerprint })
}

/// Checks a body, a large one where it does not hold up others; a few of those at a time, as their values take more memory than they do.
async fn check<T: Send + 'static>(
    mut request: Request,
    bytes: Bytes,
    check: impl FnOnce(&[u8]) -> Result<T, Invalid> + Send + 'static,
) -> Result<(T, Option<Fingerprint>), Answer> {
    let checked = heavy::weighed(bytes.len(), move || {
        let print = std::mem::take(&mut request.print).part(&bytes);
        let checked = check(&bytes).map_err(Answer::from)?;
        Ok((checked, request.finish(print)))
    });
    let checked = AssertUnwindSafe(checked).catch_unwind().await;
    checked.unwrap_or_else(|panic| Err(from_panic(&*panic)))
}

/// The answer to a request that the server's own end overtook.
pub(crate) fn stopping() -> Answer {
    Answer::detail(
        StatusCode::SERVICE_UNAVAILABLE,
        "the server is shutting down",
    )
}

/// The answer to a body that broke off; the client is hardly there to read it.
fn aborted() -> Answer {
    Answer::detail(
        StatusCode::BAD_REQUEST,
        "There was an error parsing the body",
    )
}

async fn upload(
    shared: &Arc<Shared>,
    mut request: Request,
    body: Body,
) -> Result<Prepared, Answer> {
    let print = std::mem::take(&mut request.print);
    let content_type = request.content_type.take();
    let received = body::pipe(body, move |incoming| {
        upload::receive(content_type.as_deref(), incoming, print)
    })
    .await?;
    let (form, print) = received.map_err(|broken| match broken {
        Broken::Form(detail) => Answer::detail(StatusCode::BAD_REQUEST, &detail),
        Broken::Io(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => aborted(),
        Broken::Io(error) => {
            PyException::os(&error, &std::env::temp_dir().to_string_lossy()).into()
        }
    })?;
    let upload = form
        .check()
        .map_err(|details| Answer::from(Invalid::Fields(details)))?;
    let directory = shared.machine.surroundings.directory.clone();
    let run = guarded(blocking(move || {
        upload::put(upload, &directory)?;
        Ok(Answer::of(&UploadResponse {}))
    }));
    Ok(Prepared {
        run,
        fingerprint: request.finish(print),
    })
}

/// The session that an action is about, and what is done there.
async fn act(shared: &Shared, action: Action, tap: Tap) -> Result<Answer, PyException> {
    let sessions = &shared.machine.sessions;
    let observation = match action {
        Action::Bash(action) => sessions.run(action, tap).await,
        Action::BashInterrupt(action) => sessions.interrupt(action).await,
    };
    let observation = observation?;
    let size = observation.output.len();
    Ok(heavy::weighed(size, move || Answer::of_size(&observation, size)).await)
}
