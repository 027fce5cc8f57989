//! What `--prewarm` takes: a file of images, or an image and how many sandboxes of it.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use crate::images;

/// More than any account may have at a time is a slip of the hand.
const MOST: usize = 1000;

/// What to have ready before agents come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Prewarm {
    /// The images that this file names are pre-cached.
    Cached(PathBuf),
    /// So many sandboxes of that image are started.
    Started { image: String, count: usize },
}

impl FromStr for Prewarm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = Path::new(text);
        if path.is_file() {
            return Ok(Self::Cached(path.to_owned()));
        }
        if images::is_missing_file(path) {
            return Err("there is no such file".to_owned());
        }
        let (image, count) = match text.rsplit_once('=') {
            None => (text, 1),
            Some((image, count)) => {
                let count = count
                    .parse()
                    .ok()
                    .filter(|count| (1..=MOST).contains(count));
                (
                    image,
                    count
                        .ok_or_else(|| format!("write IMAGE=COUNT with a count of 1 to {MOST}"))?,
                )
            }
        };
        if image.is_empty()
            || image.contains(|letter: char| letter.is_whitespace() || letter == '=')
        {
            return Err("an image is written as repository:tag".to_owned());
        }
        Ok(Self::Started {
            image: image.to_owned(),
            count,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_a_count_and_a_file_is_there() {
        let started = |image: &str, count| {
            Ok(Prewarm::Started {
                image: image.to_owned(),
                count,
            })
        };
        assert_eq!("python:3.11".parse(), started("python:3.11", 1));
        assert_eq!("a.b/c:1=4".parse(), started("a.b/c:1", 4));
        assert_eq!("c@sha256:00=2".parse(), started("c@sha256:00", 2));
        let file = tempfile::NamedTempFile::new().unwrap();
        let name = file.path().to_str().unwrap();
        assert_eq!(name.parse(), Ok(Prewarm::Cached(file.path().to_owned())));
        for wrong in [
            "",
            "=2",
            "a=0",
            "a=x",
            "a=1001",
            "a b",
            "a=1=2",
            "none.jsonl",
            "none.txt",
        ] {
            assert!(wrong.parse::<Prewarm>().is_err(), "{wrong}");
        }
    }
}
