//! Pydantic's lax mode: which values pass for a float, an integer, a truth value.

use crate::json::Value;

/// The kind of a complaint and its words.
pub(super) type Complaint = (&'static str, &'static str);

const FLOAT_TYPE: Complaint = ("float_type", "Input should be a valid number");
const FLOAT_PARSING: Complaint = (
    "float_parsing",
    "Input should be a valid number, unable to parse string as a number",
);
const INT_TYPE: Complaint = ("int_type", "Input should be a valid integer");
const INT_PARSING: Complaint = (
    "int_parsing",
    "Input should be a valid integer, unable to parse string as an integer",
);
const INT_PARSING_SIZE: Complaint = (
    "int_parsing_size",
    "Unable to parse input string as an integer, exceeded maximum size",
);
const INT_FROM_FLOAT: Complaint = (
    "int_from_float",
    "Input should be a valid integer, got a number with a fractional part",
);
const FINITE_NUMBER: Complaint = ("finite_number", "Input should be a finite number");
const BOOL_TYPE: Complaint = ("bool_type", "Input should be a valid boolean");
const BOOL_PARSING: Complaint = (
    "bool_parsing",
    "Input should be a valid boolean, unable to interpret input",
);

/// Numbers, truth values, and strings that spell a number.
pub(super) fn float(value: &Value<'_>) -> Result<f64, Complaint> {
    match value {
        Value::Float(value) => Ok(*value),
        // Python rounds in the same way.
        Value::Int(value) => Ok(*value as f64),
        Value::BigInt(digits) => match digits.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err(FLOAT_TYPE),
        },
        Value::Bool(value) => Ok(f64::from(*value)),
        Value::Str(text) => without_underscores(text.trim())
            .and_then(|digits| digits.parse().ok())
            .ok_or(FLOAT_PARSING),
        Value::Surrogates(_) => Err(FLOAT_PARSING),
        _ => Err(FLOAT_TYPE),
    }
}

/// Integers from 1 to 65,535.
pub(super) fn extent(value: &Value<'_>) -> Result<i64, Complaint> {
    match integer(value)? {
        ..1 => Err((
            "greater_than_equal",
            "Input should be greater than or equal to 1",
        )),
        extent @ ..=0xffff => Ok(extent),
        _ => Err((
            "less_than_equal",
            "Input should be less than or equal to 65535",
        )),
    }
}

/// Integers, floats without a fraction, truth values, and strings that spell an integer. What an `i64` cannot hold becomes
/// its nearest end: no retry count is that large.
pub(super) fn integer(value: &Value<'_>) -> Result<i64, Complaint> {
    match value {
        Value::Int(value) => Ok(*value),
        Value::BigInt(digits) => Ok(saturated(digits)),
        Value::Bool(value) => Ok(i64::from(*value)),
        Value::Float(value) if !value.is_finite() => Err(FINITE_NUMBER),
        Value::Float(value) if value.fract() != 0.0 => Err(INT_FROM_FLOAT),
        Value::Float(value) => {
            if value.abs() < 9_223_372_036_854_775_808.0 {
                Ok(*value as i64)
            } else {
                Err(INT_PARSING_SIZE)
            }
        }
        Value::Str(text) => integer_from_text(text).ok_or(INT_PARSING),
        Value::Surrogates(_) => Err(INT_PARSING),
        _ => Err(INT_TYPE),
    }
}

fn integer_from_text(text: &str) -> Option<i64> {
    let text = text.trim();
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    let digits = without_underscores(whole)?;
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(&digits);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or_else(|_| saturated(&digits)))
}

fn saturated(digits: &str) -> i64 {
    if digits.starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    }
}

/// Python's digit groups: single underscores between digits.
fn without_underscores(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let digit = |at: Option<&u8>| at.is_some_and(u8::is_ascii_digit);
    for (index, byte) in bytes.iter().enumerate() {
        if *byte == b'_' {
            let between = index
                .checked_sub(1)
                .is_some_and(|before| digit(bytes.get(before)))
                && digit(bytes.get(index + 1));
            if !between {
                return None;
            }
        }
    }
    Some(text.replace('_', ""))
}

/// Truth values, 0 and 1, and the words for them.
pub(crate) fn boolean(value: &Value<'_>) -> Result<bool, Complaint> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::Int(0) => Ok(false),
        Value::Int(1) => Ok(true),
        Value::Int(_) | Value::Surrogates(_) => Err(BOOL_PARSING),
        Value::Float(value) if *value == 0.0 => Ok(false),
        Value::Float(value) if *value == 1.0 => Ok(true),
        Value::Float(value) if value.fract() == 0.0 && value.abs() < 9e18 => Err(BOOL_PARSING),
        Value::Str(text) => match text.to_ascii_lowercase().as_str() {
            "0" | "off" | "f" | "false" | "n" | "no" => Ok(false),
            "1" | "on" | "t" | "true" | "y" | "yes" => Ok(true),
            _ => Err(BOOL_PARSING),
        },
        _ => Err(BOOL_TYPE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_that_spell_numbers() {
        for (text, value) in [
            ("1_000", Some(1000.0)),
            (" 5 ", Some(5.0)),
            ("+5", Some(5.0)),
            ("1e3", Some(1000.0)),
            ("infinity", Some(f64::INFINITY)),
            ("0x10", None),
            ("1__0", None),
            ("_1", None),
            ("", None),
            ("٣", None),
        ] {
            assert_eq!(float(&Value::from(text)).ok(), value, "{text}");
        }
        for (text, value) in [
            ("5.0", Some(5)),
            (" 7 ", Some(7)),
            ("1_0", Some(10)),
            ("-3", Some(-3)),
            ("5.5", None),
            ("x", None),
            ("", None),
            ("999999999999999999999999", Some(i64::MAX)),
        ] {
            assert_eq!(integer(&Value::from(text)).ok(), value, "{text}");
        }
    }

    #[test]
    fn words_for_truth() {
        assert_eq!(boolean(&Value::from("YES")), Ok(true));
        assert_eq!(boolean(&Value::from("Off ")), Err(BOOL_PARSING));
        assert_eq!(boolean(&Value::Int(2)), Err(BOOL_PARSING));
        assert_eq!(boolean(&Value::Float(0.5)), Err(BOOL_TYPE));
        assert_eq!(boolean(&Value::Null), Err(BOOL_TYPE));
    }
}
