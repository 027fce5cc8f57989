//! STAND-IN (S2) until S1's file is here: Python's repr of a string.

pub(crate) fn repr(text: &str) -> String {
    if text.contains('\'') && !text.contains('"') { format!("\"{text}\"") } else { format!("'{}'", text.replace('\'', "\\'")) }
}
