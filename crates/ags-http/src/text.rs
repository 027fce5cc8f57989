//! Text of a peer, made fit for a message: what acts on a terminal or on the eye is taken out where the text is read.

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
            letter if is_invisible(letter) => {}
            letter => clean.push(letter),
        }
    }
    if letters.next().is_some() {
        clean.push('…');
    }
    clean.trim().to_owned()
}

/// Characters of the category Cf, tags and fillers: they are not drawn. The joiners stay, without which some scripts and emoji are drawn wrong.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
        | '\u{115f}'..='\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
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
