//! An archive, written entry by entry.

use std::{
    error, fmt,
    io::{self, Read, Write},
};

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

/// Why a file is not in an archive.
#[derive(Debug)]
#[non_exhaustive]
pub enum NotWritten {
    /// It could not be read to its end. The archive is in step: an entry that was begun is filled up, and is not to be used.
    Unread(io::Error),
    /// The archive could not be written.
    Io(io::Error),
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
        match self.copy(from, size) {
            Ok(0) => self.pad(size),
            Ok(_) => Err(shrunk()),
            Err(NotWritten::Unread(error) | NotWritten::Io(error)) => Err(error),
        }
    }

    /// A file with its content; the entry's size is taken from what was measured.
    ///
    /// # Errors
    /// [`NotWritten`] says which end failed.
    pub fn file(&mut self, entry: Entry, content: Measured) -> Result<(), NotWritten> {
        let size = content.length();
        self.entry(&Entry {
            size,
            kind: Kind::File,
            ..entry
        })
        .map_err(NotWritten::Io)?;
        let mut left = size;
        let copied = match content {
            Measured::Bytes(bytes) => self.copy_on(&mut bytes.as_slice(), &mut left),
            Measured::File { mut file, .. } => self.copy_on(&mut file, &mut left),
        };
        let copied = match copied {
            Ok(()) if left > 0 => Err(NotWritten::Unread(shrunk())),
            copied => copied,
        };
        if let Err(NotWritten::Io(_)) = copied {
            return copied;
        }
        self.copy_on(&mut io::repeat(0), &mut left)?;
        self.pad(size).map_err(NotWritten::Io)?;
        copied
    }

    /// What it is written to.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.to
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

    /// Copies so many bytes; gives how many there were not.
    fn copy(&mut self, from: &mut impl Read, size: u64) -> Result<u64, NotWritten> {
        let mut left = size;
        self.copy_on(from, &mut left)?;
        Ok(left)
    }

    fn copy_on(&mut self, from: &mut impl Read, left: &mut u64) -> Result<(), NotWritten> {
        while *left > 0 {
            let wanted = usize::try_from(*left).map_or(CHUNK, |left| left.min(CHUNK));
            let room = self.buffer.get_mut(..wanted).unwrap_or_default();
            let length = match from.read(room) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(NotWritten::Unread(error)),
            };
            self.to
                .write_all(room.get(..length).unwrap_or_default())
                .map_err(NotWritten::Io)?;
            *left -= length as u64;
        }
        Ok(())
    }

    fn pad(&mut self, size: u64) -> io::Result<()> {
        let zeros = [0; BLOCK];
        let padding = zeros.get(..padding(size)).unwrap_or_default();
        self.to.write_all(padding)
    }
}

fn shrunk() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the file has become shorter while it was read",
    )
}

impl fmt::Display for NotWritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unread(_) => "the file cannot be read",
            Self::Io(_) => "the archive cannot be written",
        })
    }
}

impl error::Error for NotWritten {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Unread(error) | Self::Io(error) => Some(error),
        }
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

    #[test]
    fn a_file_that_grows_is_as_long_as_it_was() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[b'a'; 200_000]).unwrap();
        let same = file.try_clone().unwrap();
        let content = crate::measure(same, || Err(io::ErrorKind::Other.into())).unwrap();
        let at = io::Seek::stream_position(&mut file).unwrap();
        io::Seek::seek(&mut file, io::SeekFrom::End(0)).unwrap();
        file.write_all(&[b'b'; 100_000]).unwrap();
        io::Seek::seek(&mut file, io::SeekFrom::Start(at)).unwrap();
        let mut writer = Writer::new(Vec::new());
        writer
            .file(entry(b"grows", Kind::File, 0, b""), content)
            .unwrap();
        writer.entry(&entry(b"next", Kind::File, 0, b"")).unwrap();
        let archive = writer.finish().unwrap();
        let mut reader = crate::Reader::new(archive.as_slice());
        assert_eq!(reader.next_entry().unwrap().unwrap().size, 200_000);
        let mut content = Vec::new();
        reader.read_to_end(&mut content).unwrap();
        assert!(content == [b'a'; 200_000]);
        assert_eq!(reader.next_entry().unwrap().unwrap().name, b"next");
    }

    #[test]
    fn the_archive_stays_in_step_when_a_file_shrinks() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"ab").unwrap();
        io::Seek::rewind(&mut file).unwrap();
        let content = Measured::File { file, length: 700 };
        let mut writer = Writer::new(Vec::new());
        let failed = writer.file(entry(b"shrinks", Kind::File, 0, b""), content);
        assert!(matches!(failed, Err(NotWritten::Unread(_))), "{failed:?}");
        let why = [b'w'; 150];
        let marks = [
            entry(b"shrinks", Kind::Unreadable, 0, &why),
            entry(b"next", Kind::File, 0, b""),
        ];
        for mark in &marks {
            writer.entry(mark).unwrap();
        }
        let archive = writer.finish().unwrap();
        let mut reader = crate::Reader::new(archive.as_slice());
        let first = reader.next_entry().unwrap().unwrap();
        assert_eq!((first.name.as_slice(), first.size), (&b"shrinks"[..], 700));
        for mark in marks {
            assert_eq!(reader.next_entry().unwrap(), Some(mark));
        }
        assert_eq!(reader.next_entry().unwrap(), None);
    }
}
