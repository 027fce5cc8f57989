//! What each route does: reading its request, and the run that makes the answer.

use std::{
    any::Any,
    future::Future,
    panic::AssertUnwindSafe,
    path::PathBuf,
    pin::Pin,
    sync::Arc,
};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{StatusCode, header::CONTENT_TYPE, request::Parts};
use swerex_proto::{
    CloseResponse, IsAliveResponse, ReadFileRequest, ReadFileResponse, UploadResponse,
    WriteFileRequest, WriteFileResponse,
};

use crate::{
    answer::{Answer, Body},
    body,
    config::ServerConfig,
    exception::PyException,
    files::{self, Place, blocking},
    idempotency::{Fingerprint, Fingerprinting},
    router::Route,
    server::Shared,
    upload::{self, Broken},
    validate::{self, Invalid},
};

/// Bodies larger than this are parsed off the threads that serve connections.
const LARGE: usize = 256 * 1024;

/// The machine that commands, sessions and files are on.
pub(crate) struct Machine {
    pub(crate) cwd: PathBuf,
}

impl Machine {
    pub(crate) fn new(config: &ServerConfig) -> Self {
        Self {
            cwd: config.directory(),
        }
    }

    pub(crate) async fn shutdown(&self) {}
}

type Run = Pin<Box<dyn Future<Output = Answer> + Send>>;

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
    has_id: bool,
) -> Result<Prepared, Answer> {
    let content_type = parts
        .headers
        .get(CONTENT_TYPE)
        .map(|value| value.as_bytes().to_vec());
    let print = if has_id {
        shared.ids.fingerprint().part(parts.uri.path().as_bytes())
    } else {
        Fingerprinting::none()
    };
    if route == Route::Upload {
        return upload(shared, content_type, body, print, has_id).await;
    }
    let bytes = match route {
        Route::Root | Route::IsAlive | Route::Close => Bytes::new(),
        _ => body::collect(body, shared.config.max_body).await?,
    };
    let fingerprint = has_id.then(|| print.part(&bytes).finish());
    let run = checked(Arc::clone(shared), route, content_type, bytes).await?;
    Ok(Prepared { run, fingerprint })
}

/// Checks a JSON body; the run has what it needs.
async fn checked(
    shared: Arc<Shared>,
    route: Route,
    content_type: Option<Vec<u8>>,
    bytes: Bytes,
) -> Result<Run, Answer> {
    if bytes.len() <= LARGE {
        return checked_now(shared, route, content_type.as_deref(), &bytes).map_err(Answer::from);
    }
    let work = move || checked_now(shared, route, content_type.as_deref(), &bytes);
    match tokio::task::spawn_blocking(work).await {
        Ok(run) => run.map_err(Answer::from),
        Err(failed) => Err(from_panic(failed.into_panic())),
    }
}

fn checked_now(
    shared: Arc<Shared>,
    route: Route,
    content_type: Option<&[u8]>,
    bytes: &[u8],
) -> Result<Run, Invalid> {
    Ok(match route {
        Route::ReadFile => {
            let request = validate::read_file(content_type, bytes)?;
            guarded(async move { read_file(&shared, request).await })
        }
        Route::WriteFile => {
            let request = validate::write_file(content_type, bytes)?;
            guarded(async move { write_file(&shared, request).await })
        }
        Route::IsAlive => guarded(async {
            Ok(Answer::of(&IsAliveResponse {
                is_alive: true,
                message: String::new(),
            }))
        }),
        Route::Root => guarded(async {
            Ok(Answer::json(
                StatusCode::OK,
                br#"{"message":"hello world"}"#.as_slice(),
            ))
        }),
        Route::Close => guarded(async { Ok(Answer::of(&CloseResponse {})) }),
        _ => guarded(async { Err(PyException::new("builtins.RuntimeError", "not there yet")) }),
    })
}

/// A run whose panic is an answer.
fn guarded(run: impl Future<Output = Result<Answer, PyException>> + Send + 'static) -> Run {
    let run = AssertUnwindSafe(run).catch_unwind();
    Box::pin(async move {
        match run.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(exception)) => exception.into(),
            Err(panic) => from_panic(panic),
        }
    })
}

fn from_panic(panic: Box<dyn Any + Send>) -> Answer {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(message, "a handler panicked");
    let exception = PyException::new(
        "builtins.RuntimeError",
        format!("internal error of the server: {message}"),
    );
    exception.into()
}

async fn read_file(shared: &Shared, request: ReadFileRequest) -> Result<Answer, PyException> {
    let place = Place::new(&request.path, &shared.machine.cwd)?;
    blocking(move || {
        let content = files::read_text(
            &place,
            request.encoding.as_deref(),
            request.errors.as_deref(),
        )?;
        Ok(Answer::of(&ReadFileResponse { content }))
    })
    .await
}

async fn write_file(shared: &Shared, request: WriteFileRequest) -> Result<Answer, PyException> {
    let place = Place::new(&request.path, &shared.machine.cwd)?;
    blocking(move || {
        files::write_text(&place, &request.content)?;
        Ok(Answer::of(&WriteFileResponse {}))
    })
    .await
}

async fn upload(
    shared: &Arc<Shared>,
    content_type: Option<Vec<u8>>,
    body: Body,
    print: Fingerprinting,
    has_id: bool,
) -> Result<Prepared, Answer> {
    let received = body::pipe(body, move |incoming| {
        upload::receive(content_type.as_deref(), incoming, print)
    })
    .await?;
    let (form, print) = received.map_err(|broken| match broken {
        Broken::Form(detail) => Answer::detail(StatusCode::BAD_REQUEST, &detail),
        Broken::Io(error) => PyException::os(&error, "upload").into(),
    })?;
    let upload = form
        .check()
        .map_err(|details| Answer::from(Invalid::Fields(details)))?;
    let cwd = shared.machine.cwd.clone();
    Ok(Prepared {
        run: guarded(async move {
            blocking(move || {
                upload::put(upload, &cwd)?;
                Ok(Answer::of(&UploadResponse {}))
            })
            .await
        }),
        fingerprint: has_id.then(|| print.finish()),
    })
}
