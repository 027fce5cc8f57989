//! Printing without blanks, with Python's spelling of numbers.

use super::{Object, Value};

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
                out.extend_from_slice(number(*value).as_bytes());
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
        out.push(b'{');
        for (index, (name, value)) in self.members().iter().enumerate() {
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
}

/// A string with its quotes.
pub(crate) fn quote(text: &str, out: &mut Vec<u8>) {
    // Writing a string to memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}

/// A float as Python's `repr` spells it.
pub(crate) fn number(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let shortest = format!("{value:e}");
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if value != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    format!("{value:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelled_as_in_python() {
        for (value, text) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.5, "0.5"),
            (1e22, "1e+22"),
            (1e-7, "1e-07"),
            (1.5e-5, "1.5e-05"),
            (0.0001, "0.0001"),
            (1e16, "1e+16"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (1e15, "1000000000000000.0"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn what_json_cannot_hold_is_refused() {
        let mut out = Vec::new();
        assert_eq!(
            Value::List(vec![Value::Float(f64::NAN)]).print(&mut out),
            Err(NotCompliant)
        );
    }
}
