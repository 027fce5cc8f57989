//! The beginning of what is too long to be repeated in an answer.

use std::borrow::Cow;

use super::{Object, Value};

/// Bytes of a request that are repeated in an answer, for each thing that is said about it.
pub(crate) const MAX_EXCERPT: usize = 1024;

/// The text, or its beginning and how long it is.
pub(crate) fn cut(text: &str) -> String {
    cut_to(MAX_EXCERPT, text).into_owned()
}

/// The same with another limit.
pub(crate) fn cut_to(limit: usize, text: &str) -> Cow<'_, str> {
    if text.len() <= limit {
        return text.into();
    }
    format!("{}… ({} bytes)", beginning(text, limit), text.len()).into()
}

/// The first so many bytes, or some less: characters are not cut.
fn beginning(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// The same of bytes that may be no text.
pub(crate) fn cut_bytes(bytes: &[u8]) -> String {
    match bytes.get(..MAX_EXCERPT) {
        Some(beginning) if bytes.len() > MAX_EXCERPT => format!(
            "{}… ({} bytes)",
            String::from_utf8_lossy(beginning).trim_end_matches(char::REPLACEMENT_CHARACTER),
            bytes.len()
        ),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// A value where it is short; else a text that begins as it does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Excerpt(Value<'static>);

impl From<&Value<'_>> for Excerpt {
    fn from(value: &Value<'_>) -> Self {
        if let Value::Str(text) = value {
            return Self(cut(text).into());
        }
        let mut sketch = Sketch::default();
        sketch.value(value);
        sketch.or_else(|| value.to_static())
    }
}

impl From<&Object<'_>> for Excerpt {
    fn from(object: &Object<'_>) -> Self {
        let mut sketch = Sketch::default();
        sketch.object(object);
        sketch.or_else(|| Value::Object(object.to_static()))
    }
}

impl Excerpt {
    pub(crate) fn value(&self) -> &Value<'static> {
        &self.0
    }
}

/// What has been written of a value; it need not be JSON.
struct Sketch {
    text: String,
    is_whole: bool,
}

impl Default for Sketch {
    fn default() -> Self {
        Self {
            text: String::new(),
            is_whole: true,
        }
    }
}

impl Sketch {
    fn or_else(self, whole: impl FnOnce() -> Value<'static>) -> Excerpt {
        Excerpt(if self.is_whole {
            whole()
        } else {
            format!("{}…", self.text).into()
        })
    }

    fn value(&mut self, value: &Value<'_>) {
        match value {
            Value::Null => self.push("null"),
            Value::Bool(value) => self.show(value),
            Value::Int(value) => self.show(value),
            Value::BigInt(digits) => self.push(digits),
            Value::Float(value) => self.show(value),
            Value::Str(text) => self.quote(text),
            Value::Surrogates(_) => self.quote("\u{fffd}"),
            Value::List(items) => {
                self.push("[");
                for (index, item) in items.iter().enumerate() {
                    if !self.is_whole {
                        return;
                    }
                    self.push(if index > 0 { "," } else { "" });
                    self.value(item);
                }
                self.push("]");
            }
            Value::Object(object) => self.object(object),
        }
    }

    fn object(&mut self, object: &Object<'_>) {
        self.push("{");
        for (index, (name, value)) in object.members().iter().enumerate() {
            if !self.is_whole {
                return;
            }
            self.push(if index > 0 { "," } else { "" });
            self.quote(name);
            self.push(":");
            self.value(value);
        }
        self.push("}");
    }

    fn quote(&mut self, text: &str) {
        self.push("\"");
        self.push(text);
        self.push("\"");
    }

    fn show(&mut self, value: &impl ToString) {
        self.push(&value.to_string());
    }

    /// Adds as much of it as there is room for.
    fn push(&mut self, text: &str) {
        let room = MAX_EXCERPT - self.text.len();
        let fits = beginning(text, room);
        self.text.push_str(fits);
        self.is_whole &= fits.len() == text.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn excerpt(text: &str) -> Value<'static> {
        Excerpt::from(&parse(text).unwrap()).value().clone()
    }

    #[test]
    fn what_is_short_is_repeated_as_it_is() {
        for text in [
            "5",
            "[1.0,\"x\",null]",
            "{\"a\":{\"b\":[true]}}",
            "\"é\"",
            "[NaN]",
        ] {
            let value = excerpt(text);
            assert_eq!(format!("{value:?}"), format!("{:?}", parse(text).unwrap()));
        }
        assert_eq!(cut_bytes(b"a\xffb"), "a\u{fffd}b");
    }

    #[test]
    fn of_what_is_long_only_the_beginning() {
        let texts = [
            format!("\"{}\"", "é".repeat(1 << 20)),
            format!("[\"{}\",1]", "é".repeat(1 << 20)),
            format!("{{\"{}\":1}}", "x".repeat(1 << 20)),
            format!("[{}1]", "[],".repeat(100_000)),
            format!("[{}1]", "{\"a\":0},".repeat(10_000)),
            format!("[{}", "[".repeat(800)) + &"]".repeat(801),
            "9".repeat(4000),
        ];
        for text in texts {
            let Value::Str(excerpt) = excerpt(&text) else {
                panic!("it was repeated: {}", text.len());
            };
            let beginning = excerpt.split('…').next().unwrap();
            assert!(
                text.trim_start_matches('"')
                    .starts_with(beginning.trim_start_matches('"')),
                "{excerpt}"
            );
            assert!(
                (MAX_EXCERPT - 4..MAX_EXCERPT + 32).contains(&excerpt.len()),
                "{excerpt}"
            );
        }
        assert_eq!(
            cut(&"é".repeat(1024)),
            format!("{}… (2048 bytes)", "é".repeat(512))
        );
        let bytes = [&b"x"[..], "é".repeat(1024).as_bytes()].concat();
        assert_eq!(
            cut_bytes(&bytes),
            format!("x{}… (2049 bytes)", "é".repeat(511))
        );
    }
}
