//! A sandbox that answers what it is told to, and archives byte by byte.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use ags_http::{Body, BoxFuture, Deadline, HttpService, TransportError, body};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{Request, Response, StatusCode, header::RANGE};
use swerex_ags_runtime::{AgsRuntime, AgsRuntimeConfig, DownloadOptions, Error, Transferred};
use swerex_proto::{CommandResponse, native, route};

/// Bytes that an endless answer gives at a time.
const PIECE: usize = 64 << 10;

/// What it answers.
#[derive(Clone, Debug)]
pub(crate) struct Sandbox {
    /// What there is to be brought, as it says.
    look: String,
    content: Content,
    sent: Arc<AtomicU64>,
}

#[derive(Clone, Debug)]
enum Content {
    Bytes(Bytes),
    /// And then this again and again.
    Endless(Bytes, Bytes),
}

impl Sandbox {
    pub(crate) fn with_tar(archive: Vec<u8>) -> Self {
        Self::new("d\n", Content::Bytes(archive.into()))
    }

    pub(crate) fn endless(start: Vec<u8>, repeated: Vec<u8>) -> Self {
        let times = PIECE / repeated.len() + 1;
        let repeated = repeated.repeat(times).into();
        Self::new("d\n", Content::Endless(start.into(), repeated))
    }

    pub(crate) fn with_file(content: &'static [u8]) -> Self {
        let content = Content::Bytes(Bytes::from_static(content));
        Self::new(&format!("f {} 644\n", 6), content)
    }

    pub(crate) fn endless_file() -> Self {
        Self::new("f 6 644\n", Content::Endless(Bytes::new(), Bytes::new()))
    }

    pub(crate) fn which_says(self, size: &str) -> Self {
        let look = format!("f {size} 644\n");
        Self { look, ..self }
    }

    fn new(look: &str, content: Content) -> Self {
        Self {
            look: look.to_owned(),
            content,
            sent: Arc::default(),
        }
    }

    /// Bytes of an archive that were taken.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }

    pub(crate) async fn download(&self, target: &Path) -> Result<Transferred, Error> {
        self.download_with(target, &DownloadOptions::default())
            .await
    }

    pub(crate) async fn download_with(
        &self,
        target: &Path,
        options: &DownloadOptions,
    ) -> Result<Transferred, Error> {
        let config = AgsRuntimeConfig::new("http://sandbox".parse().unwrap());
        let runtime = AgsRuntime::new(config, Arc::new(self.clone()), None).unwrap();
        runtime
            .download_with("/results", target, options, &|_, _| {})
            .await
    }

    fn answer(&self, request: &Request<Body>) -> Response<Body> {
        let mut response = Response::new(body::empty());
        let headers = response.headers_mut();
        headers.insert(native::HEADER, native::REVISION.into());
        match request.uri().path() {
            route::EXECUTE => {
                let answer = CommandResponse {
                    stdout: self.look.clone(),
                    exit_code: Some(0),
                    ..CommandResponse::default()
                };
                *response.body_mut() = body::full(serde_json::to_vec(&answer).unwrap());
            }
            native::TAR => *response.body_mut() = self.archive(),
            native::FILE => {
                let range = request.headers()[RANGE].to_str().unwrap();
                let (from, last) = range.trim_start_matches("bytes=").split_once('-').unwrap();
                let [from, last] = [from, last].map(|number| number.parse::<usize>().unwrap());
                let piece = match &self.content {
                    Content::Bytes(bytes) => {
                        let end = bytes.len().min(last + 1);
                        bytes.slice(from.min(end)..end)
                    }
                    Content::Endless(..) => vec![7; last + 1 - from].into(),
                };
                if piece.is_empty() {
                    *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
                } else {
                    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                    *response.body_mut() = body::full(piece);
                }
            }
            other => panic!("{other} was asked for"),
        }
        response
    }

    fn archive(&self) -> Body {
        let sent = Arc::clone(&self.sent);
        let (start, repeated) = match &self.content {
            Content::Bytes(bytes) => (bytes.clone(), None),
            Content::Endless(start, repeated) => (start.clone(), Some(repeated.clone())),
        };
        let rest = stream::iter(repeated).flat_map(stream::repeat);
        let pieces = stream::iter([start]).chain(rest).map(move |piece| {
            sent.fetch_add(piece.len() as u64, Ordering::SeqCst);
            Ok(piece)
        });
        body::stream(pieces)
    }
}

impl HttpService for Sandbox {
    fn call(
        &self,
        request: Request<Body>,
        _: Deadline,
    ) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
        Box::pin(async move { Ok(self.answer(&request)) })
    }
}

/// An archive of entries.
pub(crate) fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
    [entries.concat(), vec![0; 1024]].concat()
}

pub(crate) fn file(name: impl AsRef<[u8]>, content: &[u8]) -> Vec<u8> {
    let size = content.len() as u64;
    let mut entry = entry(name.as_ref(), b'0', 0o6755, size, "");
    entry.extend(content);
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry
}

pub(crate) fn directory(name: &str, mode: u32) -> Vec<u8> {
    entry(name.as_bytes(), b'5', mode, 0, "")
}

pub(crate) fn link(name: &str, to: &str) -> Vec<u8> {
    header(name, b'2', 0, to)
}

pub(crate) fn hard_link(name: &str, to: &str) -> Vec<u8> {
    header(name, b'1', 0, to)
}

/// A header alone, whatever it says.
pub(crate) fn header(name: &str, kind: u8, size: u64, link: &str) -> Vec<u8> {
    entry(name.as_bytes(), kind, 0o644, size, link)
}

fn entry(name: &[u8], kind: u8, mode: u32, size: u64, link: &str) -> Vec<u8> {
    let mut before = Vec::new();
    let mut header = tar::Header::new_gnu();
    header.set_mode(mode);
    header.set_size(size);
    header.set_entry_type(tar::EntryType::new(kind));
    if name.len() > 100 {
        before = entry(b"long", b'L', 0o644, name.len() as u64, "");
        before.extend(name);
        before.resize(before.len().next_multiple_of(512), 0);
    }
    // The library's own setters refuse what a hostile archive has.
    let fields = header.as_gnu_mut().unwrap();
    for (field, text) in [
        (&mut fields.name, name),
        (&mut fields.linkname, link.as_bytes()),
    ] {
        let length = text.len().min(field.len());
        field[..length].copy_from_slice(&text[..length]);
    }
    header.set_cksum();
    before.extend(header.as_bytes());
    before
}
