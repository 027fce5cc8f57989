//! Reading what a command prints, as it comes.

use swerex_proto::native::Stream;
use tokio::{io::AsyncReadExt, net::unix::pipe::Receiver};

use crate::{
    events::Tap,
    output::{Capture, MAX_OUTPUT},
};

/// Bytes that are read at once: what a pipe holds.
const PIECE: usize = 64 * 1024;

/// One pipe and what has come out of it.
pub(super) struct Source {
    stream: Stream,
    /// `None` at its end.
    pipe: Option<Receiver>,
    seen: Capture,
}

impl Source {
    pub(super) fn new(stream: Stream, pipe: Receiver) -> Self {
        Self {
            stream,
            pipe: Some(pipe),
            seen: Capture::new(Some(MAX_OUTPUT)),
        }
    }

    /// Reads up to the end; may be dropped and called again.
    async fn run(&mut self, tap: &Tap) {
        let mut piece = Vec::new();
        while let Some(pipe) = &mut self.pipe {
            piece.clear();
            piece.reserve(PIECE);
            match pipe.read_buf(&mut piece).await {
                Ok(0) | Err(_) => self.pipe = None,
                Ok(_) => {
                    self.seen.push(&piece);
                    tap.tell(self.stream, &piece);
                }
            }
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

    /// Standard output and standard error. Pipes that background processes still write to are read on and forgotten, because
    /// a closed one would end them.
    pub(super) fn finish(self) -> (Vec<u8>, Vec<u8>) {
        let mut texts = self.sources.into_iter().map(|source| {
            if let Some(pipe) = source.pipe {
                tokio::spawn(forget(pipe));
            }
            source.seen.into_bytes()
        });
        let mut next = || texts.next().unwrap_or_default();
        (next(), next())
    }
}

async fn forget(mut pipe: Receiver) {
    let mut piece = Vec::with_capacity(4096);
    while let Ok(1..) = pipe.read_buf(&mut piece).await {
        piece.clear();
    }
}
