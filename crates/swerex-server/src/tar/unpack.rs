//! An archive, unpacked into a directory as it arrives.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, Permissions},
    io::{self, Read, Write},
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::PermissionsExt,
    },
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use swerex_archive::{Broken, Entry, Kind, Reader, Sparse};

use crate::{
    exception::PyException,
    files::{Place, os_error, shown},
    last::Last,
    native::Stopped,
    pyrepr::repr,
    target::Target,
};

/// Bytes that are unpacked at a time.
const CHUNK: usize = 64 * 1024;

fn refuse(message: impl Into<String>) -> Stopped {
    Stopped::Exception(PyException::new("builtins.ValueError", message.into()))
}

/// Unpacks into a directory, which is made if it is missing. Modes and times are kept, owners are not. Links are made as they are, wherever they
/// lead, but nothing is written through one that leads out of the directory. Entries that would leave it end the unpacking; what was unpacked
/// before stays.
pub(crate) fn unpack(archive: &mut impl Read, target: &Place) -> Result<(), Stopped> {
    fs::create_dir_all(target.real()).map_err(|error| os_error(&error, target.shown()))?;
    let target = Target::open(target)?;
    let mut unpacking = Unpacking {
        archive: Reader::new(archive),
        buffer: vec![0; CHUNK],
        last: Last::default(),
        target: &target,
    };
    while let Some(entry) = unpacking.archive.next_entry().map_err(broken)? {
        unpacking.entry(&entry)?;
    }
    Ok(unpacking.last.settle(&target)?)
}

fn broken(broken: Broken) -> Stopped {
    match broken {
        Broken::Archive(what) => refuse(what),
        _ => Stopped::Aborted,
    }
}

struct Unpacking<'a, R> {
    archive: Reader<R>,
    target: &'a Target<'a>,
    buffer: Vec<u8>,
    last: Last,
}

impl<R: Read> Unpacking<'_, R> {
    fn entry(&mut self, entry: &Entry) -> Result<(), Stopped> {
        let inner = inside(&entry.name)?;
        let is_target = inner.as_os_str().is_empty();
        if let Some(parent) = inner.parent() {
            self.target.make_all(parent)?;
        }
        match entry.kind {
            Kind::Directory => {
                self.target.make_directory(&inner)?;
                // The target itself is the client's, not the archive's.
                if !is_target {
                    self.last.mode(self.target, &inner, entry.mode & 0o777)?;
                }
            }
            _ if is_target => return Err(refuse("the target is a directory")),
            Kind::Symlink => {
                let text = OsString::from_vec(entry.link.clone());
                if text.is_empty() {
                    return Err(refuse(format!("the link {} leads nowhere", named(&inner))));
                }
                self.last.link(&inner, Path::new(&text))?;
            }
            Kind::HardLink => self.last.hard_link(&inside(&entry.link)?, &inner)?,
            Kind::File => self.file(&inner, entry)?,
            _ => {
                return Err(refuse(format!(
                    "{} is a pipe or a device, which are not unpacked",
                    named(&inner)
                )));
            }
        }
        Ok(())
    }

    fn file(&mut self, inner: &Path, entry: &Entry) -> Result<(), Stopped> {
        let target = self.target;
        let refused = |error: io::Error| Stopped::Exception(os_error(&error, &target.shown(inner)));
        target.make_room_for_file(inner)?;
        let mut file = Sparse::new(target.file(inner)?).map_err(refused)?;
        loop {
            let length = match self.archive.read(&mut self.buffer) {
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(refuse(error.to_string()));
                }
                Err(_) => return Err(Stopped::Aborted),
            };
            let Some(chunk) = self.buffer.get(..length).filter(|chunk| !chunk.is_empty()) else {
                break;
            };
            file.write_all(chunk).map_err(refused)?;
        }
        let file = file.finish().map_err(refused)?;
        set_attributes(&file, entry).map_err(refused)
    }
}

/// Where an entry goes, below the directory; one that leaves it is refused.
fn inside(name: &[u8]) -> Result<PathBuf, Stopped> {
    let mut parts = name.split(|byte| *byte == b'/');
    if name.starts_with(b"/") || name.contains(&0) || parts.any(|part| part == b"..") {
        return Err(refuse(format!(
            "{} is outside of the directory",
            repr(&shown(name))
        )));
    }
    let parts = name.split(|byte| *byte == b'/');
    Ok(parts
        .filter(|part| !part.is_empty() && *part != b".")
        .map(OsStr::from_bytes)
        .collect())
}

fn named(inner: &Path) -> String {
    repr(&shown(inner.as_os_str().as_bytes()))
}

fn set_attributes(file: &File, entry: &Entry) -> io::Result<()> {
    if let Some(modified) = UNIX_EPOCH.checked_add(Duration::from_secs(entry.modified)) {
        // Not every file system keeps every time.
        let _ = file.set_modified(modified);
    }
    file.set_permissions(Permissions::from_mode(entry.mode & 0o777))
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::symlink, path::Path};

    use proptest::prelude::*;

    use swerex_archive::Writer;

    use super::*;
    use crate::tar::Unreadable;

    fn pack(directory: &Path, out: Vec<u8>) -> io::Result<Vec<u8>> {
        crate::tar::pack(directory, Unreadable::Fails, out)
    }

    fn place(path: &Path) -> Place {
        Place::new(&path.to_string_lossy(), Path::new("/")).unwrap()
    }

    fn outcome(result: Result<(), Stopped>) -> Result<(), String> {
        result.map_err(|stopped| match stopped {
            Stopped::Aborted => "aborted".to_owned(),
            Stopped::Exception(exception) => format!("{exception:?}"),
        })
    }

    fn archive(entries: &[(Kind, &str, &str)]) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new());
        for (kind, name, link) in entries {
            let entry = Entry {
                name: name.as_bytes().to_vec(),
                mode: 0o644,
                size: 0,
                modified: 0,
                kind: *kind,
                link: link.as_bytes().to_vec(),
            };
            writer.entry(&entry).unwrap();
        }
        writer.finish().unwrap()
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
        symlink("/nowhere/at all", from.path().join("outer")).unwrap();
        let odd = OsStr::from_bytes(b"na\xffme");
        fs::create_dir(from.path().join(odd)).unwrap();
        symlink(odd, from.path().join(odd).join(odd)).unwrap();
        fs::set_permissions(from.path().join("empty"), Permissions::from_mode(0o500)).unwrap();

        let archive = pack(from.path(), Vec::new()).unwrap();
        let to = tempfile::tempdir().unwrap();
        let target = place(&to.path().join("new"));
        assert_eq!(outcome(unpack(&mut archive.as_slice(), &target)), Ok(()));

        let there = target.real();
        let empty = there.join("empty").metadata().unwrap();
        assert_eq!(
            (empty.is_dir(), empty.permissions().mode() & 0o777),
            (true, 0o500)
        );
        let link = |name: &Path| fs::read_link(there.join(name)).unwrap();
        assert_eq!(link(Path::new("outer")), Path::new("/nowhere/at all"));
        assert_eq!(link(&Path::new(odd).join(odd)), Path::new(odd));
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
            (Kind::HardLink, "h", "../x"),
            (Kind::Other(b'3'), "device", ""),
        ] {
            let archive = archive(&[(kind, name, link)]);
            let target = place(&home.path().join("t"));
            assert!(
                unpack(&mut archive.as_slice(), &target).is_err(),
                "{name} {link}"
            );
        }
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn nothing_is_written_through_a_link_that_leads_out() {
        let home = tempfile::tempdir().unwrap();
        let (outside, target) = (home.path().join("outside"), home.path().join("t"));
        fs::create_dir_all(target.join("inner")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("key"), b"mine").unwrap();
        symlink(&outside, target.join("absolute")).unwrap();
        symlink("../outside", target.join("relative")).unwrap();
        symlink("relative", target.join("chain")).unwrap();
        symlink("inner", target.join("stays")).unwrap();
        for name in ["absolute/key", "relative/key", "chain/key", "chain/new/er"] {
            for kind in [Kind::File, Kind::Directory] {
                let refusal = outcome(unpack(
                    &mut archive(&[(kind, name, "")]).as_slice(),
                    &place(&target),
                ));
                let refusal = refusal.unwrap_err();
                assert!(refusal.contains("leads out of it"), "{name}: {refusal}");
            }
        }
        let linked = archive(&[(Kind::HardLink, "stolen", "chain/key")]);
        assert!(unpack(&mut linked.as_slice(), &place(&target)).is_err());
        // A link of the archive comes last, so a directory stands in its place.
        let both = archive(&[
            (Kind::Symlink, "made", "../outside"),
            (Kind::File, "made/key", ""),
        ]);
        assert!(unpack(&mut both.as_slice(), &place(&target)).is_err());
        // One at the end of a name is replaced.
        symlink("../outside/key", target.join("at the end")).unwrap();
        let replaced = archive(&[(Kind::File, "at the end", ""), (Kind::File, "stays/f", "")]);
        assert_eq!(
            outcome(unpack(&mut replaced.as_slice(), &place(&target))),
            Ok(())
        );
        assert!(!target.join("at the end").is_symlink() && target.join("inner/f").is_file());
        assert_eq!(fs::read(outside.join("key")).unwrap(), b"mine");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    }

    #[test]
    fn nobody_reads_the_other_end_of_a_pipe() {
        use rustix::fs::{FileType, Mode, mknodat};

        let home = tempfile::tempdir().unwrap();
        let pipe = home.path().join("f");
        mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
        let from = tempfile::tempdir().unwrap();
        fs::write(from.path().join("f"), b"x").unwrap();
        let archive = pack(from.path(), Vec::new()).unwrap();
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
            let mut archive = pack(from.path(), Vec::new()).unwrap();
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
