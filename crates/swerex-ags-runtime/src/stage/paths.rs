//! Names in an archive, and what is at the paths that they stand for.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use crate::system::native;

/// The path of a name in an archive, without what means nothing; `None` if it is not below where it is unpacked.
pub(super) fn relative(name: &[u8]) -> Option<PathBuf> {
    if name.starts_with(b"/") || name.contains(&0) {
        return None;
    }
    let mut path = PathBuf::new();
    for part in name.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => return None,
            part => path.push(native(part)?),
        }
    }
    // Where a name can be more than a name, it is none: a drive, for example.
    path.is_relative().then_some(path)
}

/// Takes a file or link of the same archive out of the way.
pub(super) fn make_room(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Copies a file with its permission bits and its time.
pub(crate) fn copy(file: &Path, path: &Path) -> io::Result<()> {
    fs::copy(file, path)?;
    let modified = fs::metadata(file)?.modified()?;
    // Not every file system keeps every time. A file that is not to be written to can have one.
    let _ = File::open(path).and_then(|copy| copy.set_modified(modified));
    Ok(())
}
