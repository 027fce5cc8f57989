//! Paths as `pathlib` normalizes and shows them.

use std::{
    ffi::OsStr,
    fmt::Write as _,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use rustix::io::Errno;

use crate::exception::PyException;

/// What the kernel takes for no path: its `PATH_MAX`.
pub(crate) const TOO_LONG: usize = 4096;

/// A path: as messages show it, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    shown: String,
    real: PathBuf,
}

impl Place {
    /// Relative paths start at `cwd`; `~` is a name like any other.
    pub(crate) fn new(path: &str, cwd: &Path) -> Result<Self, PyException> {
        Self::of_bytes(path.as_bytes(), cwd)
    }

    /// As [`new`](Self::new); the name of a file need not be text.
    pub(crate) fn of_bytes(path: &[u8], cwd: &Path) -> Result<Self, PyException> {
        if path.contains(&0) {
            return Err(PyException::new(
                "builtins.ValueError",
                "embedded null byte",
            ));
        }
        let path = normalized(path)
            .map_err(|errno| PyException::os(&errno.into(), &String::from_utf8_lossy(path)))?;
        Ok(Self {
            shown: shown(&path),
            real: cwd.join(OsStr::from_bytes(&path)),
        })
    }

    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    pub(crate) fn real(&self) -> &Path {
        &self.real
    }

    /// The directory it is in; a root is its own.
    pub(crate) fn parent(&self) -> Self {
        let name_at = self.shown.rfind('/').map_or(0, |slash| slash + 1);
        let name = self.shown.get(name_at..).unwrap_or_default();
        if name.is_empty() || self.shown == "." {
            return self.clone();
        }
        let before = self.shown.get(..name_at).unwrap_or_default();
        let above = if before.chars().all(|letter| letter == '/') {
            before
        } else {
            before.trim_end_matches('/')
        };
        let shown = if above.is_empty() { "." } else { above }.to_owned();
        // The path from which a relative one starts stays in front of it.
        let real = self.real.parent().unwrap_or(&self.real).to_owned();
        Self { shown, real }
    }

    /// A path below this one.
    pub(crate) fn join(&self, inner: &Path) -> Self {
        let below = shown(inner.as_os_str().as_bytes());
        let shown = match self.shown.as_str() {
            "." => below,
            shown => format!("{}/{below}", shown.trim_end_matches('/')),
        };
        Self {
            shown,
            real: self.real.join(inner),
        }
    }
}

/// Empty parts and `.` vanish, `..` stays, exactly two leading slashes stay two.
fn normalized(path: &[u8]) -> Result<Vec<u8>, Errno> {
    let slashes = path.iter().take_while(|byte| **byte == b'/').count();
    let root: &[u8] = match slashes {
        0 => b"",
        2 => b"//",
        _ => b"/",
    };
    let mut normal = root.to_vec();
    for part in path.split(|byte| *byte == b'/') {
        if part.is_empty() || part == b"." {
            continue;
        }
        if normal.len() > root.len() {
            normal.push(b'/');
        }
        normal.extend_from_slice(part);
        if normal.len() >= TOO_LONG {
            return Err(Errno::NAMETOOLONG);
        }
    }
    if normal.is_empty() {
        normal.push(b'.');
    }
    Ok(normal)
}

/// Bytes as text: those that are none as `\xff`.
pub(crate) fn shown(path: &[u8]) -> String {
    let mut text = String::new();
    for chunk in path.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(path: &str) -> Place {
        Place::new(path, Path::new("/base")).unwrap()
    }

    #[test]
    fn shown_as_pathlib_shows_them() {
        for (given, shown) in [
            ("", "."),
            ("./a//b/", "a/b"),
            ("/tmp//x/../y", "/tmp/x/../y"),
            ("//net/x", "//net/x"),
            ("///net", "/net"),
            ("/", "/"),
            ("a/./b", "a/b"),
            ("~/x", "~/x"),
            (".", "."),
        ] {
            assert_eq!(place(given).shown(), shown, "{given}");
        }
    }

    #[test]
    fn parents() {
        for (given, shown, real) in [
            ("/a/b", "/a", "/a"),
            ("/a", "/", "/"),
            ("/", "/", "/"),
            ("a", ".", "/base"),
            ("a/b/c", "a/b", "/base/a/b"),
            ("../x", "..", "/base/.."),
            (".", ".", "/base/."),
        ] {
            let parent = place(given).parent();
            assert_eq!(parent.shown(), shown, "{given}");
            assert_eq!(parent.real(), Path::new(real), "{given}");
        }
    }

    #[test]
    fn parents_of_what_is_below() {
        for given in [".", "x", "/", "/x", "..", "x/../y"] {
            let inner = place(given).join(Path::new("d/f")).parent();
            assert_eq!(inner, place(given).join(Path::new("d")), "{given}");
            assert_eq!(inner.parent().real(), place(given).real(), "{given}");
        }
        assert_eq!(place(".").join(Path::new("d/f")).shown(), "d/f");
    }

    #[test]
    fn names_need_not_be_text() {
        let place = Place::of_bytes(b"./a//na\xffme/", Path::new("/base")).unwrap();
        assert_eq!(place.real().as_os_str().as_bytes(), b"/base/a/na\xffme");
        assert_eq!(place.shown(), "a/na\\xffme");
        assert_eq!(place.parent().real(), Path::new("/base/a"));
    }

    #[test]
    fn what_no_path_is_as_long_as() {
        let refused = |path: &str| Place::new(path, Path::new("/")).unwrap_err();
        let long = "a/".repeat(1 << 20);
        assert!(
            refused(&long)
                .message()
                .starts_with("[Errno 36] File name too long: 'a/a/")
        );
        assert!(refused(&long).message().len() < 5000);
        assert_eq!(place(&format!("x{}", "/.".repeat(1 << 20))).shown(), "x");
        assert!(Place::new(&"x".repeat(4095), Path::new("/")).is_ok());
    }

    #[test]
    fn no_null_bytes() {
        assert!(Place::new("a\0b", Path::new("/")).is_err());
    }
}
