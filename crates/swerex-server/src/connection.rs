//! Connections: accepting them, their limits, their end.

use std::{future::Future, io, pin::pin, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::net::sockopt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::server::{Server, call};

/// How long the head of a request may take, and how long a connection may rest between two.
const HEAD: Duration = Duration::from_secs(75);

/// Bytes of a request's head, and of what is read ahead of a body.
const BUFFER: usize = 128 * 1024;

/// After this time without a sign, a peer is asked whether it is still there, so often, in such intervals.
const KEEPALIVE: (Duration, u32, Duration) = (Duration::from_secs(60), 4, Duration::from_secs(15));

/// Pause after the system ran out of descriptors.
const EXHAUSTED: Duration = Duration::from_millis(50);

const TOO_MANY: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\ncontent-length: 34\r\nconnection: close\r\n\r\n{\"detail\":\"too many connections\"}\n";

/// Takes connections until `shutdown` is ready. Those that are open then are dropped, their requests with them.
pub(crate) async fn accept(
    server: &Server,
    listener: &TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut shutdown = pin!(shutdown);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                if connections.len() >= server.max_connections() {
                    connections.spawn(turn_away(stream));
                    continue;
                }
                tracing::trace!(%peer, "connected");
                connections.spawn(serve(server.clone(), stream, peer));
            }
            Err(error) if is_passing(&error) => tokio::time::sleep(EXHAUSTED).await,
            Err(error) => return Err(error),
        }
    }
    connections.shutdown().await;
    Ok(())
}

/// Errors that say nothing about the listener: the peer was quick to leave, or descriptors are short.
fn is_passing(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let number = error.raw_os_error().map(Errno::from_raw_os_error);
    !matches!(
        number,
        Some(Errno::BADF | Errno::INVAL | Errno::NOTSOCK | Errno::FAULT | Errno::OPNOTSUPP)
    )
}

async fn serve(server: Server, stream: TcpStream, peer: std::net::SocketAddr) {
    prepare(&stream);
    let service = service_fn(|request| call(server.clone(), request, peer));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

/// Small answers go out at once; a peer that vanished is noticed. Neither is needed to serve.
fn prepare(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let (after, probes, every) = KEEPALIVE;
    let _ = sockopt::set_socket_keepalive(stream, true)
        .and_then(|()| sockopt::set_tcp_keepidle(stream, after))
        .and_then(|()| sockopt::set_tcp_keepcnt(stream, probes))
        .and_then(|()| sockopt::set_tcp_keepintvl(stream, every));
}

/// Says why, and waits a moment for the peer to read it: closing over unread bytes would take the answer back.
async fn turn_away(mut stream: TcpStream) {
    const MOMENT: Duration = Duration::from_millis(500);
    if stream.write_all(TOO_MANY).await.is_ok() && stream.shutdown().await.is_ok() {
        let mut sink = [0; 1024];
        let drained = async { while matches!(stream.read(&mut sink).await, Ok(1..)) {} };
        let _ = tokio::time::timeout(MOMENT, drained).await;
    }
}
