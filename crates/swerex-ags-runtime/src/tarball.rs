//! A directory as a tar file, for our native server: permission bits, empty directories and links are kept.

use std::{
    fs::File,
    io::{self, BufWriter, Seek, SeekFrom, Write},
    path::Path,
};

use swerex_archive::{FirstNames, Kind, Measured, NotWritten, Sparse, Writer, measure};

use crate::{
    attributes::Attributes,
    spool::{is_full, packed, spool},
    transfer::{Skipped, Transferred},
    walk::{Entry, Found, NotPacked, What, mode, slashed, unreadable, walk},
};

/// A packed directory.
#[derive(Debug)]
pub(crate) struct Tarball {
    /// The archive, open at its beginning; it has no name and goes when it is closed.
    pub(crate) file: File,
    pub(crate) size: u64,
    pub(crate) transferred: Transferred,
}

/// Packs a directory. Blocks; memory is bounded. Links are packed as they are, wherever they lead; a file with several names is packed once. What
/// cannot be read is left out.
pub(crate) fn pack(directory: &Path) -> Result<Tarball, NotPacked> {
    packed(directory, pack_into)
}

fn pack_into(directory: &Path, file: File) -> Result<Tarball, NotPacked> {
    let at = NotPacked::at(directory);
    let spool = Sparse::new(file).map_err(&at)?;
    let mut packing = Packing {
        archive: Writer::new(BufWriter::with_capacity(1 << 17, spool)),
        names: FirstNames::default(),
        near: directory,
    };
    let mut transferred = Transferred::default();
    for found in walk(directory) {
        let skipped = match found? {
            Found::Entry(entry) => packing.add(&entry).map_err(NotPacked::at(&entry.path))?,
            Found::Skipped(skipped) => Some(skipped),
        };
        if let Some(skipped) = skipped {
            transferred.skip(skipped);
        }
    }
    let spool = packing.archive.finish().and_then(|buffered| {
        buffered
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
    });
    let mut file = spool.and_then(Sparse::finish).map_err(&at)?;
    let size = file.seek(SeekFrom::End(0)).map_err(&at)?;
    file.rewind().map_err(&at)?;
    Ok(Tarball {
        file,
        size,
        transferred,
    })
}

struct Packing<'a> {
    archive: Writer<BufWriter<Sparse>>,
    names: FirstNames,
    near: &'a Path,
}

impl Packing<'_> {
    /// Gives the entry back if it cannot be read; an error is the archive's.
    fn add(&mut self, entry: &Entry) -> io::Result<Option<Skipped>> {
        let attributes = Attributes::of(&entry.metadata);
        let mut packed = swerex_archive::Entry {
            name: entry.name(),
            mode: mode(&entry.metadata),
            size: 0,
            modified: attributes
                .modified
                .unwrap_or_default()
                .try_into()
                .unwrap_or(0),
            kind: Kind::File,
            link: Vec::new(),
        };
        match &entry.what {
            What::Link(text) => {
                packed.kind = Kind::Symlink;
                packed.link = slashed(text);
            }
            What::Directory => {
                packed.kind = Kind::Directory;
                packed.name.push(b'/');
            }
            What::File => match self.names.of(&entry.metadata) {
                Some(first) => {
                    packed.kind = Kind::HardLink;
                    packed.link = first.to_vec();
                }
                None => return self.file(entry, packed),
            },
        }
        self.archive.entry(&packed)?;
        Ok(None)
    }

    fn file(
        &mut self,
        entry: &Entry,
        packed: swerex_archive::Entry,
    ) -> io::Result<Option<Skipped>> {
        let opened = entry.open();
        let content = match opened.and_then(|file| measure(file, || spool(self.near))) {
            Ok(content) => content,
            // Of the place for its copy.
            Err(error) if is_full(&error) => return Err(error),
            Err(error) => return Ok(unreadable(&entry.inner, &error)),
        };
        let before = match &content {
            Measured::Bytes(_) => None,
            Measured::File { .. } => {
                self.archive.get_mut().flush()?;
                Some(self.archive.get_mut().get_ref().position())
            }
        };
        let name = packed.name.clone();
        match self.archive.file(packed, content) {
            Ok(()) => {
                self.names.remember(&entry.metadata, &name);
                Ok(None)
            }
            Err(NotWritten::Unread(error)) => {
                if let Some(before) = before {
                    self.archive.get_mut().flush()?;
                    self.archive.get_mut().get_mut().cut(before)?;
                }
                Ok(unreadable(&entry.inner, &error))
            }
            Err(NotWritten::Io(error)) => Err(error),
            Err(other) => Err(io::Error::other(other)),
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::{
        ffi::OsStr,
        fs,
        io::Read as _,
        os::unix::{
            ffi::OsStrExt as _,
            fs::{PermissionsExt as _, symlink},
        },
        path::PathBuf,
    };

    use super::*;

    #[test]
    fn modes_empty_directories_and_links_are_kept_and_nothing_outside_is_read() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("in");
        let long = format!("d/{}", "n".repeat(180));
        fs::create_dir_all(root.join("d/empty")).unwrap();
        fs::write(home.path().join("outside"), "outer").unwrap();
        fs::write(root.join(&long), "x").unwrap();
        fs::write(root.join("run"), "#!").unwrap();
        let chmod = |path: PathBuf, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        chmod(root.join("run"), 0o750);
        chmod(root.join(&long), 0o644);
        chmod(home.path().join("outside"), 0o644);
        symlink("../run", root.join("d/inner")).unwrap();
        symlink("d", root.join("dir")).unwrap();
        symlink("../outside", root.join("outer")).unwrap();
        symlink(root.join("run"), root.join("absolute")).unwrap();
        symlink("nowhere", root.join("broken")).unwrap();

        let odd = OsStr::from_bytes(b"na\xffme");
        fs::write(root.join(odd), "odd").unwrap();
        let pipe = rustix::fs::Mode::RWXU;
        rustix::fs::mknodat(
            rustix::fs::CWD,
            root.join("d/pipe"),
            rustix::fs::FileType::Fifo,
            pipe,
            0,
        )
        .unwrap();

        let packed = pack(&root).unwrap();
        assert_eq!(packed.size, packed.file.metadata().unwrap().len());
        let skipped: Vec<String> = packed
            .transferred
            .skipped
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            skipped,
            ["`d/pipe` is neither a file nor a directory nor a link"]
        );
        let mut archive = tar::Archive::new(packed.file);
        let mut seen = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let link = entry.link_name().unwrap();
            let link = link.map(|link| link.to_str().unwrap().to_owned());
            let mode = entry.header().mode().unwrap();
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            seen.push((name, link, mode, content));
        }
        let find = |name: &str| {
            let found = seen.iter().find(|(seen, ..)| seen == name);
            found
                .map(|(_, link, mode, content)| (link.as_deref(), *mode, content.as_str()))
                .unwrap()
        };
        assert_eq!(find("run"), (None, 0o750, "#!"));
        assert_eq!(find(&long), (None, 0o644, "x"));
        assert_eq!(find("d/empty/").0, None);
        assert_eq!(find("d/inner").0, Some("../run"));
        assert_eq!(find("dir").0, Some("d"));
        assert_eq!(find("outer").0, Some("../outside"));
        assert_eq!(find("absolute").0, root.join("run").to_str());
        assert_eq!(find("broken").0, Some("nowhere"));
        assert_eq!(find("na\u{fffd}me").2, "odd");
        assert_eq!(seen.len(), 10, "{seen:?}");
    }
}
