//! What unpacking an archive leaves for its end: links, so that no file is written through one, and the modes of directories
//! that are closed to writing.

use std::path::{Path, PathBuf};

use crate::{exception::PyException, target::Target};

/// Bytes of names and texts that are remembered.
const MAX_REMEMBERED: usize = 64 * 1024 * 1024;

/// What the owner of a directory needs to put something into it.
const OPEN: u32 = 0o700;

/// In the order in which it is done.
#[derive(Default)]
pub(crate) struct Last {
    /// Another name for a file: the file, and the name.
    hard_links: Vec<(PathBuf, PathBuf)>,
    /// A link in its place, and what it says.
    links: Vec<(PathBuf, PathBuf)>,
    modes: Vec<(PathBuf, u32)>,
    /// Bytes of all of them.
    bytes: usize,
}

impl Last {
    /// The directory gets this mode: at once, unless that hinders what comes into it.
    pub(crate) fn mode(
        &mut self,
        target: &Target<'_>,
        inner: &Path,
        mode: u32,
    ) -> Result<(), PyException> {
        target.set_mode(inner, mode | OPEN)?;
        if mode & OPEN != OPEN {
            self.remember(inner, Path::new(""))?;
            self.modes.push((inner.to_owned(), mode));
        }
        Ok(())
    }

    /// Another name for a file that is there by then.
    pub(crate) fn hard_link(&mut self, original: &Path, inner: &Path) -> Result<(), PyException> {
        self.remember(original, inner)?;
        self.hard_links
            .push((original.to_owned(), inner.to_owned()));
        Ok(())
    }

    /// A symbolic link.
    pub(crate) fn link(&mut self, inner: &Path, text: &Path) -> Result<(), PyException> {
        self.remember(inner, text)?;
        self.links.push((inner.to_owned(), text.to_owned()));
        Ok(())
    }

    fn remember(&mut self, one: &Path, other: &Path) -> Result<(), PyException> {
        self.bytes += one.as_os_str().len() + other.as_os_str().len();
        if self.bytes > MAX_REMEMBERED {
            return Err(PyException::new(
                "builtins.ValueError",
                "the archive has too many links or closed directories",
            ));
        }
        Ok(())
    }

    /// Does it all, once all files are there. A link takes the place of a file or link of its name.
    pub(crate) fn settle(mut self, target: &Target<'_>) -> Result<(), PyException> {
        for (original, inner) in &self.hard_links {
            target.hard_link(original, inner)?;
        }
        for (inner, text) in &self.links {
            target.symlink(inner, text)?;
        }
        // Those below others first.
        self.modes.sort_by(|one, other| other.cmp(one));
        for (inner, mode) in &self.modes {
            target.set_mode(inner, *mode)?;
        }
        Ok(())
    }
}

/// Whether a link of this name below a directory leads to something in it, by its letters: it may climb no higher than that, and only at its
/// beginning, so that no other link can lead it astray.
pub(crate) fn stays_inside(inner: &str, text: &str) -> bool {
    if text.is_empty() || text.starts_with('/') || text.contains('\0') {
        return false;
    }
    let depth = inner.split('/').count() - 1;
    let parts: Vec<&str> = text
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    let climbs = parts.iter().take_while(|part| **part == "..").count();
    climbs <= depth && !parts.iter().skip(climbs).any(|part| *part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_inside() {
        assert!(stays_inside("l", "real"));
        assert!(stays_inside("a/b/l", "../../c"));
        assert!(stays_inside("a/l", ".."));
        assert!(!stays_inside("l", ".."));
        assert!(!stays_inside("a/l", "../../etc"));
        assert!(!stays_inside("l", "/etc/passwd"));
        assert!(!stays_inside("a/l", "b/../../../etc"));
        assert!(!stays_inside("l", ""));
    }

    #[test]
    fn links_are_bounded() {
        let mut last = Last::default();
        let text = PathBuf::from("x".repeat(MAX_REMEMBERED / 2));
        assert_eq!(last.link(Path::new("l"), &text), Ok(()));
        assert!(last.link(Path::new("l"), &text).is_err());
    }
}
