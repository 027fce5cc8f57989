//! The bytes of a file, both ways.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{FileExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use futures_util::stream;
use http::{
    HeaderValue, StatusCode,
    header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE},
};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use swerex_archive::Sparse;
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

/// The longest range that is read before it is answered: whatever the metadata say, what is answered is what reading gave. 4 MiB.
const AT_ONCE: u64 = 4 * 1024 * 1024;

/// A file, or the part of it that a `Range` header asks for.
pub(crate) fn read(place: &Place, range: Option<&str>) -> Result<Answer, PyException> {
    let Some((file, metadata)) = files::open_regular(place)? else {
        return Ok(Answer::stream(BINARY, chunks(Bytes::new(), None)));
    };
    let size = metadata.len();
    let refused = |error: io::Error| os_error(&error, place.shown());
    let (start, end) = match wanted(range, size) {
        Wanted::All => return all(file, size).map_err(refused),
        Wanted::Part(start, end) => (start, end),
        Wanted::Nothing => return Ok(unsatisfiable(size)),
    };
    let asked = end - start;
    let ahead = if asked > AT_ONCE { CHUNK as u64 } else { asked };
    let first = piece(&file, start, ahead).map_err(refused)?;
    let read = first.len() as u64;
    if read == 0 {
        return Ok(unsatisfiable(size));
    }
    let is_over = read < ahead;
    let (end, size) = if is_over {
        (start + read, start + read)
    } else {
        let size = size.max(start + read);
        (end.min(size), size)
    };
    let rest = Rest {
        file: Arc::new(file),
        at: start + read,
        end: Some(end),
    };
    let last = end - 1;
    let mut answer = Answer::stream(BINARY, chunks(first, Some(rest)))
        .with(ACCEPT_RANGES, HeaderValue::from_static("bytes"))
        .with(CONTENT_LENGTH, HeaderValue::from(end - start))
        .with(
            CONTENT_RANGE,
            header(format!("bytes {start}-{last}/{size}")),
        );
    answer.status = StatusCode::PARTIAL_CONTENT;
    Ok(answer)
}

/// All of a file. Its length is told beforehand where it is known: one that says to be shorter than it is, as those of the kernel do, is read to
/// its end.
fn all(file: File, size: u64) -> io::Result<Answer> {
    let first = piece(&file, 0, CHUNK as u64)?;
    let read = first.len() as u64;
    let length = if first.len() < CHUNK {
        Some(read)
    } else {
        Some(size).filter(|size| *size >= read)
    };
    let rest = Rest {
        file: Arc::new(file),
        at: read,
        end: length,
    };
    let mut answer = Answer::stream(BINARY, chunks(first, Some(rest)))
        .with(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Some(length) = length {
        answer = answer.with(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(answer)
}

fn unsatisfiable(size: u64) -> Answer {
    let detail = format!("the file has {size} bytes");
    Answer::detail(StatusCode::RANGE_NOT_SATISFIABLE, &detail)
        .with(CONTENT_RANGE, header(format!("bytes */{size}")))
}

fn header(text: String) -> HeaderValue {
    // Digits and signs only.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

/// What of a file is still to be read.
struct Rest {
    file: Arc<File>,
    at: u64,
    /// The end that has been promised; `None`: where it is found.
    end: Option<u64>,
}

/// What has been read, and the rest. Reads ahead by no more than one chunk.
fn chunks(first: Bytes, rest: Option<Rest>) -> Body {
    let state = (first, rest);
    let frames = stream::unfold(state, |(first, rest)| async {
        if !first.is_empty() {
            return Some((Ok(Frame::data(first)), (Bytes::new(), rest)));
        }
        let mut rest = rest?;
        let (file, at, end) = (Arc::clone(&rest.file), rest.at, rest.end);
        if end.is_some_and(|end| at >= end) {
            return None;
        }
        let read = tokio::task::spawn_blocking(move || {
            let left = end.map_or(u64::MAX, |end| end - at);
            piece(&file, at, left.min(CHUNK as u64))
        });
        let failed = |error: BodyError| Some((Err(error), (Bytes::new(), None)));
        match read.await {
            Ok(Ok(bytes)) if bytes.is_empty() && end.is_none() => None,
            // The length has been promised.
            Ok(Ok(bytes)) if bytes.is_empty() => {
                failed(io::Error::from(io::ErrorKind::UnexpectedEof).into())
            }
            Ok(Ok(bytes)) => {
                rest.at += bytes.len() as u64;
                Some((Ok(Frame::data(bytes)), (Bytes::new(), Some(rest))))
            }
            Ok(Err(error)) => failed(error.into()),
            Err(error) => failed(error.into()),
        }
    });
    StreamBody::new(frames).boxed_unsync()
}

/// Bytes from a place on; fewer than asked for only at the end.
fn piece(file: &File, at: u64, length: u64) -> io::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(CHUNK)];
    let mut filled = 0;
    while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
        match file.read_at(room, at.saturating_add(filled as u64)) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes.into())
}

/// A time in seconds since 1970, as far as the system has such.
fn time(seconds: i64) -> Option<SystemTime> {
    let since = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        UNIX_EPOCH.checked_sub(since)
    } else {
        UNIX_EPOCH.checked_add(since)
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
    let mut sparse = content
        .file()
        .try_clone()
        .and_then(Sparse::new)
        .map_err(refused)?;
    while let Some(piece) = incoming.piece().map_err(|_| Stopped::Aborted)? {
        sparse.write_all(&piece).map_err(refused)?;
        print = print.raw(&piece);
    }
    sparse.finish().map_err(refused)?;
    Ok((Received::Whole { content, target }, print))
}

/// Puts what was received in its place. The mode is the one asked for, or that of the file that was there; the time, in seconds since 1970, is
/// the one asked for, where the file system keeps it.
pub(crate) fn store(
    place: &Place,
    received: Received,
    mode: Option<u32>,
    modified: Option<i64>,
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
        if let Some(time) = modified.and_then(time) {
            // Not every file system keeps every time.
            let _ = content.file().set_modified(time);
        }
        content.rename(&target).map_err(refused)?;
    } else {
        if let Some(time) = modified.and_then(time) {
            let _ = File::open(place.real()).and_then(|file| file.set_modified(time));
        }
        if let Some(mode) = mode {
            std::fs::set_permissions(place.real(), Permissions::from_mode(mode))
                .map_err(refused)?;
        }
    }
    let size = place.real().metadata().map_err(refused)?.len();
    Ok(FileWritten { size })
}
