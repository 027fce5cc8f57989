//! The directory that an archive is unpacked into. Nothing is made or written outside of it, whatever links lead out of it: those of the archive,
//! and those that were there before.

use std::{
    fs::{File, Permissions},
    io,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::Path,
};

use cap_std::{
    ambient_authority,
    fs::{Dir, FileTypeExt as _, MetadataExt, OpenOptions, OpenOptionsExt as _},
};
use rustix::fs::OFlags;
use swerex_archive::Sparse;

use crate::{
    exception::PyException,
    files::{Place, os_error, shown, special},
    pyrepr::repr,
};

/// A directory, open; paths below it are resolved from there.
pub(crate) struct Target<'a> {
    place: &'a Place,
    directory: Dir,
}

impl<'a> Target<'a> {
    /// Opens a directory that is there.
    pub(crate) fn open(place: &'a Place) -> Result<Self, PyException> {
        let directory = Dir::open_ambient_dir(place.real(), ambient_authority())
            .map_err(|error| os_error(&error, place.shown()))?;
        Ok(Self { place, directory })
    }

    /// As messages show something below it.
    pub(crate) fn shown(&self, inner: &Path) -> String {
        if inner.as_os_str().is_empty() {
            return self.place.shown().to_owned();
        }
        self.place.join(inner).shown().to_owned()
    }

    /// `os.makedirs`: complaints name the first directory that could not be made. What is there, is left as it is.
    pub(crate) fn make_all(&self, inner: &Path) -> Result<(), PyException> {
        if inner.as_os_str().is_empty() {
            return Ok(());
        }
        match self.directory.metadata(inner) {
            Ok(_) => return Ok(()),
            Err(error) if leads_out(&error) => return Err(self.refused(&error, inner)),
            Err(_) => {}
        }
        if let Some(parent) = inner.parent() {
            self.make_all(parent)?;
        }
        self.directory
            .create_dir(inner)
            .map_err(|error| self.refused(&error, inner))
    }

    /// A directory, and those above it.
    pub(crate) fn make_directory(&self, inner: &Path) -> Result<(), PyException> {
        self.make_all(inner)?;
        if inner.as_os_str().is_empty() || self.directory.is_dir(inner) {
            return Ok(());
        }
        Err(self.refused(&rustix::io::Errno::NOTDIR.into(), inner))
    }

    /// An empty file to write to. One that is there is emptied; of a link that is there, the end is. A pipe or a device is refused: there may
    /// be nobody at its other end.
    pub(crate) fn file(&self, inner: &Path) -> Result<File, PyException> {
        if let Ok(there) = self.directory.metadata(inner) {
            let kind = there.file_type();
            if kind.is_char_device() || kind.is_block_device() || kind.is_fifo() || kind.is_socket()
            {
                return Err(special(&self.shown(inner)));
            }
        }
        let mut options = OpenOptions::new();
        options
            .write(true)
            .create(true)
            .truncate(true)
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed());
        self.directory
            .open_with(inner, &options)
            .map(cap_std::fs::File::into_std)
            .map_err(|error| self.refused(&error, inner))
    }

    /// Takes a file or a link out of the way. A directory stays.
    pub(crate) fn make_room(&self, inner: &Path) -> Result<(), PyException> {
        match self.directory.symlink_metadata(inner) {
            Ok(there) if !there.is_dir() => self
                .directory
                .remove_file(inner)
                .map_err(|error| self.refused(&error, inner)),
            _ => Ok(()),
        }
    }

    /// Takes a link out of the way, and a file that has other names, too: what is written goes nowhere else.
    pub(crate) fn make_room_for_file(&self, inner: &Path) -> Result<(), PyException> {
        match self.directory.symlink_metadata(inner) {
            Ok(there) if there.is_symlink() => self.make_room(inner),
            Ok(there) if there.is_file() && there.nlink() > 1 => self.make_room(inner),
            _ => Ok(()),
        }
    }

    /// A link in the place of a file or a link.
    pub(crate) fn symlink(&self, inner: &Path, text: &Path) -> Result<(), PyException> {
        self.make_room(inner)?;
        self.directory
            .symlink_contents(text, inner)
            .map_err(|error| self.refused(&error, inner))
    }

    /// Another name for a file, in the place of a file or a link.
    pub(crate) fn hard_link(&self, original: &Path, inner: &Path) -> Result<(), PyException> {
        if self.is_same(original, inner) {
            return Ok(());
        }
        self.make_room(inner)?;
        let directory = &self.directory;
        let linked = match directory.hard_link(original, directory, inner) {
            // Not every file system has such names, and none has them on another.
            Err(error) if leads_out(&error) || !is_unable(&error) => Err(error),
            Err(_) => self.copy(original, inner),
            Ok(()) => Ok(()),
        };
        linked.map_err(|error| self.refused(&error, inner))
    }

    fn copy(&self, original: &Path, inner: &Path) -> io::Result<()> {
        let metadata = self.directory.symlink_metadata(original)?;
        if !metadata.is_file() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let mut from = self.directory.open(original)?;
        let to = self.directory.create(inner)?;
        let mut to = Sparse::new(to.into_std())?;
        io::copy(&mut from, &mut to)?;
        let to = to.finish()?;
        // Not every file system keeps every time.
        let _ = to.set_modified(metadata.modified()?.into_std());
        to.set_permissions(Permissions::from_mode(metadata.mode() & 0o777))
    }

    /// A name that is linked to itself must not vanish.
    fn is_same(&self, one: &Path, other: &Path) -> bool {
        let identity = |path| {
            let there = self.directory.symlink_metadata(path).ok()?;
            Some((there.dev(), there.ino()))
        };
        identity(one).is_some_and(|one| identity(other) == Some(one))
    }

    /// Sets the permission bits of a directory.
    pub(crate) fn set_mode(&self, inner: &Path, mode: u32) -> Result<(), PyException> {
        let permissions = cap_std::fs::Permissions::from_std(Permissions::from_mode(mode));
        self.directory
            .set_permissions(inner, permissions)
            .map_err(|error| self.refused(&error, inner))
    }

    fn refused(&self, error: &io::Error, inner: &Path) -> PyException {
        if leads_out(error) {
            return PyException::new(
                "builtins.ValueError",
                format!(
                    "{} would be outside of the target: a link on the way leads out of it",
                    repr(&shown(inner.as_os_str().as_bytes()))
                ),
            );
        }
        os_error(error, &self.shown(inner))
    }
}

/// Whether a file cannot have another name there.
fn is_unable(error: &io::Error) -> bool {
    use io::ErrorKind::{CrossesDevices, PermissionDenied, TooManyLinks, Unsupported};

    matches!(
        error.kind(),
        CrossesDevices | PermissionDenied | TooManyLinks | Unsupported
    )
}

/// Whether a path was not followed because it leaves the directory: the one refusal that is not the system's.
fn leads_out(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}
