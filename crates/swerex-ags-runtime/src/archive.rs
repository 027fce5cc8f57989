//! A directory as a zip file, for SWE-ReX's own server. That unpacks neither links nor permission bits: they are listed for commands afterwards.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    path::Path,
};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{
    attributes::Attributes,
    spool::packed,
    transfer::{Skipped, Transferred},
    walk::{Entry, Found, NotPacked, What, default_mode, mode, slashed, unreadable, walk},
};

/// A packed directory.
#[derive(Debug)]
pub(crate) struct Archive {
    /// The zip file, open at its beginning; it has no name and goes when it is closed.
    pub(crate) file: File,
    pub(crate) size: u64,
    /// Whether the zip file holds nothing.
    pub(crate) is_empty: bool,
    pub(crate) later: Later,
    pub(crate) transferred: Transferred,
}

/// What commands do once the files are there.
#[derive(Debug, Default)]
pub(crate) struct Later {
    /// The permission bits that are not what a server gives by itself.
    pub(crate) modes: Vec<Mode>,
    /// Names of links below the directory, and what they say.
    pub(crate) links: Vec<(String, String)>,
    /// Names of files, and the seconds since 1970 when they were changed last.
    pub(crate) times: Vec<(String, i64)>,
}

/// An entry's permission bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mode {
    /// The path below the directory.
    pub(crate) name: String,
    pub(crate) mode: u32,
    pub(crate) is_directory: bool,
}

/// Packs a directory. Blocks; memory is bounded. `None` if there is a name in it that is not UTF-8: such a name would be another one after the
/// way through a zip file.
pub(crate) fn pack(directory: &Path) -> Result<Option<Archive>, NotPacked> {
    packed(directory, pack_into)
}

fn pack_into(directory: &Path, file: File) -> Result<Option<Archive>, NotPacked> {
    let at = NotPacked::at(directory);
    let mut zip = ZipWriter::new(BufWriter::with_capacity(1 << 17, file));
    let (mut is_empty, mut later) = (true, Later::default());
    let mut transferred = Transferred::default();
    for found in walk(directory) {
        let entry = match found? {
            Found::Entry(entry) => entry,
            Found::Skipped(skipped) => {
                transferred.skip(skipped);
                continue;
            }
        };
        let Ok(name) = String::from_utf8(entry.name()) else {
            return Ok(None);
        };
        if let What::Link(text) = &entry.what {
            let Ok(text) = String::from_utf8(slashed(text)) else {
                return Ok(None);
            };
            later.links.push((name, text));
            continue;
        }
        let skipped = add(&mut zip, &entry, &name).map_err(NotPacked::at(&entry.path))?;
        if let Some(skipped) = skipped {
            transferred.skip(skipped);
            continue;
        }
        is_empty = false;
        let attributes = Attributes::of(&entry.metadata);
        if let Some(modified) = attributes.modified.filter(|_| !entry.metadata.is_dir()) {
            later.times.push((name.clone(), modified));
        }
        let mode = mode(&entry.metadata);
        if mode != default_mode(&entry.metadata) {
            later.modes.push(Mode {
                name,
                mode,
                is_directory: entry.metadata.is_dir(),
            });
        }
    }
    let mut file = zip
        .finish()
        .map_err(io::Error::from)
        .and_then(|buffered| {
            buffered
                .into_inner()
                .map_err(io::IntoInnerError::into_error)
        })
        .map_err(&at)?;
    file.flush().map_err(&at)?;
    let size = file.seek(SeekFrom::End(0)).map_err(&at)?;
    file.rewind().map_err(&at)?;
    Ok(Some(Archive {
        file,
        size,
        is_empty,
        later,
        transferred,
    }))
}

/// Gives the entry back if it cannot be read; an error is the archive's.
fn add(
    zip: &mut ZipWriter<BufWriter<File>>,
    entry: &Entry,
    name: &str,
) -> io::Result<Option<Skipped>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .unix_permissions(mode(&entry.metadata));
    if entry.metadata.is_dir() {
        zip.add_directory(format!("{name}/"), options)?;
        return Ok(None);
    }
    // Its length is written when it is known. One of unknown length may be a large one.
    let length = entry.metadata.len();
    let is_large = length == 0 || length >= u64::from(u32::MAX) / 2;
    let source = match entry.open() {
        Ok(source) => source,
        Err(error) => return Ok(unreadable(&entry.inner, &error)),
    };
    zip.start_file(name, options.large_file(is_large))?;
    let mut source = Source {
        file: source,
        failed: None,
    };
    let copied = io::copy(&mut BufReader::with_capacity(1 << 17, &mut source), zip);
    match source.failed {
        Some(failed) => {
            zip.abort_file()?;
            Ok(unreadable(&entry.inner, &failed))
        }
        None => copied.map(|_| None),
    }
}

/// A file that remembers why it could not be read, which is then no matter of what it is copied to.
struct Source {
    file: File,
    failed: Option<io::Error>,
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer).map_err(|error| {
            let kind = error.kind();
            if kind != io::ErrorKind::Interrupted {
                self.failed = Some(error);
            }
            kind.into()
        })
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::{
        fs,
        io::Read as _,
        os::unix::fs::{PermissionsExt as _, symlink},
    };

    use super::*;

    #[test]
    fn files_are_packed_and_links_and_modes_listed() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path();
        fs::create_dir_all(root.join("bin/empty")).unwrap();
        fs::write(root.join("bin/run"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(root.join("bin/run"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(root.join("ü.txt"), [0xff, 0]).unwrap();
        fs::set_permissions(root.join("ü.txt"), fs::Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(root.join("bin"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(root.join("bin/empty"), fs::Permissions::from_mode(0o700)).unwrap();
        symlink("run", root.join("bin/link")).unwrap();
        symlink("nowhere", root.join("broken")).unwrap();
        symlink("circle", root.join("circle")).unwrap();

        let archive = pack(root).unwrap().unwrap();
        assert_eq!(archive.size, archive.file.metadata().unwrap().len());
        let expected = [("bin/empty", 0o700, true), ("bin/run", 0o755, false)];
        let expected = expected.map(|(name, mode, is_directory)| Mode {
            name: name.to_owned(),
            mode,
            is_directory,
        });
        assert_eq!(archive.later.modes, expected);
        let links = [
            ("bin/link", "run"),
            ("broken", "nowhere"),
            ("circle", "circle"),
        ];
        let links = links.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(archive.later.links, links);
        assert!(!archive.is_empty);
        let mut zip = zip::ZipArchive::new(archive.file).unwrap();
        let mut names: Vec<String> = zip
            .file_names()
            .map(|name| name.unwrap().into_owned())
            .collect();
        names.sort();
        assert_eq!(names, ["bin/", "bin/empty/", "bin/run", "ü.txt"]);
        assert_eq!(zip.by_name("bin/run").unwrap().unix_mode(), Some(0o100_755));
        let mut bytes = Vec::new();
        zip.by_name("ü.txt")
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
        assert_eq!(bytes, [0xff, 0]);
    }

    #[test]
    fn names_that_are_not_utf_8_are_for_another_way() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

        let home = tempfile::tempdir().unwrap();
        symlink(OsStr::from_bytes(b"\xff"), home.path().join("link")).unwrap();
        assert!(pack(home.path()).unwrap().is_none());
        fs::remove_file(home.path().join("link")).unwrap();
        fs::create_dir(home.path().join(OsStr::from_bytes(b"\xff"))).unwrap();
        assert!(pack(home.path()).unwrap().is_none());
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let error = pack(Path::new("/nowhere/at/all")).unwrap_err();
        assert_eq!(error.path, Path::new("/nowhere/at/all"));
        assert_eq!(error.source.kind(), io::ErrorKind::NotFound);
    }
}
