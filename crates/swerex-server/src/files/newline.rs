//! Python's universal newlines: every line end of a file that is read becomes `\n`.

/// `\r\n` and a lone `\r` become `\n`.
pub(super) fn universal(text: String) -> String {
    if !text.as_bytes().contains(&b'\r') {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('\r');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        out.push('\n');
        out.push_str(part.strip_prefix('\n').unwrap_or(part));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::universal;

    #[test]
    fn all_three_line_ends() {
        assert_eq!(universal("a\r\nb\rc\n\r\n\r".to_owned()), "a\nb\nc\n\n\n");
        assert_eq!(universal("a\nb".to_owned()), "a\nb");
    }
}
