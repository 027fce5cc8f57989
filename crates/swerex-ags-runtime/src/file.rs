//! A file as a body, read from disk while it is sent.

use std::{
    fs::File,
    io::{self, Seek as _},
};

use ags_http::body::BodyError;
use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::io::AsyncReadExt as _;

/// How much of a file is in memory at a time, in bytes.
const PIECE: usize = 1 << 17;

/// The file from its beginning, `size` bytes of it: one that has grown since is sent as long as it was said to be. Only one stream of a
/// file is read at a time.
pub(crate) fn pieces(
    file: &File,
    size: u64,
) -> io::Result<impl Stream<Item = Result<Bytes, BodyError>> + Send + use<>> {
    let mut file = file.try_clone()?;
    file.rewind()?;
    let file = tokio::fs::File::from_std(file).take(size);
    Ok(stream::unfold(Some((file, size)), |state| async {
        let (mut file, left) = state?;
        if left == 0 {
            return None;
        }
        let mut piece = Vec::with_capacity(PIECE);
        match (&mut file).take(PIECE as u64).read_to_end(&mut piece).await {
            Ok(0) => {
                let shrunk = io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the file has become shorter while it was sent",
                );
                Some((Err(shrunk.into()), None))
            }
            Ok(read) => Some((Ok(Bytes::from(piece)), Some((file, left - read as u64)))),
            Err(error) => Some((Err(error.into()), None)),
        }
    }))
}
