//! Python's `repr` of strings, lists of strings and floats, as messages show them.

use std::fmt::Write as _;

/// `repr` of a `str`: single quotes unless it has some and no double ones.
pub(crate) fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        push_escaped(&mut out, c, quote);
    }
    out.push(quote);
    out
}

/// `repr` of a `list[str]`.
pub(crate) fn repr_list<T: AsRef<str>>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(|item| repr(item.as_ref())).collect();
    format!("[{}]", items.join(", "))
}

/// `repr` of a `float`: the shortest digits that read back the same; an exponent from 1e16 and below 1e-4.
pub(crate) fn float(value: f64) -> String {
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

/// Python's `str.isprintable` for characters beyond ASCII, by ranges rather than by the whole Unicode table:
/// controls, separators, format characters, private use and noncharacters are not printable.
fn is_printable(c: char) -> bool {
    !matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{a0}' | '\u{ad}'
        | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
        | '\u{1680}' | '\u{180e}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}'
        | '\u{205f}'..='\u{206f}' | '\u{3000}' | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
        | '\u{fdd0}'..='\u{fdef}' | '\u{fffe}'..='\u{ffff}' | '\u{110bd}' | '\u{110cd}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e00ff}'
        | '\u{e01f0}'..='\u{10ffff}')
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
