//! Output as it comes, all of it or head and tail.

use std::collections::VecDeque;

/// Bytes of one stream. Beyond its bound the middle is left out, and [`into_bytes`](Self::into_bytes) says so.
#[derive(Debug)]
pub(crate) struct Capture {
    /// Bytes of the head, and of the tail.
    half: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: usize,
}

impl Capture {
    /// Keeps up to `bound` bytes; `None` keeps everything.
    pub(crate) fn new(bound: Option<usize>) -> Self {
        Self {
            half: bound.map_or(usize::MAX, |bound| bound.div_ceil(2)),
            head: Vec::new(),
            tail: VecDeque::new(),
            left_out: 0,
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let room = (self.half - self.head.len()).min(bytes.len());
        let (head, rest) = bytes.split_at(room);
        self.head.extend_from_slice(head);
        // Only the end of a piece that is larger than the tail can stay.
        let skipped = rest.len().saturating_sub(self.half);
        let rest = &rest[skipped..];
        let surplus = (self.tail.len() + rest.len()).saturating_sub(self.half);
        self.tail.drain(..surplus.min(self.tail.len()));
        self.tail.extend(rest);
        self.left_out += skipped + surplus;
    }

    /// Bytes that have come, also those that were left out.
    pub(crate) fn len(&self) -> usize {
        self.head.len() + self.left_out + self.tail.len()
    }

    /// The bytes from an offset on; those of them that were left out are left out.
    pub(crate) fn copy_from(&self, offset: usize) -> Vec<u8> {
        let tail_start = self.head.len() + self.left_out;
        let mut bytes = self.head.get(offset..).unwrap_or_default().to_vec();
        bytes.extend(self.tail.iter().skip(offset.saturating_sub(tail_start)));
        bytes
    }

    /// Takes out the bytes before `start`, and drops those before `end`.
    pub(crate) fn take_before(&mut self, start: usize, end: usize) -> Vec<u8> {
        let rest = self.copy_from(end);
        let tail_start = self.head.len() + self.left_out;
        self.head.truncate(start);
        self.tail.truncate(start.saturating_sub(tail_start));
        self.left_out = self.left_out.min(start.saturating_sub(self.head.len()));
        let taken = self.take();
        self.push(&rest);
        taken
    }

    /// Everything, or head and tail around a line about the bytes between them.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        let mut bytes = self.head;
        if self.left_out > 0 {
            let notice = format!("\n[... {} bytes left out ...]\n", self.left_out);
            bytes.extend_from_slice(notice.as_bytes());
        }
        let (front, back) = self.tail.as_slices();
        bytes.extend_from_slice(front);
        bytes.extend_from_slice(back);
        bytes
    }

    /// As [`into_bytes`](Self::into_bytes), and goes on.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let copy = Self {
            half: self.half,
            head: self.head.clone(),
            tail: self.tail.clone(),
            left_out: self.left_out,
        };
        copy.into_bytes()
    }

    /// Takes out what is there; the next byte is the first of a new head.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let half = self.half;
        let full = std::mem::replace(
            self,
            Self {
                half,
                head: Vec::new(),
                tail: VecDeque::new(),
                left_out: 0,
            },
        );
        full.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn head_and_tail_stay() {
        let mut capture = Capture::new(Some(8));
        for piece in [b"012".as_slice(), b"345678", b"9abcdef"] {
            capture.push(piece);
        }
        assert_eq!(
            capture.into_bytes(),
            b"0123\n[... 8 bytes left out ...]\ncdef"
        );
    }

    #[test]
    fn up_to_the_bound_nothing_is_left_out() {
        let mut capture = Capture::new(Some(8));
        capture.push(b"012345");
        capture.push(b"67");
        assert_eq!(capture.take(), b"01234567");
        capture.push(b"x");
        assert_eq!(capture.to_bytes(), b"x");
    }

    #[test]
    fn what_comes_after_a_match_stays() {
        let mut capture = Capture::new(None);
        capture.push(b"before>>> after");
        assert_eq!(capture.copy_from(6), b">>> after");
        assert_eq!(capture.take_before(6, 10), b"before");
        assert_eq!(capture.to_bytes(), b"after");
    }

    #[test]
    fn a_match_may_be_in_the_tail() {
        let mut capture = Capture::new(Some(8));
        capture.push(b"0123456789>x");
        assert_eq!(capture.len(), 12);
        assert_eq!(capture.copy_from(10), b">x");
        assert_eq!(
            capture.take_before(10, 11),
            b"0123\n[... 4 bytes left out ...]\n89"
        );
        assert_eq!(capture.to_bytes(), b"x");
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(text in proptest::collection::vec(any::<u8>(), 0..200), cuts in proptest::collection::vec(0_usize..40, 0..20), bound in 0_usize..64) {
            let mut whole = Capture::new(Some(bound));
            whole.push(&text);
            let mut pieces = Capture::new(Some(bound));
            let mut rest = text.as_slice();
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            pieces.push(rest);
            prop_assert_eq!(whole.into_bytes(), pieces.into_bytes());
        }
    }
}
