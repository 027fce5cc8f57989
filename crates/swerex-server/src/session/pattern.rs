//! What a client waits for: regular expressions of Python in a stream of output.
//!
//! As in pexpect, `.` matches line ends, the match that starts first wins, and of several that start together the one that was
//! named first. A match may reach back [`REACH`] bytes before what has been searched already: so much of the stream is searched
//! again when more of it has come, and no more, however long it is.

mod python;
mod stream;

use std::sync::Arc;

use fancy_regex::{CompileError, Regex};

use crate::exception::PyException;
pub(super) use stream::{Match, Stream};

/// Bytes before new output in which a match may start.
const REACH: usize = 16 * 1024;

/// Bytes that are searched at a time; a match is no longer than that without [`REACH`]. Some patterns take the square of it.
const WINDOW: usize = 2 * REACH;

/// Patterns in the order they were named; clones are the same ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Patterns {
    compiled: Arc<[(String, Regex)]>,
}

/// A pattern that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) pattern: String,
    /// Offsets in the text.
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Patterns {
    /// Compiles all of them; the first bad one is Python's `re.error`.
    pub(super) fn new(patterns: &[String]) -> Result<Self, PyException> {
        let compiled = patterns.iter().map(|pattern| {
            let translated = python::translate(pattern).map_err(PyException::regex)?;
            match Regex::new(&translated) {
                Ok(regex) => Ok((pattern.clone(), regex)),
                Err(error) => Err(PyException::regex(complaint(&error))),
            }
        });
        Ok(Self {
            compiled: compiled.collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.compiled.is_empty()
    }

    /// The first match in the text from an offset on, unless nobody wants it any more.
    fn find(&self, text: &str, from: usize, is_wanted: impl Fn() -> bool) -> Option<Found> {
        let mut start = from;
        while is_wanted() {
            let end = floor(text, start.saturating_add(WINDOW));
            let found = text
                .get(..end)
                .and_then(|window| self.find_within(window, start));
            if found.is_some() || end == text.len() {
                return found;
            }
            start = floor(text, end - REACH);
        }
        None
    }

    /// What stands before the offset is seen, too, by patterns that look back.
    fn find_within(&self, window: &str, from: usize) -> Option<Found> {
        let mut first: Option<Found> = None;
        for (pattern, regex) in &*self.compiled {
            // A search that exceeds its limits finds nothing.
            let Ok(Some(found)) = regex.find_from_pos(window, from) else {
                continue;
            };
            if first
                .as_ref()
                .is_none_or(|first| found.start() < first.start)
            {
                first = Some(Found {
                    pattern: pattern.clone(),
                    start: found.start(),
                    end: found.end(),
                });
            }
        }
        first
    }
}

/// The last start of a character, or the end, up to there.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// What is left to complain of: limits of the engine, and what Python has words of its own for.
fn complaint(error: &fancy_regex::Error) -> String {
    match error {
        fancy_regex::Error::CompileError(error)
            if matches!(
                **error,
                CompileError::VariableLookBehindRequiresFeature | CompileError::LookBehindNotConst
            ) =>
        {
            "look-behind requires fixed-width pattern".to_owned()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn find(patterns: &[&str], text: &str) -> Option<(String, String)> {
        let patterns: Vec<String> = patterns
            .iter()
            .map(|pattern| (*pattern).to_owned())
            .collect();
        let found = Patterns::new(&patterns).unwrap().find(text, 0, || true)?;
        Some((found.pattern, text[found.start..found.end].to_owned()))
    }

    fn some(pattern: &str, text: &str) -> Option<(String, String)> {
        Some((pattern.to_owned(), text.to_owned()))
    }

    #[test]
    fn the_first_match_wins() {
        assert_eq!(find(&["ccc", "b+"], "aaa bbb ccc"), some("b+", "bbb"));
        assert_eq!(find(&["bb", "b"], "abb"), some("bb", "bb"));
        assert_eq!(find(&["x"], "abb"), None);
        assert_eq!(find(&["a.b"], "a\nb"), some("a.b", "a\nb"));
    }

    #[test]
    fn a_long_text_is_searched_in_pieces() {
        for place in [0, WINDOW - 2, WINDOW, 3 * WINDOW - REACH - 1, 5 * WINDOW] {
            let text = format!("{}é>>> {}", "é".repeat(place / 2), "x".repeat(WINDOW));
            let patterns = Patterns::new(&["(?<=é)>{3} ".to_owned()]).unwrap();
            let found = patterns.find(&text, 0, || true).unwrap();
            assert_eq!(&text[found.start..found.end], ">>> ");
            assert_eq!(found.start, place / 2 * 2 + 2);
            assert_eq!(patterns.find(&text, 0, || false), None);
        }
    }

    /// What CPython 3.11 says.
    #[test]
    fn bad_patterns() {
        let cases = [
            ("(", "missing ), unterminated subpattern at position 0"),
            ("*", "nothing to repeat at position 0"),
            ("a**", "multiple repeat at position 2"),
            ("a)", "unbalanced parenthesis at position 1"),
            ("[a", "unterminated character set at position 0"),
            ("[z-a]", "bad character range z-a at position 1"),
            ("a{3,2}", "min repeat greater than max repeat at position 2"),
            ("\\", "bad escape (end of pattern) at position 0"),
            ("\\q", "bad escape \\q at position 0"),
            ("(?<x>a)", "unknown extension ?<x at position 1"),
            ("(?Pxa)", "unknown extension ?Px at position 1"),
            ("é(", "missing ), unterminated subpattern at position 1"),
            ("(?P=x)", "unknown group name 'x' at position 4"),
            (
                "(?P<a>(?P=a))",
                "cannot refer to an open group at position 10",
            ),
            (
                "(?P<1a>x)",
                "bad character in group name '1a' at position 4",
            ),
            (
                "(?P<a>x)(?P<a>y)",
                "redefinition of group name 'a' as group 2; was group 1 at position 12",
            ),
            ("\\8", "invalid group reference 8 at position 1"),
            ("(\\1)", "cannot refer to an open group at position 1"),
            (
                "(a)(?(1)a|b|c)",
                "conditional backref with more than two branches at position 11",
            ),
            ("(?(1)a)", "invalid group reference 1 at position 3"),
            ("(?(x)a)", "unknown group name 'x' at position 3"),
            ("(?z)", "unknown extension ?z at position 1"),
            ("(?<=a*)b", "look-behind requires fixed-width pattern"),
        ];
        for (pattern, message) in cases {
            let error = Patterns::new(&[pattern.to_owned()]).unwrap_err();
            assert_eq!(
                (error.class(), error.message()),
                ("re.error", message),
                "{pattern}"
            );
        }
    }

    /// Each pair was tried with CPython 3.11, with `re.DOTALL` as pexpect has it.
    #[test]
    fn pythons_own_syntax() {
        let cases = [
            ("\\(gdb\\) ", "x (gdb) ", "(gdb) "),
            ("a{,2}b", "aaab", "aab"),
            ("x{", "ax{", "x{"),
            ("a{1,b", "a{1,b", "a{1,b"),
            ("[]a]+", "]a]b", "]a]"),
            ("[^]a]", "]ab", "b"),
            ("[[a]+", "a[b", "a["),
            ("[a&&b]+", "&&", "&&"),
            ("[\\w.-]+@", "me.x-y@", "me.x-y@"),
            ("[+-]1", "-1", "-1"),
            ("\\<b\\>", "a<b>", "<b>"),
            ("(?P<q>['\"]).*?(?P=q)", "a 'b' c", "'b'"),
            ("(?P<q>['\"])(x)\\2\\1(?P=q)", "'xx''", "'xx''"),
            ("(?P<q>')?x(?(q)'|-)", "'x' x-", "'x'"),
            ("end$", "the end\n", "end"),
            ("(?m)^b$", "a\nb\nc", "b"),
            ("end\\Z", "end", "end"),
            ("(?i)HELLO", "say hello", "hello"),
            ("(?i:h)i", "Hi", "Hi"),
            ("(?#note)a", "ba", "a"),
            ("(?x) a b # note", "ab", "ab"),
            ("(?<=a)b", "ab", "b"),
            ("a(?!c)", "acab", "a"),
            ("(a)?b(?(1)c|d)", "bd", "bd"),
            ("\\x41\\u00e9\\101\\0", "AéA\0", "AéA\0"),
            ("[\\b\\n]", "\x08", "\x08"),
            ("\\d+", "abc123def", "123"),
            (">>> ", "\r\n>>> ", ">>> "),
            ("#", "a#", "#"),
            ("~ ", "~ ", "~ "),
            ("a++b", "aab", "aab"),
            ("(?>a+)b", "aab", "aab"),
        ];
        for (pattern, text, found) in cases {
            assert_eq!(find(&[pattern], text), some(pattern, found), "{pattern}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        /// Pieces of patterns, so that most of it means something.
        #[test]
        fn any_pattern_is_searched_for_or_refused(
            pattern in prop::collection::vec(prop::sample::select(PIECES), 0..12),
            text in "[abé\\r\\n\\\\ ]{0,30}",
        ) {
            let found = Patterns::new(&[pattern.concat()]).map(|patterns| patterns.find(&text, 0, || true));
            if let Ok(Some(found)) = found {
                prop_assert!(text.get(found.start..found.end).is_some());
            }
        }

        #[test]
        fn any_text_is_a_pattern_or_none(pattern in any::<String>()) {
            let _ = Patterns::new(&[pattern]);
        }
    }

    const PIECES: &[&str] = &[
        "a", "b", "é", ".", "\\", "\\d", "\\b", "\\1", "\\2", "\\x41", "\\u00e9", "\\0", "\\Z",
        "[", "]", "[^", "-", "(", ")", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?P<n>",
        "(?P=n)", "(?(1)", "(?(n)", "(?i)", "(?x", "(?-s:", "(?#", "|", "*", "+", "?", "{2}",
        "{,3}", "{1,", "^", "$", "#", " ", "\n",
    ];
}
