//! A connection that can be reset, and that knows when something last moved on it.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

/// What is known of one connection, shared by its stream and its requests.
#[derive(Debug)]
pub(crate) struct Connection {
    reset: CancellationToken,
    data: AtomicBool,
    opened: Instant,
    moved_millis: AtomicU64,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            reset: CancellationToken::new(),
            data: AtomicBool::new(false),
            opened: Instant::now(),
            moved_millis: AtomicU64::new(0),
        }
    }
}

impl Connection {
    /// Ends the connection with a reset instead of a close.
    pub(crate) fn reset(&self) {
        self.reset.cancel();
    }

    pub(crate) async fn was_reset(&self) {
        self.reset.cancelled().await;
    }

    /// Notes that the gateway's rules for idle connections hold for it.
    pub(crate) fn carries_data(&self) {
        self.data.store(true, Ordering::Relaxed);
    }

    /// Waits until nothing has moved for `limit` on a connection of the gateway; for ever without a limit.
    pub(crate) async fn idle(&self, limit: Option<Duration>) {
        let Some(limit) = limit else {
            return std::future::pending().await;
        };
        loop {
            let quiet = self.opened.elapsed().saturating_sub(Duration::from_millis(
                self.moved_millis.load(Ordering::Relaxed),
            ));
            match limit.checked_sub(quiet) {
                None | Some(Duration::ZERO) if self.data.load(Ordering::Relaxed) => return,
                None | Some(Duration::ZERO) => tokio::time::sleep(limit).await,
                Some(left) => tokio::time::sleep(left).await,
            }
        }
    }

    fn moved(&self) {
        let millis = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved_millis.store(millis, Ordering::Relaxed);
    }
}

/// The stream of a [`Connection`].
#[derive(Debug)]
pub(super) struct Watched {
    stream: TlsStream<TcpStream>,
    connection: Arc<Connection>,
}

impl Watched {
    pub(super) fn new(stream: TlsStream<TcpStream>, connection: Arc<Connection>) -> Self {
        Self { stream, connection }
    }

    fn noted<T>(&self, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if done.is_ready() {
            self.connection.moved();
        }
        done
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if self.connection.reset.is_cancelled() {
            // With no time to linger the close is a reset. Where it is refused, the peer still sees an unclean end.
            let _ = self.stream.get_ref().0.set_zero_linger();
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.noted(done)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.noted(done)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.noted(done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
