//! What an end of a copy is.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use crate::report::Failure;

/// An end of a copy.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    Here(PathBuf),
    Stream,
    In { id: String, path: OsString },
}

impl Place {
    pub(super) fn of(text: &OsStr) -> Result<Self, Failure> {
        let is_id = |id: &str| {
            // A single letter is a drive.
            id.len() > 1
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if text.is_empty() {
            return Err(Failure::usage("a place to copy from or to is empty"));
        }
        if text == "-" {
            return Ok(Self::Stream);
        }
        match split_once(text) {
            Some((id, path)) if is_id(&id) && path.is_empty() => Err(Failure::usage(format!(
                "`{}` has no path; write {id}:/some/path",
                text.display()
            ))),
            Some((id, path)) if is_id(&id) => Ok(Self::In { id, path }),
            _ => Ok(Self::Here(PathBuf::from(text))),
        }
    }
}

/// What is in front of the first colon, if that is text, and what is behind it, which need not be.
#[cfg(unix)]
fn split_once(text: &OsStr) -> Option<(String, OsString)> {
    use std::os::unix::ffi::OsStrExt as _;

    let bytes = text.as_bytes();
    let colon = bytes.iter().position(|byte| *byte == b':')?;
    let id = std::str::from_utf8(bytes.get(..colon)?).ok()?;
    let path = OsStr::from_bytes(bytes.get(colon + 1..)?);
    Some((id.to_owned(), path.to_owned()))
}

#[cfg(not(unix))]
fn split_once(text: &OsStr) -> Option<(String, OsString)> {
    let (id, path) = text.to_str()?.split_once(':')?;
    Some((id.to_owned(), path.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Result<Place, Failure> {
        Place::of(OsStr::new(text))
    }

    #[test]
    fn which_end_is_in_a_sandbox() {
        let inside = |id: &str, path: &str| {
            Ok(Place::In {
                id: id.to_owned(),
                path: path.into(),
            })
        };
        assert_eq!(place("3f9c:/a:b"), inside("3f9c", "/a:b"));
        assert_eq!(place("3f9c:a"), inside("3f9c", "a"));
        for here in ["a", "./a:b", "/x/y:z", "C:\\x", "C:/x", "a b:c"] {
            assert_eq!(place(here), Ok(Place::Here(PathBuf::from(here))), "{here}");
        }
        assert_eq!(place("-"), Ok(Place::Stream));
        assert!(place("3f9c:").is_err() && place("").is_err());
    }

    #[test]
    #[cfg(unix)]
    fn names_need_not_be_text() {
        use std::os::unix::ffi::OsStrExt as _;

        let odd = OsStr::from_bytes(b"3f9c:/na\xffme");
        let path = OsStr::from_bytes(b"/na\xffme").to_owned();
        let id = "3f9c".to_owned();
        assert_eq!(Place::of(odd), Ok(Place::In { id, path }));
        let odd = OsStr::from_bytes(b"na\xffme");
        assert_eq!(Place::of(odd), Ok(Place::Here(PathBuf::from(odd))));
    }
}
