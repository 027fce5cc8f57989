//! What comes from stdin or goes to stdout, in a file for as long as that is needed.

use std::{
    fs::File,
    io::{self, Seek as _, Write as _},
    path::PathBuf,
};

use tempfile::{NamedTempFile, TempDir};
use tokio::io::AsyncReadExt as _;

use crate::report::Failure;

/// Bytes that are read at a time.
const CHUNK: usize = 256 * 1024;

/// All of stdin. Where the disk is full, it moves on to the next place for temporary files.
pub(super) async fn spooled() -> Result<NamedTempFile, Failure> {
    let wrong = |error| Failure::because("cannot read stdin", &error);
    let mut places = places().into_iter();
    let mut file = next(&mut places, NamedTempFile::new_in).map_err(wrong)?;
    let (mut stdin, mut done) = (tokio::io::stdin(), 0);
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = stdin.read(&mut chunk).await.map_err(wrong)?;
        let Some(read) = chunk.get(..length).filter(|read| !read.is_empty()) else {
            return Ok(file);
        };
        if let Err(full) = file.write_all(read) {
            if full.kind() != io::ErrorKind::StorageFull
                && full.kind() != io::ErrorKind::QuotaExceeded
            {
                return Err(wrong(full));
            }
            let moved = next(&mut places, |place| {
                let mut other = NamedTempFile::new_in(place)?;
                copy(file.as_file(), done, &mut other)?;
                other.write_all(read)?;
                Ok(other)
            });
            // The first place is the one that its owner chose.
            file = moved.map_err(|_| wrong(full))?;
        }
        done += length as u64;
    }
}

/// A directory for a file on its way to stdout.
pub(super) fn directory() -> io::Result<TempDir> {
    next(&mut places().into_iter(), tempfile::tempdir_in)
}

fn copy(mut from: &File, length: u64, to: &mut NamedTempFile) -> io::Result<()> {
    from.rewind()?;
    io::copy(&mut io::Read::take(from, length), to).map(drop)
}

/// What the first place that can gives; the first refusal if none can.
fn next<T>(
    places: &mut impl Iterator<Item = PathBuf>,
    mut made: impl FnMut(PathBuf) -> io::Result<T>,
) -> io::Result<T> {
    let mut first = None;
    for place in places {
        match made(place) {
            Ok(made) => return Ok(made),
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.unwrap_or_else(|| io::ErrorKind::StorageFull.into()))
}

fn places() -> Vec<PathBuf> {
    let mut places = vec![std::env::temp_dir()];
    places.extend(["/tmp", "/var/tmp", "."].map(PathBuf::from));
    places.extend(std::env::home_dir());
    places
}
