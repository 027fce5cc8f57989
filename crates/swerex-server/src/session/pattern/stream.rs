//! Output as text that patterns are searched in, piece by piece.

use std::fmt::Write as _;

use super::{Patterns, REACH, WINDOW, floor};

/// Bytes of text that are taken over at a time, and beyond which what a match can no longer begin in is let go.
const PART: usize = 4 * WINDOW;

/// The text of a stream so far, as far as a match may still begin in it. Bytes that are no text are spelt out, as everywhere; a character
/// that is not complete waits.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    text: String,
    /// Where text and bytes run in step again after something was spelt out or let go: offsets in both.
    anchors: Vec<(usize, usize)>,
    /// Bytes that are text already.
    taken: usize,
    /// Offset in the text up to which it has been searched.
    searched: usize,
}

/// A match, with offsets in bytes of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) pattern: String,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Stream {
    /// How many bytes have been taken over; [`search`](Self::search) wants those after them.
    pub(crate) fn taken(&self) -> usize {
        self.taken
    }

    /// Takes over what has come, up to an incomplete character unless it is the end, and searches it. Where the first byte is not the
    /// next one, the stream begins anew there.
    pub(crate) fn search(
        &mut self,
        patterns: &Patterns,
        start: usize,
        bytes: &[u8],
        is_end: bool,
        is_wanted: impl Fn() -> bool,
    ) -> Option<Match> {
        if start != self.taken {
            *self = Self {
                anchors: vec![(0, start)],
                taken: start,
                ..Self::default()
            };
        }
        loop {
            let rest = &bytes[self.taken - start..];
            let part = &rest[..rest.len().min(PART)];
            let is_last = part.len() == rest.len();
            let before = self.taken;
            self.push(part, is_end && is_last);
            let from = floor(&self.text, self.searched.saturating_sub(REACH));
            self.searched = self.text.len();
            if let Some(found) = patterns.find(&self.text, from, &is_wanted) {
                return Some(Match {
                    pattern: found.pattern,
                    start: self.offset(found.start),
                    end: self.offset(found.end),
                });
            }
            self.let_go();
            if is_last || self.taken == before || !is_wanted() {
                return None;
            }
        }
    }

    /// Lets go of text before what may still be searched, and seen by patterns that look back.
    fn let_go(&mut self) {
        if self.text.len() <= PART {
            return;
        }
        let gone = floor(&self.text, self.text.len() - 2 * REACH);
        let start = self.offset(gone);
        self.text.drain(..gone);
        self.searched -= gone;
        self.anchors.retain_mut(|(text, _)| {
            let stays = *text > gone;
            *text = text.saturating_sub(gone);
            stays
        });
        self.anchors.insert(0, (0, start));
    }

    fn push(&mut self, bytes: &[u8], is_end: bool) {
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            self.text.push_str(chunk.valid());
            self.taken += chunk.valid().len();
            let invalid = chunk.invalid();
            let is_last = chunks.peek().is_none() && !is_end;
            if invalid.is_empty() || (is_last && is_beginning(invalid)) {
                continue;
            }
            for byte in invalid {
                // Writing to a string cannot fail.
                let _ = write!(self.text, "\\x{byte:02x}");
            }
            self.taken += invalid.len();
            self.anchors.push((self.text.len(), self.taken));
        }
    }

    /// Where a place in the text is in the stream.
    fn offset(&self, place: usize) -> usize {
        let after = self.anchors.partition_point(|(text, _)| *text <= place);
        let (text, bytes) = match after.checked_sub(1) {
            Some(last) => self.anchors[last],
            None => (0, 0),
        };
        let offset = bytes + (place - text);
        // Within something that was spelt out: not beyond it.
        let limit = self
            .anchors
            .get(after)
            .map_or(self.taken, |(_, bytes)| *bytes);
        offset.min(limit)
    }
}

/// Whether bytes are the beginning of a character, the rest of which may come.
fn is_beginning(bytes: &[u8]) -> bool {
    matches!(std::str::from_utf8(bytes), Err(error) if error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn patterns(pattern: &str) -> Patterns {
        Patterns::new(&[pattern.to_owned()]).unwrap()
    }

    #[test]
    fn a_match_may_come_in_pieces() {
        let patterns = patterns("é>>> ");
        let mut stream = Stream::default();
        let bytes = "\u{1b}[0m ab\r\né>>> rest".as_bytes();
        let mut found = None;
        for length in 1..=bytes.len() {
            let new = &bytes[stream.taken()..length];
            found = stream.search(&patterns, stream.taken(), new, false, || true);
            if found.is_some() {
                break;
            }
        }
        let found = found.unwrap();
        assert_eq!(&bytes[found.start..found.end], "é>>> ".as_bytes());
    }

    #[test]
    fn offsets_count_bytes_and_not_what_they_were_spelt_as() {
        let bytes = b"\xff\xfe>\xc3(> x";
        let mut stream = Stream::default();
        let found = stream
            .search(&patterns("> "), 0, bytes, false, || true)
            .unwrap();
        assert_eq!(&bytes[found.start..found.end], b"> ");
    }

    #[test]
    fn the_start_of_the_stream_is_not_that_of_a_piece() {
        let patterns = patterns("^b");
        let mut stream = Stream::default();
        assert_eq!(stream.search(&patterns, 0, b"a", false, || true), None);
        assert_eq!(stream.search(&patterns, 1, b"b", false, || true), None);
    }

    #[test]
    fn a_long_stream_takes_little() {
        let patterns = patterns("(?<=é)>>>|^b");
        let mut stream = Stream::default();
        let flood = b"b\xff\x01line\n".repeat(1 << 14);
        let mut came = 0;
        for _ in 0..4 {
            let found = stream.search(&patterns, came, &flood, false, || true);
            // The one at the very beginning is the only one that begins the stream.
            assert_eq!(found.is_some(), came == 0);
            came += flood.len();
            if found.is_some() {
                stream = Stream::default();
                stream.search(&patterns, 0, &b"x".repeat(came), false, || true);
            }
            assert!(
                stream.text.capacity() <= 8 * PART,
                "{}",
                stream.text.capacity()
            );
            assert!(stream.anchors.len() <= 2 * PART);
        }
        let end = "é>>>".as_bytes();
        let found = stream.search(&patterns, came, end, false, || true).unwrap();
        assert_eq!((found.start, found.end), (came + 2, came + 5));
    }

    #[test]
    fn what_is_left_out_is_passed_over() {
        let patterns = patterns("ab");
        let mut stream = Stream::default();
        assert_eq!(stream.search(&patterns, 0, b"xa", false, || true), None);
        assert_eq!(stream.search(&patterns, 1000, b"bx", false, || true), None);
        let found = stream.search(&patterns, 1002, b"\xffab", false, || true);
        let found = found.unwrap();
        assert_eq!((found.start, found.end), (1003, 1005));
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces(
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(0xc3), Just(b'x')], 0..64),
            cuts in proptest::collection::vec(0_usize..16, 0..8),
        ) {
            let patterns = patterns("x+|\\\\xc3");
            let mut stream = Stream::default();
            let mut length = 0;
            let mut is_found = false;
            for cut in cuts {
                length = (length + cut).min(bytes.len()).max(stream.taken());
                if let Some(found) = stream.search(&patterns, stream.taken(), &bytes[stream.taken()..length], false, || true) {
                    prop_assert!(found.start <= found.end && found.end <= length);
                    is_found = true;
                }
            }
            let rest = &bytes[stream.taken()..];
            is_found |= stream.search(&patterns, stream.taken(), rest, true, || true).is_some();
            prop_assert_eq!(stream.taken(), bytes.len());
            prop_assert!(is_found || !bytes.contains(&b'x'));
        }
    }
}
