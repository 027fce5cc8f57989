//! One entry of an archive: what the directory says of it, and its content.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    os::unix::fs::FileExt,
};

use flate2::{Crc, bufread::DeflateDecoder};

use super::{
    bad,
    directory::{u16_at, u32_at, u64_at},
    window::Window,
};
use crate::{codec::decode, exception::PyException, files::undecodable, pyrepr::repr};

/// The longest text of a link.
const MAX_LINK: u64 = 4096;

const LOCAL_MAGIC: &[u8; 4] = b"PK\x03\x04";
const LOCAL_FIXED: usize = 30;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// The host system whose modes are in the upper half of the attributes.
const UNIX: u8 = 3;
const FILE_TYPE: u32 = 0o170_000;
const LINK: u32 = 0o120_000;
const DIRECTORY: u32 = 0o040_000;

/// What an archive may need that Python does not have.
const PATCHED: u16 = 1 << 5;
const STRONG_ENCRYPTION: u16 = 1 << 6;

/// The newest version of the format that Python reads, in tenths.
const NEWEST: u8 = 63;

/// What the directory says of an entry.
pub(super) struct Record {
    pub(super) name: String,
    raw_name: Vec<u8>,
    flags: u16,
    method: u16,
    crc: u32,
    compressed: u64,
    size: u64,
    unix_mode: u32,
    at: u64,
}

/// What an entry is.
pub(super) enum Kind {
    File,
    Directory,
    Link,
}

impl Record {
    pub(super) const MAGIC: &'static [u8; 4] = b"PK\x01\x02";

    /// Bytes of the part that all entries have.
    pub(super) const FIXED: usize = 46;

    /// Bytes that follow: name, extra fields, comment.
    pub(super) fn variable(fixed: &[u8]) -> usize {
        [28, 30, 32]
            .into_iter()
            .map(|at| usize::from(u16_at(fixed, at)))
            .sum()
    }

    pub(super) fn read(fixed: &[u8], variable: &[u8], shift: u64) -> Result<Self, PyException> {
        let name_length = usize::from(u16_at(fixed, 28));
        let extra_length = usize::from(u16_at(fixed, 30));
        let raw_name = variable.get(..name_length).unwrap_or_default().to_vec();
        let extra = variable
            .get(name_length..name_length + extra_length)
            .unwrap_or_default();
        let flags = u16_at(fixed, 8);
        let version = fixed.get(6).copied().unwrap_or_default();
        if version > NEWEST {
            let (whole, tenths) = (version / 10, version % 10);
            return Err(unsupported(format!("zip file version {whole}.{tenths}")));
        }
        let mut record = Self {
            name: decoded(&raw_name, flags & 0x800 != 0)?,
            raw_name,
            flags,
            method: u16_at(fixed, 10),
            crc: u32_at(fixed, 16),
            compressed: u64::from(u32_at(fixed, 20)),
            size: u64::from(u32_at(fixed, 24)),
            unix_mode: match fixed.get(5) {
                Some(&UNIX) => u32_at(fixed, 38) >> 16,
                _ => 0,
            },
            at: u64::from(u32_at(fixed, 42)),
        };
        record.widen(extra);
        record.at = record
            .at
            .checked_add(shift)
            .ok_or_else(|| bad("Bad magic number for file header"))?;
        Ok(record)
    }

    /// Numbers that did not fit in 32 bits are in an extra field.
    fn widen(&mut self, mut extra: &[u8]) {
        while extra.len() >= 4 {
            let length = usize::from(u16_at(extra, 2));
            let field = extra.get(4..4 + length).unwrap_or_default();
            if u16_at(extra, 0) == 1 {
                let mut at = 0;
                for number in [&mut self.size, &mut self.compressed, &mut self.at] {
                    if *number == u64::from(u32::MAX) {
                        *number = u64_at(field, at);
                        at += 8;
                    }
                }
            }
            extra = extra.get(4 + length..).unwrap_or_default();
        }
    }

    pub(super) fn kind(&self) -> Kind {
        if self.name.ends_with('/') {
            Kind::Directory
        } else if self.unix_mode & FILE_TYPE == LINK {
            Kind::Link
        } else {
            Kind::File
        }
    }

    /// The permission bits, where the archive has any for what the entry is.
    pub(super) fn mode(&self) -> Option<u32> {
        let is_directory = self.unix_mode & FILE_TYPE == DIRECTORY;
        let is_meant = is_directory == matches!(self.kind(), Kind::Directory);
        Some(self.unix_mode & 0o777).filter(|mode| is_meant && *mode != 0)
    }
}

/// UTF-8 or the charset of the first PC; up to the first NUL.
fn decoded(name: &[u8], is_utf8: bool) -> Result<String, PyException> {
    let encoding = if is_utf8 { "utf-8" } else { "cp437" };
    let mut name = decode(name.to_vec(), Some(encoding), None).map_err(undecodable)?;
    name.truncate(name.find('\0').unwrap_or(name.len()));
    Ok(name)
}

fn unsupported(message: impl Into<String>) -> PyException {
    PyException::new("builtins.NotImplementedError", message)
}

/// Opens the content of an entry, once its own header agrees with the directory.
pub(super) fn open(archive: &File, record: &Record) -> Result<Content, PyException> {
    let mut header = [0; LOCAL_FIXED];
    if archive.read_exact_at(&mut header, record.at).is_err() || !header.starts_with(LOCAL_MAGIC) {
        return Err(bad("Bad magic number for file header"));
    }
    let name_length = usize::from(u16_at(&header, 26));
    let extra_length = u64::from(u16_at(&header, 28));
    if record.flags & PATCHED != 0 {
        return Err(unsupported("compressed patched data (flag bit 5)"));
    }
    if record.flags & STRONG_ENCRYPTION != 0 {
        return Err(unsupported("strong encryption (flag bit 6)"));
    }
    let mut name = vec![0; name_length];
    let name_at = record.at + LOCAL_FIXED as u64;
    if archive.read_exact_at(&mut name, name_at).is_err() || name != record.raw_name {
        return Err(bad(format!(
            "File name in directory {} and header b{} differ.",
            repr(&record.name),
            repr(&String::from_utf8_lossy(&name))
        )));
    }
    if record.flags & 1 != 0 {
        return Err(PyException::new(
            "builtins.RuntimeError",
            format!(
                "File {} is encrypted, password required for extraction",
                repr(&record.name)
            ),
        ));
    }
    let start = name_at + name_length as u64 + extra_length;
    let window = Window::new(archive, start, record.compressed)
        .map_err(|error| PyException::new("builtins.OSError", error.to_string()))?;
    let source = match record.method {
        STORED => Source::Stored(window),
        DEFLATED => Source::Deflated(DeflateDecoder::new(BufReader::new(window))),
        _ => {
            return Err(unsupported("That compression method is not supported"));
        }
    };
    Ok(Content {
        name: record.name.clone(),
        source,
        crc: Crc::new(),
        expected: record.crc,
        left: record.size,
    })
}

enum Source {
    Stored(Window),
    Deflated(DeflateDecoder<BufReader<Window>>),
}

/// The bytes of an entry; the last read checks them.
pub(super) struct Content {
    name: String,
    source: Source,
    crc: Crc,
    expected: u32,
    /// No entry is longer than the directory says.
    left: u64,
}

impl Content {
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, PyException> {
        let wanted = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let room = buffer.get_mut(..wanted).unwrap_or_default();
        let read = if room.is_empty() {
            Ok(0)
        } else {
            match &mut self.source {
                Source::Stored(window) => window.read(room),
                Source::Deflated(decoder) => decoder.read(room),
            }
        };
        let length = read.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => PyException::new(
                "zlib.error",
                "Error -3 while decompressing data: invalid data",
            ),
            io::ErrorKind::UnexpectedEof => PyException::new("builtins.EOFError", ""),
            _ => PyException::new("builtins.OSError", error.to_string()),
        })?;
        self.left -= length as u64;
        self.crc.update(room.get(..length).unwrap_or_default());
        if length == 0 && self.crc.sum() != self.expected {
            return Err(bad(format!("Bad CRC-32 for file {}", repr(&self.name))));
        }
        Ok(length)
    }

    /// All of it, as the text of a link.
    pub(super) fn text(&mut self) -> Result<String, PyException> {
        if self.left > MAX_LINK {
            return Err(bad(format!("the link {} is too long", repr(&self.name))));
        }
        let mut text = Vec::new();
        let mut buffer = [0; 512];
        loop {
            let length = self.read(&mut buffer)?;
            match buffer.get(..length) {
                None | Some([]) => break,
                Some(more) => text.extend_from_slice(more),
            }
        }
        String::from_utf8(text)
            .map_err(|_| bad(format!("the link {} leads to no name", repr(&self.name))))
    }
}
