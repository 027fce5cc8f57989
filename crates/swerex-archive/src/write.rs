//! An archive, written entry by entry.

use std::io::{self, Read, Write};

use crate::{
    BLOCK,
    header::{EXTENDED, Entry, Kind, MAX_SIZE, attribute},
    length::Measured,
    padding,
};

/// Bytes of a file that are read at a time.
const CHUNK: usize = 64 * 1024;

/// Writes an archive.
#[derive(Debug)]
pub struct Writer<W> {
    to: W,
    buffer: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes to `to`, in small pieces.
    pub fn new(to: W) -> Self {
        Self {
            to,
            buffer: vec![0; CHUNK],
        }
    }

    /// An entry. If it has a size, its content must follow.
    ///
    /// # Errors
    /// Those of what it is written to.
    pub fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        if let Some(block) = entry.encode() {
            return self.to.write_all(&block);
        }
        let mut attributes = attribute("path", &entry.name);
        if !entry.link.is_empty() {
            attributes.extend(attribute("linkpath", &entry.link));
        }
        if entry.size > MAX_SIZE {
            attributes.extend(attribute("size", entry.size.to_string().as_bytes()));
        }
        let size = attributes.len() as u64;
        let extended = plain(b"extended", size, Kind::Other(EXTENDED));
        self.to.write_all(&extended)?;
        self.to.write_all(&attributes)?;
        self.pad(size)?;
        // What does not fit here is in the attributes.
        let short = Entry {
            name: b"long".to_vec(),
            link: Vec::new(),
            size: entry.size.min(MAX_SIZE),
            ..entry.clone()
        };
        match short.encode() {
            Some(block) => self.to.write_all(&block),
            None => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// The content of an entry, exactly `size` bytes of it.
    ///
    /// # Errors
    /// Those of both ends, and [`io::ErrorKind::UnexpectedEof`] where there are fewer bytes.
    pub fn content(&mut self, from: &mut impl Read, size: u64) -> io::Result<()> {
        let mut left = size;
        while left > 0 {
            let wanted = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
            let room = self.buffer.get_mut(..wanted).unwrap_or_default();
            let length = match from.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if length == 0 {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the file has become shorter while it was read",
                ));
            }
            self.to.write_all(room.get(..length).unwrap_or_default())?;
            left -= length as u64;
        }
        self.pad(size)
    }

    /// A file with its content; the entry's size is taken from what was measured.
    ///
    /// # Errors
    /// As [`content`](Self::content).
    pub fn file(&mut self, entry: Entry, content: Measured) -> io::Result<()> {
        let size = content.length();
        self.entry(&Entry {
            size,
            kind: Kind::File,
            ..entry
        })?;
        match content {
            Measured::Bytes(bytes) => self.content(&mut bytes.as_slice(), size),
            Measured::File { mut file, .. } => self.content(&mut file, size),
        }
    }

    /// Ends the archive.
    ///
    /// # Errors
    /// Those of what it is written to.
    pub fn finish(mut self) -> io::Result<W> {
        // Two blocks of zeros end it.
        self.to.write_all(&[0; 2 * BLOCK])?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn pad(&mut self, size: u64) -> io::Result<()> {
        let zeros = [0; BLOCK];
        let padding = zeros.get(..padding(size)).unwrap_or_default();
        self.to.write_all(padding)
    }
}

fn plain(name: &[u8], size: u64, kind: Kind) -> [u8; BLOCK] {
    let entry = Entry {
        name: name.to_vec(),
        mode: 0o644,
        size,
        modified: 0,
        kind,
        link: Vec::new(),
    };
    // Such a small header always fits.
    entry.encode().unwrap_or([0; BLOCK])
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

    use super::*;

    fn entry(name: &[u8], kind: Kind, size: u64, link: &[u8]) -> Entry {
        Entry {
            name: name.to_vec(),
            mode: 0o750,
            size,
            modified: 1_700_000_000,
            kind,
            link: link.to_vec(),
        }
    }

    #[test]
    fn another_program_reads_what_is_written() {
        let long = [&b"d/\xff"[..], &[b'n'; 300]].concat();
        let mut writer = Writer::new(Vec::new());
        for name in [&b"a\xff"[..], &long] {
            writer.entry(&entry(name, Kind::File, 3, b"")).unwrap();
            writer.content(&mut &b"abc"[..], 3).unwrap();
            writer.entry(&entry(b"l", Kind::Symlink, 0, name)).unwrap();
        }
        let archive = writer.finish().unwrap();
        let mut archive = tar::Archive::new(archive.as_slice());
        let seen: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let mut entry = entry.unwrap();
                let name = entry.path_bytes().into_owned();
                let link = entry.link_name_bytes().map(std::borrow::Cow::into_owned);
                let mut content = String::new();
                entry.read_to_string(&mut content).unwrap();
                (name, link, content)
            })
            .collect();
        let file = |name: &[u8]| (name.to_vec(), None, "abc".to_owned());
        let link = |to: &[u8]| (b"l".to_vec(), Some(to.to_vec()), String::new());
        assert_eq!(
            seen,
            [file(b"a\xff"), link(b"a\xff"), file(&long), link(&long)]
        );
        assert!(OsStr::from_bytes(&long).to_str().is_none());
    }

    #[test]
    fn a_file_that_shrinks_is_not_filled_up() {
        let mut writer = Writer::new(Vec::new());
        let error = writer.content(&mut &b"ab"[..], 3).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
