//! JSON on its way: of a very long text only head and tail go on, whoever sent it.
//!
//! A command's output has no bound, and some servers answer all of it in one JSON string. This pass knows strings and nothing else of JSON.
//! It copies nothing but the tail of a long string, of which it keeps a bounded part, and cuts within no character and no escape.

use std::collections::VecDeque;

use ags_http::{Body, body};
use bytes::Bytes;
use futures_util::stream;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use swerex_proto::native::MAX_OUTPUT;

/// How much longer than allowed a text may be before it is cut: one that was cut before, with its line, is not cut again.
const SLACK: usize = 1 << 10;

/// Room for the line that stands for what is left out.
const LINE: usize = 64;

/// Where a tail may begin is noted so often, in bytes.
const STEP: u64 = 16 << 10;

/// The same body with each string of its JSON at most [`MAX_OUTPUT`] long, as it is written there.
pub(crate) fn shortened(incoming: Body) -> Body {
    let is_short = incoming
        .size_hint()
        .upper()
        .is_some_and(|length| length <= MAX_OUTPUT as u64);
    if is_short {
        return incoming;
    }
    let state = (incoming, Shortener::new(MAX_OUTPUT), VecDeque::new(), false);
    body::stream(stream::unfold(
        state,
        |(mut incoming, mut pass, mut ready, mut is_over)| async move {
            loop {
                if let Some(piece) = ready.pop_front() {
                    return Some((Ok(piece), (incoming, pass, ready, is_over)));
                }
                if is_over {
                    return None;
                }
                match incoming.frame().await {
                    Some(Ok(frame)) => {
                        if let Ok(data) = frame.into_data() {
                            pass.push(&data, &mut ready);
                        }
                    }
                    Some(Err(error)) => return Some((Err(error), (incoming, pass, ready, true))),
                    None => {
                        pass.finish(&mut ready);
                        is_over = true;
                    }
                }
            }
        },
    ))
}

/// The pass. It is given the text in pieces of any size.
struct Shortener {
    longest: usize,
    is_inside: bool,
    /// Of the string under way: the escape that has begun, and whether one before it wants a second half.
    escape: Escape,
    wants_half: bool,
    /// Its length so far as it is written, and as it is read.
    written: u64,
    read: u64,
    /// What is kept back; `None` while the string's head passes.
    tail: Option<Tail>,
}

#[derive(Clone, Copy, PartialEq)]
enum Escape {
    No,
    Begun,
    /// So many digits of `\uXXXX` are to come after this value.
    Digits(u8, u32),
}

struct Tail {
    bytes: VecDeque<u8>,
    /// What was read before it.
    head_read: u64,
    /// Where a tail may begin, as written and as read; the first is where this one begins.
    places: VecDeque<(u64, u64)>,
}

impl Shortener {
    fn new(longest: usize) -> Self {
        Self {
            longest,
            is_inside: false,
            escape: Escape::No,
            wants_half: false,
            written: 0,
            read: 0,
            tail: None,
        }
    }

    fn half(&self) -> usize {
        self.longest / 2
    }

    fn push(&mut self, piece: &Bytes, out: &mut VecDeque<Bytes>) {
        // What passes begins here; all before it is told or kept back.
        let mut from = 0;
        let mut at = 0;
        while at < piece.len() {
            let rest = &piece[at..];
            if !self.is_inside {
                match memchr::memchr(b'"', rest) {
                    Some(quote) => at += quote + 1,
                    None => break,
                }
                self.begin();
                continue;
            }
            if self.escape != Escape::No {
                self.escaped(rest[0]);
                self.keep(&rest[..1]);
                at += 1;
                continue;
            }
            match rest[0] {
                b'"' => {
                    if self.tail.is_some() {
                        self.tell_tail(out);
                        from = at;
                    }
                    self.is_inside = false;
                    at += 1;
                }
                b'\\' => {
                    if self.may_begin(b'\\') {
                        self.place(piece, &mut from, at, out);
                    }
                    self.escape = Escape::Begun;
                    self.written += 1;
                    self.keep(b"\\");
                    at += 1;
                }
                _ => {
                    let run = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
                    at += self.run(piece, &mut from, at, run, out);
                }
            }
        }
        if self.tail.is_none() && from < piece.len() {
            out.push_back(piece.slice(from..));
        }
    }

    /// A body that ends within a string is no JSON; what came of it goes on.
    fn finish(&mut self, out: &mut VecDeque<Bytes>) {
        if self.tail.is_some() {
            self.tell_tail(out);
        }
    }

    fn begin(&mut self) {
        self.is_inside = true;
        (self.escape, self.wants_half) = (Escape::No, false);
        (self.written, self.read) = (0, 0);
    }

    /// Part of a run of at most `length` bytes without quotes and escapes; how long that part was.
    fn run(
        &mut self,
        piece: &Bytes,
        from: &mut usize,
        at: usize,
        length: usize,
        out: &mut VecDeque<Bytes>,
    ) -> usize {
        let run = &piece[at..at + length];
        if self.may_begin(run[0]) {
            self.place(piece, from, at, out);
        }
        // Up to where the tail is to begin, or a place for one is to be noted, and then to the next character.
        let wanted = match &self.tail {
            None => (self.half() as u64).saturating_sub(self.written),
            Some(_) => STEP,
        };
        let mut part = usize::try_from(wanted).map_or(length, |wanted| wanted.clamp(1, length));
        while part < length && is_within(run[part]) {
            part += 1;
        }
        self.wants_half = false;
        self.written += part as u64;
        self.read += part as u64;
        self.keep(&run[..part]);
        part
    }

    /// Whether a tail may begin before this byte.
    fn may_begin(&self, next: u8) -> bool {
        let is_second_half = self.wants_half && next == b'\\';
        !is_within(next) && !is_second_half
    }

    /// A tail may begin at this place of the piece, which is so much into the string.
    fn place(&mut self, piece: &Bytes, from: &mut usize, at: usize, out: &mut VecDeque<Bytes>) {
        let here = (self.written, self.read);
        let half = self.half() as u64;
        match &mut self.tail {
            None if self.written >= half => {
                if *from < at {
                    out.push_back(piece.slice(*from..at));
                }
                self.tail = Some(Tail {
                    bytes: VecDeque::new(),
                    head_read: self.read,
                    places: VecDeque::from([here]),
                });
            }
            Some(tail) => {
                let last = tail.places.back().map_or(0, |place| place.0);
                if self.written >= last + STEP {
                    tail.places.push_back(here);
                }
            }
            None => {}
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let (longest, half) = (self.longest, self.half());
        let Some(tail) = &mut self.tail else {
            return;
        };
        tail.bytes.extend(bytes);
        if self.written > (longest + SLACK) as u64 {
            tail.shrink(half.saturating_sub(LINE));
        }
    }

    /// One more byte of an escape.
    fn escaped(&mut self, byte: u8) {
        self.written += 1;
        match self.escape {
            Escape::Begun if byte == b'u' => self.escape = Escape::Digits(4, 0),
            Escape::Digits(left, value) => {
                let digit = char::from(byte).to_digit(16).unwrap_or(0);
                let value = value << 4 | digit;
                if left > 1 {
                    self.escape = Escape::Digits(left - 1, value);
                    return;
                }
                self.escape = Escape::No;
                self.wants_half = (0xD800..0xDC00).contains(&value);
                self.read += match value {
                    0..0x80 => 1,
                    // Each half of a pair is half of four bytes.
                    0x80..0x800 | 0xD800..0xE000 => 2,
                    _ => 3,
                };
            }
            _ => {
                self.escape = Escape::No;
                self.wants_half = false;
                self.read += 1;
            }
        }
    }

    fn tell_tail(&mut self, out: &mut VecDeque<Bytes>) {
        let Some(tail) = self.tail.take() else {
            return;
        };
        let left_out = tail.places.front().map_or(0, |place| place.1) - tail.head_read;
        if left_out > 0 {
            let line = format!("\\n[... {left_out} bytes left out ...]\\n");
            out.push_back(line.into());
        }
        out.push_back(Vec::from(tail.bytes).into());
    }
}

impl Tail {
    /// Begins at the first place behind which there are at most so many bytes, if one is known.
    fn shrink(&mut self, most: usize) {
        while self.bytes.len() > most
            && let (Some(first), Some(second)) = (self.places.front(), self.places.get(1))
        {
            let gone = usize::try_from(second.0 - first.0).unwrap_or(usize::MAX);
            self.bytes.drain(..gone.min(self.bytes.len()));
            self.places.pop_front();
        }
    }
}

/// Whether this byte continues a character.
fn is_within(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text as it comes out, given in pieces of that size.
    fn pass(text: &str, longest: usize, piece: usize) -> String {
        let mut pass = Shortener::new(longest);
        let mut out = VecDeque::new();
        for piece in text.as_bytes().chunks(piece) {
            pass.push(&Bytes::copy_from_slice(piece), &mut out);
        }
        pass.finish(&mut out);
        let all: Vec<u8> = out.into_iter().flatten().collect();
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn what_is_short_passes_untouched() {
        let text = r#"{"a":"x\"y\\","b":[1,"\ud83d\ude00ü"],"c":{}}"#;
        for piece in 1..text.len() {
            assert_eq!(pass(text, 20, piece), text);
        }
        // One that was cut before, too.
        let cut = format!(r#"{{"a":"{}"}}"#, "x".repeat(100_000 + SLACK));
        assert_eq!(pass(&cut, 100_000, 999), cut);
    }

    #[test]
    fn a_long_text_keeps_both_ends_and_says_how_much_is_missing() {
        let long = format!("begin{}end", "x".repeat(3_000_000));
        let text =
            serde_json::json!({ "stdout": long, "stderr": long, "exit_code": 7 }).to_string();
        let told: serde_json::Value = serde_json::from_str(&pass(&text, 200_000, 4096)).unwrap();
        for name in ["stdout", "stderr"] {
            let told = told[name].as_str().unwrap();
            assert!(told.starts_with("beginx") && told.ends_with("xend"));
            assert!(told.len() <= 200_000, "{}", told.len());
            let (head, rest) = told.split_once("\n[... ").unwrap();
            let (missing, tail) = rest.split_once(" bytes left out ...]\n").unwrap();
            let missing: usize = missing.parse().unwrap();
            assert_eq!(head.len() + missing + tail.len(), long.len());
        }
        assert_eq!(told["exit_code"], 7);
    }

    #[test]
    fn memory_does_not_grow_with_the_text() {
        let mut pass = Shortener::new(1 << 20);
        let mut out = VecDeque::new();
        pass.push(&Bytes::from_static(b"\""), &mut out);
        let piece = Bytes::from(r"\u0001é\\".repeat(5_000));
        for _ in 0..1_000 {
            pass.push(&piece, &mut out);
            let tail = pass.tail.as_ref().map_or(0, |tail| tail.bytes.capacity());
            assert!(tail <= 2 << 20, "{tail}");
        }
        let told: usize = out.iter().map(Bytes::len).sum();
        assert!(told <= (1 << 19) + 16, "{told}: the head alone");
    }

    /// As other writers of JSON escape it: everything that is not ASCII.
    fn ascii(text: &str) -> String {
        let mut out = String::new();
        for unit in text.encode_utf16() {
            match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii_graphic() && !b"\"\\".contains(&byte) => {
                    out.push(char::from(byte))
                }
                _ => out.push_str(&format!("\\u{unit:04x}")),
            }
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_character_and_no_escape_is_cut(
            part in "([\\\\\"a-c\n\u{1}é€😀]{0,40})",
            escaped: bool,
            times in 1_usize..1_500,
            piece in 1_usize..5_000,
            longest in 100_usize..40_000,
        ) {
            let text = part.repeat(times);
            let written = if escaped {
                format!("[\"{}\", \"x\"]", ascii(&text))
            } else {
                serde_json::json!([text, "x"]).to_string()
            };
            let passed = pass(&written, longest, piece);
            let told: (String, String) = serde_json::from_str(&passed).unwrap();
            prop_assert_eq!(told.1, "x");
            match told.0.split_once("\n[... ") {
                Some((head, rest)) => {
                    let (missing, tail) = rest.split_once(" bytes left out ...]\n").unwrap();
                    prop_assert!(text.starts_with(head) && text.ends_with(tail));
                    prop_assert_eq!(head.len() + missing.parse::<usize>().unwrap() + tail.len(), text.len());
                }
                None => prop_assert_eq!(told.0, text),
            }
        }
    }
}
