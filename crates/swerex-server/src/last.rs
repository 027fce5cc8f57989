//! What unpacking an archive leaves for its end: links, so that no file is written through one, and the modes of directories,
//! which may be closed to writing.

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use crate::{
    exception::PyException,
    files::{Place, os_error},
    pyrepr::repr,
};

/// Bytes of names and texts of links that are remembered.
const MAX_LINKS: usize = 64 * 1024 * 1024;

/// In the order in which it is done.
#[derive(Default)]
pub(crate) struct Last {
    /// Another name for a file, in its place.
    hard_links: Vec<(Place, Place)>,
    /// A link in its place, and what it says.
    links: Vec<(Place, String)>,
    modes: BTreeMap<PathBuf, u32>,
    /// Bytes of the links.
    bytes: usize,
}

impl Last {
    /// The directory gets this mode.
    pub(crate) fn mode(&mut self, directory: &Path, mode: u32) {
        self.modes.insert(directory.to_owned(), mode);
    }

    /// Another name for a file that is there by then.
    pub(crate) fn hard_link(&mut self, original: Place, place: Place) -> Result<(), PyException> {
        self.remember(original.shown().len() + place.shown().len())?;
        self.hard_links.push((original, place));
        Ok(())
    }

    /// A symbolic link; `inner` is its name below the target. It may climb no higher than that, and only at its beginning, so
    /// that no other link can lead it astray.
    pub(crate) fn link(
        &mut self,
        place: &Place,
        inner: &str,
        text: String,
    ) -> Result<(), PyException> {
        if !stays_inside(inner, &text) {
            return Err(refuse(format!(
                "the link {} leads to {}, which is outside of the target",
                repr(inner),
                repr(&text)
            )));
        }
        self.remember(place.shown().len() + text.len())?;
        self.links.push((place.clone(), text));
        Ok(())
    }

    fn remember(&mut self, bytes: usize) -> Result<(), PyException> {
        self.bytes += bytes;
        if self.bytes > MAX_LINKS {
            return Err(refuse("the archive has too many links".to_owned()));
        }
        Ok(())
    }

    /// Does it all, once all files are there. A link takes the place of a file or link of its name.
    pub(crate) fn settle(self) -> Result<(), PyException> {
        for (original, place) in &self.hard_links {
            make_room(place)?;
            fs::hard_link(original.real(), place.real())
                .map_err(|error| os_error(&error, place.shown()))?;
        }
        for (place, text) in &self.links {
            make_room(place)?;
            symlink(text, place.real()).map_err(|error| os_error(&error, place.shown()))?;
        }
        // Those below others first.
        for (path, mode) in self.modes.iter().rev() {
            fs::set_permissions(path, Permissions::from_mode(*mode))
                .map_err(|error| os_error(&error, &path.to_string_lossy()))?;
        }
        Ok(())
    }
}

fn make_room(place: &Place) -> Result<(), PyException> {
    let path = place.real();
    if path.symlink_metadata().is_ok_and(|there| !there.is_dir()) {
        fs::remove_file(path).map_err(|error| os_error(&error, place.shown()))?;
    }
    Ok(())
}

fn refuse(message: String) -> PyException {
    PyException::new("builtins.ValueError", message)
}

fn stays_inside(inner: &str, text: &str) -> bool {
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
        let place = Place::new("l", Path::new("/")).unwrap();
        let mut last = Last::default();
        let text = "x".repeat(MAX_LINKS / 2);
        assert_eq!(last.link(&place, "l", text.clone()), Ok(()));
        assert!(last.link(&place, "l", text).is_err());
    }
}
