//! What programs print: kept within bounds, decoded, and freed of a terminal's codes. All of it in linear time.

mod capture;
mod cost;
mod cut;
mod ring;
mod terminal;

pub(crate) use capture::{Capture, Piece};
pub(crate) use cost::Written;
pub(crate) use cut::Source;

use std::fmt::Write as _;

use crate::room;

/// UTF-8 with Python's `backslashreplace`: a byte that is not part of a character becomes `\xNN`.
pub(crate) fn decode(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let bytes = error.into_bytes();
            let mut text = room::text(bytes.len() + bytes.len() / 8);
            spell(&bytes, &mut text);
            text
        }
    }
}

/// Adds bytes to a text, as [`decode`] has them.
fn spell(bytes: &[u8], text: &mut String) {
    // As a rule it is text, and looking for that is several times as fast.
    if let Ok(valid) = std::str::from_utf8(bytes) {
        text.push_str(valid);
        return;
    }
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `bytes.decode("utf-8", "backslashreplace")` of CPython 3.11 gives.
    #[test]
    fn bytes_that_are_no_text_are_spelt_out() {
        let cases: [(&[u8], &str); 6] = [
            (b"plain", "plain"),
            (b"\xff\xfeok\0\r\n", "\\xff\\xfeok\0\r\n"),
            (b"\xe2\x82 utf8", "\\xe2\\x82 utf8"),
            (b"a\xc3\xa9b", "aéb"),
            (b"\xc3(", "\\xc3("),
            (
                b"\xed\xa0\x80\xf0\x9f\xa6",
                "\\xed\\xa0\\x80\\xf0\\x9f\\xa6",
            ),
        ];
        for (bytes, text) in cases {
            assert_eq!(decode(bytes.to_vec()), text);
        }
    }
}
