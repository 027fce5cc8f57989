//! An upload's body: three parts, the file streamed from disk, the length known beforehand.

use std::{fs::File, io, sync::Arc};

use ags_http::{Body, body};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, header};
use uuid::Uuid;

use crate::{error::Error, file, request};

/// The parts around a file.
pub(crate) struct Multipart {
    before: Bytes,
    after: Bytes,
    size: u64,
    file: Arc<File>,
}

impl Multipart {
    /// The body of an upload of `file`, of `size` bytes, to `target`; and the headers that belong to it.
    pub(crate) fn new(
        file: File,
        size: u64,
        filename: &str,
        target: &str,
        unzip: bool,
    ) -> Result<(Self, HeaderMap), Error> {
        let boundary = Uuid::new_v4().simple().to_string();
        let (kind, unzip) = if unzip {
            ("Content-Type: application/zip\r\n", "true")
        } else {
            ("", "false")
        };
        let before = format!(
            "--{boundary}\r\n{kind}Content-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\r\n",
            quoted(filename)
        );
        let after = format!(
            "\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"target_path\"\r\n\r\n{target}\
             \r\n--{boundary}\r\nContent-Disposition: form-data; name=\"unzip\"\r\n\r\n{unzip}\r\n--{boundary}--\r\n"
        );
        let length = size + (before.len() + after.len()) as u64;
        let mut headers = HeaderMap::new();
        let kind = HeaderValue::from_str(&format!("multipart/form-data; boundary={boundary}"))
            .map_err(|error| Error::Invalid(error.to_string()))?;
        headers.insert(header::CONTENT_TYPE, kind);
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        let body = Self {
            before: before.into(),
            after: after.into(),
            size,
            file: Arc::new(file),
        };
        Ok((body, headers))
    }

    /// The body, from the beginning. Only one of them is read at a time.
    pub(crate) fn body(&self) -> io::Result<Body> {
        let before = stream::iter([Ok(self.before.clone())]);
        let after = stream::iter([Ok(self.after.clone())]);
        let pieces = file::pieces(&self.file, self.size)?;
        Ok(body::stream(before.chain(pieces).chain(after)))
    }

    /// [`body`](Self::body) as a call wants it.
    pub(crate) fn make(self, path: std::path::PathBuf) -> request::MakeBody {
        Arc::new(move || {
            self.body().map_err(|source| Error::Local {
                path: path.clone(),
                source,
            })
        })
    }
}

/// As aiohttp writes a file's name: percent-encoded, so that nothing in it ends the header.
fn quoted(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"._-~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[tokio::test]
    async fn the_body_is_as_long_as_it_says_and_can_be_had_again() {
        let mut file = tempfile::tempfile().unwrap();
        let content: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
        file.write_all(&content).unwrap();
        let (multipart, headers) =
            Multipart::new(file, 300_000, "a b\"\r\n.txt", "/tmp/t", false).unwrap();
        for _ in 0..2 {
            let bytes = body::collect(multipart.body().unwrap(), 1 << 20)
                .await
                .unwrap();
            assert_eq!(
                headers["content-length"].to_str().unwrap(),
                bytes.len().to_string()
            );
            let text = String::from_utf8_lossy(&bytes);
            assert!(text.contains("filename=\"a%20b%22%0D%0A.txt\"\r\n\r\n"));
            assert!(
                text.contains("name=\"target_path\"\r\n\r\n/tmp/t\r\n")
                    && text.contains("name=\"unzip\"\r\n\r\nfalse\r\n")
            );
            assert!(bytes.windows(content.len()).any(|window| window == content));
        }
    }

    #[tokio::test]
    async fn a_file_that_shrinks_is_noticed() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"abc").unwrap();
        let (multipart, _) = Multipart::new(file, 5, "a", "/t", false).unwrap();
        let error = body::collect(multipart.body().unwrap(), 1 << 20)
            .await
            .unwrap_err();
        assert!(
            std::error::Error::source(&error)
                .unwrap()
                .to_string()
                .contains("shorter")
        );
    }
}
