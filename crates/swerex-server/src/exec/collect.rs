//! Reading what a command prints, as it comes.

use rustix::io::ioctl_fionread;
use swerex_proto::native::{MAX_OUTPUT, Stream};
use tokio::{io::AsyncReadExt, net::unix::pipe::Receiver};

use crate::{events::Tap, output::Capture};

/// Bytes that are read at once: what a pipe holds.
const PIECE: usize = 64 * 1024;

/// So often is read before others get their turn.
const TURNS: usize = 4;

/// One pipe and what has come out of it.
pub(super) struct Source {
    stream: Stream,
    /// `None` at its end.
    pipe: Option<Receiver>,
    seen: Capture,
    /// Bytes that are in the pipe still and must not be missed.
    owed: u64,
}

impl Source {
    pub(super) fn new(stream: Stream, pipe: Receiver) -> Self {
        Self {
            stream,
            pipe: Some(pipe),
            seen: Capture::new(MAX_OUTPUT),
            owed: 0,
        }
    }

    /// Reads up to the end; may be dropped and called again.
    async fn run(&mut self, tap: &Tap) {
        let mut piece = Vec::new();
        let mut turns = 0;
        while self.pipe.is_some() {
            self.read(&mut piece, tap).await;
            turns += 1;
            if turns % TURNS == 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Reads what is owed; likewise.
    async fn settle(&mut self, tap: &Tap) {
        let mut piece = Vec::new();
        while self.owed > 0 && self.pipe.is_some() {
            self.read(&mut piece, tap).await;
        }
    }

    /// Reads once, when whoever listens has room for it.
    async fn read(&mut self, piece: &mut Vec<u8>, tap: &Tap) {
        tap.room().await;
        let Some(pipe) = &mut self.pipe else {
            return;
        };
        piece.clear();
        piece.reserve(PIECE);
        match pipe.read_buf(piece).await {
            Ok(0) | Err(_) => self.pipe = None,
            Ok(length) => {
                self.owed = self.owed.saturating_sub(length as u64);
                if !tap.is_exact() {
                    self.seen.push(piece);
                }
                tap.tell(self.stream, piece);
            }
        }
    }

    fn owe(&mut self) {
        if let Some(pipe) = &self.pipe {
            self.owed = ioctl_fionread(pipe).unwrap_or_default();
        }
    }
}

/// All that a command prints.
pub(super) struct Collector {
    /// Standard output, and standard error if it is apart.
    sources: Vec<Source>,
    tap: Tap,
}

impl Collector {
    pub(super) fn new(sources: Vec<Source>, tap: Tap) -> Self {
        Self { sources, tap }
    }

    /// Reads all pipes to their ends; may be dropped and called again.
    pub(super) async fn run(&mut self) {
        let tap = &self.tap;
        match self.sources.as_mut_slice() {
            [stdout, stderr] => {
                tokio::join!(stdout.run(tap), stderr.run(tap));
            }
            sources => {
                for source in sources {
                    source.run(tap).await;
                }
            }
        }
    }

    /// The command has ended: what is in the pipes now is to be read whatever comes.
    pub(super) fn owe(&mut self) {
        for source in &mut self.sources {
            source.owe();
        }
    }

    /// Reads that, and no more.
    pub(super) async fn settle(&mut self) {
        for source in &mut self.sources {
            source.settle(&self.tap).await;
        }
    }

    /// Standard output and standard error; both are empty where whoever listened has heard all of it. Pipes that background processes
    /// still write to are read on and forgotten, because a closed one would end them.
    pub(super) fn finish(self) -> (Capture, Capture) {
        let mut captures = self.sources.into_iter().map(|source| {
            if let Some(pipe) = source.pipe {
                tokio::spawn(forget(pipe));
            }
            source.seen
        });
        let mut next = || captures.next().unwrap_or_else(|| Capture::new(MAX_OUTPUT));
        (next(), next())
    }
}

async fn forget(mut pipe: Receiver) {
    let mut piece = Vec::with_capacity(4096);
    while let Ok(1..) = pipe.read_buf(&mut piece).await {
        piece.clear();
    }
}
