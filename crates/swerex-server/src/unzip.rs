//! Unpacking a zip archive: entry by entry from disk to disk, names kept below the target, modes and links as they were packed.

mod directory;
mod entry;
mod window;

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
};

use directory::Directory;
use entry::{Kind, Record};

use crate::{
    exception::PyException,
    files::{Place, os_error},
    link::Link,
    scratch::Scratch,
};

/// Bytes that are unpacked at a time.
const CHUNK: usize = 64 * 1024;

/// `zipfile.BadZipFile` with Python's words.
fn bad(message: impl Into<String>) -> PyException {
    PyException::new("zipfile.BadZipFile", message.into())
}

/// Unpacks all of an archive.
///
/// A target that is made by this gets the modes of the archive; into one that is there, files are merged as they are by
/// `zipfile`, with default modes for new ones. Links come last and only lead to places inside.
pub(crate) fn unpack(mut archive: Scratch, target: &Place) -> Result<(), PyException> {
    let mut unpacking = Unpacking {
        target,
        keep_modes: !target.real().exists(),
        directories: Vec::new(),
        links: Vec::new(),
        buffer: vec![0; CHUNK],
    };
    let mut directory = Directory::open(archive.file())?;
    while let Some(record) = directory.next()? {
        unpacking.entry(archive.file(), &record)?;
    }
    unpacking.finish()
}

struct Unpacking<'a> {
    target: &'a Place,
    keep_modes: bool,
    /// Modes are set last: a directory may be closed to writing.
    directories: Vec<(PathBuf, u32)>,
    links: Vec<Link>,
    buffer: Vec<u8>,
}

impl Unpacking<'_> {
    fn entry(&mut self, archive: &File, record: &Record) -> Result<(), PyException> {
        let inner = inside(&record.name);
        let place = if inner.is_empty() {
            self.target.clone()
        } else {
            self.target.join(&inner)
        };
        if !inner.is_empty() {
            make_all(&place.parent())?;
        }
        match record.kind() {
            Kind::Directory => self.directory(&place, record.mode()),
            Kind::Link => {
                let text = entry::open(archive, record)?.text()?;
                self.links.push(Link::checked(&place, &inner, text)?);
                Ok(())
            }
            Kind::File => self.file(archive, record, &place),
        }
    }

    fn directory(&mut self, place: &Place, mode: Option<u32>) -> Result<(), PyException> {
        if !place.real().is_dir() {
            fs::create_dir(place.real()).map_err(|error| os_error(&error, place.shown()))?;
        }
        if let Some(mode) = mode {
            self.directories.push((place.real().to_owned(), mode));
        }
        Ok(())
    }

    fn file(&mut self, archive: &File, record: &Record, place: &Place) -> Result<(), PyException> {
        let mut source = entry::open(archive, record)?;
        let refused = |error: io::Error| os_error(&error, place.shown());
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(place.real())
            .map_err(refused)?;
        loop {
            let length = source.read(&mut self.buffer)?;
            let Some(chunk) = self.buffer.get(..length).filter(|chunk| !chunk.is_empty()) else {
                break;
            };
            file.write_all(chunk).map_err(refused)?;
        }
        if let Some(mode) = record.mode().filter(|_| self.keep_modes) {
            file.set_permissions(Permissions::from_mode(mode))
                .map_err(refused)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), PyException> {
        for link in &self.links {
            link.make()?;
        }
        if self.keep_modes {
            for (path, mode) in self.directories.iter().rev() {
                fs::set_permissions(path, Permissions::from_mode(*mode))
                    .map_err(|error| os_error(&error, &path.to_string_lossy()))?;
            }
        }
        Ok(())
    }
}

/// A name without what would lead out of the target: leading slashes, `..`, `.`.
fn inside(name: &str) -> String {
    let parts: Vec<&str> = name
        .split('/')
        .filter(|part| !matches!(*part, "" | "." | ".."))
        .collect();
    parts.join("/")
}

/// `os.makedirs`: complaints name the first directory that could not be made.
fn make_all(place: &Place) -> Result<(), PyException> {
    if place.real().exists() {
        return Ok(());
    }
    let parent = place.parent();
    if parent != *place {
        make_all(&parent)?;
    }
    fs::create_dir(place.real()).map_err(|error| os_error(&error, place.shown()))
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn names_stay_inside() {
        assert_eq!(inside("/etc/evil"), "etc/evil");
        assert_eq!(inside("ok/../../../evil"), "ok/evil");
        assert_eq!(inside("../.."), "");
        assert_eq!(inside("a/./b/"), "a/b");
    }
}
