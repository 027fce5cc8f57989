//! The first two stages: the request in its canonical form, and what is signed of it.

use std::{fmt, ops::Range};

use ring::digest::{SHA256, digest};

use crate::{Timestamp, request::Payload};

/// The name of the scheme.
pub const ALGORITHM: &str = "TC3-HMAC-SHA256";

/// What stands for the body when it is not signed.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// Stage 1: the request, written in the one way that both sides agree on. `Display` is that form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CanonicalRequest<'a> {
    pub(crate) text: &'a str,
    pub(crate) signed_headers: &'a str,
}

/// Stage 2: algorithm, time, scope and the digest of stage 1. `Display` is the text that is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StringToSign<'a>(pub(crate) &'a str);

impl<'a> CanonicalRequest<'a> {
    /// The names of the signed headers, joined by `;`.
    pub fn signed_headers(&self) -> &'a str {
        self.signed_headers
    }
}

impl fmt::Display for CanonicalRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl fmt::Display for StringToSign<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Both stages in one buffer: an allocation each would take longer than the digests of a small request.
#[derive(Clone)]
pub(crate) struct Stages {
    pub(crate) text: String,
    signed_headers: Range<usize>,
    string_to_sign: Range<usize>,
    timestamp: Range<usize>,
}

impl Stages {
    /// `headers`: those that are signed, in the order of their names.
    pub(crate) fn new<'a>(
        [method, path, query]: [&str; 3],
        headers: impl Iterator<Item = (&'a str, &'a str)> + Clone,
        payload: Payload<'_>,
        scope: &str,
        at: Timestamp,
    ) -> Self {
        let mut text = String::with_capacity(640);
        for line in [method, path, query] {
            push(&mut text, &[line, "\n"]);
        }
        for (name, value) in headers.clone() {
            push(&mut text, &[name, ":", value, "\n"]);
        }
        text.push('\n');
        let from = text.len();
        for (index, (name, _)) in headers.enumerate() {
            push(&mut text, &[if index > 0 { ";" } else { "" }, name]);
        }
        let signed_headers = from..text.len();
        text.push('\n');
        let body = match payload {
            Payload::Bytes(bytes) => bytes,
            Payload::Unsigned => UNSIGNED_PAYLOAD.as_bytes(),
        };
        push_hex(&mut text, digest(&SHA256, body).as_ref());

        let request = text.len();
        let digest = digest(&SHA256, text.as_bytes());
        push(&mut text, &[ALGORITHM, "\n"]);
        let from = text.len();
        push_number(&mut text, at);
        let timestamp = from..text.len();
        push(&mut text, &["\n", scope, "\n"]);
        push_hex(&mut text, digest.as_ref());
        Self {
            signed_headers,
            string_to_sign: request..text.len(),
            timestamp,
            text,
        }
    }

    pub(crate) fn canonical_request(&self) -> CanonicalRequest<'_> {
        CanonicalRequest {
            text: &self.text[..self.string_to_sign.start],
            signed_headers: &self.text[self.signed_headers.clone()],
        }
    }

    pub(crate) fn string_to_sign(&self) -> StringToSign<'_> {
        StringToSign(&self.text[self.string_to_sign.clone()])
    }

    pub(crate) fn timestamp(&self) -> &str {
        &self.text[self.timestamp.clone()]
    }

    /// Where the buffer goes on after both stages.
    pub(crate) fn end(&self) -> usize {
        self.string_to_sign.end
    }

    /// Appends the names of the signed headers to the buffer itself.
    pub(crate) fn push_signed_headers(&mut self) {
        self.text.extend_from_within(self.signed_headers.clone());
    }
}

/// Appends texts.
pub(crate) fn push(text: &mut String, parts: &[&str]) {
    for part in parts {
        text.push_str(part);
    }
}

/// Appends a number in decimal digits, without the machinery that formats anything.
fn push_number(text: &mut String, number: i64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        text.push('-');
    }
    text.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}

/// Appends 32 bytes in lower-case hexadecimal digits.
pub(crate) fn push_hex(text: &mut String, bytes: &[u8]) {
    let mut digits = [0; 64];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&PAIRS[usize::from(*byte)]);
    }
    text.push_str(std::str::from_utf8(&digits).unwrap_or_default());
}

/// The two digits of each byte.
const PAIRS: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    pairs
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_written_as_everywhere(number: i64) {
            let mut text = String::new();
            push_number(&mut text, number);
            prop_assert_eq!(text, number.to_string());
        }
    }

    #[test]
    fn the_extreme_numbers_too() {
        for number in [0, -1, i64::MIN, i64::MAX] {
            let mut text = String::new();
            push_number(&mut text, number);
            assert_eq!(text, number.to_string());
        }
    }
}
