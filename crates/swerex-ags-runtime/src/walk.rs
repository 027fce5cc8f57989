//! What of a directory is brought to a server, in a stable order. Links are not followed: nothing outside of the directory is read.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use walkdir::{DirEntry, WalkDir};

use crate::transfer::{Skipped, Why};

/// An entry of a directory.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) path: PathBuf,
    /// The path below the directory.
    pub(crate) inner: PathBuf,
    /// Its own, not those of what a link leads to.
    pub(crate) metadata: Metadata,
    pub(crate) what: What,
}

#[derive(Debug)]
pub(crate) enum What {
    Directory,
    File,
    /// And what it says.
    Link(PathBuf),
}

/// Something in a directory.
#[derive(Debug)]
pub(crate) enum Found {
    Entry(Entry),
    /// It cannot be sent.
    Skipped(Skipped),
}

/// An entry that could not be packed.
#[derive(Debug)]
pub(crate) struct NotPacked {
    pub(crate) path: PathBuf,
    pub(crate) source: io::Error,
}

impl NotPacked {
    pub(crate) fn at(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self {
            path: path.to_owned(),
            source,
        }
    }
}

impl Entry {
    /// The path below the directory as bytes, with slashes.
    pub(crate) fn name(&self) -> Vec<u8> {
        slashed(&self.inner)
    }

    /// Opens a file. What has become a link or a pipe meanwhile is not followed, and not waited for.
    pub(crate) fn open(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;

            use rustix::fs::OFlags;

            let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
            options.custom_flags(flags.bits().cast_signed());
        }
        let file = options.open(&self.path)?;
        if file.metadata()?.is_file() {
            Ok(file)
        } else {
            Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is no file any more",
            ))
        }
    }
}

/// A path of this system's as bytes with slashes.
pub(crate) fn slashed(path: &Path) -> Vec<u8> {
    let bytes = path.as_os_str().as_encoded_bytes();
    if std::path::MAIN_SEPARATOR == '/' {
        return bytes.to_vec();
    }
    let separator = |byte: &u8| match char::from(*byte) {
        std::path::MAIN_SEPARATOR => b'/',
        _ => *byte,
    };
    bytes.iter().map(separator).collect()
}

/// What is below `directory`, parents first. `directory` itself may be a link; it must be readable. What vanishes meanwhile was not there.
pub(crate) fn walk(directory: &Path) -> impl Iterator<Item = Result<Found, NotPacked>> {
    let walk = WalkDir::new(directory).min_depth(1).sort_by_file_name();
    let unread = move |path: &Path, error: &io::Error| {
        let inner = path.strip_prefix(directory).unwrap_or(path);
        unreadable(inner, error).map(|skipped| Ok(Found::Skipped(skipped)))
    };
    walk.into_iter().filter_map(move |entry| match entry {
        Ok(entry) => match found(directory, &entry) {
            Ok(found) => Some(Ok(found)),
            Err(error) => unread(entry.path(), &error),
        },
        Err(error) => {
            let path = error.path().unwrap_or(directory).to_owned();
            let is_all = error.depth() == 0;
            let source = io::Error::from(error);
            match is_all {
                true => Some(Err(NotPacked { path, source })),
                false => unread(&path, &source),
            }
        }
    })
}

/// An entry that cannot be read; `None` if it is not there any more.
pub(crate) fn unreadable(inner: &Path, error: &io::Error) -> Option<Skipped> {
    (error.kind() != io::ErrorKind::NotFound).then(|| Skipped {
        path: inner.to_owned(),
        why: Why::Unreadable(error.to_string()),
    })
}

fn found(directory: &Path, entry: &DirEntry) -> io::Result<Found> {
    let path = entry.path();
    let inner = path.strip_prefix(directory).unwrap_or(path).to_owned();
    let metadata = fs::symlink_metadata(path)?;
    let what = if metadata.is_symlink() {
        What::Link(fs::read_link(path)?)
    } else if metadata.is_dir() {
        What::Directory
    } else if metadata.is_file() {
        What::File
    } else {
        let why = Why::Special;
        return Ok(Found::Skipped(Skipped { path: inner, why }));
    };
    Ok(Found::Entry(Entry {
        path: path.to_owned(),
        inner,
        metadata,
        what,
    }))
}

/// The permission bits that a server gives by itself, whatever an archive says.
pub(crate) fn default_mode(metadata: &Metadata) -> u32 {
    if metadata.is_dir() { 0o755 } else { 0o644 }
}

/// The permission bits.
#[cfg(unix)]
pub(crate) fn mode(metadata: &Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;

    metadata.permissions().mode() & 0o777
}

/// Platforms without permission bits: what servers give by themselves.
#[cfg(not(unix))]
pub(crate) fn mode(metadata: &Metadata) -> u32 {
    default_mode(metadata)
}
