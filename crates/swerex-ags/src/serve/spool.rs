//! The body of an agent's request, kept so that it can be sent again: a small one in memory, a large one in a file without a name.

use std::{fs::File, io, sync::Arc};

use ags_http::{Body, body};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use swerex_ags_runtime::Forwarded;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use super::sandbox::CallFailed;

/// The largest body that is kept in memory, in bytes.
const IN_MEMORY: usize = 4 << 20;

/// The largest body that is kept at all, in bytes. A larger one streams through once.
const IN_FILE: u64 = 4 << 30;

/// How much of a file is read at a time, in bytes.
const PIECE: usize = 128 << 10;

/// Reads a body of `length` bytes, if that is known.
///
/// What cannot be kept, because it is too large or the disk does not take it, is sent on as it comes.
///
/// # Errors
/// The request broke off.
pub(super) async fn kept(incoming: Body, length: Option<u64>) -> Result<Forwarded, CallFailed> {
    kept_in(incoming, length, IN_FILE, tempfile::tempfile).await
}

async fn kept_in(
    mut incoming: Body,
    length: Option<u64>,
    limit: u64,
    file: impl FnOnce() -> io::Result<File> + Send + 'static,
) -> Result<Forwarded, CallFailed> {
    if length.is_some_and(|length| length > limit) {
        return Ok(Forwarded::Once(incoming));
    }
    let mut beginning = BytesMut::new();
    while beginning.len() <= IN_MEMORY {
        match next(&mut incoming).await? {
            Some(data) if beginning.is_empty() && incoming.is_end_stream() => {
                return Ok(Forwarded::Whole(data));
            }
            Some(data) => beginning.extend_from_slice(&data),
            None => return Ok(Forwarded::Whole(beginning.freeze())),
        }
    }
    let beginning = beginning.freeze();
    let made = tokio::task::spawn_blocking(file).await;
    let Ok(Ok(file)) = made else {
        tracing::warn!("no file for a large request, which is sent on as it comes");
        return Ok(rest(beginning, None, Bytes::new(), incoming));
    };
    let mut file = tokio::fs::File::from_std(file);
    let (mut size, mut piece) = (0, beginning);
    loop {
        let is_kept = size + piece.len() as u64 <= limit;
        let written = if is_kept {
            append(&mut file, &piece).await
        } else {
            Err(io::ErrorKind::FileTooLarge.into())
        };
        if let Err(error) = written {
            tracing::warn!(%error, size, "a large request cannot be kept, and is sent on as it comes");
            return Ok(rest(Bytes::new(), Some((file, size)), piece, incoming));
        }
        size += piece.len() as u64;
        match next(&mut incoming).await? {
            Some(data) => piece = data,
            None => return Ok(Forwarded::File(Arc::new(file.into_std().await), size)),
        }
    }
}

/// The next bytes; `None` at the end.
async fn next(incoming: &mut Body) -> Result<Option<Bytes>, CallFailed> {
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| {
            CallFailed::Broken(format!("the body of the request broke off: {error}"))
        })?;
        if let Ok(data) = frame.into_data()
            && !data.is_empty()
        {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

async fn append(file: &mut tokio::fs::File, piece: &[u8]) -> io::Result<()> {
    file.write_all(piece).await?;
    // Without it the next write tells of this one's failure.
    file.flush().await
}

/// What has come so far, and then what comes: the beginning, so much of a file, a piece that did not get into it.
fn rest(
    beginning: Bytes,
    file: Option<(tokio::fs::File, u64)>,
    piece: Bytes,
    incoming: Body,
) -> Forwarded {
    let at_hand = |bytes: Bytes| stream::iter((!bytes.is_empty()).then_some(Ok(bytes)));
    let kept = stream::unfold(file.map(|(file, size)| (file, size, true)), |state| async {
        let (mut file, left, is_new) = state?;
        if left == 0 {
            return None;
        }
        let read = async {
            if is_new {
                file.rewind().await?;
            }
            let most = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            let mut bytes = vec![0; most];
            file.read_exact(&mut bytes).await?;
            io::Result::Ok(bytes)
        };
        match read.await {
            Ok(bytes) => {
                let left = left - bytes.len() as u64;
                Some((Ok(Bytes::from(bytes)), Some((file, left, false))))
            }
            Err(error) => Some((Err(error.into()), None)),
        }
    });
    let all = at_hand(beginning)
        .chain(kept)
        .chain(at_hand(piece))
        .chain(incoming.into_data_stream());
    Forwarded::Once(body::stream(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that cannot be written.
    fn unwritable() -> io::Result<File> {
        File::open("/dev/null")
    }

    fn pieces(count: usize) -> (Body, Vec<u8>) {
        let piece = |number: usize| Bytes::from(vec![u8::try_from(number % 251).unwrap(); 1 << 16]);
        let all = (0..count).flat_map(piece).collect();
        (body::chunks((0..count).map(piece)), all)
    }

    async fn once(kept: Forwarded) -> Vec<u8> {
        let Forwarded::Once(incoming) = kept else {
            panic!("{kept:?}");
        };
        body::collect(incoming, 64 << 20).await.unwrap().to_vec()
    }

    #[tokio::test]
    async fn a_small_body_stays_in_memory_and_a_large_one_in_a_file() {
        let (small, all) = pieces(8);
        let body = kept(small, None).await.unwrap();
        assert!(matches!(body, Forwarded::Whole(bytes) if bytes == all));
        let (large, all) = pieces(100);
        let Forwarded::File(file, size) = kept(large, None).await.unwrap() else {
            panic!("it was too large for memory");
        };
        let mut there = Vec::new();
        io::Seek::rewind(&mut &*file).unwrap();
        io::Read::read_to_end(&mut &*file, &mut there).unwrap();
        assert!(there == all && size == all.len() as u64);
        let empty = kept(body::empty(), Some(0)).await.unwrap();
        assert!(matches!(empty, Forwarded::Whole(bytes) if bytes.is_empty()));
    }

    #[tokio::test]
    async fn what_cannot_be_kept_streams_through_whole() {
        let none = || Err(io::ErrorKind::PermissionDenied.into());
        let (large, all) = pieces(100);
        assert!(once(kept_in(large, None, IN_FILE, none).await.unwrap()).await == all);
        let (large, all) = pieces(100);
        assert!(once(kept_in(large, None, IN_FILE, unwritable).await.unwrap()).await == all);
        let (said_to_be_huge, all) = pieces(3);
        let body = kept(said_to_be_huge, Some(IN_FILE + 1)).await;
        assert!(once(body.unwrap()).await == all);
    }

    #[tokio::test]
    async fn what_no_longer_fits_streams_through_after_what_is_kept() {
        let limit = (IN_MEMORY + (1 << 20)) as u64;
        let (large, all) = pieces(100);
        let kept = kept_in(large, None, limit, tempfile::tempfile).await;
        assert!(once(kept.unwrap()).await == all);
    }

    #[tokio::test]
    async fn a_request_that_breaks_off_is_the_agents_fault() {
        for at in [1, 90] {
            let broken = stream::iter([Err("reset by the agent".into())]);
            let (some, _) = pieces(at);
            let broken = body::stream(some.into_data_stream().chain(broken));
            let body = kept(broken, Some(1 << 23)).await;
            assert!(
                matches!(&body, Err(CallFailed::Broken(why)) if why.contains("reset by the agent")),
                "{body:?}"
            );
        }
    }
}
