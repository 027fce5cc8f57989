//! Output as it comes, all of it or head and tail.

use super::ring::{Ring, append};

/// Bytes of one stream. Beyond its bound the middle is left out, and the text made of it says so.
#[derive(Debug)]
pub(crate) struct Capture {
    bound: usize,
    head: Vec<u8>,
    tail: Ring,
    left_out: usize,
}

/// A part of what was captured.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Where it begins.
    pub(crate) start: usize,
    pub(crate) bytes: Vec<u8>,
    /// What follows it is left out.
    pub(crate) is_cut: bool,
    /// Nothing follows it yet.
    pub(crate) is_last: bool,
}

impl Capture {
    /// Keeps up to `bound` bytes, and a text of them takes up to `bound` bytes of an answer.
    pub(crate) fn new(bound: usize) -> Self {
        Self {
            bound,
            head: Vec::new(),
            tail: Ring::default(),
            left_out: 0,
        }
    }

    pub(super) fn bound(&self) -> usize {
        self.bound
    }

    /// Bytes of the head, and of the tail.
    fn half(&self) -> usize {
        self.bound.div_ceil(2)
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let half = self.half();
        // Where something is left out is behind the head, for good.
        let room = match self.left_out {
            0 => (half - self.head.len()).min(bytes.len()),
            _ => 0,
        };
        let (head, rest) = bytes.split_at(room);
        append(&mut self.head, head, half);
        // Only the end of a piece that is larger than the tail can stay.
        let skipped = rest.len().saturating_sub(half);
        if skipped > 0 {
            self.skip(skipped);
        }
        self.left_out += self.tail.push(&rest[skipped..], half);
    }

    /// Takes a part over that comes after what is here, if it does.
    pub(crate) fn follow(&mut self, piece: &Piece) -> bool {
        let Some(gap) = piece.start.checked_sub(self.len()) else {
            return false;
        };
        self.skip(gap);
        self.push(&piece.bytes);
        true
    }

    /// Bytes come, and are left out.
    fn skip(&mut self, bytes: usize) {
        if bytes > 0 {
            self.left_out += self.tail.len() + bytes;
            self.tail.clear();
        }
    }

    /// What came elsewhere comes after this.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.push(&other.head);
        self.skip(other.left_out);
        self.push_tail(&other.tail, 0);
    }

    fn push_tail(&mut self, tail: &Ring, offset: usize) {
        let (front, back) = tail.from(offset);
        self.push(front);
        self.push(back);
    }

    /// Bytes that have come, also those that were left out.
    pub(crate) fn len(&self) -> usize {
        self.tail_start() + self.tail.len()
    }

    /// Bytes that are kept.
    pub(crate) fn size(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    /// The offset of the tail's first byte.
    fn tail_start(&self) -> usize {
        self.head.len() + self.left_out
    }

    /// Bytes that follow one another, from the first one on that is kept at the offset or after it; no more than `most`.
    pub(crate) fn piece(&self, offset: usize, most: usize) -> Piece {
        let in_head = self.head.get(offset..).unwrap_or_default();
        let start = match in_head {
            [] => offset.max(self.tail_start()).min(self.len()),
            _ => offset,
        };
        let mut bytes = in_head[..in_head.len().min(most)].to_vec();
        let is_gap = self.left_out > 0 && !in_head.is_empty();
        if !is_gap {
            let (front, back) = self.tail.from(start.saturating_sub(self.tail_start()));
            for part in [front, back] {
                bytes.extend_from_slice(&part[..part.len().min(most - bytes.len())]);
            }
        }
        Piece {
            is_cut: is_gap && bytes.len() == in_head.len(),
            is_last: start + bytes.len() == self.len(),
            start,
            bytes,
        }
    }

    /// Takes out the bytes before `start`, and drops those before `end`.
    pub(crate) fn take_before(&mut self, start: usize, end: usize) -> Self {
        let tail_start = self.tail_start();
        let mut rest = Self::new(self.bound);
        rest.push(self.head.get(end..).unwrap_or_default());
        rest.skip(tail_start.saturating_sub(end.max(self.head.len())));
        rest.push_tail(&self.tail, end.saturating_sub(tail_start));
        let mut taken = std::mem::replace(self, rest);
        taken.tail.truncate(start.saturating_sub(tail_start));
        taken.head.truncate(start);
        taken.left_out = taken.left_out.min(start - taken.head.len());
        taken
    }

    /// Takes out what is there; the next byte is the first of a new head.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new(self.bound))
    }

    /// Head, tail, and how many bytes are left out between them.
    pub(super) fn into_parts(self) -> (Vec<u8>, Vec<u8>, usize) {
        (self.head, self.tail.into_bytes(), self.left_out)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn captured(bound: usize, pieces: &[&[u8]]) -> Capture {
        let mut capture = Capture::new(bound);
        for piece in pieces {
            capture.push(piece);
        }
        capture
    }

    fn parts(capture: Capture) -> (Vec<u8>, usize, Vec<u8>) {
        let (head, tail, left_out) = capture.into_parts();
        (head, left_out, tail)
    }

    /// What is to be kept of a text.
    fn model(text: &[u8], half: usize) -> (Vec<u8>, usize, Vec<u8>) {
        let (head, rest) = text.split_at(text.len().min(half));
        let (left_out, tail) = rest.split_at(rest.len() - rest.len().min(half));
        (head.to_vec(), left_out.len(), tail.to_vec())
    }

    /// Copied part by part.
    fn copied(capture: &Capture, most: usize) -> Capture {
        let mut copy = Capture::new(capture.bound);
        loop {
            let piece = capture.piece(copy.len(), most);
            assert!(copy.follow(&piece));
            if piece.is_last {
                return copy;
            }
        }
    }

    fn whole(capture: Capture) -> Vec<u8> {
        let (head, left_out, tail) = parts(capture);
        assert_eq!(left_out, 0);
        [head, tail].concat()
    }

    #[test]
    fn head_and_tail_stay() {
        let capture = captured(8, &[b"012", b"345678", b"9abcdef"]);
        assert_eq!((capture.len(), capture.size()), (16, 8));
        assert_eq!(parts(capture), (b"0123".to_vec(), 8, b"cdef".to_vec()));
    }

    #[test]
    fn up_to_the_bound_nothing_is_left_out() {
        let mut capture = captured(8, &[b"012345", b"67"]);
        assert_eq!(capture.piece(3, 2).bytes, b"34");
        assert_eq!(whole(capture.take()), b"01234567");
        capture.push(b"x");
        assert_eq!(whole(capture), b"x");
    }

    #[test]
    fn what_comes_after_a_match_stays() {
        let mut capture = captured(100, &[b"before>>> after"]);
        let piece = capture.piece(6, 3);
        assert_eq!((piece.start, &*piece.bytes), (6, &b">>>"[..]));
        assert_eq!(whole(capture.take_before(6, 10)), b"before");
        assert_eq!(whole(capture), b"after");
    }

    #[test]
    fn a_match_may_be_in_the_tail() {
        let mut capture = captured(8, &[b"0123456789>x"]);
        assert_eq!(capture.len(), 12);
        let piece = |offset, most| {
            let piece = capture.piece(offset, most);
            let text = String::from_utf8(piece.bytes).unwrap();
            (piece.start, text, piece.is_cut, piece.is_last)
        };
        let is = |start, text: &str, is_cut, is_last| (start, text.to_owned(), is_cut, is_last);
        assert_eq!(piece(2, 1), is(2, "2", false, false));
        assert_eq!(piece(2, 2), is(2, "23", true, false));
        assert_eq!(piece(4, 100), is(8, "89>x", false, true));
        assert_eq!(piece(10, 1), is(10, ">", false, false));
        assert_eq!(piece(12, 100), is(12, "", false, true));
        let taken = capture.take_before(10, 11);
        assert_eq!(parts(taken), (b"0123".to_vec(), 4, b"89".to_vec()));
        assert_eq!(whole(capture), b"x");
    }

    #[test]
    fn what_is_left_out_after_a_match_stays_counted() {
        let mut capture = captured(8, &[b">0123456789abcdef"]);
        assert_eq!(whole(capture.take_before(0, 1)), b"");
        capture.push(b"g");
        assert_eq!(parts(capture), (b"012".to_vec(), 10, b"defg".to_vec()));
    }

    #[test]
    fn two_of_them_are_one_after_the_other() {
        let mut capture = captured(8, &[b"01"]);
        capture.absorb(captured(8, &[b"23456789abcdef"]));
        capture.push(b"gh");
        assert_eq!(parts(capture), (b"0123".to_vec(), 10, b"efgh".to_vec()));
        let mut capture = captured(8, &[b"01"]);
        capture.absorb(captured(8, &[b"2", b"3"]));
        assert_eq!(whole(capture), b"0123");
    }

    #[test]
    fn a_copy_follows_what_goes_on() {
        let mut capture = captured(8, &[b"0123456"]);
        let mut copy = Capture::new(8);
        assert!(copy.follow(&capture.piece(0, 6)));
        capture.push(b"789abcdef");
        assert!(copy.follow(&capture.piece(copy.len(), 100)));
        assert_eq!(parts(copy), parts(capture.take()));
        // Somebody has taken the rest out.
        let mut copy = captured(8, &[b"01"]);
        assert!(!copy.follow(&capture.piece(copy.len(), 100)));
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(text in proptest::collection::vec(any::<u8>(), 0..200), cuts in proptest::collection::vec(0_usize..40, 0..20), bound in 0_usize..64) {
            let whole = captured(bound, &[&text]);
            let mut pieces = Capture::new(bound);
            let mut rest = text.as_slice();
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            pieces.push(rest);
            prop_assert_eq!(parts(copied(&whole, 7)), parts(pieces));
            prop_assert_eq!(parts(whole), model(&text, bound.div_ceil(2)));
        }

        #[test]
        fn a_part_is_taken_out_wherever_it_is(length in 0_usize..200, one in 0_usize..200, other in 0_usize..200, bound in 1_usize..64) {
            let text: Vec<u8> = (0..length).map(|at| u8::try_from(at % 256).unwrap()).collect();
            let (start, end) = (one.min(other).min(length), one.max(other).min(length));
            let mut capture = captured(bound, &[&text]);
            let taken = capture.take_before(start, end);
            prop_assert_eq!((taken.len(), capture.len()), (start, length - end));
            let (head, left_out, tail) = parts(capture);
            prop_assert_eq!(&text[end..end + head.len()], head.as_slice());
            prop_assert_eq!(&text[end + head.len() + left_out..], tail.as_slice());
        }
    }
}
