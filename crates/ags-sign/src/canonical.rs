//! The first two stages: the request in its canonical form, and what is signed of it.

use std::fmt;

use ring::digest::{SHA256, digest};

use crate::request::{Payload, SignableRequest};

/// The name of the scheme.
pub const ALGORITHM: &str = "TC3-HMAC-SHA256";

/// What stands for the body when it is not signed.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// Stage 1: the request, written in the one way that both sides agree on. `Display` is that form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalRequest {
    text: String,
    /// Where the names of the signed headers stand in `text`.
    signed: (usize, usize),
}

/// Stage 2: algorithm, time, scope and the digest of stage 1. `Display` is the text that is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StringToSign(String);

impl CanonicalRequest {
    pub(crate) fn of(request: &SignableRequest<'_>) -> Self {
        let headers = request
            .headers
            .iter()
            .map(|(name, value)| (&**name, &**value));
        Self::new(
            request.method.as_str(),
            request.path,
            request.query,
            headers,
            request.payload,
        )
    }

    /// `headers`: those that are signed, in the order of their names.
    pub(crate) fn new<'a>(
        method: &str,
        path: &str,
        query: &str,
        headers: impl Iterator<Item = (&'a str, &'a str)> + Clone,
        payload: Payload<'_>,
    ) -> Self {
        let mut text = String::with_capacity(320);
        for line in [method, path, query] {
            text.push_str(line);
            text.push('\n');
        }
        for (name, value) in headers.clone() {
            text.push_str(name);
            text.push(':');
            text.push_str(value);
            text.push('\n');
        }
        text.push('\n');
        let from = text.len();
        for (index, (name, _)) in headers.enumerate() {
            if index > 0 {
                text.push(';');
            }
            text.push_str(name);
        }
        let signed = (from, text.len());
        text.push('\n');
        match payload {
            Payload::Bytes(bytes) => push_hex(&mut text, digest(&SHA256, bytes).as_ref()),
            Payload::Unsigned => push_hex(
                &mut text,
                digest(&SHA256, UNSIGNED_PAYLOAD.as_bytes()).as_ref(),
            ),
        }
        Self { text, signed }
    }

    /// The names of the signed headers, joined by `;`.
    pub fn signed_headers(&self) -> &str {
        &self.text[self.signed.0..self.signed.1]
    }
}

impl StringToSign {
    pub(crate) fn new(request: &CanonicalRequest, scope: &str, at: &str) -> Self {
        let mut text = String::with_capacity(160);
        for line in [ALGORITHM, at, scope] {
            text.push_str(line);
            text.push('\n');
        }
        push_hex(&mut text, digest(&SHA256, request.text.as_bytes()).as_ref());
        Self(text)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for CanonicalRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for StringToSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Appends `bytes` in lower-case hexadecimal digits.
pub(crate) fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [0_u8; 64];
    for piece in bytes.chunks(32) {
        for (pair, byte) in digits.chunks_exact_mut(2).zip(piece) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        text.extend(digits[..2 * piece.len()].iter().copied().map(char::from));
    }
}
