//! Header lines of parts, and the parameters of header values.

/// Name and value of a header line, if it is one.
pub(super) fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (line.get(..colon)?, line.get(colon + 1..)?);
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    if name.is_empty() || !name.iter().all(is_token) {
        return None;
    }
    let blanks = value.iter().take_while(|byte| **byte == b' ').count();
    Some((name, value.get(blanks..)?))
}

/// A parameter of a header value: its name in lower case, and its value.
pub(crate) type Parameter = (Vec<u8>, Vec<u8>);

/// The value proper in lower case, and its parameters.
pub(crate) fn options(value: &[u8]) -> (Vec<u8>, Vec<Parameter>) {
    let mut segments = segments(value).into_iter();
    let main = segments
        .next()
        .unwrap_or_default()
        .trim_ascii()
        .to_ascii_lowercase();
    let mut options: Vec<Parameter> = Vec::new();
    for segment in segments {
        let equals = segment.iter().position(|byte| *byte == b'=');
        let (name, value) = match equals {
            Some(at) => (
                segment.get(..at).unwrap_or_default(),
                segment.get(at + 1..).unwrap_or_default(),
            ),
            None => (segment, &[][..]),
        };
        let name = name.trim_ascii().to_ascii_lowercase();
        // The extended syntax is not for forms.
        if name.contains(&b'*') {
            continue;
        }
        let value = unquoted(value.trim_ascii());
        match options.iter_mut().find(|(known, _)| *known == name) {
            Some(option) => option.1 = value,
            None => options.push((name, value)),
        }
    }
    (main, options)
}

/// The parts between semicolons that are not in quotes.
fn segments(value: &[u8]) -> Vec<&[u8]> {
    let mut segments = Vec::new();
    let (mut start, mut is_quoted, mut escaped) = (0, false, false);
    for (at, byte) in value.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if is_quoted => escaped = true,
            b'"' => is_quoted = !is_quoted,
            b';' if !is_quoted => {
                segments.push(value.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    segments.push(value.get(start..).unwrap_or_default());
    segments
}

fn unquoted(value: &[u8]) -> Vec<u8> {
    let Some(inner) = value
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""))
    else {
        return value.to_vec();
    };
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().peekable();
    while let Some(byte) = bytes.next() {
        match (byte, bytes.peek()) {
            (b'\\', Some(next @ (b'\\' | b'"'))) => {
                out.push(**next);
                bytes.next();
            }
            _ => out.push(*byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters() {
        let (main, found) =
            options(br#"Form-Data; name="a;\"b"; FileName=c ; filename*=utf-8''x; bare"#);
        assert_eq!(main, b"form-data");
        assert_eq!(
            found,
            vec![
                (b"name".to_vec(), b"a;\"b".to_vec()),
                (b"filename".to_vec(), b"c".to_vec()),
                (b"bare".to_vec(), Vec::new()),
            ]
        );
    }

    #[test]
    fn header_lines() {
        assert_eq!(split(b"A-b:  c "), Some((&b"A-b"[..], &b"c "[..])));
        assert_eq!(split(b"a b: c"), None);
        assert_eq!(split(b": c"), None);
        assert_eq!(split(b"abc"), None);
    }
}
