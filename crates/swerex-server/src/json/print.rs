//! Printing without blanks, with Python's spelling of floats.

use super::{Object, Value};
use crate::pyrepr::float;

/// NaN or an infinity, which no JSON text can hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotCompliant;

impl Value {
    /// The value as JSON text.
    pub(crate) fn print(&self, out: &mut Vec<u8>) -> Result<(), NotCompliant> {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Int(value) => out.extend_from_slice(value.to_string().as_bytes()),
            Self::BigInt(digits) => out.extend_from_slice(digits.as_bytes()),
            Self::Float(value) if value.is_finite() => {
                out.extend_from_slice(float(*value).as_bytes());
            }
            Self::Float(_) => return Err(NotCompliant),
            Self::Str(text) => quote(text, out),
            Self::Surrogates(_) => out.extend_from_slice("\"\u{fffd}\"".as_bytes()),
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

impl Object {
    fn print(&self, out: &mut Vec<u8>) -> Result<(), NotCompliant> {
        let members = self.members().iter();
        print_members(members.map(|(name, value)| (name.as_str(), value)), out)
    }
}

/// An object of these members.
pub(crate) fn print_members<'a>(
    members: impl Iterator<Item = (&'a str, &'a Value)>,
    out: &mut Vec<u8>,
) -> Result<(), NotCompliant> {
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
        let mut out = Vec::new();
        assert_eq!(
            Value::List(vec![Value::Float(f64::NAN)]).print(&mut out),
            Err(NotCompliant)
        );
    }
}
