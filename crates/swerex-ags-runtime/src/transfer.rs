//! What a transfer may do, and what it did.

use std::{fmt, path::PathBuf};

/// How many bytes a download may bring by default: 64 GiB. A sandbox can send without end.
pub const DEFAULT_MAX_BYTES: u64 = 64 << 30;

/// How many entries a downloaded directory may have by default.
pub const DEFAULT_MAX_ENTRIES: u64 = 2_000_000;

/// How many entries that were left out are named; of more it is known how many they are.
pub const MAX_NAMED: usize = 1_000;

/// What a download may do. A sandbox is not trusted: nothing that it sends is written outside of the target, and no link that leads out of it
/// is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DownloadOptions {
    /// Whether something that cannot be brought as it is ends the download, with nothing written, instead of being left out. Default: false.
    pub strict: bool,
    /// Whether a target that is a link stays one, and what it leads to is written. Default: false, a file takes the link's place, and a directory
    /// is refused.
    pub follow_link: bool,
    /// The most bytes: of a file, or of a directory as an archive. Default: [`DEFAULT_MAX_BYTES`].
    pub max_bytes: u64,
    /// The most entries of a directory. Default: [`DEFAULT_MAX_ENTRIES`].
    pub max_entries: u64,
}

impl Default for DownloadOptions {
    fn default() -> Self {
        Self {
            strict: false,
            follow_link: false,
            max_bytes: DEFAULT_MAX_BYTES,
            max_entries: DEFAULT_MAX_ENTRIES,
        }
    }
}

/// What a transfer has left out; everything else has arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transferred {
    /// The first [`MAX_NAMED`] of what was left out.
    pub skipped: Vec<Skipped>,
    /// How many more were.
    pub more_skipped: u64,
    /// How many of all of them are missing: they should have come, and could not be read.
    pub missing: u64,
}

impl Transferred {
    pub(crate) fn skip(&mut self, skipped: Skipped) {
        self.missing += u64::from(matches!(skipped.why, Why::Unreadable(_)));
        if self.skipped.len() < MAX_NAMED {
            self.skipped.push(skipped);
        } else {
            self.more_skipped += 1;
        }
    }
}

/// An entry of a directory that was left out. Its `Display` is one clause; the names in it are the sandbox's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Its path below the directory.
    pub path: PathBuf,
    /// Why.
    pub why: Why,
}

/// Why an entry was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// A link to here, which is outside of the target, or may come to be.
    LeadsOut(PathBuf),
    /// Its directory is a link in the target, and nothing is written through one.
    ThroughLink,
    /// Neither a file nor a directory nor a link.
    Special,
    /// Another name for this entry, which is not there.
    NoOriginal(PathBuf),
    /// Another entry of the same archive has its name.
    Taken,
    /// It could not be read, or not to its end; the system's words for it, or the sandbox's.
    Unreadable(String),
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = shown(&self.path);
        match &self.why {
            Why::LeadsOut(to) => {
                let to = shown(to);
                write!(f, "`{path}` is a link to `{to}`, outside of the target")
            }
            Why::ThroughLink => write!(f, "`{path}` is behind a link in the target"),
            Why::Special => write!(f, "`{path}` is neither a file nor a directory nor a link"),
            Why::NoOriginal(of) => {
                let of = shown(of);
                write!(f, "`{path}` is another name for `{of}`, which is not there")
            }
            Why::Taken => write!(f, "`{path}` is in the archive twice"),
            Why::Unreadable(why) => write!(f, "`{path}` cannot be read: {why}"),
        }
    }
}

/// A path as text: bytes that are none as `\xff`.
fn shown(path: &std::path::Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_counted_when_it_is_too_much_to_name() {
        let mut transferred = Transferred::default();
        for number in 0..MAX_NAMED + 5 {
            transferred.skip(Skipped {
                path: number.to_string().into(),
                why: if number == 0 {
                    Why::Unreadable("why".to_owned())
                } else {
                    Why::Special
                },
            });
        }
        assert_eq!(transferred.missing, 1);
        assert_eq!(transferred.skipped.len(), MAX_NAMED);
        assert_eq!(transferred.more_skipped, 5);
    }

    #[test]
    #[cfg(unix)]
    fn names_that_are_no_text_are_shown_without_loss() {
        use std::os::unix::ffi::OsStrExt as _;

        let skipped = Skipped {
            path: std::ffi::OsStr::from_bytes(b"na\xffme").into(),
            why: Why::Special,
        };
        assert_eq!(
            skipped.to_string(),
            r"`na\xffme` is neither a file nor a directory nor a link"
        );
    }
}
