//! The bytes of a file, both ways.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{FileExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use futures_util::stream;
use http::{
    HeaderValue, StatusCode,
    header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE},
};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use swerex_proto::native::FileWritten;

use super::{
    Stopped,
    range::{Wanted, wanted},
};
use crate::{
    answer::{Answer, Body, BodyError},
    body::Incoming,
    exception::PyException,
    files::{self, Place, os_error},
    idempotency::Fingerprinting,
    scratch::Scratch,
};

const BINARY: &str = "application/octet-stream";

/// Bytes that are read at a time.
const CHUNK: usize = 256 * 1024;

/// A file, or the part of it that a `Range` header asks for.
pub(crate) fn read(place: &Place, range: Option<&str>) -> Result<Answer, PyException> {
    let Some((file, metadata)) = files::open_regular(place)? else {
        return Ok(Answer::stream(BINARY, chunks(None, 0, 0)));
    };
    let size = metadata.len();
    let (status, start, end) = match wanted(range, size) {
        Wanted::All => (StatusCode::OK, 0, size),
        Wanted::Part(start, end) => (StatusCode::PARTIAL_CONTENT, start, end),
        Wanted::Unsatisfiable => {
            let detail = format!("the file has {size} bytes");
            return Ok(Answer::detail(StatusCode::RANGE_NOT_SATISFIABLE, &detail)
                .with(CONTENT_RANGE, header(format!("bytes */{size}"))));
        }
    };
    let mut answer = Answer::stream(BINARY, chunks(Some(file), start, end))
        .with(ACCEPT_RANGES, HeaderValue::from_static("bytes"))
        .with(CONTENT_LENGTH, HeaderValue::from(end - start));
    answer.status = status;
    if status == StatusCode::PARTIAL_CONTENT {
        let last = end - 1;
        answer = answer.with(
            CONTENT_RANGE,
            header(format!("bytes {start}-{last}/{size}")),
        );
    }
    Ok(answer)
}

fn header(text: String) -> HeaderValue {
    // Digits and signs only.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

/// Reads ahead by no more than one chunk.
fn chunks(file: Option<File>, start: u64, end: u64) -> Body {
    let state = (file.map(Arc::new), start);
    let frames = stream::unfold(state, move |(file, at)| async move {
        let source = file.filter(|_| at < end)?;
        let reading = Arc::clone(&source);
        let read = tokio::task::spawn_blocking(move || chunk(&reading, at, end)).await;
        match read {
            Ok(Ok(bytes)) => {
                let at = at + bytes.len() as u64;
                Some((Ok(Frame::data(bytes)), (Some(source), at)))
            }
            Ok(Err(error)) => Some((Err(BodyError::from(error)), (None, at))),
            Err(error) => Some((Err(BodyError::from(error)), (None, at))),
        }
    });
    StreamBody::new(frames).boxed_unsync()
}

fn chunk(file: &File, at: u64, end: u64) -> io::Result<Bytes> {
    let wanted = usize::try_from(end - at).map_or(CHUNK, |left| left.min(CHUNK));
    let mut bytes = vec![0; wanted];
    match file.read_at(&mut bytes, at)? {
        // The length has been promised.
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        length => {
            bytes.truncate(length);
            Ok(bytes.into())
        }
    }
}

/// What a `PUT` brought; it has no name yet, or is in its place already where an offset was given.
pub(crate) enum Received {
    Whole {
        content: Scratch,
        /// Where it goes: what a link of that name leads to.
        target: PathBuf,
    },
    Part,
}

/// Writes a body beside the file it is for, or into it from `offset` on.
pub(crate) fn receive(
    place: &Place,
    offset: Option<u64>,
    incoming: &mut Incoming,
    mut print: Fingerprinting,
) -> Result<(Received, Fingerprinting), Stopped> {
    files::make_parents(place)?;
    let refused = |error: io::Error| Stopped::Exception(os_error(&error, place.shown()));
    let target = files::replaceable(place)?;
    if let Some(mut at) = offset {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&target)
            .map_err(refused)?;
        while let Some(piece) = incoming.piece().map_err(|_| Stopped::Aborted)? {
            file.write_all_at(&piece, at).map_err(refused)?;
            at = at.saturating_add(piece.len() as u64);
            print = print.raw(&piece);
        }
        return Ok((Received::Part, print));
    }
    let directory = target.parent().unwrap_or_else(|| Path::new("/"));
    let mut content = Scratch::beside(directory).map_err(refused)?;
    while let Some(piece) = incoming.piece().map_err(|_| Stopped::Aborted)? {
        content.file().write_all(&piece).map_err(refused)?;
        print = print.raw(&piece);
    }
    Ok((Received::Whole { content, target }, print))
}

/// Puts what was received in its place. The mode is the one asked for, or that of the file that was there.
pub(crate) fn store(
    place: &Place,
    received: Received,
    mode: Option<u32>,
) -> Result<FileWritten, PyException> {
    let refused = |error: io::Error| os_error(&error, place.shown());
    if let Received::Whole {
        mut content,
        target,
    } = received
    {
        let there = target.metadata().ok().map(|there| there.permissions());
        if let Some(permissions) = mode.map(Permissions::from_mode).or(there) {
            content
                .file()
                .set_permissions(permissions)
                .map_err(refused)?;
        }
        content.rename(&target).map_err(refused)?;
    } else if let Some(mode) = mode {
        std::fs::set_permissions(place.real(), Permissions::from_mode(mode)).map_err(refused)?;
    }
    let size = place.real().metadata().map_err(refused)?.len();
    Ok(FileWritten { size })
}
