//! Unpacking a zip archive: entry by entry from disk to disk, names kept below the target, modes and links as they were packed.

mod directory;
mod entry;
mod window;

use std::{
    fs::{self, File, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use directory::Directory;
use entry::{Kind, Record};

use crate::{
    exception::PyException,
    files::{Place, make_parents, os_error},
    last::{Last, stays_inside},
    pyrepr::repr,
    scratch::Scratch,
    target::Target,
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
/// `zipfile`, with default modes for new ones. Links come last and only lead to places inside; nothing is written through one that leads out.
pub(crate) fn unpack(mut archive: Scratch, target: &Place) -> Result<(), PyException> {
    let keep_modes = !target.real().exists();
    let mut directory = Directory::open(archive.file())?;
    let mut unpacking = None;
    while let Some(record) = directory.next()? {
        // An archive of nothing makes no directory.
        let unpacking = match &mut unpacking {
            Some(unpacking) => unpacking,
            none => none.insert(Unpacking::begin(target, keep_modes, &record)?),
        };
        unpacking.entry(archive.file(), &record)?;
    }
    match unpacking {
        Some(Unpacking { target, last, .. }) => last.settle(&target),
        None => Ok(()),
    }
}

struct Unpacking<'a> {
    target: Target<'a>,
    keep_modes: bool,
    last: Last,
    buffer: Vec<u8>,
}

impl<'a> Unpacking<'a> {
    fn begin(target: &'a Place, keep_modes: bool, first: &Record) -> Result<Self, PyException> {
        if target.real().is_file() {
            // Python notices with what it would put into it.
            let inner = inside(&first.name);
            let name = Path::new(inner.split('/').next().unwrap_or_default());
            let not_a_directory = rustix::io::Errno::NOTDIR.into();
            return Err(os_error(&not_a_directory, target.join(name).shown()));
        }
        if !target.real().exists() {
            make_parents(target)?;
            fs::create_dir(target.real()).map_err(|error| os_error(&error, target.shown()))?;
        }
        Ok(Self {
            target: Target::open(target)?,
            keep_modes,
            last: Last::default(),
            buffer: vec![0; CHUNK],
        })
    }

    fn entry(&mut self, archive: &File, record: &Record) -> Result<(), PyException> {
        let name = inside(&record.name);
        let inner = Path::new(&name);
        if let Some(parent) = inner.parent() {
            self.target.make_all(parent)?;
        }
        match record.kind() {
            Kind::Directory => {
                self.target.make_directory(inner)?;
                // The target itself is the client's, not the archive's.
                if let Some(mode) = record
                    .mode()
                    .filter(|_| self.keep_modes && !name.is_empty())
                {
                    self.last.mode(&self.target, inner, mode)?;
                }
                Ok(())
            }
            Kind::Link => {
                let text = entry::open(archive, record)?.text()?;
                if !stays_inside(&name, &text) {
                    return Err(PyException::new(
                        "builtins.ValueError",
                        format!(
                            "the link {} leads to {}, which is outside of the target",
                            repr(&name),
                            repr(&text)
                        ),
                    ));
                }
                self.last.link(inner, Path::new(&text))
            }
            Kind::File => self.file(archive, record, inner),
        }
    }

    fn file(&mut self, archive: &File, record: &Record, inner: &Path) -> Result<(), PyException> {
        let mut source = entry::open(archive, record)?;
        let refused = |error: io::Error| os_error(&error, &self.target.shown(inner));
        let mut file = self.target.file(inner)?;
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
}

/// A name without what would lead out of the target: leading slashes, `..`, `.`.
fn inside(name: &str) -> String {
    let parts: Vec<&str> = name
        .split('/')
        .filter(|part| !matches!(*part, "" | "." | ".."))
        .collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
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
        let entry = at(b"PK\x01\x02");
        let unsupported = |what: &str| format!("builtins.NotImplementedError('{what}')");
        assert_eq!(damaged(entry + 6, 99), unsupported("zip file version 9.9"));
        let file = good
            .windows(3)
            .rposition(|window| window == b"d/f")
            .unwrap()
            - Record::FIXED;
        assert_eq!(
            damaged(file + 8, 0x20),
            unsupported("compressed patched data (flag bit 5)")
        );
        assert_eq!(
            damaged(file + 8, 0x40),
            unsupported("strong encryption (flag bit 6)")
        );
        let mut longer = good.clone();
        longer[file + 21] = 0xff;
        longer[file + 25] = 0xff;
        assert_eq!(complaint(&longer), "builtins.EOFError('')");
        let mut no_text = good.clone();
        no_text[file + 9] = 8;
        no_text[file + Record::FIXED] = 0xff;
        let message = "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte";
        assert_eq!(
            complaint(&no_text),
            format!("builtins.UnicodeDecodeError(\"{message}\")")
        );
    }

    #[test]
    fn what_is_not_the_archives_stays_as_it_is() {
        use rustix::fs::{FileType, Mode, mknodat};

        let home = tempfile::tempdir().unwrap();
        let mut bytes = archive(CompressionMethod::Stored);
        // Attributes of the directory's own entry: a regular file's.
        let entry = bytes
            .windows(4)
            .position(|window| window == b"PK\x01\x02")
            .unwrap();
        bytes[entry + 40..entry + 42].copy_from_slice(&0o100_644_u32.to_le_bytes()[..2]);
        unpack_bytes(&bytes, home.path()).unwrap();
        let mode = |name: &str| {
            home.path()
                .join(name)
                .metadata()
                .unwrap()
                .permissions()
                .mode()
        };
        assert_eq!(mode("t/d") & 0o111, mode("t") & 0o111);

        // Nobody reads the other end of a pipe.
        let path = home.path().join("t/d/f");
        fs::remove_file(&path).unwrap();
        mknodat(rustix::fs::CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap();
        let complaint = unpack_bytes(&bytes, home.path()).unwrap_err();
        assert_eq!(complaint.class(), "builtins.OSError");
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
