//! What `build` promised: ids that stand for images.

use std::{fs, io, path::PathBuf};

/// Ids of built images and the images that they stand for, one file each.
#[derive(Debug)]
pub(crate) struct Images {
    directory: PathBuf,
}

impl Images {
    pub(crate) fn open(directory: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&directory)?;
        Ok(Self { directory })
    }

    /// Notes that `id` (`sha256:` and 64 hexadecimal digits) stands for `image`.
    pub(crate) fn remember(&self, id: &str, image: &str) -> io::Result<()> {
        let Some(path) = self.path(id) else {
            return Ok(());
        };
        let half = path.with_extension(std::process::id().to_string());
        fs::write(&half, image)?;
        fs::rename(half, path)
    }

    /// The image that `id` stands for.
    pub(crate) fn find(&self, id: &str) -> Option<String> {
        fs::read_to_string(self.path(id)?).ok()
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
        let images = Images::open(home.path().join("images")).unwrap();
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
