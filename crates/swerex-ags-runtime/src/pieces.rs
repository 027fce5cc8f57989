//! Gateways that let only small bodies through: files go up and come down in pieces that fit, found once for a connection.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::StatusCode;

use crate::{
    attributes::Attributes,
    error::Error,
    native::Content,
    runtime::AgsRuntime,
    spool::spooled,
    upload::{Told, blocking},
};

/// The largest piece of a file in one request or answer, in bytes.
pub(crate) const LARGEST: u64 = 4 << 20;

/// The smallest; a gateway that does not let that through is of no use.
const SMALLEST: u64 = 16 << 10;

/// How often the largest piece can be halved.
pub(crate) const HALVINGS: u32 = 8;

/// The most that one command can write, in bytes: what base64 makes of it must fit into one argument of a program.
const LARGEST_ARGUMENT: u64 = 90_000;

/// Makes the directories above a file and the file beside it.
const BEGIN: &str = r#"mkdir -p -- "$(dirname -- "$1")" && : > "$2""#;

/// Writes a piece at its place: a repeat after a lost answer changes nothing.
const WRITE: &str = r#"printf %s "$2" | base64 -d | dd of="$1" bs=65536 seek="$3" oflag=seek_bytes conv=notrunc status=none"#;

/// Puts the file in its place, with the given permission bits, or those of the one that is there, and the given time where `touch` takes it.
const FINISH: &str = r#"if [ -n "$3" ]; then chmod "$3" -- "$2"; elif [ -f "$1" ]; then chmod --reference="$1" -- "$2" 2>/dev/null || :; fi
[ -z "$4" ] || touch -c -d "@$4" -- "$2" 2>/dev/null || :
mv -f -- "$2" "$1""#;

/// Unpacks an archive into a directory and takes it away.
const UNPACK: &str = r#"command -v tar >/dev/null || { rm -f -- "$1"; echo "the sandbox has no tar to unpack $2 with" >&2; exit 127; }
mkdir -p -- "$2" && tar -xpf "$1" -C "$2"; s=$?; rm -f -- "$1"; exit $s"#;

/// How large a piece may be.
#[derive(Debug)]
pub(crate) struct Piece(AtomicU64);

impl Default for Piece {
    fn default() -> Self {
        Self(AtomicU64::new(LARGEST))
    }
}

impl Piece {
    pub(crate) fn size(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// One of so many bytes was too large. Whether there are smaller ones.
    pub(crate) fn shrink(&self, tried: u64) -> bool {
        let smaller = (tried / 2).max(SMALLEST);
        self.0.fetch_min(smaller, Ordering::Relaxed);
        tried > SMALLEST
    }
}

/// Whether a gateway did not let the request's body through.
pub(crate) fn is_too_large(error: &Error) -> bool {
    matches!(
        error,
        Error::Reply { status, .. } | Error::Refused { status, .. } if *status == StatusCode::PAYLOAD_TOO_LARGE
    )
}

impl AgsRuntime {
    /// Brings the `size` bytes of `file` to `target`, which is replaced at once when all of them are there.
    pub(crate) async fn write_in_pieces(
        &self,
        file: File,
        size: u64,
        target: &[u8],
        attributes: Attributes,
        told: &Told,
    ) -> Result<(), Error> {
        let half = beside(target, "part");
        let written = async {
            self.run_script(BEGIN, &[target, &half]).await?;
            self.write_all_pieces(file, size, &half, told).await?;
            let [mode, modified] = attributes.words();
            let args = [target, &half, mode.as_bytes(), modified.as_bytes()];
            self.run_script(FINISH, &args).await
        };
        let outcome = written.await;
        if outcome.is_err() {
            // What is wrong is told by the first error.
            let _ = self.run_script(r#"rm -f -- "$1""#, &[&half]).await;
        }
        outcome.map(drop)
    }

    /// Brings an archive beside the directory `target` and has the sandbox's `tar` unpack it there.
    pub(crate) async fn unpack_in_pieces(
        &self,
        archive: File,
        size: u64,
        target: &[u8],
        told: &Told,
    ) -> Result<(), Error> {
        let archive_there = beside(target, "tar");
        self.write_in_pieces(
            archive,
            size,
            &archive_there,
            Attributes::of_mode(0o600),
            told,
        )
        .await?;
        self.unpack_there(&archive_there, target).await
    }

    /// Has the sandbox's `tar` unpack an archive into a directory, and takes the archive away.
    pub(crate) async fn unpack_there(&self, archive: &[u8], target: &[u8]) -> Result<(), Error> {
        self.run_script(UNPACK, &[archive, target]).await.map(drop)
    }

    async fn write_all_pieces(
        &self,
        file: File,
        size: u64,
        half: &[u8],
        told: &Told,
    ) -> Result<(), Error> {
        let mut done = 0;
        while done < size {
            let piece = &self.connection.request_piece;
            let mut length = piece.size().min(size - done);
            if !self.is_native() {
                length = length.min(LARGEST_ARGUMENT);
            }
            let part = file.try_clone().map_err(|error| changed(half, error))?;
            let bytes = blocking(move || read_at(part, done, length))
                .await?
                .map_err(|error| changed(half, error))?;
            let written = if self.is_native() {
                let content = Content::of_bytes(bytes.into());
                self.put_file("upload", half, Attributes::default(), Some(done), content)
                    .await
                    .map(drop)
            } else {
                let (text, offset) = (STANDARD.encode(bytes), done.to_string());
                let args = [half, text.as_bytes(), offset.as_bytes()];
                self.run_script(WRITE, &args).await.map(drop)
            };
            match written {
                Ok(()) => {
                    done += length;
                    told(done, size);
                }
                Err(error) if is_too_large(&error) && piece.shrink(length) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// As [`write_in_pieces`](Self::write_in_pieces), of bytes that are at hand.
    pub(crate) async fn write_bytes_in_pieces(
        &self,
        bytes: Bytes,
        target: &[u8],
    ) -> Result<(), Error> {
        let size = bytes.len() as u64;
        let file = blocking(move || {
            spooled(Path::new("."), |mut file| {
                io::Write::write_all(&mut file, &bytes)?;
                Ok(file)
            })
        });
        let file = file.await?.map_err(|error| changed(target, error))?;
        self.write_in_pieces(file, size, target, Attributes::default(), &|_, _| {})
            .await
    }
}

fn read_at(mut file: File, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < length {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the file has become shorter while it was sent",
        ));
    }
    Ok(bytes)
}

fn changed(path: &[u8], source: io::Error) -> Error {
    Error::Local {
        path: String::from_utf8_lossy(path).into_owned().into(),
        source,
    }
}

/// A name beside a path that nobody else has.
pub(crate) fn beside(path: &[u8], extension: &str) -> Vec<u8> {
    let end = path.iter().rposition(|byte| *byte != b'/');
    let path = path.get(..end.map_or(0, |end| end + 1)).unwrap_or_default();
    let more = format!(".{}.{extension}", uuid::Uuid::new_v4().simple());
    [path, more.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_shrink_to_an_end() {
        let piece = Piece::default();
        let mut halvings = 0;
        while piece.shrink(piece.size()) {
            halvings += 1;
        }
        assert_eq!((piece.size(), halvings), (SMALLEST, HALVINGS));
        // A last, short piece that is too large tells no less.
        let piece = Piece::default();
        assert!(piece.shrink(100_000));
        assert_eq!(piece.size(), 50_000);
    }
}
