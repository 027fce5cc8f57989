//! The last of what a process wrote, for the reason of a failed start.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// How much is kept.
const KEPT: usize = 4096;

/// The last bytes of stdout and stderr, as they came.
#[derive(Debug, Default)]
pub(super) struct Tail {
    bytes: Mutex<VecDeque<u8>>,
}

impl Tail {
    /// Reads `stream` to its end, so that its writer never waits.
    pub(super) async fn follow(&self, mut stream: impl AsyncRead + Unpin) {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            self.add(&buffer[..count]);
        }
    }

    fn add(&self, more: &[u8]) {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        bytes.extend(more);
        let excess = bytes.len().saturating_sub(KEPT);
        bytes.drain(..excess);
    }

    /// As text; what is no UTF-8 is replaced.
    pub(super) fn text(&self) -> String {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(bytes.make_contiguous())
            .trim()
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_is_kept() {
        let tail = Tail::default();
        let text = "x".repeat(10_000) + " the end\n";
        tail.follow(text.as_bytes()).await;
        assert_eq!(tail.text().len(), KEPT - 1);
        assert!(tail.text().ends_with("x the end"));
    }
}
