//! Where the links of a download lead.

use std::{
    ffi::OsString,
    fs,
    path::{Component, Path, PathBuf},
};

use cap_std::fs::Dir;

/// Whether a link at this depth below a directory leads out of it by its letters.
pub(crate) fn climbs_out(depth: usize, text: &Path) -> bool {
    let mut depth = depth;
    for component in text.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return true,
        }
    }
    false
}

/// The directory as it will be: what has been unpacked, over what was there.
pub(crate) struct Union<'a> {
    pub(crate) tree: &'a Path,
    /// What is there, if anything is.
    pub(crate) target: Option<&'a Dir>,
}

impl Union<'_> {
    /// Whether the link `inner`, whose parents are directories and no links, leads out of the directory, or may come to.
    ///
    /// Links that have been unpacked are looked at one by one, so none leads astray those that go on through it. One that was there before is
    /// followed. What `..` follows must be a directory and no link, now and not only by chance: otherwise somebody could put a link there later.
    pub(crate) fn leads_out(&self, inner: &Path, text: &Path) -> bool {
        let parents = inner.parent().into_iter().flat_map(Path::components);
        let mut at: Vec<OsString> = parents
            .map(|component| component.as_os_str().to_owned())
            .collect();
        if climbs_out(at.len(), text) {
            return true;
        }
        let components: Vec<Component<'_>> = text.components().collect();
        for (number, component) in components.iter().enumerate() {
            match component {
                Component::Normal(part) => at.push((*part).to_owned()),
                Component::ParentDir => {
                    if at.pop().is_none() {
                        return true;
                    }
                    continue;
                }
                Component::CurDir => continue,
                Component::RootDir | Component::Prefix(_) => return true,
            }
            let rest = components.get(number + 1..).unwrap_or_default();
            let climbs_later = rest.contains(&Component::ParentDir);
            let path: PathBuf = at.iter().collect();
            let staged = fs::symlink_metadata(self.tree.join(&path));
            if let Ok(staged) = staged {
                match staged.is_dir() {
                    true => continue,
                    false => return climbs_later,
                }
            }
            let there = self
                .target
                .and_then(|target| target.symlink_metadata(&path).ok());
            if there.is_some_and(|there| there.is_dir()) {
                continue;
            }
            return climbs_later || self.is_led_out(&path);
        }
        false
    }

    /// Whether a link that was there before leads out.
    fn is_led_out(&self, path: &Path) -> bool {
        let Some(target) = self.target else {
            return false;
        };
        match target.metadata(path) {
            // The one refusal that is not the system's.
            Err(error) => {
                error.kind() == std::io::ErrorKind::PermissionDenied
                    && error.raw_os_error().is_none()
            }
            Ok(_) => false,
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use cap_std::ambient_authority;

    use super::*;

    #[test]
    fn by_their_letters() {
        let out = |depth, text: &str| climbs_out(depth, Path::new(text));
        assert!(out(0, "/etc") && out(0, "..") && out(1, "../../x") && out(0, "a/../../x"));
        assert!(!out(0, "a") && !out(1, "../x") && !out(0, "a/../x") && !out(2, "../.."));
    }

    #[test]
    fn by_way_of_other_links() {
        let home = tempfile::tempdir().unwrap();
        let (tree, there) = (home.path().join("tree"), home.path().join("there"));
        for directory in [&tree, &there] {
            fs::create_dir_all(directory.join("real/deep")).unwrap();
        }
        symlink(".", tree.join("here")).unwrap();
        symlink("real/deep", tree.join("down")).unwrap();
        symlink("..", there.join("old")).unwrap();
        symlink("/etc", there.join("absolute")).unwrap();
        symlink("real", there.join("stays")).unwrap();
        symlink("/etc", there.join("replaced")).unwrap();
        fs::write(tree.join("replaced"), "").unwrap();
        let target = Dir::open_ambient_dir(&there, ambient_authority()).unwrap();
        let merged = Union {
            tree: &tree,
            target: Some(&target),
        };
        let fresh = Union {
            tree: &tree,
            target: None,
        };
        for out in [
            "here/../x",
            "down/../../../x",
            "nowhere/../x",
            "real/nowhere/../../x",
        ] {
            assert!(fresh.leads_out(Path::new("l"), Path::new(out)), "{out}");
        }
        for out in ["old", "old/x", "absolute", "real/../old/x"] {
            assert!(merged.leads_out(Path::new("l"), Path::new(out)), "{out}");
        }
        for inside in ["real", "real/../x", "real/deep/../..", "nowhere", "down/x"] {
            assert!(
                !fresh.leads_out(Path::new("l"), Path::new(inside)),
                "{inside}"
            );
        }
        for inside in ["stays", "stays/x", "replaced", "here/real"] {
            assert!(
                !merged.leads_out(Path::new("l"), Path::new(inside)),
                "{inside}"
            );
        }
        assert!(!merged.leads_out(Path::new("real/l"), Path::new("../stays")));
        assert!(merged.leads_out(Path::new("real/l"), Path::new("../old")));
    }
}
