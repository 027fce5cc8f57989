//! Text of a peer, made fit for a message: what acts on a terminal or on the eye is taken out where the text is read.

use std::error::Error;

/// `text` on one line and not longer than `most` characters, without what a terminal acts on (control characters, of Latin-1 too) and without
/// what makes a line read as another one than it is: the controls of direction, separators, and characters that are not drawn.
pub fn clean(text: &str, most: usize) -> String {
    let mut clean = String::new();
    let mut letters = text.trim().chars();
    for letter in letters.by_ref().take(most) {
        match letter {
            letter if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') => {
                clean.push(' ');
            }
            letter if acts(letter) => {}
            // Without these some scripts and emoji are drawn wrong.
            letter if is_joiner(letter) || is_selector(letter) => clean.push(letter),
            letter if is_invisible(letter) => {}
            letter => clean.push(letter),
        }
    }
    if letters.next().is_some() {
        clean.push('…');
    }
    clean.trim().to_owned()
}

/// An error and its causes in one line, from the outermost on.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// What terminals and their users' eyes act on: controls, the separators of lines and paragraphs, and what turns the direction of text.
pub fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What is not drawn: Unicode's `Default_Ignorable_Code_Point`, and the marks of annotations.
pub fn is_invisible(letter: char) -> bool {
    is_selector(letter)
        || is_joiner(letter)
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}' | '\u{200b}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Chooses between two drawings of one letter.
pub fn is_selector(letter: char) -> bool {
    matches!(letter, '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Says of two letters or symbols that they are to be joined, or not to be.
pub fn is_joiner(letter: char) -> bool {
    matches!(letter, '\u{200c}' | '\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts_on_a_terminal_or_on_the_eye() {
        for (text, expected) in [
            ("plain\ttext\n", "plain text"),
            ("\u{1b}]0;x\u{7}y", "]0;x y"),
            ("a\u{9b}31mb\u{85}c\u{7f}d", "a 31mb c d"),
            (
                "user\u{202e}gnp.exe\u{2066}x\u{61c}\u{200f}",
                "usergnp.exex",
            ),
            ("a\u{2028}b\u{2029}c\u{feff}\u{200b}\u{e0041}d", "a b cd"),
            (
                "错误：镜像 👩\u{200d}💻 naïve",
                "错误：镜像 👩\u{200d}💻 naïve",
            ),
            ("", ""),
        ] {
            assert_eq!(clean(text, 100), expected, "{text:?}");
        }
        assert_eq!(clean("äöü", 2), "äö…");
        assert_eq!(clean("äö", 2), "äö");
    }
}
