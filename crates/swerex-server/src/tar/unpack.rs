//! An archive, unpacked into a directory as it arrives.

use std::{
    fs::{self, File, Permissions},
    io::{self, Read, Write},
    os::unix::fs::PermissionsExt,
    time::{Duration, UNIX_EPOCH},
};

use super::{
    BLOCK,
    header::{Header, Kind, attributes},
    padding,
};
use crate::{
    exception::PyException,
    files::{Place, open_to_write, os_error},
    last::Last,
    native::Stopped,
    pyrepr::repr,
};

/// Bytes that are unpacked at a time.
const CHUNK: usize = 64 * 1024;

/// The longest extended header.
const MAX_EXTENDED: u64 = 256 * 1024;

fn refuse(message: impl Into<String>) -> Stopped {
    Stopped::Exception(PyException::new("builtins.ValueError", message.into()))
}

/// Unpacks into a directory, which is made if it is missing. Modes and times are kept, owners are not. Entries that would
/// leave it end the unpacking; what was unpacked before stays.
pub(crate) fn unpack(archive: &mut impl Read, target: &Place) -> Result<(), Stopped> {
    fs::create_dir_all(target.real()).map_err(|error| os_error(&error, target.shown()))?;
    let mut unpacking = Unpacking {
        archive,
        target,
        buffer: vec![0; CHUNK],
        last: Last::default(),
    };
    while let Some(header) = unpacking.header()? {
        unpacking.entry(&header)?;
    }
    Ok(unpacking.last.settle()?)
}

struct Unpacking<'a, R> {
    archive: &'a mut R,
    target: &'a Place,
    buffer: Vec<u8>,
    last: Last,
}

impl<R: Read> Unpacking<'_, R> {
    /// The next entry's header, with what extended headers say of it.
    fn header(&mut self) -> Result<Option<Header>, Stopped> {
        let mut extended = Extended::default();
        loop {
            let mut block = [0; BLOCK];
            if !self.fill(&mut block, extended.is_empty())? {
                return Ok(None);
            }
            let Some(mut header) =
                Header::decode(&block).map_err(|_| refuse("this is no tar archive"))?
            else {
                self.drain()?;
                return Ok(None);
            };
            match header.kind {
                Kind::LongName => extended.name = Some(self.text(header.size)?),
                Kind::LongLink => extended.link = Some(self.text(header.size)?),
                Kind::Extended => {
                    let text = self.text(header.size)?;
                    extended.read(&text);
                }
                Kind::Global => {
                    self.text(header.size)?;
                }
                _ => {
                    extended.apply(&mut header);
                    return Ok(Some(header));
                }
            }
        }
    }

    fn entry(&mut self, header: &Header) -> Result<(), Stopped> {
        let (place, inner) = self.place(&header.name)?;
        if header.kind != Kind::Directory || !inner.is_empty() {
            let parent = place.parent();
            fs::create_dir_all(parent.real()).map_err(|error| os_error(&error, parent.shown()))?;
        }
        match header.kind {
            Kind::Directory => {
                fs::create_dir_all(place.real())
                    .map_err(|error| os_error(&error, place.shown()))?;
                if !inner.is_empty() {
                    self.last.mode(place.real(), header.mode & 0o777);
                }
            }
            Kind::Symlink => {
                let text = String::from_utf8(header.link.clone())
                    .map_err(|_| refuse(format!("the link {} leads to no name", repr(&inner))))?;
                self.last.link(&place, &inner, text)?;
            }
            Kind::HardLink => {
                let (original, _) = self.place(&header.link)?;
                self.last.hard_link(original, place)?;
            }
            Kind::File => return self.file(&place, header),
            _ => {
                return Err(refuse(format!(
                    "{} is a pipe or a device, which are not unpacked",
                    repr(&inner)
                )));
            }
        }
        self.skip(header.size)
    }

    /// Where an entry goes; one that leaves the directory is refused.
    fn place(&self, name: &[u8]) -> Result<(Place, String), Stopped> {
        let name =
            std::str::from_utf8(name).map_err(|_| refuse("the name of an entry is not UTF-8"))?;
        let leaves = name.starts_with('/')
            || name.contains('\0')
            || name.split('/').any(|part| part == "..");
        if leaves {
            return Err(refuse(format!(
                "{} is outside of the directory",
                repr(name)
            )));
        }
        let parts: Vec<&str> = name
            .split('/')
            .filter(|part| !matches!(*part, "" | "."))
            .collect();
        let inner = parts.join("/");
        let place = if inner.is_empty() {
            self.target.clone()
        } else {
            self.target.join(&inner)
        };
        Ok((place, inner))
    }

    fn file(&mut self, place: &Place, header: &Header) -> Result<(), Stopped> {
        let refused = |error: io::Error| Stopped::Exception(os_error(&error, place.shown()));
        let mut file = open_to_write(place)?;
        file.set_len(0).map_err(refused)?;
        let mut left = header.size;
        while left > 0 {
            let length = self.chunk(left)?;
            file.write_all(self.buffer.get(..length).unwrap_or_default())
                .map_err(refused)?;
            left -= length as u64;
        }
        self.skip_padding(header.size)?;
        set_attributes(&file, header).map_err(refused)
    }

    /// Reads at most so many bytes of the archive into the buffer, and at least one.
    fn chunk(&mut self, left: u64) -> Result<usize, Stopped> {
        let wanted = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
        let room = self.buffer.get_mut(..wanted).unwrap_or_default();
        match self.archive.read(room) {
            Ok(0) => Err(refuse("the archive ends in the middle of an entry")),
            Ok(length) => Ok(length),
            Err(_) => Err(Stopped::Aborted),
        }
    }

    fn skip(&mut self, size: u64) -> Result<(), Stopped> {
        let mut left = size.saturating_add(padding(size) as u64);
        while left > 0 {
            left -= self.chunk(left)? as u64;
        }
        Ok(())
    }

    fn skip_padding(&mut self, size: u64) -> Result<(), Stopped> {
        let mut left = padding(size) as u64;
        while left > 0 {
            left -= self.chunk(left)? as u64;
        }
        Ok(())
    }

    /// What follows the end of the archive is read, so that the client can finish its request.
    fn drain(&mut self) -> Result<(), Stopped> {
        loop {
            match self.archive.read(&mut self.buffer) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(_) => return Err(Stopped::Aborted),
            }
        }
    }

    /// The text of an extended header.
    fn text(&mut self, size: u64) -> Result<Vec<u8>, Stopped> {
        if size > MAX_EXTENDED {
            return Err(refuse("a header of the archive is too long"));
        }
        let mut text = Vec::new();
        while (text.len() as u64) < size {
            let length = self.chunk(size - text.len() as u64)?;
            text.extend_from_slice(self.buffer.get(..length).unwrap_or_default());
        }
        self.skip_padding(size)?;
        Ok(text)
    }

    /// Fills a block. The archive may end in front of one, if it may end at all.
    fn fill(&mut self, block: &mut [u8; BLOCK], may_end: bool) -> Result<bool, Stopped> {
        let mut filled = 0;
        while let Some(room) = block.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.archive.read(room) {
                Ok(0) if filled == 0 && may_end => return Ok(false),
                Ok(0) => return Err(refuse("the archive ends in the middle of a header")),
                Ok(length) => filled += length,
                Err(_) => return Err(Stopped::Aborted),
            }
        }
        Ok(true)
    }
}

fn set_attributes(file: &File, header: &Header) -> io::Result<()> {
    if let Some(modified) = UNIX_EPOCH.checked_add(Duration::from_secs(header.modified)) {
        // Not every file system keeps every time.
        let _ = file.set_modified(modified);
    }
    file.set_permissions(Permissions::from_mode(header.mode & 0o777))
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

    fn apply(self, header: &mut Header) {
        let ended = |text: Vec<u8>| {
            text.split(|byte| *byte == 0)
                .next()
                .unwrap_or_default()
                .to_vec()
        };
        if let Some(name) = self.name {
            header.name = ended(name);
        }
        if let Some(link) = self.link {
            header.link = ended(link);
        }
        if let Some(size) = self.size {
            header.size = size;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::symlink, path::Path};

    use proptest::prelude::*;

    use super::*;
    use crate::tar::pack;

    fn place(path: &Path) -> Place {
        Place::new(&path.to_string_lossy(), Path::new("/")).unwrap()
    }

    fn outcome(result: Result<(), Stopped>) -> Result<(), String> {
        result.map_err(|stopped| match stopped {
            Stopped::Aborted => "aborted".to_owned(),
            Stopped::Exception(exception) => format!("{exception:?}"),
        })
    }

    #[test]
    fn a_directory_there_and_back() {
        let from = tempfile::tempdir().unwrap();
        let long = format!("{}/{}", "d".repeat(150), "f".repeat(200));
        fs::create_dir_all(from.path().join("empty")).unwrap();
        fs::create_dir(from.path().join("d".repeat(150))).unwrap();
        fs::write(from.path().join(&long), b"long").unwrap();
        fs::write(from.path().join("run.sh"), [7; 1000]).unwrap();
        fs::set_permissions(from.path().join("run.sh"), Permissions::from_mode(0o750)).unwrap();
        symlink("run.sh", from.path().join("link")).unwrap();

        let mut archive = Vec::new();
        pack(from.path(), &mut archive).unwrap();
        let to = tempfile::tempdir().unwrap();
        let target = place(&to.path().join("new"));
        assert_eq!(outcome(unpack(&mut archive.as_slice(), &target)), Ok(()));

        let there = target.real();
        assert!(there.join("empty").is_dir());
        assert_eq!(fs::read(there.join(&long)).unwrap(), b"long");
        assert_eq!(fs::read(there.join("link")).unwrap(), [7; 1000]);
        assert_eq!(
            fs::read_link(there.join("link")).unwrap(),
            Path::new("run.sh")
        );
        let mode = there
            .join("run.sh")
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o750);
    }

    #[test]
    fn nothing_leaves_the_directory() {
        let home = tempfile::tempdir().unwrap();
        for (kind, name, link) in [
            (Kind::File, "../evil", ""),
            (Kind::File, "/etc/evil", ""),
            (Kind::File, "a/../../evil", ""),
            (Kind::Symlink, "l", "/etc"),
            (Kind::Symlink, "a/l", "../../x"),
            (Kind::HardLink, "h", "../x"),
            (Kind::Other(b'3'), "device", ""),
        ] {
            let header = Header {
                name: name.as_bytes().to_vec(),
                mode: 0o644,
                size: 0,
                modified: 0,
                kind,
                link: link.as_bytes().to_vec(),
            };
            let archive = header.encode().unwrap();
            let target = place(&home.path().join("t"));
            assert!(
                unpack(&mut archive.as_slice(), &target).is_err(),
                "{name} {link}"
            );
        }
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn nobody_reads_the_other_end_of_a_pipe() {
        use rustix::fs::{FileType, Mode, mknodat};

        let home = tempfile::tempdir().unwrap();
        let pipe = home.path().join("f");
        mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
        let from = tempfile::tempdir().unwrap();
        fs::write(from.path().join("f"), b"x").unwrap();
        let mut archive = Vec::new();
        pack(from.path(), &mut archive).unwrap();
        let refusal = outcome(unpack(&mut archive.as_slice(), &place(home.path()))).unwrap_err();
        assert!(refusal.starts_with("builtins.OSError("), "{refusal}");
    }

    #[test]
    fn a_broken_archive_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let target = place(&home.path().join("t"));
        assert!(unpack(&mut &b"no archive"[..], &target).is_err());
        assert!(unpack(&mut [1; 600].as_slice(), &target).is_err());
        assert_eq!(outcome(unpack(&mut io::empty(), &target)), Ok(()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn never_panics(damage in proptest::collection::vec((0_usize..3072, any::<u8>()), 0..6)) {
            let from = tempfile::tempdir().unwrap();
            fs::write(from.path().join("f".repeat(120)), b"x").unwrap();
            let mut archive = Vec::new();
            pack(from.path(), &mut archive).unwrap();
            for (at, byte) in damage {
                if let Some(there) = archive.get_mut(at) {
                    *there = byte;
                }
            }
            let to = tempfile::tempdir().unwrap();
            let _ = unpack(&mut archive.as_slice(), &place(to.path()));
        }
    }
}
