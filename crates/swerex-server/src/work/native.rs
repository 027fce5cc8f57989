//! The routes beyond the protocol.

use std::{future::Future, sync::Arc};

use http::{header::RANGE, request::Parts};
use swerex_proto::{
    native::{EXACT, LAST_EVENT_ID, PARTIAL},
    route::X_REQUEST_ID,
};

use super::{
    Prepared, Request, aborted, act, check,
    guard::{Run, guarded},
    plain, terminal,
};
use crate::{
    answer::{Answer, Body},
    body::{self, Incoming},
    events::{Keeps, Log},
    files::{Place, blocking},
    native::{self, Query, Stopped},
    router::NativeRoute,
    server::Shared,
    tar::Unreadable,
    validate,
};

/// As [`super::prepare`].
pub(super) async fn prepare(
    shared: &Arc<Shared>,
    route: NativeRoute,
    parts: &Parts,
    request: Request,
    body: Body,
) -> Result<Prepared, Answer> {
    match route {
        NativeRoute::Capabilities => Ok(once(guarded(async {
            Ok(Answer::of(&native::capabilities()))
        }))),
        NativeRoute::ReadFile => {
            let place = place(shared, parts)?;
            let range = parts.headers.get(RANGE);
            let range = range
                .and_then(|range| range.to_str().ok())
                .map(str::to_owned);
            Ok(once(guarded(blocking(move || {
                native::read(&place, range.as_deref())
            }))))
        }
        NativeRoute::WriteFile => write_file(shared, parts, request, body).await,
        NativeRoute::Pack => {
            let place = place(shared, parts)?;
            let unreadable = if Query::new(parts.uri.query()).flag(PARTIAL)? {
                Unreadable::IsTold
            } else {
                Unreadable::Fails
            };
            Ok(once(guarded(
                async move { native::pack(place, unreadable) },
            )))
        }
        NativeRoute::Unpack => {
            let place = place(shared, parts)?;
            let unpacked = take(body, move |incoming| native::unpack(&place, incoming)).await;
            // Unpacking the same again changes nothing, so a repeat may.
            unpacked?;
            Ok(once(guarded(async {
                Ok(Answer::of(&serde_json::Map::new()))
            })))
        }
        NativeRoute::Execute | NativeRoute::RunInSession | NativeRoute::OpenTerminal => {
            events(shared, route, parts, request, body).await
        }
        NativeRoute::TypeInTerminal => terminal::type_in(shared, parts, body).await.map(once),
        NativeRoute::ResizeTerminal => terminal::resize(shared, parts, request, body)
            .await
            .map(once),
        NativeRoute::HangUpTerminal => terminal::hang_up(shared, parts).map(once),
    }
}

/// Of a command: it does not wait for those who read. 8 MiB.
const NEWEST: Keeps = Keeps::Newest(8 * 1024 * 1024);

/// Of exact output: enough for a fast reader not to ask all the time, and little for a server. 4 MiB.
const EXACTLY: Keeps = Keeps::Unseen(4 * 1024 * 1024);

/// Of a terminal: no more than a person wants to see come after an interrupt, and gateways let through in one answer. 64 KiB.
const UNSEEN: Keeps = Keeps::Unseen(64 * 1024);

/// Which events are kept of what is asked for.
fn keeps(route: NativeRoute, query: &Query) -> Result<Keeps, Answer> {
    Ok(match route {
        NativeRoute::OpenTerminal => UNSEEN,
        NativeRoute::Execute if query.flag(EXACT)? => EXACTLY,
        NativeRoute::Execute => NEWEST,
        _ => {
            query.refuse(EXACT, "a session's output cannot be had exactly")?;
            NEWEST
        }
    })
}

/// A run without a fingerprint: asking again does it again.
fn once(run: Run) -> Prepared {
    Prepared {
        run,
        fingerprint: None,
    }
}

fn place(shared: &Shared, parts: &Parts) -> Result<Place, Answer> {
    let query = Query::new(parts.uri.query());
    let place = Place::of_bytes(query.path()?, &shared.machine.surroundings.directory)?;
    Ok(place)
}

/// Feeds a body to blocking work.
async fn take<T: Send + 'static>(
    body: Body,
    work: impl FnOnce(&mut Incoming) -> Result<T, Stopped> + Send + 'static,
) -> Result<T, Answer> {
    body::pipe(body, work)
        .await?
        .map_err(|stopped| match stopped {
            Stopped::Aborted => aborted(),
            Stopped::Exception(exception) => exception.into(),
        })
}

async fn write_file(
    shared: &Arc<Shared>,
    parts: &Parts,
    mut request: Request,
    body: Body,
) -> Result<Prepared, Answer> {
    let query = Query::new(parts.uri.query());
    let (offset, mode, modified) = (query.offset()?, query.mode()?, query.modified()?);
    let place = place(shared, parts)?;
    let print =
        std::mem::take(&mut request.print).part(parts.uri.query().unwrap_or_default().as_bytes());
    let target = place.clone();
    let (received, print) = take(body, move |incoming| {
        native::receive(&target, offset, incoming, print)
    })
    .await?;
    let run = guarded(blocking(move || {
        let written = native::store(&place, received, mode, modified)?;
        Ok(Answer::of(&written))
    }));
    Ok(Prepared {
        run,
        fingerprint: request.finish(print),
    })
}

/// A stream of events. It has its own book of ids, as its answer is not whole.
async fn events(
    shared: &Arc<Shared>,
    route: NativeRoute,
    parts: &Parts,
    mut request: Request,
    body: Body,
) -> Result<Prepared, Answer> {
    let last = parts.headers.get(LAST_EVENT_ID);
    let last = last
        .and_then(|last| last.to_str().ok()?.parse().ok())
        .unwrap_or_default();
    let keeps = keeps(route, &Query::new(parts.uri.query()))?;
    if let (Keeps::Unseen(_), None) = (keeps, &request.id) {
        body::discard(body);
        // Nobody could say what was seen of it.
        return Err(native::missing("header", X_REQUEST_ID));
    }
    let bytes = body::collect(body, shared.config.max_body).await?;
    if keeps == EXACTLY {
        // Its answer is another one.
        request.print = std::mem::take(&mut request.print).part(EXACT.as_bytes());
    }
    let id = request.id.clone();
    let content_type = request.content_type.take();
    let streams = &shared.streams;
    let machine = Arc::clone(shared);
    let line = &shared.lifeline;
    let busy = shared.activity.begin(parts.uri.path());
    let answer = match route {
        NativeRoute::OpenTerminal => {
            let checked = move |bytes: &[u8]| validate::terminal(content_type.as_deref(), bytes);
            let (request, print) = check(request, bytes, checked).await?;
            let named = id.zip(print);
            let name = named.clone().map(|(name, _)| name).unwrap_or_default();
            streams.open(named, last, keeps, |log: &Arc<Log>| {
                let (log, machine) = (Arc::clone(log), &machine.machine);
                let opened = machine
                    .terminals
                    .open(&name, &request, &machine.surroundings);
                line.bind(guarded(async move {
                    let _busy = busy;
                    Ok(Answer::of(&opened?.run(log).await?))
                }))
            })
        }
        NativeRoute::Execute => {
            let checked = move |bytes: &[u8]| validate::command(content_type.as_deref(), bytes);
            let (command, print) = check(request, bytes, checked).await?;
            streams.open(id.zip(print), last, keeps, |log: &Arc<Log>| {
                let tap = log.tap();
                line.bind(guarded(async move {
                    let _busy = busy;
                    plain::execute(&machine, command, tap).await
                }))
            })
        }
        _ => {
            let checked =
                move |bytes: &[u8]| validate::run_in_session(content_type.as_deref(), bytes);
            let (action, print) = check(request, bytes, checked).await?;
            streams.open(id.zip(print), last, keeps, |log: &Arc<Log>| {
                let tap = log.tap();
                line.bind(guarded(async move {
                    let _busy = busy;
                    act(&machine, action, tap).await
                }))
            })
        }
    };
    Ok(once(ready(answer)))
}

fn ready(answer: Answer) -> Run {
    let run: std::pin::Pin<Box<dyn Future<Output = Answer> + Send>> =
        Box::pin(std::future::ready(answer));
    run
}
