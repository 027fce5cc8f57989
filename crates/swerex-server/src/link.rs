//! Symbolic links that stay inside.

use std::{fs, os::unix::fs::symlink};

use crate::{
    exception::PyException,
    files::{Place, os_error},
    pyrepr::repr,
};

/// A link that may be made.
pub(crate) struct Link {
    place: Place,
    text: String,
}

impl Link {
    /// `inner` is the name below the target; the link may climb no higher than that, and only at its beginning, so that no
    /// other link can lead it astray.
    pub(crate) fn checked(place: &Place, inner: &str, text: String) -> Result<Self, PyException> {
        if stays_inside(inner, &text) {
            return Ok(Self {
                place: place.clone(),
                text,
            });
        }
        Err(PyException::new(
            "builtins.ValueError",
            format!(
                "the link {} leads to {}, which is outside of the target",
                repr(inner),
                repr(&text)
            ),
        ))
    }

    /// In the place of a file or link of that name. Called once all files are there, so that none is written through it.
    pub(crate) fn make(&self) -> Result<(), PyException> {
        let path = self.place.real();
        let refused = |error| os_error(&error, self.place.shown());
        if path.symlink_metadata().is_ok_and(|there| !there.is_dir()) {
            fs::remove_file(path).map_err(refused)?;
        }
        symlink(&self.text, path).map_err(refused)
    }
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
    use super::stays_inside;

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
}
