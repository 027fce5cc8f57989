//! A terminal's stream as plain text: escape sequences out, the terminal's line ends back to the program's.
//!
//! SWE-ReX removes control sequences (`ESC [ …`) and mangles the others. Here each kind is taken out whole, as a terminal
//! would: control sequences, strings such as window titles, character sets, and the two-character sequences.

use std::ops::Range;

/// Where the bytes are that are shown: all but escape sequences, and of `\r\n` the `\n`. What is no complete sequence stays.
pub(super) fn shown(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || part(bytes, &mut at))
}

/// Takes out what is not shown.
pub(super) fn clean(bytes: &mut Vec<u8>) {
    let (mut at, mut end) = (0, 0);
    // Nothing is moved to where it is still to be looked at.
    while let Some(part) = part(bytes, &mut at) {
        let length = part.len();
        bytes.copy_within(part, end);
        end += length;
    }
    bytes.truncate(end);
}

/// The next part that is shown; it is not empty.
fn part(bytes: &[u8], at: &mut usize) -> Option<Range<usize>> {
    let mut from = *at;
    while let Some(found) = memchr::memchr2(b'\x1b', b'\r', &bytes[from..]) {
        let end = from + found;
        let skipped = match bytes[end] {
            b'\r' => usize::from(bytes.get(end + 1) == Some(&b'\n')),
            _ => sequence(&bytes[end..]),
        };
        from = end + skipped.max(1);
        if skipped == 0 {
            continue;
        }
        let part = *at..end;
        *at = from;
        if !part.is_empty() {
            return Some(part);
        }
    }
    let rest = *at..bytes.len();
    *at = rest.end;
    (!rest.is_empty()).then_some(rest)
}

/// How long the escape sequence is that starts here; 0 if it is none. All its bytes are ASCII, or in a string's text.
fn sequence(bytes: &[u8]) -> usize {
    let Some(kind) = bytes.get(1) else {
        return 0;
    };
    match kind {
        b'[' => control(bytes),
        b']' | b'P' | b'X' | b'^' | b'_' => string(bytes),
        b' '..=b'/' => {
            let end = run(bytes, 1, |byte| matches!(byte, b' '..=b'/'));
            match bytes.get(end) {
                Some(b'0'..=b'~') => end + 1,
                _ => 0,
            }
        }
        b'0'..=b'~' => 2,
        _ => 0,
    }
}

/// `ESC [`, parameters, intermediates, final.
fn control(bytes: &[u8]) -> usize {
    let end = run(bytes, 2, |byte| matches!(byte, b'0'..=b'?'));
    let end = run(bytes, end, |byte| matches!(byte, b' '..=b'/'));
    match bytes.get(end) {
        Some(b'@'..=b'~') => end + 1,
        _ => 0,
    }
}

/// `ESC ]` and its like, up to BEL or `ESC \`; other controls do not belong into one.
fn string(bytes: &[u8]) -> usize {
    let end = run(bytes, 2, |byte| byte >= b' ');
    match (bytes.get(end), bytes.get(end + 1)) {
        (Some(b'\x07'), _) => end + 1,
        (Some(b'\x1b'), Some(b'\\')) => end + 2,
        _ => 0,
    }
}

fn run(bytes: &[u8], from: usize, belongs: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest
        .iter()
        .position(|byte| !belongs(*byte))
        .unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(text: &str) -> String {
        shown(text.as_bytes()).map(|range| &text[range]).collect()
    }

    #[test]
    fn sequences_are_taken_out_whole() {
        let cases = [
            (
                "\x1b[31mred\x1b[0m \x1b[1;32mgreen\x1b[0m\x1b[K\r\n",
                "red green\n",
            ),
            ("\x1b]0;title\x07x\r\n", "x\n"),
            ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
            ("\x1b[?25l\x1b[2Jx\x1b(By\x1b=z\r\n", "xyz\n"),
            ("a\rb\r\r\nc\r\n", "a\rb\r\nc\n"),
            ("\x1b", "\x1b"),
            ("\x1b[", "\x1b["),
            ("\x1b[31é", "\x1b[31é"),
            ("\x1b]0;never ended\n", "\x1b]0;never ended\n"),
            ("tab\there\x07\x08\0nul", "tab\there\x07\x08\0nul"),
        ];
        for (screen, text) in cases {
            assert_eq!(plain(screen), text);
        }
    }

    /// A scan that started over at each of these would not end in the test's lifetime.
    #[test]
    fn strings_without_an_end_cost_no_more_than_others() {
        let screen = "\x1b]x".repeat(1 << 20) + &"\x1b[1".repeat(1 << 20);
        assert_eq!(plain(&screen), screen);
    }

    proptest! {
        #[test]
        fn any_text_is_fine(text in "[\x1b\r\n\\[\\]0-9;mA-Z()\u{7}é\\\\]{0,64}") {
            let shown = plain(&text);
            let mut cleaned = text.clone().into_bytes();
            clean(&mut cleaned);
            prop_assert_eq!(shown.as_bytes(), cleaned);
            prop_assert!(shown.len() <= text.len());
        }
    }
}
