//! A directory, written as an archive.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Write},
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, OpenOptionsExt},
    },
    path::Path,
};

use rustix::fs::OFlags;
use swerex_archive::{Entry, FirstNames, Kind, NotWritten, Writer, measure};

use crate::scratch::Scratch;

/// What becomes of an archive when an entry cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It ends there.
    Fails,
    /// It says so, and goes on; its reader has asked for that.
    IsTold,
}

/// Writes everything below a directory: files, directories, symbolic links as they are. Pipes, sockets and devices are left
/// out, and files that vanish meanwhile. A file is as long as it is, whatever its metadata say; one that has several names is written once.
pub(crate) fn pack<W: Write>(directory: &Path, unreadable: Unreadable, out: W) -> io::Result<W> {
    let mut packing = Packing {
        writer: Writer::new(out),
        names: FirstNames::default(),
        unreadable,
    };
    packing.below(directory, b"")?;
    packing.writer.finish()
}

struct Packing<W> {
    writer: Writer<W>,
    names: FirstNames,
    unreadable: Unreadable,
}

impl<W: Write> Packing<W> {
    /// One level at a time: its names are in memory, sorted so that the same directory gives the same archive.
    fn below(&mut self, path: &Path, inner: &[u8]) -> io::Result<()> {
        let names = fs::read_dir(path).and_then(|entries| {
            entries
                .map(|entry| entry.map(|entry| entry.file_name()))
                .collect::<io::Result<Vec<_>>>()
        });
        let mut names = match names {
            Ok(names) => names,
            Err(error) => return self.unread(inner, error),
        };
        names.sort();
        for name in names {
            let path = path.join(&name);
            let inner = match inner {
                b"" => name.as_bytes().to_vec(),
                above => [above, b"/", name.as_bytes()].concat(),
            };
            match path.symlink_metadata() {
                Ok(metadata) => self.add(&path, inner, &metadata)?,
                Err(error) => self.unread(&inner, error)?,
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &Path, inner: Vec<u8>, metadata: &Metadata) -> io::Result<()> {
        let mut entry = Entry {
            name: inner,
            mode: metadata.mode(),
            size: 0,
            modified: u64::try_from(metadata.mtime()).unwrap_or_default(),
            kind: Kind::File,
            link: Vec::new(),
        };
        if metadata.is_dir() {
            let inner = entry.name.clone();
            entry.name.push(b'/');
            entry.kind = Kind::Directory;
            self.writer.entry(&entry)?;
            return self.below(path, &inner);
        }
        if metadata.is_symlink() {
            entry.kind = Kind::Symlink;
            match fs::read_link(path) {
                Ok(text) => entry.link = text.as_os_str().as_bytes().to_vec(),
                Err(error) => return self.unread(&entry.name, error),
            }
            return self.writer.entry(&entry);
        }
        if !metadata.is_file() {
            return Ok(());
        }
        if let Some(first) = self.names.of(metadata) {
            entry.kind = Kind::HardLink;
            entry.link = first.to_vec();
            return self.writer.entry(&entry);
        }
        self.file(path, entry, metadata)
    }

    fn file(&mut self, path: &Path, entry: Entry, metadata: &Metadata) -> io::Result<()> {
        let name = entry.name.clone();
        let opened =
            open(path).and_then(|file| measure(file, || Scratch::temporary()?.into_file()));
        let content = match opened {
            Ok(content) => content,
            Err(error) => return self.unread(&name, error),
        };
        match self.writer.file(entry, content) {
            Ok(()) => {
                self.names.remember(metadata, &name);
                Ok(())
            }
            Err(NotWritten::Unread(error)) => self.unread(&name, error),
            Err(NotWritten::Io(error)) => Err(error),
            Err(other) => Err(io::Error::other(other)),
        }
    }

    /// What has vanished is no loss.
    fn unread(&mut self, name: &[u8], error: io::Error) -> io::Result<()> {
        if error.kind() == io::ErrorKind::NotFound && !name.is_empty() {
            return Ok(());
        }
        if self.unreadable == Unreadable::Fails || name.is_empty() {
            return Err(error);
        }
        self.writer.entry(&Entry {
            name: name.to_vec(),
            mode: 0,
            size: 0,
            modified: 0,
            kind: Kind::Unreadable,
            link: error.to_string().into_bytes(),
        })
    }
}

/// What has become a link or a pipe meanwhile is not followed, and not waited for.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
        .open(path)
}
