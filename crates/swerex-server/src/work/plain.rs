//! The routes of the protocol whose bodies are JSON, or nothing.

use std::sync::Arc;

use http::StatusCode;
use swerex_proto::{
    CloseResponse, Command, IsAliveResponse, ReadFileRequest, ReadFileResponse, WriteFileRequest,
    WriteFileResponse,
};

use super::{
    act,
    guard::{Run, guarded},
};
use crate::{
    answer::Answer,
    events::Tap,
    exception::PyException,
    exec,
    files::{self, Place, blocking},
    heavy,
    router::Route,
    server::Shared,
    validate::{self, Invalid},
};

/// Checks a body; the run has all that it needs.
pub(super) fn check(
    shared: Arc<Shared>,
    route: Route,
    content_type: Option<&[u8]>,
    bytes: &[u8],
) -> Result<Run, Invalid> {
    Ok(match route {
        Route::Root | Route::Upload | Route::Native(_) => guarded(async {
            Ok(Answer::json(
                StatusCode::OK,
                br#"{"message":"hello world"}"#.as_slice(),
            ))
        }),
        Route::IsAlive => guarded(async {
            Ok(Answer::of(&IsAliveResponse {
                is_alive: true,
                message: String::new(),
            }))
        }),
        Route::Execute => {
            let command = validate::command(content_type, bytes)?;
            guarded(async move { execute(&shared, command, Tap::none()).await })
        }
        Route::CreateSession => {
            let request = validate::create_session(content_type, bytes)?;
            guarded(async move {
                let created = shared.machine.sessions.create(request).await?;
                Ok(Answer::of(&created))
            })
        }
        Route::RunInSession => {
            let action = validate::run_in_session(content_type, bytes)?;
            guarded(async move { act(&shared, action, Tap::none()).await })
        }
        Route::CloseSession => {
            let request = validate::close_session(content_type, bytes)?;
            guarded(async move {
                let closed = shared.machine.sessions.close(request).await?;
                Ok(Answer::of(&closed))
            })
        }
        Route::ReadFile => {
            let request = validate::read_file(content_type, bytes)?;
            guarded(async move { read_file(&shared, request).await })
        }
        Route::WriteFile => {
            let request = validate::write_file(content_type, bytes)?;
            guarded(async move { write_file(&shared, request).await })
        }
        Route::Close => guarded(async move {
            let machine = &shared.machine;
            tokio::join!(machine.sessions.close_all(), machine.terminals.close_all());
            Ok(Answer::of(&CloseResponse {}))
        }),
    })
}

/// Runs a command; the tap hears what it prints.
pub(super) async fn execute(
    shared: &Shared,
    command: Command,
    tap: Tap,
) -> Result<Answer, PyException> {
    let done = exec::execute(command, &shared.machine.surroundings, tap).await?;
    let size = done.stdout.len() + done.stderr.len();
    Ok(heavy::weighed(size, move || Answer::of_size(&done, size)).await)
}

async fn read_file(shared: &Shared, request: ReadFileRequest) -> Result<Answer, PyException> {
    let place = Place::new(&request.path, &shared.machine.surroundings.directory)?;
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
    let place = Place::new(&request.path, &shared.machine.surroundings.directory)?;
    blocking(move || {
        files::write_text(&place, &request.content)?;
        Ok(Answer::of(&WriteFileResponse {}))
    })
    .await
}
