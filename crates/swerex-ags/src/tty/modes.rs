//! What has been asked of a terminal by what was shown on it, and what takes that back.

use std::collections::BTreeSet;

/// Modes of `CSI ? … h` that a terminal is without: reversed colours, positions within margins, the keypad, margins at the sides, reports of
/// the mouse, of its focus, of pasting, of colours and of the size, updates that are held back, and keys as another system tells them.
const SWITCHED_ON: &[u16] = &[
    1, 5, 6, 9, 66, 69, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004, 2026, 2027,
    2031, 2048, 9001,
];

/// Those that a terminal has: lines that wrap, and a cursor.
const SWITCHED_OFF: &[u16] = &[7, 25];

/// The second screen, by all its names.
const SCREENS: &[u16] = &[47, 1047, 1049];

/// The longest sequence that is understood, in bytes; terminals understand none that is longer.
const LONGEST: usize = 256;

/// How often a keyboard's ways are taken back at most, on each screen; terminals remember fewer.
const MOST_PUSHED: u32 = 64;

/// Follows what is shown. Whatever it was, few bytes take it back, and none where nothing was asked for.
#[derive(Debug, Default)]
pub(super) struct Modes {
    state: State,
    /// The sequence that is under way.
    sequence: Vec<u8>,
    /// Modes that are not as a terminal has them.
    switched: BTreeSet<u16>,
    /// The name by which the second screen was asked for.
    screen: Option<u16>,
    /// How often a program has pushed ways of the keyboard and not popped them: on the first screen, and on the second.
    pushed: [u32; 2],
    other: Other,
    is_within_a_line: bool,
}

/// What has no number.
#[derive(Debug, Default)]
struct Other {
    keypad: bool,
    insert: bool,
    newline: bool,
    colours: bool,
    charset: bool,
    margins: bool,
    cursor_shape: bool,
    keyboard: bool,
    modified_keys: bool,
}

/// Where in a sequence the last byte was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// Behind the first byte of what may be one of the controls that Unicode has twice.
    Latin,
    /// Behind an escape, and what may follow it.
    Escape,
    /// Behind `ESC [`.
    Control,
    /// Within a title or the like, which only its end ends.
    String,
    /// Behind an escape in one.
    StringEscape,
}

impl Modes {
    /// Takes what is shown, in any pieces.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.byte(*byte);
        }
    }

    /// What makes the terminal as it was; empty if it is. The next line begins at the left.
    pub(super) fn undo(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if self.state != State::Text {
            // Ends what was cut off in the middle.
            bytes.extend_from_slice(b"\x18\x1b\\");
        }
        let [first, second] = self.pushed;
        let mut put = |text: &str| bytes.extend_from_slice(text.as_bytes());
        if let Some(screen) = self.screen {
            if second > 0 {
                put(&format!("\x1b[<{second}u"));
            }
            put(&format!("\x1b[?{screen}l"));
        }
        if first > 0 {
            put(&format!("\x1b[<{first}u"));
        }
        for mode in &self.switched {
            let letter = if SWITCHED_OFF.contains(mode) {
                'h'
            } else {
                'l'
            };
            put(&format!("\x1b[?{mode}{letter}"));
        }
        let Other {
            keypad,
            insert,
            newline,
            colours,
            charset,
            margins,
            cursor_shape,
            keyboard,
            modified_keys,
        } = self.other;
        for (_, text) in [
            (keyboard, "\x1b[=0u"),
            (modified_keys, "\x1b[>4m"),
            (keypad, "\x1b>"),
            (insert, "\x1b[4l"),
            (newline, "\x1b[20l"),
            (charset, "\x0f\x1b(B\x1b)B"),
            // Which moves the cursor, unless that is remembered.
            (margins, "\x1b7\x1b[r\x1b8"),
            (cursor_shape, "\x1b[0 q"),
            (colours, "\x1b[0m"),
        ]
        .into_iter()
        .filter(|(is_changed, _)| *is_changed)
        {
            put(text);
        }
        if !bytes.is_empty() || self.is_within_a_line {
            bytes.extend_from_slice(b"\r\n");
        }
        bytes
    }

    fn byte(&mut self, byte: u8) {
        match (self.state, byte) {
            // Cancels a sequence.
            (_, 0x18 | 0x1a) => self.state = State::Text,
            (State::String, 0x1b) => self.state = State::StringEscape,
            (State::String, 0x07) | (State::StringEscape, b'\\') => self.state = State::Text,
            (State::String, _) => {}
            (_, 0x1b) => self.begin(State::Escape),
            (State::Escape | State::StringEscape, b'[') if self.sequence.is_empty() => {
                self.begin(State::Control);
            }
            (State::Escape | State::StringEscape, b']' | b'P' | b'X' | b'^' | b'_')
                if self.sequence.is_empty() =>
            {
                self.begin(State::String);
            }
            (State::Latin, 0x9b) => self.begin(State::Control),
            (State::Latin, 0x90 | 0x98 | 0x9d..=0x9f) => self.begin(State::String),
            (State::Latin, _) => {
                self.state = State::Text;
                self.byte(byte);
            }
            (State::Text, 0xc2) => self.state = State::Latin,
            (State::Text, b'\x0e') => self.other.charset = true,
            (State::Text, b'\n') => self.is_within_a_line = false,
            (State::Text, b' '..) => self.is_within_a_line = true,
            // Other controls do what they do, wherever they are.
            (_, ..=0x1f | 0x7f..) => {}
            (State::Escape | State::StringEscape, b' '..=b'/') => {
                self.state = State::Escape;
                self.remember(byte);
            }
            (State::Escape | State::StringEscape, _) => {
                self.state = State::Text;
                self.escape(byte);
            }
            (State::Control, b' '..=b'?') => self.remember(byte),
            (State::Control, _) => {
                self.state = State::Text;
                let sequence = std::mem::take(&mut self.sequence);
                if sequence.len() < LONGEST {
                    self.control(&sequence, byte);
                }
            }
        }
    }

    fn begin(&mut self, state: State) {
        self.state = state;
        self.sequence.clear();
    }

    fn remember(&mut self, byte: u8) {
        if self.sequence.len() < LONGEST {
            self.sequence.push(byte);
        }
    }

    fn escape(&mut self, last: u8) {
        match (self.sequence.first(), last) {
            (None, b'=') => self.other.keypad = true,
            (None, b'>') => self.other.keypad = false,
            // Everything is as in the beginning.
            (None, b'c') => *self = Self::default(),
            (Some(b'(' | b')'), _) => self.other.charset = true,
            _ => {}
        }
    }

    fn control(&mut self, sequence: &[u8], last: u8) {
        let other = &mut self.other;
        match (sequence, last) {
            ([b'?', numbers @ ..], b'h' | b'l') => {
                for mode in parameters(numbers) {
                    self.switch(mode, last == b'h');
                }
            }
            ([b'>', ..], b'u') => {
                let pushed = self.pushed_here();
                *pushed = (*pushed + 1).min(MOST_PUSHED);
            }
            ([b'<', numbers @ ..], b'u') => {
                let popped = parameters(numbers).next().unwrap_or(1).max(1);
                let pushed = self.pushed_here();
                *pushed = pushed.saturating_sub(popped.into());
            }
            ([b'=', ..], b'u') => other.keyboard = true,
            ([b'>', numbers @ ..], b'm') => {
                let mut numbers = parameters(numbers);
                if numbers.next() == Some(4) {
                    other.modified_keys = numbers.next().is_some_and(|value| value > 0);
                }
            }
            ([.., b' '], b'q') => other.cursor_shape = true,
            (numbers, b'h' | b'l') => {
                for mode in parameters(numbers) {
                    match mode {
                        4 => other.insert = last == b'h',
                        20 => other.newline = last == b'h',
                        _ => {}
                    }
                }
            }
            (numbers @ ([] | [b'0'..=b';', ..]), b'm') => {
                other.colours = !matches!(numbers, [] | [b'0']);
            }
            (numbers @ ([] | [b'0'..=b';', ..]), b'r') => other.margins = !numbers.is_empty(),
            _ => {}
        }
    }

    fn switch(&mut self, mode: u16, is_on: bool) {
        if SCREENS.contains(&mode) {
            self.screen = is_on.then_some(mode);
            if !is_on {
                self.pushed = [self.pushed[0], 0];
            }
        } else if SWITCHED_ON.contains(&mode) && is_on || SWITCHED_OFF.contains(&mode) && !is_on {
            self.switched.insert(mode);
        } else {
            self.switched.remove(&mode);
        }
    }

    fn pushed_here(&mut self) -> &mut u32 {
        let [first, second] = &mut self.pushed;
        if self.screen.is_some() { second } else { first }
    }
}

/// The numbers of a sequence, as far as they are some.
fn parameters(text: &[u8]) -> impl Iterator<Item = u16> + '_ {
    text.split(|byte| *byte == b';')
        .filter_map(|number| std::str::from_utf8(number).ok()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn undo(shown: &str) -> String {
        let mut whole = Modes::default();
        whole.take(shown.as_bytes());
        let mut bytewise = Modes::default();
        for byte in shown.as_bytes() {
            bytewise.take(&[*byte]);
        }
        let undone = whole.undo();
        assert_eq!(undone, bytewise.undo(), "{shown:?}");
        String::from_utf8(undone).unwrap()
    }

    #[test]
    fn what_was_switched_on_is_switched_off() {
        for (shown, undone) in [
            ("\x1b[?1049h\x1b[2J", "\x1b[?1049l\r\n"),
            ("\x1b[?47h", "\x1b[?47l\r\n"),
            (
                "\x1b[?1000;1002;1006h\x1b[?2004h",
                "\x1b[?1000l\x1b[?1002l\x1b[?1006l\x1b[?2004l\r\n",
            ),
            ("\x1b[?25l\x1b[?7l", "\x1b[?7h\x1b[?25h\r\n"),
            ("\x1b[?1h\x1b=", "\x1b[?1l\x1b>\r\n"),
            ("\x1b[?1003h\x1b[?1004h", "\x1b[?1003l\x1b[?1004l\r\n"),
            ("\x1b[4h\x1b[20h", "\x1b[4l\x1b[20l\r\n"),
            ("\x1b[1;31mred\n", "\x1b[0m\r\n"),
            ("\x1b(0", "\x0f\x1b(B\x1b)B\r\n"),
            ("\x0e", "\x0f\x1b(B\x1b)B\r\n"),
            ("\x1b[2;10r", "\x1b7\x1b[r\x1b8\r\n"),
            ("\x1b[4 q", "\x1b[0 q\r\n"),
            ("\x1b[>1u\x1b[>5u", "\x1b[<2u\r\n"),
            (
                "\x1b[>1u\x1b[?1049h\x1b[>7u",
                "\x1b[<1u\x1b[?1049l\x1b[<1u\r\n",
            ),
            ("\x1b[=3;1u", "\x1b[=0u\r\n"),
            ("\x1b[>4;2m", "\x1b[>4m\r\n"),
            ("\u{9b}?1000h", "\x1b[?1000l\r\n"),
            ("\u{9d}0;[?1002h\x07\u{a0}\x1b[?1003h", "\x1b[?1003l\r\n"),
        ] {
            assert_eq!(undo(shown), undone, "{shown:?}");
        }
    }

    #[test]
    fn what_a_program_has_tidied_up_is_left_alone() {
        for shown in [
            "",
            "text\r\n",
            "\x1b[?1049h\x1b[?25l\x1b[?1000h\x1b[?1000l\x1b[?25h\x1b[?1049l",
            "\x1b[?2004hline\x1b[?2004l\r\n",
            "\x1b[?12h\x1b[?1048h",
            "\x1b[31mred\x1b[m\x1b[1mbold\x1b[0m\r\n",
            "\x1b]0;title [?1000h\x07",
            "\x1bP1$r?1000h\x1b\\",
            "\x1b[>1u\x1b[<u\x1b[?1049h\x1b[>1u\x1b[?1049l",
            "\x1b[>4;2m\x1b[>4m\x1b[4h\x1b[4l\x1b[1;5r\x1b[r",
            "\x1b[?1000h\x1b[?1049h\x1b[>1u\x1bc",
            "\x1b[?100\x180h",
        ] {
            assert_eq!(undo(shown).trim_end_matches("\r\n"), "", "{shown:?}");
        }
        assert_eq!((undo("done\r\n"), undo("$ ")), ("".into(), "\r\n".into()));
    }

    #[test]
    fn what_was_cut_off_is_ended_first() {
        for (shown, undone) in [
            ("\x1b]0;ti", "\x18\x1b\\\r\n"),
            ("\x1b[?1000h\x1b[?1049", "\x18\x1b\\\x1b[?1000l\r\n"),
            ("\x1b[?1000h\x1b", "\x18\x1b\\\x1b[?1000l\r\n"),
            // A string is ended by another sequence, too.
            ("\x1b]0;ti\x1b[?1000h", "\x1b[?1000l\r\n"),
        ] {
            assert_eq!(undo(shown), undone, "{shown:?}");
        }
    }

    proptest! {
        #[test]
        fn what_takes_it_back_leaves_nothing(
            pieces in proptest::collection::vec(prop_oneof![
                Just("\x1b"), Just("["), Just("?"), Just("1049"), Just("1000"), Just(";"), Just("25"), Just("h"), Just("l"), Just(">"),
                Just("<"), Just("="), Just("u"), Just("4"), Just("m"), Just("r"), Just("]"), Just("\\"), Just("\x07"), Just("a"), Just(" q"),
                Just("("), Just("99999999999")], 0..40)
        ) {
            let mut modes = Modes::default();
            modes.take(pieces.concat().as_bytes());
            let undone = modes.undo();
            prop_assert!(undone.len() < 1024);
            modes.take(&undone);
            prop_assert!(modes.switched.is_empty() && modes.screen.is_none());
            prop_assert_eq!((modes.pushed, modes.state), ([0, 0], State::Text));
        }
    }
}
