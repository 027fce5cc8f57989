//! Captured output as text that an answer can hold.
//!
//! It is counted in bytes of the JSON that it makes, and not in its own: of random bytes and of control characters there is room for
//! a fraction only. A cut falls between two characters, and not within a terminal's code.

use std::{fmt::Write as _, ops::Range};

use super::{Capture, Written, decode, spell, terminal};
use crate::{heavy, room};

/// Where output comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// It is as the program printed it.
    Pipe,
    /// It has a terminal's codes and line ends, which are taken out.
    Terminal,
}

/// Room for the line that stands for what is left out.
const NOTICE: usize = 64;

impl Capture {
    /// The text, or head and tail around a line about what is left out between them, within the bound in what this takes in an answer.
    /// Of much output it takes long: see [`heavy`].
    pub(crate) fn into_text(self, source: Source, written: Written) -> String {
        heavy::note(self.size());
        let bound = self.bound();
        let (mut head, tail, left_out) = self.into_parts();
        let cutter = Cutter { source, written };
        if left_out == 0 {
            head.extend_from_slice(&tail);
            drop(tail);
            let whole = head;
            if cutter.cost(&whole) <= bound {
                return cutter.text(whole);
            }
            let half = bound.saturating_sub(NOTICE) / 2;
            let (end, start) = (cutter.front(&whole, half), cutter.back(&whole, half));
            return cutter.join(&whole[..end], start - end, &whole[start..]);
        }
        let half = bound.saturating_sub(NOTICE) / 2;
        let all = head.len() + left_out + tail.len();
        let head = &head[..whole_characters(&head)];
        let head = &head[..cutter.front(head, half)];
        let tail = &tail[rest_of_character(&tail)..];
        let tail = &tail[cutter.back(tail, half)..];
        cutter.join(head, all - head.len() - tail.len(), tail)
    }
}

/// What is to become of the bytes.
#[derive(Clone, Copy)]
struct Cutter {
    source: Source,
    written: Written,
}

impl Cutter {
    /// Where the bytes are that are shown.
    fn shown(self, bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
        let (plain, coded) = match self.source {
            Source::Pipe => (Some(0..bytes.len()), None),
            Source::Terminal => (None, Some(terminal::shown(bytes))),
        };
        plain.into_iter().chain(coded.into_iter().flatten())
    }

    fn cost(self, bytes: &[u8]) -> usize {
        let shown = self.shown(bytes);
        shown.map(|range| self.written.cost(&bytes[range])).sum()
    }

    /// Where the part of the front ends that fits.
    fn front(self, bytes: &[u8], mut budget: usize) -> usize {
        let mut end = 0;
        for range in self.shown(bytes) {
            let (length, cost) = self.written.fitting(&bytes[range.clone()], budget);
            if length > 0 {
                end = range.start + length;
            }
            if length < range.len() {
                return end;
            }
            budget -= cost;
        }
        bytes.len()
    }

    /// Where the part of the back begins that fits.
    fn back(self, bytes: &[u8], budget: usize) -> usize {
        let mut over = self.cost(bytes).saturating_sub(budget);
        if over == 0 {
            return 0;
        }
        for range in self.shown(bytes) {
            let part = &bytes[range.clone()];
            let cost = self.written.cost(part);
            if cost >= over {
                return range.start + self.written.covering(part, over);
            }
            over -= cost;
        }
        bytes.len()
    }

    fn text(self, mut bytes: Vec<u8>) -> String {
        match self.source {
            Source::Pipe => decode(bytes),
            // Where nothing is to be spelt out it does with the memory that it has.
            Source::Terminal if std::str::from_utf8(&bytes).is_ok() => {
                terminal::clean(&mut bytes);
                decode(bytes)
            }
            Source::Terminal => {
                let mut text = room::text(bytes.len());
                self.add(&bytes, &mut text);
                text
            }
        }
    }

    fn add(self, bytes: &[u8], text: &mut String) {
        for range in self.shown(bytes) {
            spell(&bytes[range], text);
        }
    }

    fn join(self, head: &[u8], left_out: usize, tail: &[u8]) -> String {
        let mut text = room::text(head.len() + NOTICE + tail.len());
        self.add(head, &mut text);
        // Writing to a string cannot fail.
        let _ = write!(text, "\n[... {left_out} bytes left out ...]\n");
        self.add(tail, &mut text);
        text
    }
}

/// How many of the bytes there are before a character of which the rest is missing.
fn whole_characters(bytes: &[u8]) -> usize {
    /// Bytes of a character, at most, without its last one.
    const PARTIAL: usize = 3;
    let from = bytes.len().saturating_sub(PARTIAL);
    for at in from..bytes.len() {
        if let Err(error) = std::str::from_utf8(&bytes[at..])
            && error.valid_up_to() == 0
            && error.error_len().is_none()
        {
            return at;
        }
    }
    bytes.len()
}

/// How many bytes at the beginning belong to a character that has begun before.
fn rest_of_character(bytes: &[u8]) -> usize {
    /// Bytes of a character, at most, without its first one.
    const REST: usize = 3;
    let continues = |byte: &&u8| matches!(**byte, 0x80..=0xbf);
    bytes.iter().take(REST).take_while(continues).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::quote;

    const BOUND: usize = 1000;

    fn captured(bytes: &[u8]) -> Capture {
        let mut capture = Capture::new(BOUND);
        capture.push(bytes);
        capture
    }

    fn text(bytes: &[u8]) -> String {
        captured(bytes).into_text(Source::Pipe, Written::Plainly)
    }

    fn screen(bytes: &[u8]) -> String {
        captured(bytes).into_text(Source::Terminal, Written::Plainly)
    }

    fn printed(text: &str) -> usize {
        let mut json = Vec::new();
        quote(text, &mut json);
        json.len() - 2
    }

    /// Head, the number of bytes that are left out, and tail.
    fn parts(text: &str) -> Option<(&str, usize, &str)> {
        let (head, rest) = text.split_once("\n[... ")?;
        let (number, tail) = rest.split_once(" bytes left out ...]\n")?;
        Some((head, number.parse().ok()?, tail))
    }

    #[test]
    fn what_fits_stays_whole() {
        assert_eq!(text(&[b'x'; BOUND]), "x".repeat(BOUND));
        assert_eq!(text(&[1; BOUND / 6]), "\u{1}".repeat(BOUND / 6));
        assert_eq!(screen(&b"y\r\n".repeat(BOUND / 3)), "y\n".repeat(BOUND / 3));
    }

    #[test]
    fn what_is_escaped_counts_as_much_as_it_takes() {
        for (byte, price) in [(b'x', 1), (b'"', 2), (b'\n', 2), (0x1b, 6), (0xff, 5)] {
            let text = text(&[byte; 5000]);
            let size = printed(&text);
            assert!((BOUND - 80..=BOUND).contains(&size), "{byte}: {size}");
            let left_out = text
                .split_once("[... ")
                .and_then(|(_, rest)| rest.split_once(' '))
                .unwrap()
                .0;
            let kept = 2 * ((BOUND - NOTICE) / 2 / price);
            assert_eq!(left_out.parse::<usize>().unwrap(), 5000 - kept, "{byte}");
        }
    }

    #[test]
    fn messages_quote_within_the_bound_too() {
        for bytes in [
            b"\\".repeat(5000),
            b"\xff".repeat(5000),
            b"'\"".repeat(2500),
        ] {
            let text = captured(&bytes).into_text(Source::Pipe, Written::Quoted);
            let size = printed(&crate::pyrepr::repr(&text));
            assert!((BOUND / 2..=BOUND + 4).contains(&size), "{size}");
        }
    }

    #[test]
    fn no_character_and_no_code_is_cut() {
        for shift in 0..4 {
            let mut bytes = vec![b'a'; shift];
            bytes.extend_from_slice("🦖".repeat(1000).as_bytes());
            let text = text(&bytes);
            assert!(!text.contains("\\x"), "{shift}: {text}");
            assert!(text.starts_with("a") == (shift > 0) && text.ends_with('🦖'));
        }
        for shift in 0..20 {
            let mut bytes = vec![b'a'; shift];
            // Little enough of it that all is captured, and too much for an answer.
            bytes.extend_from_slice(&b"\x1b[31m\x01\x01\x01\x01\r\n".repeat(85));
            let text = screen(&bytes);
            let (head, left_out, tail) = parts(&text).unwrap();
            assert!(!text.contains("31m") && !text.contains('\r'), "{text:?}");
            assert!(left_out > 0 && !head.is_empty() && tail.ends_with('\n'));
        }
    }

    proptest! {
        #[test]
        fn the_bound_holds_and_every_byte_is_counted(
            piece in proptest::collection::vec(prop_oneof![any::<u8>(), Just(0x1b), Just(b'['), Just(b'm'), Just(b'\r'), Just(b'\n'), Just(0xc3)], 1..40),
            times in 1_usize..200,
        ) {
            let bytes = piece.repeat(times);
            for source in [Source::Pipe, Source::Terminal] {
                let text = captured(&bytes).into_text(source, Written::Plainly);
                prop_assert!(printed(&text) <= BOUND, "{}", printed(&text));
                let cutter = Cutter { source, written: Written::Plainly };
                let whole = cutter.text(bytes.clone());
                match parts(&text) {
                    None => prop_assert_eq!(text, whole),
                    Some((head, left_out, _)) => {
                        prop_assert!(whole.starts_with(head));
                        prop_assert!(left_out <= bytes.len());
                    }
                }
            }
        }
    }
}
