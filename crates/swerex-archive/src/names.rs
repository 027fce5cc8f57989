//! Files with several names: the content goes into an archive once.

use std::{collections::HashMap, fs::Metadata};

/// Bytes of names that are remembered; files beyond that are packed as often as they have names.
const MAX_REMEMBERED: usize = 64 << 20;

/// The names under which files with several names are in an archive already.
#[derive(Debug, Default)]
pub struct FirstNames {
    names: HashMap<Identity, Vec<u8>>,
    bytes: usize,
}

/// Disk, number, size and time: a file that has changed since is another one.
type Identity = (u64, u64, u64, (i64, i64));

impl FirstNames {
    /// The name of the same file that is in the archive.
    pub fn of(&self, metadata: &Metadata) -> Option<&[u8]> {
        let identity = identity(metadata)?;
        self.names.get(&identity).map(Vec::as_slice)
    }

    /// This file is in the archive by this name now.
    pub fn remember(&mut self, metadata: &Metadata, name: &[u8]) {
        let Some(identity) = identity(metadata) else {
            return;
        };
        let bytes = self.bytes + name.len() + size_of::<(Identity, Vec<u8>)>();
        if bytes <= MAX_REMEMBERED {
            self.bytes = bytes;
            self.names.insert(identity, name.to_vec());
        }
    }
}

/// `None`: it has no other name.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;

    let time = (metadata.mtime(), metadata.mtime_nsec());
    (metadata.is_file() && metadata.nlink() > 1)
        .then(|| (metadata.dev(), metadata.ino(), metadata.len(), time))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<Identity> {
    None
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_files_with_several_names_are_remembered() {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        fs::write(path("one"), "x").unwrap();
        fs::write(path("lone"), "x").unwrap();
        fs::hard_link(path("one"), path("other")).unwrap();
        let metadata = |name: &str| fs::metadata(path(name)).unwrap();
        let mut names = FirstNames::default();
        assert_eq!(names.of(&metadata("one")), None);
        names.remember(&metadata("one"), b"one");
        names.remember(&metadata("lone"), b"lone");
        assert_eq!(names.of(&metadata("other")), Some(&b"one"[..]));
        assert_eq!(names.of(&metadata("lone")), None);
        fs::write(path("one"), "changed").unwrap();
        assert_eq!(names.of(&metadata("other")), None);
    }
}
