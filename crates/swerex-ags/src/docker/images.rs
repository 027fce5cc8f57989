//! The images that are known here: those that `build` promised an id for, and those that were pulled or run.

use std::{fs, io, path::PathBuf};

use ring::digest::{SHA256, digest};

use crate::private;

/// The id of an image of this name.
pub(super) fn id(image: &str) -> String {
    let digest = digest(&SHA256, image.as_bytes());
    let digits = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
    format!("sha256:{}", digits.collect::<String>())
}

/// Ids of built images and the images that they stand for, one file each.
#[derive(Debug)]
pub(crate) struct Images {
    directory: PathBuf,
}

impl Images {
    /// Those in a directory that only its owner can change.
    pub(crate) fn of(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Notes that `id` (`sha256:` and 64 hexadecimal digits) stands for `image`.
    pub(crate) fn remember(&self, id: &str, image: &str) -> io::Result<()> {
        let Some(path) = self.path(id) else {
            return Ok(());
        };
        private::write(&path, image.as_bytes(), private::FILE)
    }

    /// The image that `id` stands for.
    pub(crate) fn find(&self, id: &str) -> Option<String> {
        String::from_utf8(private::read(&self.path(id)?)?).ok()
    }

    /// The image of this name or id, if it was built, pulled or run from here. `NAME` is also `NAME:latest`.
    pub(crate) fn known(&self, name: &str) -> Option<String> {
        let tagged = format!("{name}:latest");
        self.find(name)
            .or_else(|| self.find(&id(name)))
            .or_else(|| self.find(&id(&tagged)))
    }

    /// Notes that an image was pulled or run.
    pub(crate) fn note(&self, image: &str) -> io::Result<()> {
        self.remember(&id(image), image)
    }

    /// All that are known, by name.
    pub(crate) fn all(&self) -> io::Result<Vec<String>> {
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let name = entry?.file_name();
            all.extend(name.to_str().and_then(|name| self.find(name)));
        }
        all.sort();
        all.dedup();
        Ok(all)
    }

    fn path(&self, id: &str) -> Option<PathBuf> {
        let digits = id.strip_prefix("sha256:").unwrap_or(id);
        let is_id = digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        is_id.then(|| self.directory.join(digits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stands_for_its_image_and_nothing_else_is_one() {
        let home = tempfile::tempdir().unwrap();
        let images = Images::of(home.path().to_owned());
        let id = format!("sha256:{}", "ab".repeat(32));
        images.remember(&id, "python:3.11").unwrap();
        assert_eq!(images.find(&id).as_deref(), Some("python:3.11"));
        assert_eq!(
            images.find(&"ab".repeat(32)).as_deref(),
            Some("python:3.11")
        );
        assert_eq!(images.find("python:3.11"), None);
        assert_eq!(images.find("../../etc/passwd"), None);
        assert_eq!(images.known("python:3.11"), None);
        images.note("python:3.11").unwrap();
        images.note("alpine:latest").unwrap();
        assert_eq!(images.known("alpine").as_deref(), Some("alpine:latest"));
        assert_eq!(images.known("alpine:3"), None);
        assert_eq!(images.all().unwrap(), ["alpine:latest", "python:3.11"]);
    }
}
