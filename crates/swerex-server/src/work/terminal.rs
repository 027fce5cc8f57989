//! The routes of terminals, but for the one that opens them.

use std::sync::Arc;

use http::{StatusCode, request::Parts};
use serde_json::Map;
use swerex_proto::native::MAX_TYPED;

use super::{
    Request, check,
    guard::{Run, guarded},
};
use crate::{
    answer::{Answer, Body},
    body,
    exception::PyException,
    native::Query,
    server::Shared,
    terminal::{Gap, Terminal},
    validate,
};

/// Types what was sent.
pub(super) async fn type_in(shared: &Shared, parts: &Parts, body: Body) -> Result<Run, Answer> {
    let query = Query::new(parts.uri.query());
    let offset = query.required_offset()?;
    let bytes = body::collect(body, MAX_TYPED).await?;
    let terminal = terminal(shared, &query)?;
    Ok(guarded(async move {
        Ok(match terminal.type_in(offset, &bytes).await {
            Ok(typed) => Answer::of(&typed),
            Err(Gap { next }) => Answer::detail(
                StatusCode::CONFLICT,
                &format!("byte {offset} cannot be typed before byte {next}"),
            ),
        })
    }))
}

/// Sets the size.
pub(super) async fn resize(
    shared: &Shared,
    parts: &Parts,
    mut request: Request,
    body: Body,
) -> Result<Run, Answer> {
    let query = Query::new(parts.uri.query());
    let bytes = body::collect(body, MAX_TYPED).await?;
    let content_type = request.content_type.take();
    let (size, _) = check(request, bytes, move |bytes| {
        validate::terminal_size(content_type.as_deref(), bytes)
    })
    .await?;
    let terminal = terminal(shared, &query)?;
    Ok(guarded(async move {
        terminal
            .resize(size)
            .map_err(|errno| PyException::os_bare(&errno.into()))?;
        Ok(Answer::of(&Map::new()))
    }))
}

/// Hangs up.
pub(super) fn hang_up(shared: &Shared, parts: &Parts) -> Result<Run, Answer> {
    let terminal = terminal(shared, &Query::new(parts.uri.query()))?;
    Ok(guarded(async move {
        terminal.hang_up().await;
        Ok(Answer::of(&Map::new()))
    }))
}

fn terminal(shared: &Shared, query: &Query) -> Result<Arc<Terminal>, Answer> {
    shared
        .machine
        .terminals
        .get(&query.terminal()?)
        .ok_or_else(|| {
            Answer::detail(
                StatusCode::NOT_FOUND,
                "there is no such terminal, or it has ended",
            )
        })
}
