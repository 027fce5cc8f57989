//! What of a directory is brought to a server, in a stable order.

use std::{
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
};

use walkdir::WalkDir;

/// An entry of a directory; metadata are those of what a link leads to.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) path: PathBuf,
    /// The path below the directory, with slashes.
    pub(crate) name: String,
    pub(crate) metadata: Metadata,
    /// Whether it is a link.
    pub(crate) is_link: bool,
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

/// The files and directories below `directory`, parents first. Broken links, links in a circle and special files are left out; links to
/// directories are not entered.
pub(crate) fn walk(directory: &Path) -> impl Iterator<Item = Result<Entry, NotPacked>> {
    let walk = WalkDir::new(directory).min_depth(1).sort_by_file_name();
    walk.into_iter().filter_map(move |entry| {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(directory).to_owned();
                let source = error.into();
                return Some(Err(NotPacked { path, source }));
            }
        };
        let metadata = fs::metadata(entry.path()).ok()?;
        if !(metadata.is_file() || metadata.is_dir()) {
            return None;
        }
        Some(named(directory, &entry, metadata))
    })
}

fn named(
    directory: &Path,
    entry: &walkdir::DirEntry,
    metadata: Metadata,
) -> Result<Entry, NotPacked> {
    let path = entry.path();
    let name = path
        .strip_prefix(directory)
        .ok()
        .and_then(Path::to_str)
        .ok_or_else(|| {
            let not_utf_8 = io::Error::new(io::ErrorKind::InvalidInput, "the name is not UTF-8");
            NotPacked::at(path)(not_utf_8)
        })?;
    Ok(Entry {
        name: name.replace(std::path::MAIN_SEPARATOR, "/"),
        path: path.to_owned(),
        metadata,
        is_link: entry.path_is_symlink(),
    })
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
