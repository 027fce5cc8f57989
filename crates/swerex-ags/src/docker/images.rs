//! What `build` promised: ids that stand for images.

use std::{io, path::PathBuf};

use crate::private;

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
    }
}
