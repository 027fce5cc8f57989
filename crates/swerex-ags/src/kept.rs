//! The head and the tail of an output of any length, as text that one line of JSON can hold.
//!
//! They are counted in bytes of the JSON that they make, as servers do: of random bytes there is room for a fraction of what there is of text.

use std::{fmt, io};

use bytes::Bytes;
use serde::{Serialize, Serializer};
use swerex_ags_runtime::Sink;
use swerex_proto::native::{MAX_OUTPUT, Stream};

use crate::plain;

/// Room for the line that stands for what is left out.
const NOTICE: usize = 64;

/// What a command printed, as much of it as is kept.
#[derive(Debug, Default)]
pub(crate) struct Both {
    pub(crate) stdout: Kept,
    pub(crate) stderr: Kept,
}

impl Both {
    /// No more comes.
    pub(crate) fn finish(mut self) -> Self {
        self.stdout.finish();
        self.stderr.finish();
        self
    }
}

impl Sink for Both {
    async fn take(&mut self, stream: Stream, piece: Bytes) -> io::Result<()> {
        match stream {
            Stream::Stdout => self.stdout.push(&piece),
            Stream::Stderr => self.stderr.push(&piece),
        }
        Ok(())
    }
}

/// One stream. Serialized it is text; bytes that are none are written as `\xff`, as SWE-ReX does.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Bytes of JSON that it may make.
    bound: usize,
    all: u64,
    head: Vec<u8>,
    /// The last bytes behind the head; a ring once it is full.
    tail: Vec<u8>,
    /// Where the oldest byte of the tail is.
    oldest: usize,
}

impl Default for Kept {
    fn default() -> Self {
        Self::of(MAX_OUTPUT)
    }
}

impl Kept {
    fn of(bound: usize) -> Self {
        Self {
            bound,
            all: 0,
            head: Vec::new(),
            tail: Vec::new(),
            oldest: 0,
        }
    }

    fn push(&mut self, mut piece: &[u8]) {
        self.all = self.all.saturating_add(piece.len() as u64);
        // No byte makes less than a byte of JSON.
        let half = self.bound / 2;
        fill(&mut self.head, &mut piece, half);
        fill(&mut self.tail, &mut piece, half);
        // Of a piece that is longer than the ring, only its end stays.
        piece = &piece[piece.len().saturating_sub(self.tail.len())..];
        while !piece.is_empty() {
            let room = (self.tail.len() - self.oldest).min(piece.len());
            let (now, rest) = piece.split_at(room);
            self.tail[self.oldest..self.oldest + room].copy_from_slice(now);
            self.oldest = (self.oldest + room) % self.tail.len();
            piece = rest;
        }
    }

    /// No more comes: what is kept is put in order.
    fn finish(&mut self) {
        self.tail.rotate_left(self.oldest);
        self.oldest = 0;
        if self.all == (self.head.len() + self.tail.len()) as u64 {
            // Of what is all there, both ends are to be seen even if it makes too much.
            self.head.append(&mut self.tail);
            self.tail = self.head.split_off(self.head.len() / 2);
        }
    }

    /// The two slices that are shown, and how many bytes are left out between them.
    fn shown(&self) -> (&[u8], u64, &[u8]) {
        let kept = (self.head.len() + self.tail.len()) as u64;
        let is_whole = self.all == kept;
        let (head, tail) = (self.head.as_slice(), self.tail.as_slice());
        if is_whole && cost(head) + cost(tail) <= self.bound {
            return (head, 0, tail);
        }
        let half = self.bound.saturating_sub(NOTICE) / 2;
        let head = &head[..front(head, half)];
        let tail = &tail[back(tail, half)..];
        (head, self.all - (head.len() + tail.len()) as u64, tail)
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (head, left_out, tail) = self.shown();
        if left_out == 0 {
            // A letter may stand across the two.
            let cut = whole(head);
            let (head, begun) = head.split_at(cut);
            write(head, f)?;
            let across: Vec<u8> = begun
                .iter()
                .chain(tail.iter().take(LONGEST))
                .copied()
                .collect();
            let mut at = 0;
            while at < begun.len() {
                at += step(&across[at..]);
            }
            write(&across[..at], f)?;
            return write(&tail[at - begun.len()..], f);
        }
        write(head, f)?;
        write!(f, "\n[... {left_out} bytes left out ...]\n")?;
        write(tail, f)
    }
}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Bytes of the longest letter.
const LONGEST: usize = 4;

/// What a byte that is no text makes of JSON: `\\xff`.
const NO_TEXT: usize = 5;

/// Takes from `piece` what `to` has room for.
fn fill(to: &mut Vec<u8>, piece: &mut &[u8], most: usize) {
    let (now, rest) = piece.split_at(piece.len().min(most - to.len()));
    if to.capacity() - to.len() < now.len() {
        // Doubled, but not beyond what it can need.
        let wanted = (to.len() + now.len()).max(to.capacity() * 2).min(most);
        to.reserve_exact(wanted - to.len());
    }
    to.extend_from_slice(now);
    *piece = rest;
}

/// The letter at the beginning, or `None`: a byte that is none.
fn letter(bytes: &[u8]) -> Option<char> {
    let first = &bytes[..bytes.len().min(LONGEST)];
    let valid = match std::str::from_utf8(first) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&first[..error.valid_up_to()]).unwrap_or_default(),
    };
    valid.chars().next()
}

/// Bytes of it.
fn step(bytes: &[u8]) -> usize {
    letter(bytes).map_or(1, char::len_utf8)
}

/// Bytes of JSON that the first letter makes.
fn first_cost(bytes: &[u8]) -> usize {
    match letter(bytes) {
        Some('"' | '\\' | '\n' | '\r' | '\t' | '\x08' | '\x0c') => 2,
        Some('\0'..='\x1f') => 6,
        Some(letter) => letter.len_utf8() + plain::json_cost(letter),
        None => NO_TEXT,
    }
}

/// Bytes of JSON that all of it makes.
fn cost(bytes: &[u8]) -> usize {
    let (mut at, mut sum) = (0, 0);
    while at < bytes.len() {
        sum += first_cost(&bytes[at..]);
        at += step(&bytes[at..]);
    }
    sum
}

/// How much of the beginning makes so much JSON at most, in whole letters.
fn front(bytes: &[u8], most: usize) -> usize {
    let (mut at, mut sum) = (0, 0);
    let end = whole(bytes);
    while at < end {
        sum += first_cost(&bytes[at..]);
        if sum > most {
            break;
        }
        at += step(&bytes[at..]);
    }
    at
}

/// Where the end begins that makes so much JSON at most, in whole letters.
fn back(bytes: &[u8], most: usize) -> usize {
    let (mut at, mut over) = (0, cost(bytes).saturating_sub(most));
    // The rest of a letter whose beginning is left out.
    while at < bytes.len() && at < LONGEST - 1 && bytes[at] & 0xc0 == 0x80 {
        over = over.saturating_sub(NO_TEXT);
        at += 1;
    }
    while over > 0 && at < bytes.len() {
        over = over.saturating_sub(first_cost(&bytes[at..]));
        at += step(&bytes[at..]);
    }
    at
}

/// Where a letter begins that does not end any more; else the end.
fn whole(bytes: &[u8]) -> usize {
    let from = bytes.len().saturating_sub(LONGEST - 1);
    (from..bytes.len())
        .find(|&at| {
            let broken = std::str::from_utf8(&bytes[at..]);
            broken.is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
        })
        .unwrap_or(bytes.len())
}

fn write(mut bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    while !bytes.is_empty() {
        let valid = match std::str::from_utf8(bytes) {
            Ok(text) => return f.write_str(text),
            Err(error) => error.valid_up_to(),
        };
        f.write_str(std::str::from_utf8(&bytes[..valid]).unwrap_or_default())?;
        write!(f, "\\x{:02x}", bytes[valid])?;
        bytes = &bytes[valid + 1..];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept(bound: usize, output: &[u8], piece: usize) -> Kept {
        let mut kept = Kept::of(bound);
        for piece in output.chunks(piece.max(1)) {
            kept.push(piece);
        }
        kept.finish();
        kept
    }

    #[test]
    fn what_fits_is_all_there_as_text() {
        for piece in [1, 2, 3, 7, 100] {
            let text = "plain 容器 \u{1f600}\n";
            assert_eq!(kept(100, text.as_bytes(), piece).to_string(), text);
            let latin = kept(100, b"caf\xe9\xff\xe5\xae", piece).to_string();
            assert_eq!(latin, "caf\\xe9\\xff\\xe5\\xae");
        }
    }

    #[test]
    fn both_ends_of_little_that_makes_much_are_there() {
        let output = [b"begin".as_slice(), &[0xff; 700], b"end"].concat();
        let text = kept(1000, &output, 64).to_string();
        assert!(
            text.starts_with("begin\\xff") && text.ends_with("\\xffend"),
            "{text}"
        );
        assert!(text.contains(" bytes left out ...]"), "{text}");
    }

    #[test]
    fn head_and_tail_stay_and_what_is_between_is_counted() {
        let all: String = (0..100_000).map(|number| format!("{number}\n")).collect();
        for piece in [1, 10, 4096, 1 << 20] {
            let kept = kept(2000, all.as_bytes(), piece);
            let text = kept.to_string();
            assert!(
                text.starts_with("0\n1\n2\n") && text.ends_with("\n99998\n99999\n"),
                "{text}"
            );
            let (head, rest) = text.split_once("\n[... ").unwrap();
            let (number, tail) = rest.split_once(" bytes left out ...]\n").unwrap();
            let number: usize = number.parse().unwrap();
            assert_eq!(head.len() + number + tail.len(), all.len());
            let json = serde_json::to_string(&kept).unwrap();
            assert!((1800..=2002).contains(&json.len()), "{}", json.len());
        }
    }

    proptest! {
        #[test]
        fn its_json_is_within_the_bound(
            output in proptest::collection::vec(
                prop_oneof![any::<u8>(), Just(b'\x1b'), Just(b'a'), Just(0xc2), Just(0x9b), Just(b'"')], 0..600),
            bound in 128_usize..500,
            piece in 1_usize..700,
        ) {
            let kept = kept(bound, &output, piece);
            let mut json = Vec::new();
            serde_json::to_writer(plain::Json(&mut json), &kept).unwrap();
            prop_assert!(json.len() <= bound + 2, "{} > {bound}", json.len());
            let text = kept.to_string();
            if !text.contains(" bytes left out ...]\n") {
                let whole: String = output.utf8_chunks().flat_map(|chunk| {
                    let invalid: String = chunk.invalid().iter().map(|b| format!("\\x{b:02x}")).collect();
                    [chunk.valid().to_owned(), invalid]
                }).collect();
                prop_assert_eq!(text, whole);
            }
        }
    }
}
