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
    use std::path::Path;

    use proptest::prelude::*;
    use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

    use super::*;

    #[test]
    fn names_stay_inside() {
        assert_eq!(inside("/etc/evil"), "etc/evil");
        assert_eq!(inside("ok/../../../evil"), "ok/evil");
        assert_eq!(inside("../.."), "");
        assert_eq!(inside("a/./b/"), "a/b");
    }

    fn archive(method: CompressionMethod) -> Vec<u8> {
        let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(method);
        writer.add_directory("d", options).unwrap();
        writer.start_file("d/f", options).unwrap();
        writer.write_all(b"hello hello hello hello").unwrap();
        writer.add_symlink("l", "d/f", options).unwrap();
        writer.finish().unwrap().into_inner()
    }

    fn unpack_bytes(bytes: &[u8], home: &Path) -> Result<(), PyException> {
        let mut scratch = Scratch::beside(home).unwrap();
        scratch.file().write_all(bytes).unwrap();
        let target = Place::new(&home.join("t").to_string_lossy(), Path::new("/")).unwrap();
        unpack(scratch, &target)
    }

    fn complaint(bytes: &[u8]) -> String {
        let home = tempfile::tempdir().unwrap();
        format!("{:?}", unpack_bytes(bytes, home.path()).unwrap_err())
    }

    // What CPython 3.11's zipfile says.
    #[test]
    fn damage_is_told_as_python_tells_it() {
        let good = archive(CompressionMethod::Stored);
        let at = |needle: &[u8]| {
            good.windows(needle.len())
                .position(|window| window == needle)
                .unwrap()
        };
        let damaged = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            complaint(&bytes)
        };
        let bad = |message: &str| format!("zipfile.BadZipFile('{message}')");
        assert_eq!(complaint(b""), bad("File is not a zip file"));
        assert_eq!(complaint(b"not a zip"), bad("File is not a zip file"));
        assert_eq!(
            damaged(at(b"PK\x01\x02"), 0),
            bad("Bad magic number for central directory")
        );
        assert_eq!(
            damaged(at(b"hello"), b'j'),
            "zipfile.BadZipFile(\"Bad CRC-32 for file 'd/f'\")"
        );
        assert_eq!(
            damaged(at(b"d/f"), b'x'),
            "zipfile.BadZipFile(\"File name in directory 'd/f' and header b'x/f' differ.\")"
        );
    }

    #[test]
    fn something_may_stand_before_and_behind() {
        let home = tempfile::tempdir().unwrap();
        let bytes = [
            b"#!/bin/sh\n",
            archive(CompressionMethod::Deflated).as_slice(),
            b"more",
        ]
        .concat();
        unpack_bytes(&bytes, home.path()).unwrap();
        let content = fs::read(home.path().join("t/l")).unwrap();
        assert_eq!(content, b"hello hello hello hello");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn never_panics_and_never_leaves(damage in proptest::collection::vec((0_usize..600, any::<u8>()), 0..6)) {
            let mut bytes = archive(CompressionMethod::Deflated);
            for (at, byte) in damage {
                if let Some(there) = bytes.get_mut(at) {
                    *there = byte;
                }
            }
            let home = tempfile::tempdir().unwrap();
            let _ = unpack_bytes(&bytes, home.path());
            let left = fs::read_dir(home.path()).unwrap().count();
            prop_assert!(left <= 1);
        }
    }
}
