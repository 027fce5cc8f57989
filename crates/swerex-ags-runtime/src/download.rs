//! Bringing files and directories from the server: SWE-ReX itself reads text only.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use swerex_archive::Sparse;
use swerex_proto::{ExceptionClass, RemoteError};
use tokio::task::JoinHandle;

use crate::{
    attributes::{Attributes, set_modified},
    error::{Error, Limit},
    incoming::{Feed, incoming},
    merge::merge,
    pieces::LARGEST,
    rooms::Rooms,
    runtime::AgsRuntime,
    stage::{Failed, Stage, unpack},
    system::set_file_mode,
    tar_words::{PACK, Packed},
    transfer::{DownloadOptions, Transferred},
    upload::{Told, blocking},
};

/// What stands at a path of the server's machine: `d`, `f` with size, permission bits and time, `o` for something else, or `n` for nothing. The size is
/// for showing only.
const LOOK: &str = r#"if [ -d "$1" ]; then echo d
elif [ -f "$1" ]; then echo "f $(stat -L -c '%s %a %Y' -- "$1" 2>/dev/null || echo 0 644 -)"
elif [ -e "$1" ]; then echo o; else echo n; fi"#;

/// The permission bits that are taken over: no set-user-id from a sandbox.
const MODE: u32 = 0o777;

/// How many links in a row are followed, as Linux does.
const MAX_LINKS: usize = 40;

impl AgsRuntime {
    /// Brings the file or directory `source` to the local path `target`, with its permission bits, as [`DownloadOptions`] are by default.
    ///
    /// # Errors
    /// As [`download_with`](Self::download_with).
    pub async fn download(
        &self,
        source: impl AsRef<OsStr>,
        target: &Path,
        told: &Told,
    ) -> Result<Transferred, Error> {
        let options = DownloadOptions::default();
        self.download_with(source, target, &options, told).await
    }

    /// Brings the file or directory `source` to the local path `target`, with its permission bits and the times of files.
    ///
    /// A file is read to its end, whatever its size is said to be, and replaced at once when all of it is there; a link that has its name is
    /// replaced, too. What is there and neither file nor directory, such as a pipe, is written to. A directory is unpacked beside `target` while
    /// it comes (a Python server's `tar` packs it first, which needs as much room in the sandbox's temporary directory), and merged into one that
    /// is there when all has come. A `source` that is a link is followed.
    ///
    /// Nothing is written outside of `target`, and nothing through a link in it. Links within the directory stay links. A link that leads out of it
    /// (also by way of others, or of those that are in `target` already) is left out and named in [`Transferred`], as are pipes and devices in an archive, and
    /// what cannot be read (from a Python server, as far as its `tar` says so in words that are known here). Memory is bounded whatever comes. Where the size is not known beforehand, `told` hears what has come so far as the whole.
    ///
    /// # Errors
    /// [`Error::Remote`] if `source` cannot be read; [`Error::Local`] if `target` cannot be written; [`Error::OverLimit`] and [`Error::LeftOut`] as
    /// the options say; others as every call.
    pub async fn download_with(
        &self,
        source: impl AsRef<OsStr>,
        target: &Path,
        options: &DownloadOptions,
        told: &Told,
    ) -> Result<Transferred, Error> {
        let source = source.as_ref();
        let seen = self.run_script(LOOK, &[source.as_encoded_bytes()]).await?;
        let words: Vec<&str> = seen.split_whitespace().collect();
        let shown = source.to_string_lossy();
        match words.as_slice() {
            ["d"] => {
                let stage = self.stage(source, target, options, told).await?;
                blocking(move || merge(stage)).await?
            }
            ["f", size, mode, modified @ ..] => {
                let mode = u32::from_str_radix(mode, 8).unwrap_or(0o644) & MODE;
                let attributes = Attributes {
                    mode: Some(mode),
                    modified: modified.first().and_then(|time| time.parse().ok()),
                };
                // A size that is no number is as good as none.
                let seen = (size.parse().unwrap_or(0), attributes);
                self.download_file(source, target, seen, options, told)
                    .await?;
                Ok(Transferred::default())
            }
            ["n"] => Err(unreadable(
                ExceptionClass::FileNotFound,
                format!("no such file or directory: {shown}"),
            )),
            ["o"] => Err(unreadable(
                ExceptionClass::OsError,
                format!("neither a file nor a directory: {shown}"),
            )),
            _ => Err(strange(&seen)),
        }
    }

    /// Waits for the downloads of this runtime and its clones that were given up: what has come of a directory is taken away in the background when
    /// the future is dropped, or goes to its place if all had come. A program that ends earlier leaves a hidden `.swerex-…` behind.
    pub async fn tidied(&self) {
        self.connection.rooms.empty().await;
    }

    async fn download_file(
        &self,
        source: &OsStr,
        target: &Path,
        (size, attributes): (u64, Attributes),
        options: &DownloadOptions,
        told: &Told,
    ) -> Result<(), Error> {
        let local = |error| at(target, error);
        let target = match Landing::of(target, options.follow_link).map_err(local)? {
            Landing::Open(file) => {
                let into = Sink::Stream(file);
                return self.fetch(source, size, into, target, options, told).await;
            }
            Landing::Replace(path) => path,
        };
        let local = |error| at(&target, error);
        let folder = target
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let part = tempfile::Builder::new()
            .prefix(".swerex-")
            .tempfile_in(folder.unwrap_or_else(|| Path::new(".")))
            .map_err(local)?;
        let file = part.as_file().try_clone().and_then(Sparse::new);
        let into = Sink::File(file.map_err(local)?);
        self.fetch(source, size, into, &target, options, told)
            .await?;
        if let Some(modified) = attributes.modified {
            // Not every file system keeps every time.
            let _ = set_modified(part.as_file(), modified);
        }
        if let Some(mode) = attributes.mode {
            set_file_mode(part.as_file(), mode).map_err(local)?;
        }
        part.persist(&target).map_err(|error| local(error.error))?;
        Ok(())
    }

    /// Unpacks a directory beside its target.
    async fn stage(
        &self,
        source: &OsStr,
        target: &Path,
        options: &DownloadOptions,
        told: &Told,
    ) -> Result<Stage, Error> {
        if self.is_native() {
            match self.get_tar(source, target, options, told).await {
                // An answer that is cut each time is more than the gateway lets through; in pieces it may come.
                Err(Error::UnknownOutcome { .. }) => {}
                outcome => return outcome,
            }
        }
        let said = self.run_script(PACK, &[source.as_encoded_bytes()]).await?;
        let packed = Packed::of(&said).ok_or_else(|| strange(&said))?;
        let archive = packed.archive;
        let outcome = match packed.problem {
            Some(line) => Err(unreadable(ExceptionClass::OsError, line.to_owned())),
            None => {
                let unpacking = Unpacking::begin(source, target, options, &self.connection.rooms);
                self.unpack(archive, packed.size, unpacking, told).await
            }
        };
        // Also after a failure: the sandbox may go on for long.
        let removed = self
            .run_script(r#"rm -f -- "$1""#, &[archive.as_bytes()])
            .await;
        let mut stage = outcome?;
        removed?;
        packed.lose_from(&mut stage)?;
        Ok(stage)
    }

    async fn unpack(
        &self,
        archive: &str,
        size: u64,
        unpacking: Unpacking,
        told: &Told,
    ) -> Result<Stage, Error> {
        let feed = async {
            let mut done = 0;
            loop {
                let piece = self.read_piece(archive, done, LARGEST).await?;
                let length = piece.len() as u64;
                done += length;
                // What unpacks knows why it wants no more.
                let is_wanted = unpacking.push(piece.into()).await;
                told(done, size.max(done));
                if length < LARGEST || !is_wanted {
                    return Ok(());
                }
            }
        };
        match feed.await {
            Ok(()) => unpacking.finish().await,
            Err(error) => {
                unpacking.give_up().await;
                Err(error)
            }
        }
    }

    /// Copies a remote file to a local one, from its beginning to its end. Of its size one has only heard.
    async fn fetch(
        &self,
        source: &OsStr,
        size: u64,
        mut into: Sink,
        target: &Path,
        options: &DownloadOptions,
        told: &Told,
    ) -> Result<(), Error> {
        let local = |error| at(target, error);
        let mut done = 0;
        loop {
            let piece = self.read_piece(source, done, LARGEST).await?;
            let length = piece.len() as u64;
            done += length;
            if done > options.max_bytes {
                return Err(Error::OverLimit {
                    source: source.to_string_lossy().into_owned(),
                    limit: Limit::Bytes(options.max_bytes),
                });
            }
            into = blocking(move || into.with(&piece)).await?.map_err(local)?;
            told(done, size.max(done));
            if length < LARGEST {
                break;
            }
        }
        blocking(move || into.finish()).await?.map_err(local)
    }
}

/// What a file is written to.
enum Sink {
    Stream(File),
    File(Sparse),
}

impl Sink {
    fn with(mut self, piece: &[u8]) -> io::Result<Self> {
        match &mut self {
            Self::Stream(file) => file.write_all(piece)?,
            Self::File(file) => file.write_all(piece)?,
        }
        Ok(self)
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Stream(_) => Ok(()),
            Self::File(file) => file.finish().map(drop),
        }
    }
}

/// Where a file goes.
enum Landing {
    /// Into what is there and no file: a pipe, a terminal.
    Open(File),
    /// To this path, in the place of a file or a link.
    Replace(PathBuf),
}

impl Landing {
    fn of(target: &Path, follow_link: bool) -> io::Result<Self> {
        let is_special = |there: &fs::Metadata| !there.is_file() && !there.is_dir();
        if !target.is_symlink() {
            return match fs::metadata(target) {
                Ok(there) if is_special(&there) => Self::open(target),
                _ => Ok(Self::Replace(target.to_owned())),
            };
        }
        let leads_to_special = fs::metadata(target).is_ok_and(|there| is_special(&there));
        match (follow_link, leads_to_special) {
            (true, true) => Self::open(target),
            (true, false) => Ok(Self::Replace(followed(target)?)),
            // Who names `/dev/stdout` does not want it replaced, and a link from a sandbox may lead to a disk.
            (false, true) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is a link to something that is no file; name what it leads to",
            )),
            (false, false) => Ok(Self::Replace(target.to_owned())),
        }
    }

    fn open(path: &Path) -> io::Result<Self> {
        File::options().write(true).open(path).map(Self::Open)
    }
}

/// What a link leads to in the end, be it there or not.
fn followed(link: &Path) -> io::Result<PathBuf> {
    let mut path = link.to_owned();
    for _ in 0..MAX_LINKS {
        if !path.is_symlink() {
            return Ok(path);
        }
        let text = fs::read_link(&path)?;
        path = path.parent().unwrap_or_else(|| Path::new("")).join(text);
    }
    // The system's own words for it.
    fs::metadata(link).map(|_| path)
}

/// An archive that is unpacked while it comes. What was unpacked goes when this is dropped before its end.
pub(crate) struct Unpacking {
    feed: Feed,
    work: JoinHandle<Result<Stage, Failed>>,
}

impl Unpacking {
    pub(crate) fn begin(
        source: &OsStr,
        target: &Path,
        options: &DownloadOptions,
        rooms: &Rooms,
    ) -> Self {
        let (feed, archive) = incoming(options.max_bytes);
        let source = source.to_string_lossy().into_owned();
        let (target, options) = (target.to_owned(), *options);
        let occupied = rooms.enter();
        let work = tokio::task::spawn_blocking(move || {
            unpack(archive, &source, &target, &options, occupied)
        });
        Self { feed, work }
    }

    /// Hands a piece over; whether more is wanted.
    pub(crate) async fn push(&self, piece: Bytes) -> bool {
        self.feed.push(piece).await
    }

    /// What has been unpacked, now that all has come or no more is wanted.
    pub(crate) async fn finish(self) -> Result<Stage, Error> {
        self.feed.end().await;
        match self.work.await {
            Ok(Ok(stage)) => Ok(stage),
            Ok(Err(Failed::Error(error))) => Err(error),
            Ok(Err(Failed::Aborted)) => Err(Error::Invalid("unpacking was given up".to_owned())),
            Err(error) => Err(Error::Invalid(format!(
                "unpacking was interrupted: {error}"
            ))),
        }
    }

    /// Takes away what has been unpacked.
    pub(crate) async fn give_up(self) {
        drop(self.feed);
        // That it was given up is known.
        let _ = self.work.await;
    }
}

fn strange(seen: &str) -> Error {
    Error::Reply {
        call: "download",
        status: http::StatusCode::OK,
        evidence: crate::gateway::evidence(seen.as_bytes()),
    }
}

fn unreadable(class: ExceptionClass, message: String) -> Error {
    Error::Remote(RemoteError::new(&class, message))
}

fn at(path: &Path, source: io::Error) -> Error {
    Error::Local {
        path: PathBuf::from(path),
        source,
    }
}
