//! The syntax of Python's `re` in terms of `fancy-regex`, and the complaints of Python about what is none.
//!
//! What means the same in both is passed on. Translated are: character sets (no nesting, no set operations), braces that repeat
//! nothing, `{,n}`, `$` (also before a last line end), `\Z`, escapes of characters that mean something to one only, octal and
//! Unicode escapes, notes. Flags `a`, `L` and `u` are read over: texts are Unicode, `\w` and its like always mean all of it.

mod group;
mod set;

use std::{fmt::Write as _, iter::Peekable, str::Chars};

use group::Groups;

/// The pattern as `fancy-regex` wants it, or Python's message.
pub(super) fn translate(pattern: &str) -> Result<String, String> {
    let mut translator = Translator {
        rest: pattern.chars().peekable(),
        at: 0,
        // As pexpect compiles them.
        out: "(?s)".to_owned(),
        modes: Modes::default(),
        groups: Groups::default(),
        repeats: Repeats::Nothing,
        is_at_start: true,
    };
    translator.run()?;
    Ok(translator.out)
}

/// What a repetition sign would repeat.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeats {
    Nothing,
    Item,
    /// Something that is repeated already.
    Repeated,
}

/// Flags that change how the rest is read.
#[derive(Clone, Copy, Default)]
struct Modes {
    is_multiline: bool,
    is_verbose: bool,
}

struct Translator<'a> {
    rest: Peekable<Chars<'a>>,
    /// In characters, as Python counts.
    at: usize,
    out: String,
    modes: Modes,
    groups: Groups,
    repeats: Repeats,
    /// Nothing but flags has been read.
    is_at_start: bool,
}

impl Translator<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.rest.next()?;
        self.at += 1;
        Some(next)
    }

    fn next_if(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        let next = self.rest.next_if(|c| wanted(*c))?;
        self.at += 1;
        Some(next)
    }

    fn run(&mut self) -> Result<(), String> {
        while let Some(c) = self.next() {
            let place = self.at - 1;
            match c {
                '*' | '+' | '?' => {
                    self.may_repeat(place)?;
                    self.out.push(c);
                    self.modifier();
                }
                '{' => self.braces(place)?,
                '[' => self.set(place)?,
                '\\' => self.escape(place)?,
                '(' => self.group(place)?,
                ')' => self.close(place)?,
                '|' => {
                    self.groups.bar(place)?;
                    self.position("|");
                }
                '^' if self.modes.is_multiline => self.position("(?m:^)"),
                '^' => self.position("^"),
                '$' if self.modes.is_multiline => self.position("(?m:$)"),
                '$' => self.position("(?=\\n?\\z)"),
                '.' => self.item("."),
                c if self.modes.is_verbose && c.is_ascii_whitespace() => {}
                '#' if self.modes.is_verbose => while self.next().is_some_and(|c| c != '\n') {},
                c => self.literal(c),
            }
        }
        self.groups.end()
    }

    /// Something that takes up no text, and cannot be repeated.
    fn position(&mut self, text: &str) {
        self.out.push_str(text);
        self.repeats = Repeats::Nothing;
        self.is_at_start = false;
    }

    fn item(&mut self, text: &str) {
        self.position(text);
        self.repeats = Repeats::Item;
    }

    fn literal(&mut self, c: char) {
        self.item("");
        push_literal(&mut self.out, c);
    }

    fn may_repeat(&mut self, place: usize) -> Result<(), String> {
        match self.repeats {
            Repeats::Nothing => Err(at(place, "nothing to repeat")),
            Repeats::Repeated => Err(at(place, "multiple repeat")),
            Repeats::Item => {
                self.repeats = Repeats::Repeated;
                Ok(())
            }
        }
    }

    /// Lazy or possessive.
    fn modifier(&mut self) {
        if let Some(sign) = self.next_if(|c| matches!(c, '?' | '+')) {
            self.out.push(sign);
        }
    }

    /// `{m}`, `{m,}`, `{,n}`, `{m,n}`; anything else is a brace.
    fn braces(&mut self, place: usize) -> Result<(), String> {
        let mut ahead = self.rest.clone();
        let low = digits(&mut ahead);
        let high = ahead.next_if_eq(&',').map(|_| digits(&mut ahead));
        if ahead.next() != Some('}') || (low.is_empty() && high.is_none()) {
            self.literal('{');
            return Ok(());
        }
        while self.next().is_some_and(|c| c != '}') {}
        let number = |text: &str| {
            text.parse::<u32>()
                .map_err(|_| "the repetition number is too large".to_owned())
        };
        let least = if low.is_empty() { 0 } else { number(&low)? };
        if let Some(high) = high.as_deref().filter(|high| !high.is_empty())
            && number(high)? < least
        {
            return Err(at(place + 1, "min repeat greater than max repeat"));
        }
        self.may_repeat(place)?;
        let high = high.map_or_else(String::new, |high| format!(",{high}"));
        // Writing to a string cannot fail.
        let _ = write!(self.out, "{{{least}{high}}}");
        self.modifier();
        Ok(())
    }

    /// An escape outside of a set.
    fn escape(&mut self, place: usize) -> Result<(), String> {
        match self.rest.peek() {
            Some('A') => self.position("\\A"),
            Some('Z') => self.position("\\z"),
            Some('b') => self.position("\\b"),
            Some('B') => self.position("\\B"),
            Some('1'..='9') => return self.reference(place),
            _ => {
                let escaped = self.escaped(place)?;
                self.item("");
                escaped.push_to(&mut self.out);
                return Ok(());
            }
        }
        self.next();
        Ok(())
    }

    /// `\1` to `\99`, or an octal character of three digits.
    fn reference(&mut self, place: usize) -> Result<(), String> {
        let mut digits = String::new();
        while digits.len() < 2
            && let Some(digit) = self.next_if(|c| c.is_ascii_digit())
        {
            digits.push(digit);
        }
        let is_octal = matches!(digits.as_bytes(), [b'0'..=b'3', b'0'..=b'7']);
        if is_octal && let Some(digit) = self.next_if(|c| ('0'..='7').contains(&c)) {
            digits.push(digit);
            let code = u32::from_str_radix(&digits, 8).unwrap_or_default();
            self.literal(char::from_u32(code).unwrap_or_default());
            return Ok(());
        }
        let number = digits.parse().unwrap_or_default();
        self.groups.refer(number, place, place + 1)?;
        // In a group of its own, so that a digit after it stays one.
        self.item(&format!("(?:\\{digits})"));
        Ok(())
    }

    /// An escape that stands for a character or a class, in or out of a set. The backslash is read already.
    fn escaped(&mut self, place: usize) -> Result<Escaped, String> {
        let Some(c) = self.next() else {
            return Err(at(place, "bad escape (end of pattern)"));
        };
        Ok(match c {
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => Escaped::Class(c),
            'a' => Escaped::Char('\x07'),
            'f' => Escaped::Char('\x0c'),
            'n' => Escaped::Char('\n'),
            'r' => Escaped::Char('\r'),
            't' => Escaped::Char('\t'),
            'v' => Escaped::Char('\x0b'),
            'x' => Escaped::Char(self.hex(place, 'x', 2)?),
            'u' => Escaped::Char(self.hex(place, 'u', 4)?),
            'U' => Escaped::Char(self.hex(place, 'U', 8)?),
            '0'..='7' => {
                let mut code = u32::from(c) - u32::from('0');
                for _ in 0..2 {
                    let Some(digit) = self.next_if(|c| ('0'..='7').contains(&c)) else {
                        break;
                    };
                    code = code * 8 + u32::from(digit) - u32::from('0');
                }
                Escaped::Char(char::from_u32(code).unwrap_or_default())
            }
            c if c.is_ascii_alphanumeric() => {
                return Err(at(place, &format!("bad escape \\{c}")));
            }
            c => Escaped::Char(c),
        })
    }

    fn hex(&mut self, place: usize, kind: char, length: usize) -> Result<char, String> {
        let mut text = String::new();
        while text.len() < length
            && let Some(digit) = self.next_if(|c| c.is_ascii_hexdigit())
        {
            text.push(digit);
        }
        if text.len() < length {
            return Err(at(place, &format!("incomplete escape \\{kind}{text}")));
        }
        u32::from_str_radix(&text, 16)
            .ok()
            .and_then(char::from_u32)
            .ok_or_else(|| at(place, &format!("bad escape \\{kind}{text}")))
    }
}

fn digits(ahead: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(digit) = ahead.next_if(char::is_ascii_digit) {
        text.push(digit);
    }
    text
}

/// What an escape stands for.
enum Escaped {
    Char(char),
    Class(char),
}

impl Escaped {
    fn push_to(&self, out: &mut String) {
        match self {
            Self::Char(c) => push_literal(out, *c),
            Self::Class(c) => {
                out.push('\\');
                out.push(*c);
            }
        }
    }

    /// As it was written, almost.
    fn shown(&self) -> String {
        match self {
            Self::Char(c) => c.to_string(),
            Self::Class(c) => format!("\\{c}"),
        }
    }
}

/// A character that means itself, in or out of a set.
fn push_literal(out: &mut String, c: char) {
    if c.is_ascii_punctuation() || c.is_whitespace() || c.is_control() {
        // Writing to a string cannot fail.
        let _ = write!(out, "\\x{{{:x}}}", u32::from(c));
    } else {
        out.push(c);
    }
}

fn at(place: usize, message: &str) -> String {
    format!("{message} at position {place}")
}
