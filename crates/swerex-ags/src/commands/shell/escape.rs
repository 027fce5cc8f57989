//! The keys that are for this program, and not for the one on the other side: `~` at the beginning of a line, as with ssh.

/// What `~?` shows.
pub(super) const HELP: &str =
    "~.  leave, whatever the sandbox does\r\n~~  type ~\r\n~?  show this\r\n";

/// What was meant for this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meant {
    Leave,
    Help,
}

/// Looks at what is typed.
#[derive(Debug, Default)]
pub(super) struct Escapes(Place);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// At the beginning of a line.
    #[default]
    Beginning,
    /// After a `~` there, which is held back.
    Tilde,
    Within,
}

impl Escapes {
    /// Splits what was typed into what is passed on and what is meant for this program; nothing after a [`Meant::Leave`] is.
    pub(super) fn take(&mut self, typed: &[u8]) -> (Vec<u8>, Option<Meant>) {
        let (mut passed, mut meant) = (Vec::with_capacity(typed.len() + 1), None);
        for &byte in typed {
            match (self.0, byte) {
                (Place::Beginning, b'~') => {
                    self.0 = Place::Tilde;
                    continue;
                }
                (Place::Tilde, b'.') => return (passed, Some(Meant::Leave)),
                (Place::Tilde, b'?') => {
                    self.0 = Place::Beginning;
                    meant = Some(Meant::Help);
                    continue;
                }
                (Place::Tilde, b'~') | (Place::Beginning | Place::Within, _) => {}
                (Place::Tilde, _) => passed.push(b'~'),
            }
            passed.push(byte);
            self.0 = if matches!(byte, b'\r' | b'\n') {
                Place::Beginning
            } else {
                Place::Within
            };
        }
        (passed, meant)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Typed in these pieces.
    fn take(pieces: &[&str]) -> (String, Option<Meant>) {
        let mut escapes = Escapes::default();
        let mut all = Vec::new();
        for piece in pieces {
            let (passed, meant) = escapes.take(piece.as_bytes());
            all.extend(passed);
            if meant.is_some() {
                return (String::from_utf8(all).unwrap(), meant);
            }
        }
        (String::from_utf8(all).unwrap(), None)
    }

    #[test]
    fn only_at_the_beginning_of_a_line() {
        assert_eq!(take(&["~."]), (String::new(), Some(Meant::Leave)));
        assert_eq!(
            take(&["ls\r", "~", ".", "x"]),
            ("ls\r".to_owned(), Some(Meant::Leave))
        );
        assert_eq!(take(&["a\n~?b"]), ("a\nb".to_owned(), Some(Meant::Help)));
        for (typed, passed) in [
            ("cd ~.\r", "cd ~.\r"),
            ("~~.", "~."),
            ("~/bin\r", "~/bin\r"),
            ("~\r~~", "~\r~"),
            ("x~?", "x~?"),
        ] {
            assert_eq!(take(&[typed]), (passed.to_owned(), None), "{typed:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_else_is_changed(typed in "[^~]{0,40}") {
            prop_assert_eq!(take(&[&typed]), (typed.clone(), None));
        }
    }
}
