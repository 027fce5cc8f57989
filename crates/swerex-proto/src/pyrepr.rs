//! Python's `repr` of strings, lists of strings and floats, as messages show them.

use std::fmt::Write as _;

/// `repr` of a `str`: single quotes unless it has some and no double ones.
pub fn repr(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_repr(&mut out, text);
    out
}

/// Adds the `repr` of a `str`.
pub fn push_repr(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    out.push(quote);
    for c in text.chars() {
        push_escaped(out, c, quote);
    }
    out.push(quote);
}

/// `repr` of a `list[str]`.
pub fn repr_list<T: AsRef<str>>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(|item| repr(item.as_ref())).collect();
    format!("[{}]", items.join(", "))
}

/// `repr` of a `float`: the shortest digits that read back the same; an exponent from 1e16 and below 1e-4.
pub fn float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if value != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let plain = format!("{value}");
    if plain.contains('.') {
        plain
    } else {
        plain + ".0"
    }
}

fn push_escaped(out: &mut String, c: char, quote: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\\' => out.push_str("\\\\"),
        c if c == quote => {
            out.push('\\');
            out.push(c);
        }
        ' '..='~' => out.push(c),
        c if is_printable(c) => out.push(c),
        c => {
            let code = u32::from(c);
            let _ = match code {
                0..=0xff => write!(out, "\\x{code:02x}"),
                0x100..=0xffff => write!(out, "\\u{code:04x}"),
                _ => write!(out, "\\U{code:08x}"),
            };
        }
    }
}

/// Python's `str.isprintable` for characters beyond ASCII. The standard library shows text by the same categories of Unicode,
/// and a character that combines with the one before it as it is.
pub fn is_printable(c: char) -> bool {
    let mut text = [b'a'; 5];
    let length = 1 + c.encode_utf8(&mut text[1..]).len();
    let shown = std::str::from_utf8(&text[..length]).map(|text| text.escape_debug().count());
    shown == Ok(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What CPython 3.11 prints.
    #[test]
    fn strings_are_shown_as_python_shows_them() {
        let cases = [
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", "\"it's\""),
            ("it's \"x\"", "'it\\'s \"x\"'"),
            ("\"x\"", "'\"x\"'"),
            (
                "a\\b\n\r\t\0\u{1b}\u{7f}",
                "'a\\\\b\\n\\r\\t\\x00\\x1b\\x7f'",
            ),
            ("é☃日🦖", "'é☃日🦖'"),
            (
                "\u{a0}\u{ad}\u{200b}\u{2028}\u{feff}\u{e000}\u{e0001}",
                "'\\xa0\\xad\\u200b\\u2028\\ufeff\\ue000\\U000e0001'",
            ),
            ("e\u{301}\u{301}", "'e\u{301}\u{301}'"),
            ("\u{301}\u{378}\u{1fae1}", "'\u{301}\\u0378\u{1fae1}'"),
        ];
        for (text, shown) in cases {
            assert_eq!(repr(text), shown);
        }
        assert_eq!(repr_list(&["sh", "-c", "it's"]), "['sh', '-c', \"it's\"]");
    }

    #[test]
    fn floats_are_shown_as_python_shows_them() {
        let cases = [
            (1.0, "1.0"),
            (0.5, "0.5"),
            (0.0, "0.0"),
            (-1.0, "-1.0"),
            (300.25, "300.25"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (0.0001, "0.0001"),
            (0.000_01, "1e-05"),
            (0.1 + 0.2, "0.30000000000000004"),
            (f64::INFINITY, "inf"),
            (f64::NAN, "nan"),
        ];
        for (value, shown) in cases {
            assert_eq!(float(value), shown);
        }
    }
}
