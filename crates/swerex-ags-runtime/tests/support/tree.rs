//! A directory of 500 files with odd names and all kinds of permission bits, and whether a copy of it is right.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
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
            set_mode(&path, *mode);
        }
        fs::create_dir(root.join("empty")).unwrap();
        set_mode(&root.join("empty"), 0o700);
        Self { root, files }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Asserts that everything is there, with its content and permission bits.
    pub(crate) fn assert_arrived(&self, there: &Path) {
        for (name, bits) in &self.files {
            let path = there.join(name);
            assert_eq!(&fs::read_to_string(&path).unwrap(), name);
            assert_eq!(mode(&path), *bits, "{name}");
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

/// Twenty megabytes that no compression makes small.
pub(crate) fn large() -> Vec<u8> {
    (0..20_u32 << 20)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}
