//! An archive, read entry by entry as it arrives.

use std::{
    error, fmt,
    io::{self, Read},
};

use crate::{
    BLOCK,
    header::{EXTENDED, Entry, GLOBAL, Kind, LONG_LINK, LONG_NAME, attributes},
    padding,
};

/// The longest extended header, in bytes. A longer one is refused unread: no name is that long.
pub const MAX_EXTENDED: u64 = 256 * 1024;

/// Bytes that are passed over at a time.
const CHUNK: usize = 16 * 1024;

/// Reads an archive. [`Read`] gives the content of the entry that [`next_entry`](Self::next_entry) gave last.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    /// Bytes of the current entry's content that are left.
    left: u64,
    /// Bytes behind them.
    padding: u64,
    is_over: bool,
}

/// Why an archive has no next entry.
#[derive(Debug)]
#[non_exhaustive]
pub enum Broken {
    /// What it comes from failed.
    Io(io::Error),
    /// It is no archive, or a damaged one.
    Archive(&'static str),
}

impl<R: Read> Reader<R> {
    /// Reads from `from`, which need not be buffered.
    pub fn new(from: R) -> Self {
        Self {
            from,
            left: 0,
            padding: 0,
            is_over: false,
        }
    }

    /// The next entry, with what extended headers say of it; what is left of the one before is passed over. `None` at the end of the archive,
    /// which is read up to the end of what it comes from.
    ///
    /// # Errors
    /// [`Broken`] says what is wrong; there are no more entries then.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, Broken> {
        let rest = self.left.saturating_add(self.padding);
        self.pass_over(rest)?;
        (self.left, self.padding) = (0, 0);
        let mut extended = Extended::default();
        while !self.is_over {
            let mut block = [0; BLOCK];
            if !self.fill(&mut block, extended.is_empty())? {
                break;
            }
            let decoded =
                Entry::decode(&block).map_err(|_| Broken::Archive("this is no tar archive"))?;
            let Some(mut entry) = decoded else {
                io::copy(&mut self.from, &mut io::sink()).map_err(Broken::Io)?;
                break;
            };
            match entry.kind {
                Kind::Other(LONG_NAME) => extended.name = Some(self.text(entry.size)?),
                Kind::Other(LONG_LINK) => extended.link = Some(self.text(entry.size)?),
                Kind::Other(EXTENDED) => {
                    let text = self.text(entry.size)?;
                    extended.read(&text);
                }
                Kind::Other(GLOBAL) => {
                    self.text(entry.size)?;
                }
                _ => {
                    extended.apply(&mut entry);
                    self.left = entry.size;
                    self.padding = padding(entry.size) as u64;
                    return Ok(Some(entry));
                }
            }
        }
        self.is_over = true;
        Ok(None)
    }

    fn pass_over(&mut self, mut left: u64) -> Result<(), Broken> {
        let mut buffer = [0; CHUNK];
        while left > 0 {
            let wanted = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
            let room = buffer.get_mut(..wanted).unwrap_or_default();
            left -= self.some(room)? as u64;
        }
        Ok(())
    }

    /// At least one byte.
    fn some(&mut self, room: &mut [u8]) -> Result<usize, Broken> {
        loop {
            match self.from.read(room) {
                Ok(0) => {
                    return Err(Broken::Archive(
                        "the archive ends in the middle of an entry",
                    ));
                }
                Ok(length) => return Ok(length),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Broken::Io(error)),
            }
        }
    }

    /// The text of an extended header.
    fn text(&mut self, size: u64) -> Result<Vec<u8>, Broken> {
        if size > MAX_EXTENDED {
            return Err(Broken::Archive("a header of the archive is too long"));
        }
        let mut text = vec![0; usize::try_from(size).unwrap_or_default()];
        let mut filled = 0;
        while let Some(room) = text.get_mut(filled..).filter(|room| !room.is_empty()) {
            filled += self.some(room)?;
        }
        self.pass_over(padding(size) as u64)?;
        Ok(text)
    }

    /// Fills a block. The archive may end in front of one, if it may end at all.
    fn fill(&mut self, block: &mut [u8; BLOCK], may_end: bool) -> Result<bool, Broken> {
        let mut filled = 0;
        while let Some(room) = block.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.from.read(room) {
                Ok(0) if filled == 0 && may_end => return Ok(false),
                Ok(0) => {
                    return Err(Broken::Archive(
                        "the archive ends in the middle of a header",
                    ));
                }
                Ok(length) => filled += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Broken::Io(error)),
            }
        }
        Ok(true)
    }
}

/// The content of the entry; an archive that ends in it is an [`io::ErrorKind::UnexpectedEof`].
impl<R: Read> Read for Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let room = buffer.get_mut(..wanted).unwrap_or_default();
        if room.is_empty() {
            return Ok(0);
        }
        let length = self.from.read(room)?;
        if length == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the archive ends in the middle of an entry",
            ));
        }
        self.left -= length as u64;
        Ok(length)
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => f.write_str("the archive cannot be read"),
            Self::Archive(what) => f.write_str(what),
        }
    }
}

impl error::Error for Broken {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Archive(_) => None,
        }
    }
}

/// What extended headers say of the next entry.
#[derive(Default)]
struct Extended {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Extended {
    fn is_empty(&self) -> bool {
        self.name.is_none() && self.link.is_none() && self.size.is_none()
    }

    fn read(&mut self, text: &[u8]) {
        for (name, value) in attributes(text) {
            match name {
                b"path" => self.name = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => {
                    self.size = std::str::from_utf8(value)
                        .ok()
                        .and_then(|digits| digits.parse().ok());
                }
                _ => {}
            }
        }
    }

    fn apply(self, entry: &mut Entry) {
        let ended = |text: Vec<u8>| {
            text.split(|byte| *byte == 0)
                .next()
                .unwrap_or_default()
                .to_vec()
        };
        if let Some(name) = self.name {
            entry.name = ended(name);
        }
        if let Some(link) = self.link {
            entry.link = ended(link);
        }
        if let Some(size) = self.size {
            entry.size = size;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Writer;

    /// What another program wrote.
    fn of_another(name: &[u8], link: Option<&[u8]>) -> Vec<u8> {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o640);
        header.set_mtime(7);
        header.set_size(if link.is_some() { 0 } else { 3 });
        match link {
            Some(link) => {
                header.set_entry_type(tar::EntryType::Symlink);
                let link = OsStr::from_bytes(link);
                builder
                    .append_link(&mut header, OsStr::from_bytes(name), link)
                    .unwrap();
            }
            None => builder
                .append_data(&mut header, OsStr::from_bytes(name), &b"abc"[..])
                .unwrap(),
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn another_programs_archives_are_read_whatever_the_names() {
        let long = [&b"d\xff/"[..], &[b'n'; 200]].concat();
        for name in [&b"a"[..], b"na\xffme", &long] {
            let archive = of_another(name, None);
            let mut reader = Reader::new(archive.as_slice());
            let entry = reader.next_entry().unwrap().unwrap();
            assert_eq!((entry.name.as_slice(), entry.mode), (name, 0o640));
            let mut content = Vec::new();
            reader.read_to_end(&mut content).unwrap();
            assert_eq!(content, b"abc");
            assert_eq!(reader.next_entry().unwrap(), None);
            let archive = of_another(b"link", Some(name));
            let entry = Reader::new(archive.as_slice())
                .next_entry()
                .unwrap()
                .unwrap();
            assert_eq!((entry.kind, entry.link.as_slice()), (Kind::Symlink, name));
        }
    }

    #[test]
    fn a_long_header_is_refused_before_it_is_read() {
        for flag in [LONG_NAME, LONG_LINK, EXTENDED, GLOBAL] {
            let header = Entry {
                name: b"x".to_vec(),
                mode: 0o644,
                size: MAX_EXTENDED + 1,
                modified: 0,
                kind: Kind::Other(flag),
                link: Vec::new(),
            };
            let block = header.encode().unwrap();
            // Only the header is there to be read: more would be an archive that ends too early.
            let refusal = Reader::new(&block[..]).next_entry().unwrap_err();
            assert!(
                matches!(refusal, Broken::Archive(what) if what.contains("too long")),
                "{refusal}"
            );
        }
    }

    #[test]
    fn what_is_no_archive_is_told() {
        for bytes in [&b"no archive"[..], &[1; 600]] {
            assert!(matches!(
                Reader::new(bytes).next_entry(),
                Err(Broken::Archive(_))
            ));
        }
        assert_eq!(Reader::new(io::empty()).next_entry().unwrap(), None);
        let mut cut = of_another(b"a", None);
        cut.truncate(BLOCK + 2);
        let mut reader = Reader::new(cut.as_slice());
        reader.next_entry().unwrap().unwrap();
        let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    proptest! {
        #[test]
        fn never_panics(damage in proptest::collection::vec((0_usize..3072, any::<u8>()), 0..6)) {
            let mut writer = Writer::new(Vec::new());
            let entry = Entry {
                name: vec![b'f'; 220],
                mode: 0o644,
                size: 1,
                modified: 0,
                kind: Kind::File,
                link: Vec::new(),
            };
            writer.entry(&entry).unwrap();
            writer.content(&mut &b"x"[..], 1).unwrap();
            let mut archive = writer.finish().unwrap();
            for (at, byte) in damage {
                if let Some(there) = archive.get_mut(at) {
                    *there = byte;
                }
            }
            let mut reader = Reader::new(archive.as_slice());
            while let Ok(Some(_)) = reader.next_entry() {
                let _ = io::copy(&mut reader, &mut io::sink());
            }
        }
    }
}
