//! The last bytes of a stream.

use crate::{heavy, room};

/// So many bytes at most; those that come push the oldest out.
#[derive(Debug, Default)]
pub(super) struct Ring {
    bytes: Vec<u8>,
    /// Where the oldest byte is; only of a full one it is not the first.
    start: usize,
}

impl Ring {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.start = 0;
    }

    /// Adds bytes, no more than `most`, and keeps that many; how many are pushed out comes back.
    pub(super) fn push(&mut self, bytes: &[u8], most: usize) -> usize {
        let (new, over) = bytes.split_at(bytes.len().min(most - self.bytes.len()));
        append(&mut self.bytes, new, most);
        let (front, back) = over.split_at(over.len().min(most - self.start));
        self.bytes[self.start..self.start + front.len()].copy_from_slice(front);
        self.bytes[..back.len()].copy_from_slice(back);
        if !over.is_empty() {
            self.start = (self.start + over.len()) % most;
        }
        over.len()
    }

    /// The bytes in their order, in two parts, from an offset on.
    pub(super) fn from(&self, offset: usize) -> (&[u8], &[u8]) {
        let (back, front) = self.bytes.split_at(self.start);
        match front.get(offset..) {
            Some(front) => (front, back),
            None => (&[], back.get(offset - front.len()..).unwrap_or_default()),
        }
    }

    /// Forgets the bytes from an offset on.
    pub(super) fn truncate(&mut self, offset: usize) {
        self.settle();
        self.bytes.truncate(offset);
    }

    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.settle();
        self.bytes
    }

    fn settle(&mut self) {
        self.bytes.rotate_left(self.start);
        self.start = 0;
    }
}

/// Adds bytes to those of a place that takes so many at most.
pub(super) fn append(place: &mut Vec<u8>, bytes: &[u8], most: usize) {
    let needed = place.len() + bytes.len();
    if needed > place.capacity() {
        let wanted = (2 * needed).min(most);
        if place.capacity() > heavy::LARGE {
            place.reserve_exact(wanted - place.len());
        } else {
            let mut larger = room::bytes(wanted);
            larger.extend_from_slice(place);
            *place = larger;
        }
    }
    place.extend_from_slice(bytes);
}
