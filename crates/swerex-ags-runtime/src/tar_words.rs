//! What the `tar` of a sandbox packs, and what it says of what it could not.

use std::path::PathBuf;

use crate::{error::Error, stage::Stage, system::native};

/// Packs a directory into a temporary file and gives the file's size, how many lines `tar` said, the file's name, and the first of those lines.
/// `tar` says nothing of files that are longer than the system says, as those of the kernel, so those that are said to be empty are looked into.
pub(crate) const PACK: &str = r#"t=$(mktemp) || exit 1
m=$(LC_ALL=C tar -C "$1" -cf "$t" . 2>&1); s=$?
[ $s -le 2 ] || { rm -f -- "$t"; printf '%s\n' "$m" >&2; exit $s; }
[ -n "$m" ] || [ $s = 0 ] || { rm -f -- "$t"; exit $s; }
l=$(cd "$1" && find . -type f -size 0 -exec timeout 20 grep -l '' {} + 2>/dev/null | sed 's/$/: Read error: the system tells a wrong length of it/; s/^/tar: /')
[ -z "$l" ] || m="$l
$m"
echo "$(($(wc -c < "$t"))) $(printf '%s\n' "$m" | grep -c .) $t"
printf '%s\n' "$m" | head -c 200000"#;

/// What the sandbox's `tar` has made.
pub(crate) struct Packed<'a> {
    pub(crate) archive: &'a str,
    pub(crate) size: u64,
    /// What is not in it, and why.
    missing: Vec<(PathBuf, String)>,
    /// How many more lines there were than those that came.
    more: u64,
    /// What is not understood, so that nothing is to be made of the archive.
    pub(crate) problem: Option<&'a str>,
}

impl<'a> Packed<'a> {
    /// Understands what [`PACK`] prints.
    pub(crate) fn of(words: &'a str) -> Option<Self> {
        let (head, lines) = words.split_once('\n').unwrap_or((words, ""));
        let mut words = head.splitn(3, ' ');
        let size = words.next()?.parse().ok()?;
        let count: u64 = words.next()?.parse().ok()?;
        let mut packed = Self {
            archive: words.next()?,
            size,
            missing: Vec::new(),
            more: count,
            problem: None,
        };
        let is_whole = lines.ends_with('\n');
        let mut lines: Vec<&str> = lines.lines().collect();
        if !is_whole {
            lines.pop();
        }
        for line in lines.into_iter().filter(|line| !line.is_empty()) {
            packed.more = packed.more.saturating_sub(1);
            match said(line) {
                Said::Missing(path, why) => packed.missing.push((path, why)),
                Said::Remark => {}
                Said::Unknown => packed.problem = packed.problem.or(Some(line)),
            }
        }
        Some(packed)
    }

    pub(crate) fn lose_from(&self, stage: &mut Stage) -> Result<(), Error> {
        for (path, why) in &self.missing {
            stage.lose(path, why)?;
        }
        // Of the rest it is not known what they said.
        let told = &mut stage.left_out.transferred;
        told.more_skipped = told.more_skipped.saturating_add(self.more);
        told.missing = told.missing.saturating_add(self.more);
        Ok(())
    }
}

/// What a line means.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// This entry is not in the archive, or not all of it; and why.
    Missing(PathBuf, String),
    /// Nothing is missing because of it.
    Remark,
    /// It is not known what that means.
    Unknown,
}

/// What GNU tar says of an entry that is missing, before the system's words for it.
const MISSING: &[&str] = &[
    "Cannot open",
    "Cannot stat",
    "Cannot read",
    "Cannot readlink",
    "Cannot savedir",
    "Cannot opendir",
    "Cannot seek",
    "Read error",
    "File shrank",
];

/// What it says of one that changes or vanishes, or is none that anybody copies.
const REMARKS: &[&str] = &[
    "file changed as we read it",
    "File removed before we read it",
    "socket ignored",
    "Unknown file type; file ignored",
];

/// What it and that of busybox say last.
const LAST: &[&str] = &["Exiting with failure status", "error exit delayed"];

/// Understands a line of GNU's tar, or of busybox's, in English.
fn said(line: &str) -> Said {
    let Some(words) = line.strip_prefix("tar: ") else {
        return if line.is_empty() {
            Said::Remark
        } else {
            Said::Unknown
        };
    };
    if LAST.iter().any(|last| words.starts_with(last)) {
        return Said::Remark;
    }
    if let Some((name, why)) = words
        .strip_prefix("can't open '")
        .and_then(|rest| rest.rsplit_once("': "))
    {
        return missing(name.as_bytes().to_vec(), why);
    }
    // A name may have a colon, too.
    for (at, _) in words.match_indices(": ") {
        let (name, what) = (&words[..at], &words[at + 2..]);
        if REMARKS.iter().any(|remark| what.starts_with(remark)) {
            return Said::Remark;
        }
        if let Some(begin) = MISSING.iter().find(|begin| what.starts_with(**begin)) {
            let why = what[begin.len()..].strip_prefix(": ").unwrap_or(what);
            return missing(unescaped(name), why);
        }
    }
    Said::Unknown
}

/// The directory itself must be readable.
fn missing(name: Vec<u8>, why: &str) -> Said {
    let path = name.strip_prefix(b"./").and_then(native);
    match path {
        Some(path) if !path.as_os_str().is_empty() => {
            Said::Missing(path.to_owned(), why.to_owned())
        }
        _ => Said::Unknown,
    }
}

/// A name without the backslashes that GNU tar writes for what is no plain text.
fn unescaped(name: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, after @ ..] = rest {
        let (byte, length) = match (first, after) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..]) => {
                ((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'), 4)
            }
            (b'\\', [letter, ..]) => match letter {
                b'a' => (7, 2),
                b'b' => (8, 2),
                b'f' => (12, 2),
                b'n' => (b'\n', 2),
                b'r' => (b'\r', 2),
                b't' => (b'\t', 2),
                b'v' => (11, 2),
                b'\\' => (b'\\', 2),
                _ => (b'\\', 1),
            },
            _ => (*first, 1),
        };
        bytes.push(byte);
        rest = rest.get(length..).unwrap_or_default();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_missing(line: &str, name: &str, why: &str) -> bool {
        said(line) == Said::Missing(name.into(), why.to_owned())
    }

    #[test]
    fn what_tars_say_is_understood() {
        let denied = "Permission denied";
        let gnu = "tar: ./a b: Cannot open: Permission denied";
        assert!(is_missing(gnu, "a b", denied));
        assert!(is_missing(
            "tar: ./d/a: b: Cannot stat: Permission denied",
            "d/a: b",
            denied
        ));
        assert!(is_missing(
            r"tar: ./\303\274\n: Cannot open: Permission denied",
            "ü\n",
            denied
        ));
        assert!(is_missing(
            "tar: can't open './it's': Permission denied",
            "it's",
            denied
        ));
        let shrank = "File shrank by 3 bytes; padding with zeros";
        assert!(is_missing(&format!("tar: ./x: {shrank}"), "x", shrank));
        for remark in [
            "",
            "tar: ./x: file changed as we read it",
            "tar: ./s: socket ignored",
            "tar: Exiting with failure status due to previous errors",
            "tar: error exit delayed from previous errors",
        ] {
            assert_eq!(said(remark), Said::Remark, "{remark}");
        }
        for unknown in [
            "tar: .: Cannot open: Permission denied",
            "tar: /tmp/x: Wrote only 10 of 20 bytes",
            "sh: tar: not found",
            "tar: ./: Cannot open: Permission denied",
            "tar: short write",
        ] {
            assert_eq!(said(unknown), Said::Unknown, "{unknown}");
        }
    }
}
