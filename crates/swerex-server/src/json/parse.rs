//! A parser that finds the same errors at the same places as CPython's.

use super::{LoneSurrogate, Member, Object, Value};
use crate::room;

/// Deeper nesting is refused, as CPython's recursion limit does.
const MAX_DEPTH: usize = 900;

/// CPython refuses to convert longer integers.
const MAX_INT_DIGITS: usize = 4300;

/// What the values of one text may take beside its characters: 8 MiB, which is more words than a program can be started with. A request is a
/// few values and long strings; a text of brackets only would take twenty times its size.
pub(crate) const MAX_TREE: usize = 8 * 1024 * 1024;

/// Bytes of a character.
const MAX_CHAR: usize = 4;

/// Lists grow by doubling.
const GROWTH: usize = 2;

/// What a string takes that is not in the text as it stands: a block of its own. The C library gives small ones back late, so that they
/// count for more than they are.
const BLOCK: usize = 256;

/// What one more item of a list takes, and one more member of an object: its place, and for a moment a note of the name.
const ITEM: usize = GROWTH * size_of::<Value<'_>>();
const MEMBER: usize = GROWTH * size_of::<Member<'_>>() + GROWTH * size_of::<(&str, usize)>();

/// What a list or object takes that is not empty: its first places are taken together.
const FIRST: usize = 4 * size_of::<Member<'_>>() + size_of::<[usize; 2]>();

/// Why a text is not JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// What Python calls `JSONDecodeError`.
    At {
        /// Python's words.
        error: &'static str,
        /// Where, in characters.
        offset: usize,
    },
    /// Too deep, or an integer too long to convert.
    Excessive,
    /// More values than [`MAX_TREE`] has room for.
    TooMany,
}

/// Reads a whole text as one value.
pub(crate) fn parse(text: &str) -> Result<Value<'_>, Broken> {
    let mut parser = Parser {
        text,
        bytes: text.as_bytes(),
        at: 0,
        depth: 0,
        room: MAX_TREE,
    };
    parser
        .document()
        .map_err(|failure| parser.describe(&failure))
}

/// A failure with its place in bytes.
enum Failure {
    Syntax(&'static str, usize),
    Excessive,
    TooMany,
}

type Parsed<T> = Result<T, Failure>;

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    /// What is left of [`MAX_TREE`].
    room: usize,
}

impl<'a> Parser<'a> {
    fn describe(&self, failure: &Failure) -> Broken {
        match *failure {
            Failure::Excessive => Broken::Excessive,
            Failure::TooMany => Broken::TooMany,
            Failure::Syntax(error, at) => {
                let before = self.bytes.get(..at).unwrap_or(self.bytes);
                // Characters are counted by the bytes that are not continuations.
                let offset = before.iter().filter(|byte| (**byte & 0xC0) != 0x80).count();
                Broken::At { error, offset }
            }
        }
    }

    fn document(&mut self) -> Parsed<Value<'a>> {
        self.skip_space();
        let value = self.value()?;
        self.skip_space();
        if self.at == self.bytes.len() {
            Ok(value)
        } else {
            Err(Failure::Syntax("Extra data", self.at))
        }
    }

    /// Takes of the room that is left.
    fn charge(&mut self, bytes: usize) -> Parsed<()> {
        self.room = self.room.checked_sub(bytes).ok_or(Failure::TooMany)?;
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Parsed<Value<'a>> {
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                self.string()
            }
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::list),
            Some(b'n') if self.literal("null") => Ok(Value::Null),
            Some(b't') if self.literal("true") => Ok(Value::Bool(true)),
            Some(b'f') if self.literal("false") => Ok(Value::Bool(false)),
            Some(b'N') if self.literal("NaN") => Ok(Value::Float(f64::NAN)),
            Some(b'I') if self.literal("Infinity") => Ok(Value::Float(f64::INFINITY)),
            Some(b'-') if self.literal("-Infinity") => Ok(Value::Float(f64::NEG_INFINITY)),
            _ => self.number(),
        }
    }

    fn literal(&mut self, word: &str) -> bool {
        let found = self
            .bytes
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(word.as_bytes()));
        if found {
            self.at += word.len();
        }
        found
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Parsed<Value<'a>>) -> Parsed<Value<'a>> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Failure::Excessive);
        }
        self.at += 1;
        let value = inner(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Parsed<Value<'a>> {
        let mut members = Vec::new();
        self.skip_space();
        if self.peek() != Some(b'}') {
            self.charge(FIRST)?;
            loop {
                self.charge(MEMBER)?;
                if self.peek() != Some(b'"') {
                    return Err(Failure::Syntax(
                        "Expecting property name enclosed in double quotes",
                        self.at,
                    ));
                }
                self.at += 1;
                let name = match self.string()? {
                    Value::Str(name) => name,
                    // No field is called so; what it is called does not matter.
                    _ => "\u{fffd}".into(),
                };
                self.skip_space();
                if self.peek() != Some(b':') {
                    return Err(Failure::Syntax("Expecting ':' delimiter", self.at));
                }
                self.at += 1;
                self.skip_space();
                members.push((name, self.value()?));
                self.skip_space();
                match self.peek() {
                    Some(b'}') => break,
                    Some(b',') => self.at += 1,
                    _ => return Err(Failure::Syntax("Expecting ',' delimiter", self.at)),
                }
                self.skip_space();
            }
        }
        self.at += 1;
        Ok(Value::Object(Object::from_pairs(members)))
    }

    fn list(&mut self) -> Parsed<Value<'a>> {
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() != Some(b']') {
            self.charge(FIRST)?;
            loop {
                self.charge(ITEM)?;
                items.push(self.value()?);
                self.skip_space();
                match self.peek() {
                    Some(b']') => break,
                    Some(b',') => self.at += 1,
                    _ => return Err(Failure::Syntax("Expecting ',' delimiter", self.at)),
                }
                self.skip_space();
            }
        }
        self.at += 1;
        Ok(Value::List(items))
    }

    fn number(&mut self) -> Parsed<Value<'a>> {
        let start = self.at;
        let nothing = Failure::Syntax("Expecting value", start);
        let mut at = start;
        let digit = |at: usize| self.bytes.get(at).is_some_and(u8::is_ascii_digit);
        if self.bytes.get(at) == Some(&b'-') {
            at += 1;
        }
        match self.bytes.get(at) {
            Some(b'0') => at += 1,
            Some(b'1'..=b'9') => {
                while digit(at) {
                    at += 1;
                }
            }
            _ => return Err(nothing),
        }
        let mut is_float = false;
        if self.bytes.get(at) == Some(&b'.') && digit(at + 1) {
            is_float = true;
            at += 2;
            while digit(at) {
                at += 1;
            }
        }
        if matches!(self.bytes.get(at), Some(b'e' | b'E')) {
            let mut end = at + 1;
            if matches!(self.bytes.get(end), Some(b'-' | b'+')) {
                end += 1;
            }
            if digit(end) {
                is_float = true;
                while digit(end) {
                    end += 1;
                }
                at = end;
            }
        }
        self.at = at;
        let digits = self.text.get(start..at).unwrap_or_default();
        if is_float {
            return digits.parse().map(Value::Float).map_err(|_| nothing);
        }
        if let Ok(small) = digits.parse() {
            return Ok(Value::Int(small));
        }
        if digits.trim_start_matches('-').len() > MAX_INT_DIGITS {
            return Err(Failure::Excessive);
        }
        Ok(Value::BigInt(digits.into()))
    }

    /// The rest of a string whose opening quote has been read.
    fn string(&mut self) -> Parsed<Value<'a>> {
        let opening = self.at - 1;
        let unterminated = Failure::Syntax("Unterminated string starting at", opening);
        let mut out = String::new();
        let mut surrogates = Surrogates::default();
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let special = memchr::memchr2(b'"', b'\\', rest);
            let before = rest
                .get(..special.unwrap_or(rest.len()))
                .unwrap_or_default();
            let control = before.iter().position(|byte| *byte < 0x20);
            let Some(length) = control.or(special) else {
                return Err(unterminated);
            };
            let end = self.at + length;
            let plain = self.text.get(self.at..end).unwrap_or_default();
            self.at = end + 1;
            match rest.get(length) {
                Some(b'"') if out.is_empty() && surrogates.none() => {
                    return Ok(plain.into());
                }
                Some(b'"') => {
                    out.push_str(plain);
                    self.charge(BLOCK)?;
                    return Ok(surrogates.finish(out));
                }
                Some(b'\\') => {
                    // And the character that comes next.
                    room::reserve(&mut out, plain.len() + MAX_CHAR);
                    out.push_str(plain);
                }
                _ => return Err(Failure::Syntax("Invalid control character at", end)),
            }
            let Some(escaped) = self.peek() else {
                return Err(unterminated);
            };
            self.at += 1;
            out.push(match escaped {
                b'"' => '"',
                b'\\' => '\\',
                b'/' => '/',
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'u' => self.unicode(&out, &mut surrogates)?,
                _ => return Err(Failure::Syntax("Invalid \\escape", self.at - 2)),
            });
        }
    }

    /// `\uXXXX`, of which `\u` has been read, and its partner where it is half of a pair.
    fn unicode(&mut self, before: &str, surrogates: &mut Surrogates) -> Parsed<char> {
        let first = self.hex()?;
        if (0xD800..0xDC00).contains(&first) {
            let is_pair = self
                .bytes
                .get(self.at..)
                // CPython wants one more character behind the second half.
                .is_some_and(|rest| rest.starts_with(b"\\u") && rest.len() > 6);
            if is_pair {
                let back = self.at;
                self.at += 2;
                let second = self.hex()?;
                if (0xDC00..0xE000).contains(&second) {
                    let code = 0x10000
                        + ((u32::from(first) - 0xD800) << 10)
                        + (u32::from(second) - 0xDC00);
                    return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                self.at = back;
            }
        }
        Ok(char::from_u32(u32::from(first)).unwrap_or_else(|| {
            surrogates.note(first, before);
            char::REPLACEMENT_CHARACTER
        }))
    }

    fn hex(&mut self) -> Parsed<u16> {
        let letter = self.at - 1;
        let invalid = || Failure::Syntax("Invalid \\uXXXX escape", letter);
        // CPython wants one more character behind the digits.
        if self.at + 4 >= self.bytes.len() {
            return Err(invalid());
        }
        let digits = self.bytes.get(self.at..self.at + 4).unwrap_or_default();
        let mut code = 0;
        for digit in digits {
            let value = char::from(*digit).to_digit(16).ok_or_else(invalid)?;
            code = code * 16 + value;
        }
        self.at += 4;
        u16::try_from(code).map_err(|_| invalid())
    }
}

/// The first run of lone surrogates in a string.
#[derive(Default)]
struct Surrogates {
    first: Option<LoneSurrogate>,
    /// Where that run goes on, in bytes of the text.
    next: usize,
}

impl Surrogates {
    fn none(&self) -> bool {
        self.first.is_none()
    }

    /// One more, behind the text `before`, in which a replacement stands for each.
    fn note(&mut self, code: u16, before: &str) {
        match &mut self.first {
            Some(first) if self.next == before.len() => first.run += 1,
            Some(_) => return,
            none => {
                *none = Some(LoneSurrogate {
                    code,
                    // Counted for the first one only: a text may consist of them.
                    position: before.chars().count(),
                    run: 1,
                });
            }
        }
        self.next = before.len() + char::REPLACEMENT_CHARACTER.len_utf8();
    }

    fn finish(self, text: String) -> Value<'static> {
        self.first
            .map_or_else(|| Value::Str(text.into()), Value::Surrogates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str) -> (&'static str, usize) {
        match parse(text) {
            Err(Broken::At { error, offset }) => (error, offset),
            other => panic!("{text}: {other:?}"),
        }
    }

    // What CPython 3.11 says of each.
    #[test]
    fn errors_and_offsets_are_pythons() {
        let cases: &[(&str, &str, usize)] = &[
            ("", "Expecting value", 0),
            ("  ", "Expecting value", 2),
            ("[\"a", "Unterminated string starting at", 1),
            ("\"\\", "Unterminated string starting at", 0),
            ("[1,]", "Expecting value", 3),
            ("[", "Expecting value", 1),
            ("[1 2]", "Expecting ',' delimiter", 3),
            ("[1.]", "Expecting ',' delimiter", 2),
            ("1.", "Extra data", 1),
            ("1e", "Extra data", 1),
            ("{} x", "Extra data", 3),
            ("{", "Expecting property name enclosed in double quotes", 1),
            (
                "{\"a\":1,}",
                "Expecting property name enclosed in double quotes",
                7,
            ),
            ("{\"a\"", "Expecting ':' delimiter", 4),
            ("{\"a\":01}", "Expecting ',' delimiter", 6),
            ("{\"a\":\"x\ny\"}", "Invalid control character at", 7),
            ("{\"a\":\"\\q\"}", "Invalid \\escape", 6),
            ("{\"a\":\"\\u12\"}", "Invalid \\uXXXX escape", 7),
            ("\"\\u", "Invalid \\uXXXX escape", 2),
            ("[NaN, -Infinity, -Inf]", "Expecting value", 17),
            ("{\"hé☃\": x}", "Expecting value", 8),
        ];
        for (text, error, offset) in cases {
            assert_eq!(broken(text), (*error, *offset), "{text}");
        }
    }

    #[test]
    fn excess_is_refused() {
        assert_eq!(parse(&"[".repeat(100_000)), Err(Broken::Excessive));
        assert_eq!(parse(&"1".repeat(5000)), Err(Broken::Excessive));
        assert!(parse(&format!("{}{}", "[".repeat(800), "]".repeat(800))).is_ok());
    }

    #[test]
    fn many_values_are_refused_and_long_strings_are_not() {
        let filled = |one: &str| {
            let values = vec![one; (10 << 20) / one.len()];
            format!("[{}0]", values.concat())
        };
        for one in [
            "[],",
            "{\"\":0},",
            "0,",
            "\"\",",
            "\"a\",",
            "1e9,",
            "null,",
            "[[[[0]]]],",
            "\"\\n\",",
        ] {
            assert!(parse(&filled(one)) == Err(Broken::TooMany), "{one}");
        }
        let members = format!("{{{}\"\":0}}", "\"a\":0,".repeat(3 << 20));
        assert!(parse(&members) == Err(Broken::TooMany));
        let words = vec!["\"word\""; 100_000].join(",");
        assert!(parse(&format!("[{words}]")).is_ok());
        let long = format!("[\"{}\"]", "\\n".repeat(1 << 20));
        assert!(parse(&long).is_ok());
    }

    #[test]
    fn the_last_of_repeated_names_counts() {
        let Ok(Value::Object(object)) = parse(r#"{"a":1,"b":2,"a":3}"#) else {
            panic!("an object was given");
        };
        assert_eq!(object.get("a"), Some(&Value::Int(3)));
        assert_eq!(object.members().len(), 2);
    }

    #[test]
    fn pairs_join_and_lone_halves_are_told() {
        assert_eq!(parse(r#""\ud83d\ude00x""#), Ok(Value::from("😀x")));
        assert_eq!(
            parse(r#""ab\ud800\udfff\ud800""#),
            Ok(Value::Surrogates(LoneSurrogate {
                code: 0xD800,
                position: 3,
                run: 1
            }))
        );
        assert_eq!(
            parse(r#""é\ud800\ud801\udfff\ud802x\ud803""#),
            Ok(Value::Surrogates(LoneSurrogate {
                code: 0xD800,
                position: 1,
                run: 1
            }))
        );
        // A text of nothing else does not take long.
        let many = r"\udfff".repeat(1 << 16);
        assert_eq!(
            parse(&format!("\"é{many}\"")),
            Ok(Value::Surrogates(LoneSurrogate {
                code: 0xDFFF,
                position: 1,
                run: 1 << 16
            }))
        );
    }
}
