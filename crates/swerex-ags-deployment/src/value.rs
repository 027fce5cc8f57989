//! Values as people write them, in flags and in files.

use serde_json::Value;

use crate::keys::{Key, Kind};

/// Reads a flag's or a variable's text, as SWE-agent's command line would.
///
/// # Errors
/// What the value should be.
pub(crate) fn from_text(key: &Key, text: &str) -> Result<Value, String> {
    match key.kind {
        Kind::Text | Kind::Secret => Ok(Value::from(text)),
        Kind::Bool => boolean(text).map(Value::from),
        Kind::Port => port(text).map(Value::from),
        Kind::Seconds => seconds(text).map(Value::from),
    }
}

/// Checks a file's value against its key.
///
/// # Errors
/// What the value should be, and how to write it.
pub(crate) fn from_file(key: &Key, value: &Value) -> Result<Option<Value>, String> {
    if value.is_null() {
        return Ok(None);
    }
    let plain = match value {
        Value::String(text) => return from_text(key, text).map(Some),
        Value::Array(_) => Err("should be a single value, not a list".to_owned()),
        Value::Object(_) => Err("should be a single value, not a mapping".to_owned()),
        Value::Bool(_) | Value::Number(_) | Value::Null => Ok(value.to_string()),
    }?;
    match (key.kind, value) {
        (Kind::Text | Kind::Secret, _) => Err(format!(
            "should be text: quote it, as in {}: \"{plain}\"",
            key.name
        )),
        (Kind::Bool, Value::Bool(flag)) => Ok(Some(Value::from(*flag))),
        _ => from_text(key, &plain).map(Some),
    }
}

fn boolean(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" | "t" | "y" => Ok(true),
        "false" | "0" | "no" | "off" | "f" | "n" => Ok(false),
        _ => Err("should be true or false".to_owned()),
    }
}

/// As pydantic reads an int: blanks around it, `8_000` and `8000.0` are fine.
fn port(text: &str) -> Result<u16, String> {
    let trimmed = text.trim();
    let whole = match trimmed.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
        _ => trimmed,
    };
    let is_number = whole.starts_with(|c: char| c.is_ascii_digit())
        && !whole.ends_with('_')
        && !whole.contains("__");
    let number = is_number
        .then(|| whole.replace('_', "").parse::<u16>().ok())
        .flatten();
    number
        .filter(|port| *port > 0)
        .ok_or_else(|| "should be a port, 1 to 65535".to_owned())
}

/// As Python reads a float, but finite and above zero.
fn seconds(text: &str) -> Result<f64, String> {
    let plain = text.trim().replace('_', "");
    match plain.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds > 0.0 => Ok(seconds),
        _ => Err("should be a number of seconds above 0, as in 180 or 0.5".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::keys::find;

    fn text(name: &str, text: &str) -> Option<Value> {
        from_text(find(name).unwrap(), text).ok()
    }

    #[test]
    fn flags_are_read_as_swe_agent_reads_them() {
        for yes in ["true", "True", "1", "YES", "on", "t", "y"] {
            assert_eq!(text("skip_ssl_verify", yes), Some(json!(true)), "{yes}");
        }
        for no in ["false", "0", "no", "Off", "F", "n"] {
            assert_eq!(text("skip_ssl_verify", no), Some(json!(false)), "{no}");
        }
        assert_eq!(text("skip_ssl_verify", "maybe"), None);
        for port in ["8000", " 8000 ", "8_000", "8000.0"] {
            assert_eq!(text("port", port), Some(json!(8000)), "{port}");
        }
        for wrong in ["0", "65536", "1e3", "-1", "", "8000.5", "8__0"] {
            assert_eq!(text("port", wrong), None, "{wrong}");
        }
        assert_eq!(text("startup_timeout", "1e-1"), Some(json!(0.1)));
        assert_eq!(text("startup_timeout", "180"), Some(json!(180.0)));
        for wrong in ["inf", "nan", "0", "-1", "3m"] {
            assert_eq!(text("startup_timeout", wrong), None, "{wrong}");
        }
        assert_eq!(text("cpu", "2"), Some(json!("2")), "text stays text");
        assert_eq!(text("image", "true"), Some(json!("true")));
    }

    #[test]
    fn a_number_where_text_belongs_is_refused_with_the_remedy() {
        let file = |name: &str, value: Value| from_file(find(name).unwrap(), &value);
        assert_eq!(
            file("cpu", json!(2)),
            Err("should be text: quote it, as in cpu: \"2\"".to_owned())
        );
        assert_eq!(
            file("image", json!(false)),
            Err("should be text: quote it, as in image: \"false\"".to_owned())
        );
        assert_eq!(file("port", json!(8000)), Ok(Some(json!(8000))));
        assert_eq!(file("port", json!(2.0)), Ok(Some(json!(2))));
        assert_eq!(file("port", json!("8000")), Ok(Some(json!(8000))));
        assert_eq!(file("skip_ssl_verify", json!("no")), Ok(Some(json!(false))));
        assert_eq!(file("tool_id", Value::Null), Ok(None));
        assert!(
            file("image", json!(["a"]))
                .unwrap_err()
                .contains("not a list")
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(words in ".{0,20}") {
            for key in crate::keys::KEYS {
                drop(from_text(key, &words));
            }
        }

        #[test]
        fn every_port_is_itself(port in 1_u16..) {
            prop_assert_eq!(text("port", &port.to_string()), Some(json!(port)));
        }
    }
}
