//! Printing without blanks, with Python's spelling of floats.

use super::{LoneSurrogate, Object, Value};
use crate::pyrepr::float;

/// What no answer can hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unprintable {
    /// NaN or an infinity.
    NotFinite,
    /// Half a character, and its place in the text.
    Surrogate(LoneSurrogate),
}

impl Value<'_> {
    /// The value as JSON text.
    pub(crate) fn print(&self, out: &mut Vec<u8>) -> Result<(), Unprintable> {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Int(value) => out.extend_from_slice(value.to_string().as_bytes()),
            Self::BigInt(digits) => out.extend_from_slice(digits.as_bytes()),
            Self::Float(value) if value.is_finite() => {
                out.extend_from_slice(float(*value).as_bytes());
            }
            Self::Float(_) => return Err(Unprintable::NotFinite),
            Self::Str(text) => quote(text, out),
            Self::Surrogates(lone) => {
                let before = String::from_utf8_lossy(out).chars().count() + 1;
                return Err(Unprintable::Surrogate(LoneSurrogate {
                    position: before + lone.position,
                    ..lone.clone()
                }));
            }
            Self::List(items) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    item.print(out)?;
                }
                out.push(b']');
            }
            Self::Object(object) => object.print(out)?,
        }
        Ok(())
    }
}

impl Object<'_> {
    fn print(&self, out: &mut Vec<u8>) -> Result<(), Unprintable> {
        let members = self.members().iter();
        print_members(members.map(|(name, value)| (name.as_ref(), value)), out)
    }
}

/// An object of these members.
pub(crate) fn print_members<'a>(
    members: impl Iterator<Item = (&'a str, &'a Value<'a>)>,
    out: &mut Vec<u8>,
) -> Result<(), Unprintable> {
    out.push(b'{');
    for (index, (name, value)) in members.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        quote(name, out);
        out.push(b':');
        value.print(out)?;
    }
    out.push(b'}');
    Ok(())
}

/// A string with its quotes.
pub(crate) fn quote(text: &str, out: &mut Vec<u8>) {
    // Writing a string to memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_cannot_hold_is_refused() {
        let print = |value| Value::List(vec![value]).print(&mut Vec::new());
        assert_eq!(print(Value::Float(f64::NAN)), Err(Unprintable::NotFinite));
        let lone = |position| LoneSurrogate {
            code: 0xd800,
            position,
            run: 1,
        };
        assert_eq!(
            print(Value::Surrogates(lone(3))),
            Err(Unprintable::Surrogate(lone(5)))
        );
    }
}
