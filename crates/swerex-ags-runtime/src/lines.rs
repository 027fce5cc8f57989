//! A body as lines that come while something happens: each of bounded length, and none late.

use std::time::Duration;

use ags_http::{Body, Reached, TransportError, TransportErrorKind, body};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use swerex_proto::native;

/// A stream of events that is silent for so long is lost: the server sends a heartbeat every [`native::HEARTBEAT_SECONDS`].
pub(crate) const SILENCE: Duration = Duration::from_secs(3 * native::HEARTBEAT_SECONDS);

/// The lines of a body, each of at most `longest` bytes.
#[derive(Debug)]
pub(crate) struct Lines {
    body: Body,
    longest: usize,
    buffer: BytesMut,
    /// So much of the buffer holds no end of a line.
    searched: usize,
}

impl Lines {
    pub(crate) fn new(body: Body, longest: usize) -> Self {
        Self {
            body,
            longest,
            buffer: BytesMut::new(),
            searched: 0,
        }
    }

    /// The next line, without its end; empty ones are left out. A body that ends, or is silent for [`SILENCE`], is broken: the last line of
    /// a whole stream is the command's answer.
    pub(crate) async fn next(&mut self) -> Result<Bytes, TransportError> {
        loop {
            let unseen = self.buffer.get(self.searched..).unwrap_or_default();
            if let Some(at) = unseen.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(self.searched + at + 1).freeze();
                self.searched = 0;
                let line = line.slice(..line.len() - 1);
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                return Ok(line);
            }
            self.searched = self.buffer.len();
            if self.searched > self.longest {
                let said = format!("a line of the answer is longer than {} bytes", self.longest);
                return Err(broken(TransportErrorKind::TooLarge, said).permanent());
            }
            let frame = tokio::time::timeout(SILENCE, self.body.frame())
                .await
                .map_err(|_| silent())?
                .ok_or_else(|| {
                    let said = "the stream of events ended before the command".to_owned();
                    broken(TransportErrorKind::Closed, said)
                })?;
            if let Ok(data) = frame.map_err(body::into_transport)?.into_data() {
                self.buffer.extend_from_slice(&data);
            }
        }
    }
}

pub(crate) fn silent() -> TransportError {
    let said = format!("no sign of life for {} s", SILENCE.as_secs());
    broken(TransportErrorKind::Timeout, said)
}

pub(crate) fn broken(kind: TransportErrorKind, said: String) -> TransportError {
    TransportError::new(kind, Reached::Unknown, said)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(chunks: &[&'static str], longest: usize) -> Vec<String> {
        let chunks: Vec<Bytes> = chunks
            .iter()
            .map(|chunk| Bytes::from_static(chunk.as_bytes()))
            .collect();
        let mut lines = Lines::new(body::chunks(chunks), longest);
        let mut all = Vec::new();
        loop {
            match lines.next().await {
                Ok(line) => all.push(String::from_utf8(line.to_vec()).unwrap()),
                Err(error) => {
                    all.push(error.kind().as_str().to_owned());
                    return all;
                }
            }
        }
    }

    #[tokio::test]
    async fn lines_come_however_they_are_cut() {
        let closed = TransportErrorKind::Closed.as_str();
        assert_eq!(
            lines(&["a", "b\n\nc", "\n", "d"], 9).await,
            ["ab", "c", closed]
        );
        let too_large = TransportErrorKind::TooLarge.as_str();
        assert_eq!(lines(&["ab\n", "abcd", "e\n"], 3).await, ["ab", too_large]);
        assert_eq!(lines(&[], 3).await, [closed]);
    }
}
