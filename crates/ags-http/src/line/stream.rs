//! The stream of a connection, with our PINGs on the way out and without their answers on the way in.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    Line,
    frames::{Frames, PING, Sieve},
};

/// So many bytes are read at a time while an answer is expected.
const SIFTED: usize = 4096;

/// The stream of a client's HTTP/2 connection whose other end can be asked through its [`Line`].
pub(crate) struct Lined<S> {
    inner: S,
    line: Arc<Line>,
    sent: Frames,
    /// What is left of a PING that is being written.
    ping: &'static [u8],
    unflushed: bool,
    sieve: Sieve,
    /// What was sifted and is not read yet, from `read` on.
    sifted: Vec<u8>,
    read: usize,
}

impl<S> Lined<S> {
    pub(crate) fn new(inner: S, line: Arc<Line>) -> Self {
        Self {
            inner,
            line,
            sent: Frames::of_client(),
            ping: &[],
            unflushed: false,
            sieve: Sieve::default(),
            sifted: Vec::new(),
            read: 0,
        }
    }

    /// Hands out what was sifted; whether there was anything.
    fn hand_out(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let left = &self.sifted[self.read..];
        if left.is_empty() {
            return false;
        }
        let count = left.len().min(buf.remaining());
        buf.put_slice(&left[..count]);
        self.read += count;
        if self.read == self.sifted.len() {
            // Rarely needed: no memory is kept for it.
            self.sifted = Vec::new();
            self.read = 0;
        }
        true
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Lined<S> {
    /// Writes the PING that is wanted, as soon as no frame is being written.
    fn poll_ping(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.line.check()?;
        if self.ping.is_empty() {
            let may = self.sent.is_between() && self.line.wanted.load(Ordering::Acquire);
            if !may || !self.line.wanted.swap(false, Ordering::AcqRel) {
                return Poll::Ready(Ok(()));
            }
            self.ping = &PING;
            self.sieve.expect();
        }
        while !self.ping.is_empty() {
            let count = ready!(Pin::new(&mut self.inner).poll_write(cx, self.ping))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.ping = &self.ping[count..];
            self.unflushed = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Writes the PING that is wanted and sees it off, whether or not there is anything else to write.
    fn ask(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if let Poll::Ready(written) = self.poll_ping(cx) {
            written?;
        }
        if self.unflushed
            && let Poll::Ready(flushed) = Pin::new(&mut self.inner).poll_flush(cx)
        {
            flushed?;
            self.unflushed = false;
        }
        Ok(())
    }

    /// Reads while an answer is expected.
    fn poll_sifted(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut room = [0; SIFTED];
            let mut some = ReadBuf::new(&mut room);
            ready!(Pin::new(&mut self.inner).poll_read(cx, &mut some))?;
            if some.filled().is_empty() {
                self.sieve.release(&mut self.sifted);
                self.line.end();
                self.hand_out(buf);
                return Poll::Ready(Ok(()));
            }
            self.line.hear();
            self.sieve.sift(some.filled(), &mut self.sifted);
            // Nothing but an answer: that is not the end.
            if self.hand_out(buf) {
                return Poll::Ready(Ok(()));
            }
        }
    }

    fn poll_plain(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        let arrived = &buf.filled()[before..];
        if arrived.is_empty() {
            self.line.end();
        } else {
            self.line.hear();
            self.sieve.pass(arrived);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Lined<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if buf.remaining() == 0 || this.hand_out(buf) {
            return Poll::Ready(Ok(()));
        }
        this.line.task.register(cx.waker());
        this.line.check()?;
        this.ask(cx)?;
        let read = if this.sieve.is_idle() {
            this.poll_plain(cx, buf)
        } else {
            this.poll_sifted(cx, buf)
        };
        if matches!(read, Poll::Ready(Err(_))) {
            this.line.end();
        }
        read
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lined<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_ping(cx))?;
        let count = ready!(Pin::new(&mut this.inner).poll_write(cx, buf))?;
        this.sent.pass(&buf[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_ping(cx))?;
        let count = ready!(Pin::new(&mut this.inner).poll_write_vectored(cx, bufs))?;
        let mut left = count;
        for buf in bufs {
            let taken = left.min(buf.len());
            this.sent.pass(&buf[..taken]);
            left -= taken;
        }
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_ping(cx))?;
        ready!(Pin::new(&mut this.inner).poll_flush(cx))?;
        this.unflushed = false;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

impl<S> Drop for Lined<S> {
    fn drop(&mut self) {
        self.line.end();
    }
}
