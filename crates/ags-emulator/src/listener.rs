//! The one port: TLS, HTTP/1.1 and HTTP/2, and by host either the control plane or the gateway.

mod watched;

use std::{convert::Infallible, sync::Arc, time::Duration};

use ags_http::Body;
use http::{Request, Response, header::HOST};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub(crate) use self::watched::Connection;
use self::watched::Watched;
use crate::{
    control,
    gateway::{self, Route},
    shared::Shared,
};

/// How long a client may take for its TLS handshake, and for the head of a request.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many requests may be open on one HTTP/2 connection.
const STREAMS: u32 = 1000;

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is answered.
    Answer(Response<Body>),
    /// Its connection is reset.
    Reset,
    /// Nothing, ever.
    Hang,
}

/// Accepts connections until the emulator stops.
pub(crate) async fn accept(shared: Arc<Shared>, listener: TcpListener, acceptor: TlsAcceptor) {
    loop {
        let socket = tokio::select! {
            () = shared.stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => socket,
                Err(error) => {
                    // Out of descriptors, mostly: the connections that are open go on, new ones wait.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            },
        };
        let (serving, acceptor) = (Arc::clone(&shared), acceptor.clone());
        shared.tasks.spawn(async move {
            let stop = serving.stop.clone();
            tokio::select! {
                () = stop.cancelled() => {}
                () = serve(serving, socket, acceptor) => {}
            }
        });
    }
}

async fn serve(shared: Arc<Shared>, socket: TcpStream, acceptor: TlsAcceptor) {
    // A refusal costs latency only.
    let _ = socket.set_nodelay(true);
    let stream = match tokio::time::timeout(PATIENCE, acceptor.accept(socket)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(%error, "a TLS handshake failed");
            return;
        }
        Err(_) => return,
    };
    let connection = Arc::new(Connection::default());
    let service = service_fn(|request: Request<Incoming>| {
        let (shared, connection) = (Arc::clone(&shared), Arc::clone(&connection));
        async move {
            match front(&shared, &connection, request).await {
                Outcome::Answer(answer) => Ok::<_, Infallible>(answer),
                Outcome::Reset => {
                    connection.reset();
                    std::future::pending().await
                }
                Outcome::Hang => std::future::pending().await,
            }
        }
    });
    let mut server = auto::Builder::new(TokioExecutor::new());
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE);
    server
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .adaptive_window(true);
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&connection)));
    tokio::select! {
        served = server.serve_connection_with_upgrades(io, service) => {
            if let Err(error) = served {
                tracing::debug!(error = %error, "a connection ended early");
            }
        }
        () = connection.was_reset() => {}
        () = connection.idle(shared.settings.behaviour.idle_timeout) => {}
    }
}

async fn front(
    shared: &Arc<Shared>,
    connection: &Arc<Connection>,
    request: Request<Incoming>,
) -> Outcome {
    let host = request
        .uri()
        .authority()
        .map(|authority| authority.as_str().to_owned())
        .or_else(|| Some(request.headers().get(HOST)?.to_str().ok()?.to_owned()))
        .unwrap_or_default();
    match gateway::route(&host, &shared.settings.domain) {
        Route::Control => control::answer(shared, &host, request).await,
        Route::Instance { port, instance } => {
            connection.carries_data();
            gateway::answer(shared, connection, port, &instance, request).await
        }
        Route::Malformed => Outcome::Answer(gateway::malformed_host(shared, &host)),
    }
}
