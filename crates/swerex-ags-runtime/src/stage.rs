//! A directory from a sandbox, unpacked beside its target as it arrives: nothing is in the target before all of it is there and found to be harmless.

mod paths;

use std::{
    fs::{self, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

pub(crate) use paths::copy;
use paths::{make_room, relative};
use swerex_archive::{Broken, Entry, Kind, Reader, Sparse};

use crate::{
    error::{Error, Limit},
    links::climbs_out,
    rooms::Occupied,
    system::{native, set_file_mode, set_mode, symlink},
    transfer::{DownloadOptions, Skipped, Transferred, Why},
};

/// Bytes that are unpacked at a time.
const CHUNK: usize = 64 * 1024;

/// What the owner of a directory needs to put something into it.
const OPEN: u32 = 0o700;

/// The permission bits that are taken over: no set-user-id from a sandbox.
const MODE: u32 = 0o777;

/// Bytes that are remembered of directories that are closed to their owner. Of all other entries nothing is.
const MAX_CLOSED: usize = 32 << 20;

/// The longest reason that is kept, in characters.
const MAX_REASON: usize = 200;

/// Why there is no stage.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The rest of the archive did not come.
    Aborted,
    Error(Error),
}

/// What has been unpacked; gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Stage {
    /// Nobody else's.
    room: PathBuf,
    pub(crate) target: PathBuf,
    /// Whether the target is there, and what has been unpacked is merged into it.
    pub(crate) merges: bool,
    /// Directories that are closed to their owner, which must stay open until all is in them.
    pub(crate) closed: Vec<(PathBuf, u32)>,
    pub(crate) has_links: bool,
    pub(crate) left_out: LeftOut,
    /// As long as the room is there.
    _occupied: Occupied,
}

/// What is left out, or why nothing is.
#[derive(Debug)]
pub(crate) struct LeftOut {
    strict: bool,
    pub(crate) transferred: Transferred,
}

impl LeftOut {
    pub(crate) fn skip(&mut self, path: &Path, why: Why) -> Result<(), Error> {
        let skipped = Skipped {
            path: path.to_owned(),
            why,
        };
        if self.strict {
            return Err(Error::LeftOut(skipped));
        }
        self.transferred.skip(skipped);
        Ok(())
    }
}

/// Unpacks an archive for `target`, a directory that is there or not.
pub(crate) fn unpack(
    archive: impl Read,
    source: &str,
    target: &Path,
    options: &DownloadOptions,
    occupied: Occupied,
) -> Result<Stage, Failed> {
    let stage = Stage::new(target, options, occupied).map_err(|error| at(target, error))?;
    let mut unpacking = Unpacking {
        archive: Reader::new(archive),
        tree: stage.tree(),
        stage,
        parent: None,
        entries: 0,
        closed_bytes: 0,
        copied: 0,
        source,
        options,
        buffer: vec![0; CHUNK],
    };
    loop {
        match unpacking.archive.next_entry() {
            Ok(Some(entry)) => unpacking.entry(&entry)?,
            Ok(None) => return Ok(unpacking.stage),
            Err(Broken::Io(error)) => return Err(unpacking.broken(error)),
            Err(broken) => {
                let error = io::Error::new(io::ErrorKind::InvalidData, broken);
                return Err(at(target, error));
            }
        }
    }
}

impl Stage {
    fn new(target: &Path, options: &DownloadOptions, occupied: Occupied) -> io::Result<Self> {
        let is_link = target.is_symlink();
        if is_link && !options.follow_link {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is a link; name the directory that it leads to",
            ));
        }
        let target = match is_link {
            true => fs::canonicalize(target)?,
            false => target.to_owned(),
        };
        let merges = match fs::symlink_metadata(&target) {
            Ok(there) if there.is_dir() => true,
            Ok(_) => return Err(io::ErrorKind::NotADirectory.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        // Within a target that is there: what is beside it may be another disk, or not ours to write to.
        let place = if merges {
            &target
        } else {
            let parent = target.parent().unwrap_or(&target);
            match parent.as_os_str().is_empty() {
                true => Path::new("."),
                false => parent,
            }
        };
        fs::create_dir_all(place)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".swerex-");
        #[cfg(unix)]
        let mine = std::os::unix::fs::PermissionsExt::from_mode(OPEN);
        #[cfg(unix)]
        builder.permissions(mine);
        let room = builder.tempdir_in(place)?;
        fs::create_dir(room.path().join("tree"))?;
        Ok(Self {
            room: room.keep(),
            target,
            merges,
            closed: Vec::new(),
            has_links: false,
            left_out: LeftOut {
                strict: options.strict,
                transferred: Transferred::default(),
            },
            _occupied: occupied,
        })
    }

    /// Leaves out what could not be read, or not to its end.
    pub(crate) fn lose(&mut self, inner: &Path, why: &str) -> Result<(), Error> {
        let mut path = self.tree();
        let mut parts = inner.iter().peekable();
        while let Some(part) = parts.next() {
            path.push(part);
            let there = fs::symlink_metadata(&path);
            let is_last = parts.peek().is_none();
            match there {
                Ok(there) if !is_last && there.is_dir() => {}
                Ok(there) if is_last && there.is_file() => {
                    fs::remove_file(&path).map_err(|source| Error::Local {
                        path: self.target.join(inner),
                        source,
                    })?;
                }
                _ => break,
            }
        }
        let why = why.chars().take(MAX_REASON).collect();
        self.left_out.skip(inner, Why::Unreadable(why))
    }

    /// The directory with what has been unpacked.
    pub(crate) fn tree(&self) -> PathBuf {
        self.room.join("tree")
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Nobody is left to tell.
        let _ = fs::remove_dir_all(&self.room);
    }
}

struct Unpacking<'a, R> {
    archive: Reader<R>,
    stage: Stage,
    tree: PathBuf,
    /// The last directory that something went into; it is one, and so are those above it.
    parent: Option<PathBuf>,
    entries: u64,
    closed_bytes: usize,
    /// Bytes of files that were copied for want of other names.
    copied: u64,
    source: &'a str,
    options: &'a DownloadOptions,
    buffer: Vec<u8>,
}

impl<R: Read> Unpacking<'_, R> {
    fn entry(&mut self, entry: &Entry) -> Result<(), Failed> {
        self.count()?;
        let inner = self.inside(&entry.name)?;
        // The target itself is the user's, not the archive's.
        let (Some(parent), Some(_)) = (inner.parent(), inner.file_name()) else {
            return Ok(());
        };
        if entry.kind == Kind::Unreadable {
            let why = String::from_utf8_lossy(&entry.link);
            return Ok(self.stage.lose(&inner, &why)?);
        }
        if let Some(why) = self.enter(parent)? {
            return self.skip(&inner, why);
        }
        let path = self.tree.join(&inner);
        let there = fs::symlink_metadata(&path).ok();
        let is_directory = entry.kind == Kind::Directory;
        if there.is_some_and(|there| there.is_dir() != is_directory) {
            return self.skip(&inner, Why::Taken);
        }
        let here = |error| at(&self.stage.target.join(&inner), error);
        match entry.kind {
            Kind::Directory => self.directory(&inner, &path, entry.mode & MODE),
            Kind::File => {
                make_room(&path).map_err(here)?;
                self.file(&inner, &path, entry)
            }
            Kind::Symlink => self.link(&inner, &path, &entry.link),
            Kind::HardLink => self.hard_link(&inner, &path, &entry.link),
            _ => self.skip(&inner, Why::Special),
        }
    }

    fn count(&mut self) -> Result<(), Failed> {
        self.entries += 1;
        if self.entries > self.options.max_entries {
            return Err(self.over(Limit::Entries(self.options.max_entries)));
        }
        Ok(())
    }

    fn over(&self, limit: Limit) -> Failed {
        Failed::Error(Error::OverLimit {
            source: self.source.to_owned(),
            limit,
        })
    }

    fn skip(&mut self, inner: &Path, why: Why) -> Result<(), Failed> {
        self.stage.left_out.skip(inner, why).map_err(Failed::Error)
    }

    /// A name's path below the directory. One that leaves it is nothing that anybody packs in good faith.
    fn inside(&self, name: &[u8]) -> Result<PathBuf, Failed> {
        relative(name).ok_or_else(|| {
            let said = format!("`{}` would be outside of it", String::from_utf8_lossy(name));
            let error = io::Error::new(io::ErrorKind::InvalidData, said);
            at(&self.stage.target, error)
        })
    }

    /// Makes the directories above an entry, or says why it cannot go there.
    fn enter(&mut self, parent: &Path) -> Result<Option<Why>, Failed> {
        if self.parent.as_deref() == Some(parent) {
            return Ok(None);
        }
        let mut path = self.tree.clone();
        for part in parent {
            path.push(part);
            match fs::symlink_metadata(&path) {
                Ok(there) if there.is_dir() => {}
                Ok(there) if there.is_symlink() => return Ok(Some(Why::ThroughLink)),
                Ok(_) => return Ok(Some(Why::Taken)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.count()?;
                    fs::create_dir(&path)
                        .map_err(|error| at(&self.stage.target.join(parent), error))?;
                }
                Err(error) => return Err(at(&self.stage.target.join(parent), error)),
            }
        }
        self.parent = Some(parent.to_owned());
        Ok(None)
    }

    fn directory(&mut self, inner: &Path, path: &Path, mode: u32) -> Result<(), Failed> {
        let made = match fs::create_dir(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => set_mode(path, mode | OPEN),
        };
        made.map_err(|error| at(&self.stage.target.join(inner), error))?;
        if mode & OPEN != OPEN {
            self.closed_bytes += inner.as_os_str().len() + size_of::<(PathBuf, u32)>();
            if self.closed_bytes > MAX_CLOSED {
                let many = "the archive has too many directories that are closed to their owner";
                let error = io::Error::new(io::ErrorKind::InvalidData, many);
                return Err(at(&self.stage.target, error));
            }
            self.stage.closed.push((inner.to_owned(), mode));
        }
        Ok(())
    }

    fn file(&mut self, inner: &Path, path: &Path, entry: &Entry) -> Result<(), Failed> {
        let here = |error| at(&self.stage.target.join(inner), error);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)
            .and_then(Sparse::new)
            .map_err(here)?;
        loop {
            let length = match self.archive.read(&mut self.buffer) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.broken(error)),
            };
            file.write_all(self.buffer.get(..length).unwrap_or_default())
                .map_err(here)?;
        }
        let file = file.finish().map_err(here)?;
        if let Some(modified) = UNIX_EPOCH.checked_add(Duration::from_secs(entry.modified)) {
            // Not every file system keeps every time.
            let _ = file.set_modified(modified);
        }
        set_file_mode(&file, entry.mode & MODE).map_err(here)
    }

    fn link(&mut self, inner: &Path, path: &Path, text: &[u8]) -> Result<(), Failed> {
        let depth = inner.components().count() - 1;
        // An empty text leads nowhere, and no system makes such a link.
        let text = (!text.is_empty()).then(|| native(text)).flatten();
        let Some(text) = text else {
            return self.skip(inner, Why::NoOriginal(PathBuf::new()));
        };
        if climbs_out(depth, text) {
            return self.skip(inner, Why::LeadsOut(text.to_owned()));
        }
        self.stage.has_links = true;
        make_room(path)
            .and_then(|()| symlink(text, path))
            .map_err(|error| at(&self.stage.target.join(inner), error))
    }

    /// Another name for what is in this archive, never for what was there before.
    fn hard_link(&mut self, inner: &Path, path: &Path, original: &[u8]) -> Result<(), Failed> {
        let original = self.inside(original)?;
        if original == inner {
            return Ok(());
        }
        let mut from = self.tree.clone();
        let mut parts = original.iter().peekable();
        while let Some(part) = parts.next() {
            from.push(part);
            let there = fs::symlink_metadata(&from).ok();
            let is_last = parts.peek().is_none();
            match there {
                Some(there) if !is_last && there.is_dir() => {}
                Some(there) if is_last && there.is_file() => {
                    return self.another_name(inner, &from, path, there.len());
                }
                Some(there) if is_last && there.is_symlink() => {
                    let text = fs::read_link(&from)
                        .map_err(|error| at(&self.stage.target.join(inner), error))?;
                    return self.link(inner, path, text.as_os_str().as_encoded_bytes());
                }
                _ => break,
            }
        }
        self.skip(inner, Why::NoOriginal(original))
    }

    /// Another name for a file, or a copy where the file system has no such names; copies count as what has come.
    fn another_name(
        &mut self,
        inner: &Path,
        file: &Path,
        path: &Path,
        length: u64,
    ) -> Result<(), Failed> {
        use io::ErrorKind::{PermissionDenied, TooManyLinks, Unsupported};

        let here = |error| at(&self.stage.target.join(inner), error);
        make_room(path).map_err(here)?;
        match fs::hard_link(file, path) {
            Ok(()) => return Ok(()),
            Err(error) if matches!(error.kind(), PermissionDenied | TooManyLinks | Unsupported) => {
            }
            Err(error) => return Err(here(error)),
        }
        self.copied = self.copied.saturating_add(length);
        if self.copied > self.options.max_bytes {
            return Err(self.over(Limit::Bytes(self.options.max_bytes)));
        }
        copy(file, path).map_err(|error| at(&self.stage.target.join(inner), error))
    }

    fn broken(&self, error: io::Error) -> Failed {
        match error.kind() {
            io::ErrorKind::ConnectionAborted => Failed::Aborted,
            io::ErrorKind::FileTooLarge => self.over(Limit::Bytes(self.options.max_bytes)),
            _ => at(&self.stage.target, error),
        }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

fn at(path: &Path, source: io::Error) -> Failed {
    Failed::Error(Error::Local {
        path: path.to_owned(),
        source,
    })
}
