//! What systems differ in: names, links, permission bits.

use std::{ffi::OsStr, fs, fs::File, io, path::Path};

/// Bytes as a path of this system's.
#[cfg(unix)]
pub(crate) fn native(bytes: &[u8]) -> Option<&Path> {
    use std::os::unix::ffi::OsStrExt as _;

    Some(Path::new(OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
pub(crate) fn native(bytes: &[u8]) -> Option<&Path> {
    std::str::from_utf8(bytes)
        .ok()
        .map(|text| Path::new(OsStr::new(text)))
}

/// Makes a link.
#[cfg(unix)]
pub(crate) fn symlink(text: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(text, path)
}

#[cfg(not(unix))]
pub(crate) fn symlink(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Sets the permission bits at a path.
#[cfg(unix)]
pub(crate) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
pub(crate) fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// Sets the permission bits of a file.
#[cfg(unix)]
pub(crate) fn set_file_mode(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
pub(crate) fn set_file_mode(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}
