//! The block in front of each entry.

use crate::BLOCK;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A file; its content follows.
    File,
    /// Another name for an entry before it.
    HardLink,
    /// A symbolic link.
    Symlink,
    /// A directory.
    Directory,
    /// What could not be read, and why, as the text of a link. If an entry of that name came before, its content is not to be used. Only
    /// our two ends know it, so it is written for readers that have asked for it.
    Unreadable,
    /// A pipe, a device, or what somebody has invented; the format's own letter for it.
    Other(u8),
}

/// One of the letters that POSIX leaves to everybody.
const UNREADABLE: u8 = b'U';
/// A longer name for the next entry, as GNU writes it.
pub(crate) const LONG_NAME: u8 = b'L';
/// A longer link target for the next entry, as GNU writes it.
pub(crate) const LONG_LINK: u8 = b'K';
/// Attributes of the next entry, as POSIX writes them.
pub(crate) const EXTENDED: u8 = b'x';
/// Attributes of all entries that follow.
pub(crate) const GLOBAL: u8 = b'g';

impl Kind {
    fn flag(self) -> u8 {
        match self {
            Self::File => b'0',
            Self::HardLink => b'1',
            Self::Symlink => b'2',
            Self::Directory => b'5',
            Self::Unreadable => UNREADABLE,
            Self::Other(flag) => flag,
        }
    }

    fn of(flag: u8) -> Self {
        match flag {
            b'0' | b'7' | 0 => Self::File,
            b'1' => Self::HardLink,
            b'2' => Self::Symlink,
            b'5' => Self::Directory,
            UNREADABLE => Self::Unreadable,
            other => Self::Other(other),
        }
    }
}

/// What an archive says of an entry. Its content, if there is any, is not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name, as it is: nothing says that it stays below a directory. A directory's may end with a slash.
    pub name: Vec<u8>,
    /// Permission bits, and the three above them.
    pub mode: u32,
    /// Bytes of its content.
    pub size: u64,
    /// Seconds since 1970.
    pub modified: u64,
    /// What it is.
    pub kind: Kind,
    /// What a link says.
    pub link: Vec<u8>,
}

/// The block is no header: it is damaged, or this is no archive.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Damaged;

const NAME: usize = 100;
const PREFIX: usize = 155;

/// The largest size that twelve octal digits with a terminator hold.
pub(crate) const MAX_SIZE: u64 = 0o77_777_777_777;

impl Entry {
    /// The block; `None` where name, link or size do not fit.
    pub(crate) fn encode(&self) -> Option<[u8; BLOCK]> {
        let (prefix, name) = split(&self.name)?;
        if self.link.len() > NAME || self.size > MAX_SIZE {
            return None;
        }
        let mut block = [0; BLOCK];
        put(&mut block, 0, name);
        put(
            &mut block,
            100,
            format!("{:07o}\0", self.mode & 0o7777).as_bytes(),
        );
        put(&mut block, 108, b"0000000\0");
        put(&mut block, 116, b"0000000\0");
        put(&mut block, 124, format!("{:011o}\0", self.size).as_bytes());
        let modified = self.modified.min(MAX_SIZE);
        put(&mut block, 136, format!("{modified:011o}\0").as_bytes());
        put(&mut block, 156, &[self.kind.flag()]);
        put(&mut block, 157, &self.link);
        put(&mut block, 257, b"ustar\x0000");
        put(&mut block, 345, prefix);
        let sum = checksum(&block);
        put(&mut block, 148, format!("{sum:06o}\0 ").as_bytes());
        Some(block)
    }

    /// Reads a block; `None` is one of zeros, which ends the archive.
    pub(crate) fn decode(block: &[u8; BLOCK]) -> Result<Option<Self>, Damaged> {
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let number = |at: usize, length: usize| number(block.get(at..at + length)?);
        if number(148, 8) != Some(u64::from(checksum(block))) {
            return Err(Damaged);
        }
        let text = |at: usize, length: usize| {
            let field = block.get(at..at + length).unwrap_or_default();
            field.split(|byte| *byte == 0).next().unwrap_or_default()
        };
        let is_posix = block.get(257..263) == Some(b"ustar\0");
        let name = match text(345, PREFIX) {
            prefix if is_posix && !prefix.is_empty() => [prefix, b"/", text(0, NAME)].concat(),
            _ => text(0, NAME).to_vec(),
        };
        let flag = block.get(156).copied().unwrap_or_default();
        // The oldest archives mark directories by their names only.
        let kind = match Kind::of(flag) {
            Kind::File if name.ends_with(b"/") => Kind::Directory,
            kind => kind,
        };
        Ok(Some(Self {
            name,
            mode: u32::try_from(number(100, 8).unwrap_or_default()).unwrap_or_default(),
            size: number(124, 12).ok_or(Damaged)?,
            modified: number(136, 12).unwrap_or_default(),
            kind,
            link: text(157, NAME).to_vec(),
        }))
    }
}

fn put(block: &mut [u8; BLOCK], at: usize, bytes: &[u8]) {
    if let Some(room) = block.get_mut(at..at + bytes.len()) {
        room.copy_from_slice(bytes);
    }
}

/// The sum of all bytes, those of the sum itself taken as blanks.
fn checksum(block: &[u8; BLOCK]) -> u32 {
    block
        .iter()
        .enumerate()
        .map(|(at, byte)| {
            if (148..156).contains(&at) {
                32
            } else {
                u32::from(*byte)
            }
        })
        .sum()
}

/// Octal digits, or GNU's binary numbers.
fn number(field: &[u8]) -> Option<u64> {
    if let [first @ 0x80..=0xFF, rest @ ..] = field {
        let mut value = u64::from(first & 0x7F);
        for byte in rest {
            value = value.checked_mul(256)? + u64::from(*byte);
        }
        return Some(value);
    }
    let mut value: u64 = 0;
    for byte in field.iter().skip_while(|byte| **byte == b' ') {
        match byte {
            b'0'..=b'7' => value = value.checked_mul(8)? + u64::from(byte - b'0'),
            0 | b' ' => break,
            _ => return None,
        }
    }
    Some(value)
}

/// A long name in two at a slash, if it fits so.
fn split(name: &[u8]) -> Option<(&[u8], &[u8])> {
    if name.len() <= NAME {
        return Some((b"", name));
    }
    (0..=name.len().min(PREFIX + 1) - 1)
        .filter(|at| name.get(*at) == Some(&b'/'))
        .find_map(|at| {
            let rest = name.get(at + 1..)?;
            (!rest.is_empty() && rest.len() <= NAME).then_some((name.get(..at)?, rest))
        })
}

/// One attribute of an extended header.
pub(crate) fn attribute(name: &str, value: &[u8]) -> Vec<u8> {
    let body = [b" ", name.as_bytes(), b"=", value, b"\n"].concat();
    // The length counts its own digits.
    let mut length = body.len() + 1;
    while length.to_string().len() + body.len() > length {
        length += 1;
    }
    [length.to_string().as_bytes(), &body].concat()
}

/// The attributes of an extended header, as far as they are well formed.
pub(crate) fn attributes(mut text: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut found = Vec::new();
    while let Some(blank) = text.iter().position(|byte| *byte == b' ') {
        let digits = text.get(..blank).unwrap_or_default();
        let length = std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse().ok());
        let Some(record) = length.and_then(|length: usize| text.get(blank + 1..length)) else {
            break;
        };
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        if let Some(equals) = record.iter().position(|byte| *byte == b'=') {
            let (name, value) = record.split_at(equals);
            found.push((name, value.get(1..).unwrap_or_default()));
        }
        text = text
            .get(length.unwrap_or_default().max(1)..)
            .unwrap_or_default();
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header(name: &[u8]) -> Entry {
        Entry {
            name: name.to_vec(),
            mode: 0o755,
            size: 12345,
            modified: 1_700_000_000,
            kind: Kind::File,
            link: Vec::new(),
        }
    }

    #[test]
    fn there_and_back() {
        let long = [&[b'a'; 120][..], b"/", &[b'b'; 90]].concat();
        for name in [&b"x"[..], b"dir/file", &long] {
            let block = header(name).encode().unwrap();
            assert_eq!(Entry::decode(&block), Ok(Some(header(name))));
        }
        assert_eq!(header(&[b'a'; 200]).encode(), None);
        assert_eq!(Entry::decode(&[0; BLOCK]), Ok(None));
        assert_eq!(Entry::decode(&[1; BLOCK]), Err(Damaged));
    }

    #[test]
    fn attributes_count_their_own_length() {
        assert_eq!(attribute("path", b"x"), b"9 path=x\n");
        assert_eq!(attribute("path", b"xy"), b"11 path=xy\n");
        let two = [attribute("path", &[b'y'; 100]), attribute("size", b"9")].concat();
        assert_eq!(
            attributes(&two),
            vec![(&b"path"[..], &[b'y'; 100][..]), (b"size", b"9")]
        );
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), BLOCK), text in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut block = [0; BLOCK];
            block.copy_from_slice(&bytes);
            let _ = Entry::decode(&block);
            let _ = attributes(&text);
        }
    }
}
