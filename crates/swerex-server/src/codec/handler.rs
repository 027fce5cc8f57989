//! What becomes of bytes that are no text: Python's error handlers.

use super::{Decode, Fault, Undecodable};

/// An error handler by its Python name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Handler {
    Strict,
    Ignore,
    Replace,
    Backslash,
    Escape,
    /// Handlers that only help when encoding.
    EncodeOnly,
    /// Names are only looked up when they are needed.
    Unknown(String),
}

impl Handler {
    pub(super) fn named(name: &str) -> Self {
        match name {
            // `surrogatepass` helps only with what no answer could hold.
            "strict" | "surrogatepass" => Self::Strict,
            "ignore" => Self::Ignore,
            "replace" => Self::Replace,
            "backslashreplace" => Self::Backslash,
            "surrogateescape" => Self::Escape,
            "xmlcharrefreplace" | "namereplace" => Self::EncodeOnly,
            other => Self::Unknown(other.to_owned()),
        }
    }
}

/// Decodes all of it from a place on, with the handler in between.
pub(super) fn drive(
    decoder: &dyn Decode,
    bytes: &[u8],
    from: usize,
    handler: &Handler,
) -> Result<String, Undecodable> {
    let mut out = String::with_capacity(bytes.len());
    let mut at = from;
    while let Some(fault) = decoder.run(bytes, at, &mut out) {
        let bad = bytes.get(fault.start..fault.end).unwrap_or_default();
        match handler {
            Handler::Strict => return Err(told(decoder.name(), bytes, &fault)),
            Handler::Ignore => {}
            Handler::Replace => out.push(char::REPLACEMENT_CHARACTER),
            Handler::Backslash => {
                for byte in bad {
                    out.push_str(&format!("\\x{byte:02x}"));
                }
            }
            Handler::Escape => return Err(escaped(decoder, bytes, fault, out)),
            Handler::EncodeOnly => {
                return Err(Undecodable::Handler(
                    "don't know how to handle UnicodeDecodeError in error callback",
                ));
            }
            Handler::Unknown(name) => {
                return Err(Undecodable::Lookup(format!(
                    "unknown error handler name '{name}'"
                )));
            }
        }
        // A fault always covers at least a byte; the maximum guards against a decoder that would not advance.
        at = fault.end.max(at + 1);
    }
    Ok(out)
}

fn told(codec: &str, bytes: &[u8], fault: &Fault) -> Undecodable {
    let Fault { start, end, reason } = *fault;
    Undecodable::Fault(if end - start == 1 {
        let byte = bytes.get(start).copied().unwrap_or_default();
        format!("'{codec}' codec can't decode byte 0x{byte:02x} in position {start}: {reason}")
    } else {
        let last = end - 1;
        format!("'{codec}' codec can't decode bytes in position {start}-{last}: {reason}")
    })
}

/// `surrogateescape` turns bad bytes into half a character each, ASCII excepted; where it cannot go on, that is what is told.
fn escaped(decoder: &dyn Decode, bytes: &[u8], mut fault: Fault, before: String) -> Undecodable {
    let byte = bytes.get(fault.start).copied().unwrap_or_default();
    let mut run = 0;
    let mut is_run = true;
    let mut text = String::new();
    loop {
        let bad = bytes.get(fault.start..fault.end).unwrap_or_default();
        let high = bad.iter().take_while(|byte| !byte.is_ascii()).count();
        if high == 0 {
            return told(decoder.name(), bytes, &fault);
        }
        if is_run {
            run += high;
        }
        let at = fault.start + high;
        let Some(next) = decoder.run(bytes, at, &mut text) else {
            return Undecodable::Escaped { byte, run, before };
        };
        is_run &= text.is_empty() && next.start == at;
        fault = next;
    }
}
