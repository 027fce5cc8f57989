//! Room for what is large, asked for so that it goes back to the system as soon as it is not needed.
//!
//! The C library takes a large block from the system, and gives it back when it is freed. But it learns: after a block of up to 32 MiB it keeps
//! blocks of that size for itself, and twice as much of free memory, for each of several threads. A block that is larger teaches it nothing. Memory that was asked
//! for and never written costs nothing.

/// Blocks from here on come from the system.
const LARGE: usize = 128 * 1024;

/// More than the C library learns from: 32 MiB and its own notes.
const UNTAUGHT: usize = 33 * 1024 * 1024;

/// The capacity to ask for where so many bytes are to be kept.
pub(crate) fn capacity(length: usize) -> usize {
    if length < LARGE {
        length
    } else {
        length.max(UNTAUGHT)
    }
}

/// Room for so many bytes. A block that the system gave stays one when it shrinks.
pub(crate) fn bytes(length: usize) -> Vec<u8> {
    let mut room = Vec::with_capacity(capacity(length));
    room.shrink_to(length);
    room
}

/// The same for a text.
pub(crate) fn text(length: usize) -> String {
    // Nothing is no text that could be broken.
    String::from_utf8(bytes(length)).unwrap_or_default()
}

/// Makes room for so many more bytes.
pub(crate) fn reserve(text: &mut String, more: usize) {
    let length = text.len() + more;
    if length > text.capacity() {
        // By doubling, as always.
        let wanted = capacity(length.max(2 * text.capacity()));
        text.reserve_exact(wanted - text.len());
    }
}

/// A text of one's own.
pub(crate) fn owned(text: &str) -> String {
    let mut own = String::with_capacity(capacity(text.len()));
    own.push_str(text);
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_large_has_more_room_than_it_needs() {
        assert_eq!(owned("ab").capacity(), 2);
        let text = owned(&"x".repeat(LARGE));
        assert!(text.capacity() >= UNTAUGHT && text.len() == LARGE);
        let mut text = String::new();
        let mut grown = 0;
        for _ in 0..2 * UNTAUGHT / 1024 {
            let before = text.capacity();
            reserve(&mut text, 1024);
            text.push_str(&"x".repeat(1024));
            grown += usize::from(text.capacity() > before);
            assert!(text.capacity() < 2 * LARGE || text.capacity() >= UNTAUGHT);
        }
        assert!(grown < 16, "{grown}");
    }
}
