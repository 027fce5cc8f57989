//! Encodings of one byte a character.

use super::{Decode, Fault};

/// The upper half of a charset; U+FFFE stands where it has no character.
pub(super) struct Table {
    pub(super) names: &'static [&'static str],
    /// The characters of the bytes 0x80 to 0xFF.
    pub(super) upper: &'static str,
}

/// What stands in a table for a byte without a character.
const UNDEFINED: char = '\u{fffe}';

pub(super) struct Charset(pub(super) &'static Table);

impl Decode for Charset {
    fn name(&self) -> &'static str {
        "charmap"
    }

    fn run(&self, bytes: &[u8], at: usize, out: &mut String) -> Option<Fault> {
        let upper: Vec<char> = self.0.upper.chars().collect();
        for (index, byte) in bytes.iter().enumerate().skip(at) {
            let letter = match byte.checked_sub(0x80) {
                None => char::from(*byte),
                Some(place) => upper.get(usize::from(place)).copied().unwrap_or(UNDEFINED),
            };
            if letter == UNDEFINED {
                return Some(Fault {
                    start: index,
                    end: index + 1,
                    reason: "character maps to <undefined>",
                });
            }
            out.push(letter);
        }
        None
    }
}

pub(super) struct Ascii;

impl Decode for Ascii {
    fn name(&self) -> &'static str {
        "ascii"
    }

    fn run(&self, bytes: &[u8], at: usize, out: &mut String) -> Option<Fault> {
        for (index, byte) in bytes.iter().enumerate().skip(at) {
            if !byte.is_ascii() {
                return Some(Fault {
                    start: index,
                    end: index + 1,
                    reason: "ordinal not in range(128)",
                });
            }
            out.push(char::from(*byte));
        }
        None
    }
}
