//! A directory of 500 files with odd names and all kinds of permission bits, and whether a copy of it is right.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The files of a tree, as they should arrive.
pub(crate) struct Tree {
    root: PathBuf,
    files: Vec<(String, u32)>,
}

impl Tree {
    /// Makes the tree, with an empty directory in it.
    pub(crate) fn new(root: PathBuf) -> Self {
        let file = |number: usize| {
            let name = format!("d{}/e {}/f'{number}.txt", number % 7, number % 3);
            (name, [0o644, 0o755, 0o600, 0o444][number % 4])
        };
        let files: Vec<(String, u32)> = (0..500).map(file).collect();
        for (name, mode) in &files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, name).unwrap();
            set_modified(&path, u64::from(*mode));
            set_mode(&path, *mode);
        }
        fs::create_dir(root.join("empty")).unwrap();
        set_mode(&root.join("empty"), 0o700);
        Self { root, files }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Asserts that everything is there, with its content, permission bits and times.
    pub(crate) fn assert_arrived(&self, there: &Path) {
        for (name, bits) in &self.files {
            let path = there.join(name);
            assert_eq!(&fs::read_to_string(&path).unwrap(), name);
            assert_eq!(mode(&path), *bits, "{name}");
            assert_eq!(modified(&path), time(u64::from(*bits)), "{name}");
        }
        assert_eq!(mode(&there.join("empty")), 0o700);
    }
}

pub(crate) fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub(crate) fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

/// Sets a time, so many seconds after a certain one.
pub(crate) fn set_modified(path: &Path, seconds: u64) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(time(seconds)).unwrap();
}

pub(crate) fn time(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000_000_000 + seconds)
}

/// Twenty megabytes that no compression makes small.
pub(crate) fn large() -> Vec<u8> {
    (0..20_u32 << 20)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

/// A directory of the kernel's in which even root cannot read everything; and what of it.
#[cfg(target_os = "linux")]
pub(crate) fn partly_readable() -> Option<(&'static Path, Vec<PathBuf>)> {
    let root = Path::new("/proc/sys/vm");
    let names = fs::read_dir(root).ok()?.map(|entry| entry.unwrap());
    let mut unreadable: Vec<PathBuf> = names
        .filter(|entry| fs::read(entry.path()).is_err())
        .map(|entry| entry.file_name().into())
        .collect();
    unreadable.sort();
    (!unreadable.is_empty()).then_some((root, unreadable))
}
