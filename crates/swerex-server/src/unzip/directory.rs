//! The directory at the end of an archive, read entry by entry.

use std::{
    fs::File,
    io::{BufReader, Read},
    os::unix::fs::FileExt,
};

use super::{bad, entry::Record, window::Window};
use crate::exception::PyException;

const END: &[u8; 4] = b"PK\x05\x06";
const END_LENGTH: usize = 22;
const LOCATOR: &[u8; 4] = b"PK\x06\x07";
const LOCATOR_LENGTH: u64 = 20;
const END64: &[u8; 4] = b"PK\x06\x06";
const END64_LENGTH: usize = 56;

/// The longest comment behind the end record.
const MAX_COMMENT: u64 = 0xFFFF;

pub(super) struct Directory {
    reader: BufReader<Window>,
    /// Bytes of the directory that are left.
    left: u64,
    /// How far everything stands from where the archive says: something may be in front of it.
    shift: u64,
}

impl Directory {
    /// Finds the directory, as `zipfile` does.
    pub(super) fn open(archive: &File) -> Result<Self, PyException> {
        let not_a_zip = || bad("File is not a zip file");
        let length = archive.metadata().map_err(|_| not_a_zip())?.len();
        let (mut at, record) = end_record(archive, length).ok_or_else(not_a_zip)?;
        let mut size = u64::from(u32_at(&record, 12));
        let mut offset = u64::from(u32_at(&record, 16));
        if let Some((at64, record64)) = end_record_64(archive, at) {
            at = at64;
            size = u64_at(&record64, 40);
            offset = u64_at(&record64, 48);
        }
        let misplaced = || bad("Bad offset for central directory");
        let start = at.checked_sub(size).ok_or_else(misplaced)?;
        let shift = start.checked_sub(offset).ok_or_else(misplaced)?;
        let window = Window::new(archive, start, size).map_err(|_| not_a_zip())?;
        Ok(Self {
            reader: BufReader::new(window),
            left: size,
            shift,
        })
    }

    /// The next entry; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Record>, PyException> {
        if self.left == 0 {
            return Ok(None);
        }
        let mut fixed = [0; Record::FIXED];
        self.fill(&mut fixed)?;
        if !fixed.starts_with(Record::MAGIC) {
            return Err(bad("Bad magic number for central directory"));
        }
        let mut variable = vec![0; Record::variable(&fixed)];
        self.fill(&mut variable)?;
        Record::read(&fixed, &variable, self.shift).map(Some)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), PyException> {
        let truncated = || bad("Truncated central directory");
        self.left = self
            .left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(truncated)?;
        self.reader.read_exact(bytes).map_err(|_| truncated())
    }
}

/// Where the end record is, and the record: at the very end, or before a comment.
fn end_record(archive: &File, length: u64) -> Option<(u64, Vec<u8>)> {
    let tail = length.min(END_LENGTH as u64 + MAX_COMMENT);
    let start = length - tail;
    let bytes = read_at(archive, start, usize::try_from(tail).ok()?)?;
    let at = bytes
        .windows(END.len())
        .rposition(|window| window == END)
        .filter(|at| at + END_LENGTH <= bytes.len())?;
    let record = bytes.get(at..at + END_LENGTH)?.to_vec();
    Some((start + at as u64, record))
}

/// The same for archives of more than 4 GB or 65535 entries.
fn end_record_64(archive: &File, end: u64) -> Option<(u64, Vec<u8>)> {
    let locator_at = end.checked_sub(LOCATOR_LENGTH)?;
    let locator = read_at(archive, locator_at, 4)?;
    if locator != LOCATOR {
        return None;
    }
    let at = locator_at.checked_sub(END64_LENGTH as u64)?;
    let record = read_at(archive, at, END64_LENGTH)?;
    record.starts_with(END64).then_some((at, record))
}

fn read_at(archive: &File, at: u64, length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length];
    archive.read_exact_at(&mut bytes, at).ok()?;
    Some(bytes)
}

/// A number at a place that is known to exist; 0 where it does not.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk());
    u16::from_le_bytes(found.copied().unwrap_or_default())
}

/// As [`u16_at`].
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk());
    u32::from_le_bytes(found.copied().unwrap_or_default())
}

/// As [`u16_at`].
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk());
    u64::from_le_bytes(found.copied().unwrap_or_default())
}
