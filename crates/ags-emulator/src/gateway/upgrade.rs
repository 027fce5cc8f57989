//! Connections that become something else, as websockets do: both sides are joined and left alone.

use std::sync::Arc;

use ags_http::Body;
use http::{
    HeaderValue, Request, Response,
    header::{CONNECTION, UPGRADE},
};
use hyper::{body::Incoming, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use crate::{listener::Connection, shared::Shared};

/// The protocol that `request` asks to change to.
pub(super) fn wanted(request: &Request<Incoming>) -> Option<HeaderValue> {
    let connection = request.headers().get(CONNECTION)?.to_str().ok()?;
    let asks = connection
        .split(',')
        .any(|word| word.trim().eq_ignore_ascii_case("upgrade"));
    asks.then(|| request.headers().get(UPGRADE).cloned())
        .flatten()
}

/// Joins both sides once each has changed. It ends with either of them, or with the emulator.
pub(super) fn join(
    shared: &Arc<Shared>,
    connection: &Arc<Connection>,
    client: OnUpgrade,
    answer: &mut Response<Body>,
) {
    let server = hyper::upgrade::on(answer);
    let (shared, connection) = (Arc::clone(shared), Arc::clone(connection));
    let tasks = shared.tasks.clone();
    tasks.spawn(async move {
        let (Ok(client), Ok(server)) = (client.await, server.await) else {
            return;
        };
        let (mut client, mut server) = (TokioIo::new(client), TokioIo::new(server));
        tokio::select! {
            joined = copy_bidirectional(&mut client, &mut server) => {
                if let Err(error) = joined {
                    tracing::debug!(%error, "an upgraded connection ended early");
                }
            }
            () = shared.stop.cancelled() => {}
            () = connection.was_reset() => {}
            () = connection.idle(shared.settings.behaviour.idle_timeout) => {}
        }
    });
}
