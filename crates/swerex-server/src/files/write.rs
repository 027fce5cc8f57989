//! Writing a text file, parents first.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

use rustix::fs::{FallocateFlags, OFlags};

use super::{
    Place,
    os::special,
    os_error,
    read::{is_null, is_special},
};
use crate::{exception::PyException, scratch::Scratch};

/// Parents are made; a file that is there keeps its inode, mode and links, a new one appears with all of its content.
pub(crate) fn write_text(place: &Place, content: &str) -> Result<(), PyException> {
    make_parents(place)?;
    let refused = |error: io::Error| os_error(&error, place.shown());
    match place.real().symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create(place, content.as_bytes()).map_err(refused)
        }
        // What a link leads to, be it there or not, is for the system to find.
        _ => overwrite(place, content.as_bytes()),
    }
}

fn create(place: &Place, content: &[u8]) -> io::Result<()> {
    let parent = place.parent();
    let mut scratch = Scratch::beside(parent.real())?;
    scratch.file().write_all(content)?;
    scratch.rename(place.real())
}

fn overwrite(place: &Place, content: &[u8]) -> Result<(), PyException> {
    if place.real().metadata().is_ok_and(|there| is_null(&there)) {
        return Ok(());
    }
    let refused = |error: io::Error| os_error(&error, place.shown());
    let mut file = open_to_write(place)?;
    reserve(&file, content.len()).map_err(refused)?;
    file.set_len(0).map_err(refused)?;
    // Python names no file here.
    file.write_all(content)
        .map_err(|error| PyException::os_bare(&error))
}

/// Opens a regular file, which is made if it is missing; what it holds stays. A pipe or a device is refused: there may be
/// nobody at its other end.
fn open_to_write(place: &Place) -> Result<File, PyException> {
    let path = place.real();
    if path.metadata().is_ok_and(|there| is_special(&there)) {
        return Err(special(place.shown()));
    }
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .map_err(|error| os_error(&error, place.shown()))
}

/// A full disk is noticed before the old content is gone.
fn reserve(file: &File, length: usize) -> io::Result<()> {
    let there = file.metadata()?.len();
    let wanted = length as u64;
    if wanted <= there {
        return Ok(());
    }
    match rustix::fs::fallocate(file, FallocateFlags::KEEP_SIZE, 0, wanted) {
        Err(rustix::io::Errno::NOSPC | rustix::io::Errno::DQUOT) => {
            Err(rustix::io::Errno::NOSPC.into())
        }
        // Not every file system can promise.
        _ => Ok(()),
    }
}

/// The path that a new file may take by being renamed: what a link of that name leads to, so that the link stays.
pub(crate) fn replaceable(place: &Place) -> Result<PathBuf, PyException> {
    let refused = |error: io::Error| os_error(&error, place.shown());
    match place.real().metadata() {
        Ok(there) if there.is_dir() => Err(refused(rustix::io::Errno::ISDIR.into())),
        Ok(there) if is_special(&there) => Err(special(place.shown())),
        Ok(_) => place.real().canonicalize().map_err(refused),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(place.real().to_owned()),
        Err(error) => Err(refused(error)),
    }
}

/// `Path(path).parent.mkdir(parents=True, exist_ok=True)`.
pub(crate) fn make_parents(place: &Place) -> Result<(), PyException> {
    make_directory(&place.parent())
}

fn make_directory(place: &Place) -> Result<(), PyException> {
    match fs::create_dir(place.real()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let parent = place.parent();
            if parent == *place {
                return Err(os_error(&error, place.shown()));
            }
            make_directory(&parent)?;
            match fs::create_dir(place.real()) {
                Err(error) if !place.real().is_dir() => Err(os_error(&error, place.shown())),
                _ => Ok(()),
            }
        }
        Err(_) if place.real().is_dir() => Ok(()),
        Err(error) => Err(os_error(&error, place.shown())),
    }
}
