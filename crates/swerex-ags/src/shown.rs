//! What a command prints, as it is and as it comes.

use std::io;

use bytes::Bytes;
use swerex_ags_runtime::Sink;
use swerex_proto::native::Stream;

use crate::{output::Output, progress::Progress};

/// Prints it. Whoever reads slowly slows the command down.
pub(crate) struct Shown {
    output: Output,
    /// What is drawn until there is something to see.
    waiting: Option<Progress>,
}

impl Shown {
    pub(crate) fn new(output: &Output, waiting: Option<Progress>) -> Self {
        Self {
            output: output.clone(),
            waiting,
        }
    }
}

impl Sink for Shown {
    async fn take(&mut self, stream: Stream, piece: Bytes) -> io::Result<()> {
        if let Some(waiting) = self.waiting.take() {
            waiting.done();
        }
        let output = self.output.clone();
        // A reader that is stopped holds up nothing else.
        let printed = tokio::task::spawn_blocking(move || match stream {
            Stream::Stdout => output.print(&piece),
            Stream::Stderr => {
                output.command_stderr(&piece);
                Ok(())
            }
        });
        printed
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)))
    }
}
