//! Text from elsewhere, made so that a terminal shows it and does nothing else.
//!
//! A terminal acts on control characters, of ASCII and of Latin-1; bidirectional controls and separators make a line read as another one than it
//! is; and what is not drawn at all lets two names look alike. All of that is shown as `\u{…}`. What text in any language needs to be drawn
//! right stays: joiners and variation selectors, one at a time and only behind something that they can belong to.

use std::io;

use ags_http::text::{acts, is_invisible, is_joiner, is_selector};

/// On one line: line ends and tabs are blanks.
pub(crate) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    write(text.trim_end(), &mut out, |letter| match letter {
        '\n' | '\t' => Some(" "),
        '\r' => Some(""),
        _ => None,
    });
    out
}

/// A text of lines; they and tabs stay.
pub(crate) fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line.strip_suffix('\r').unwrap_or(line), "\n"),
            None => (line, ""),
        };
        write(line, &mut out, |letter| (letter == '\t').then_some("\t"));
        out.push_str(end);
    }
    out
}

/// JSON that means the same.
pub(crate) fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match escaped(letter) {
            Some(escaped) => out.push_str(&escaped),
            None => out.push(letter),
        }
    }
    out
}

/// What [`json`] adds to the length of a letter.
pub(crate) fn json_cost(letter: char) -> usize {
    escaped(letter).map_or(0, |escaped| escaped.len() - letter.len_utf8())
}

/// Outside of the strings of JSON there is nothing but ASCII, and in them everything can be written as `\uXXXX`.
fn escaped(letter: char) -> Option<String> {
    let is_hidden = if letter.is_ascii() {
        letter == '\x7f'
    } else {
        acts(letter) || is_invisible(letter)
    };
    is_hidden.then(|| {
        let mut pair = [0; 2];
        let units = letter.encode_utf16(&mut pair).iter();
        units.map(|unit| format!("\\u{unit:04x}")).collect()
    })
}

/// Passes JSON on as [`json`] has it. Each call brings whole letters, as serializers do.
pub(crate) struct Json<W>(pub(crate) W);

impl<W: io::Write> io::Write for Json<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let mut rest = text;
        while let Some((at, letter)) = rest.char_indices().find(|(_, c)| escaped(*c).is_some()) {
            self.0.write_all(&rest.as_bytes()[..at])?;
            self.0
                .write_all(escaped(letter).unwrap_or_default().as_bytes())?;
            rest = &rest[at + letter.len_utf8()..];
        }
        self.0.write_all(rest.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Writes one line of it; `instead` says what stands for letters that have a meaning of their own there.
fn write(text: &str, out: &mut String, instead: impl Fn(char) -> Option<&'static str>) {
    let mut before = None;
    for letter in text.chars() {
        if let Some(instead) = instead(letter) {
            out.push_str(instead);
            before = None;
        } else if acts(letter) || (is_invisible(letter) && !belongs(letter, before)) {
            out.extend(letter.escape_unicode());
            before = None;
        } else {
            out.push(letter);
            before = Some(letter);
        }
    }
}

/// Whether an invisible letter is part of how the one before it is drawn.
fn belongs(letter: char, before: Option<char>) -> bool {
    let Some(before) = before else { return false };
    if is_joiner(letter) {
        // Of ASCII nothing can be joined. An emoji may have its selector first.
        !before.is_ascii() && !is_joiner(before)
    } else {
        is_selector(letter) && !is_selector(before) && !is_joiner(before)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each kind of letter that must not reach a terminal.
    const HIDDEN: &[char] = &[
        '\0',
        '\x07',
        '\x08',
        '\x1b',
        '\x7f',
        '\u{80}',
        '\u{9b}',
        '\u{9d}',
        '\u{9f}',
        '\u{ad}',
        '\u{61c}',
        '\u{180e}',
        '\u{200b}',
        '\u{200e}',
        '\u{200f}',
        '\u{2028}',
        '\u{2029}',
        '\u{202a}',
        '\u{202e}',
        '\u{2060}',
        '\u{2066}',
        '\u{2069}',
        '\u{3164}',
        '\u{feff}',
        '\u{fff9}',
        '\u{e0001}',
        '\u{e0041}',
        '\u{e007f}',
    ];

    #[test]
    fn what_a_terminal_would_act_on_is_shown_instead() {
        assert_eq!(one_line("a\x1b[31mb\nc\r\n"), "a\\u{1b}[31mb c");
        assert_eq!(lines("a\x1b[31mb\r\n\tc\rd"), "a\\u{1b}[31mb\n\tc\\u{d}d");
        for &letter in HIDDEN {
            let shown = format!("a\\u{{{:x}}}b", u32::from(letter));
            assert_eq!(one_line(&format!("a{letter}b")), shown);
            assert_eq!(lines(&format!("a{letter}b")), shown);
        }
    }

    #[test]
    fn what_languages_and_emoji_need_stays() {
        for text in [
            "沙箱启动失败：镜像不存在",
            "葛\u{e0100}城市",
            "فشل التشغيل ٪٣",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "שלום",
            "👩\u{200d}👩\u{200d}👧 ❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{20e3} 🇨🇳",
            "cafe\u{301} naïve ½",
        ] {
            assert_eq!(one_line(text), text);
            assert_eq!(lines(text), text);
        }
    }

    #[test]
    fn joiners_that_join_nothing_hide_nothing() {
        assert_eq!(one_line("root\u{200d}"), "root\\u{200d}");
        assert_eq!(one_line("\u{200c}x"), "\\u{200c}x");
        let runs = one_line("中\u{200d}\u{200d}文\u{fe0f}\u{fe0f}");
        assert_eq!(runs, "中\u{200d}\\u{200d}文\u{fe0f}\\u{fe0f}");
    }

    #[test]
    fn json_stays_what_it_is() {
        let text: String = HIDDEN.iter().chain(&['中', '"', '\\', '\n']).collect();
        let value = serde_json::json!({ text.clone(): [text, 1.5, null] });
        let shown = json(&value.to_string());
        assert!(
            !shown.chars().any(|c| acts(c) || is_invisible(c)),
            "{shown}"
        );
        assert!(shown.contains("\\u009b") && shown.contains("\\udb40\\udc41"));
        assert!(shown.contains('中'));
        let mut passed = Vec::new();
        serde_json::to_writer(Json(&mut passed), &value).unwrap();
        assert_eq!(String::from_utf8(passed).unwrap(), shown);
        let again: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(again, value);
    }

    proptest! {
        #[test]
        fn cleaning_twice_is_cleaning_once(text in "\\PC*|[\\x00-\\u{2fff}]{0,40}") {
            let once = one_line(&text);
            prop_assert!(!once.chars().any(acts), "{once:?}");
            prop_assert_eq!(&one_line(&once), &once);
            let once = lines(&text);
            prop_assert!(!once.chars().any(|c| acts(c) && c != '\n' && c != '\t'), "{once:?}");
            prop_assert_eq!(&lines(&once), &once);
        }
    }
}
