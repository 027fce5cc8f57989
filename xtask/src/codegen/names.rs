//! Rust's names for the API's names.

/// `DNSConfig` → `dns_config`, `ContentSHA256` → `content_sha256`.
pub(super) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| letters.get(before));
        let starts_word = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                let after_is_lower = letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
                before.is_ascii_lowercase() || before.is_ascii_digit() || after_is_lower
            });
        if starts_word {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// What serde's `PascalCase` makes of a field's name.
pub(super) fn pascal(field: &str) -> String {
    field
        .split('_')
        .map(|word| {
            word.get(..1).unwrap_or_default().to_ascii_uppercase()
                + word.get(1..).unwrap_or_default()
        })
        .collect()
}

/// `code-interpreter` → `CODE_INTERPRETER`.
pub(super) fn constant(value: &str) -> String {
    value
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect()
}

/// A field's name as source text.
pub(super) fn field(name: &str) -> String {
    match name {
        "type" => "r#type".to_owned(),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acronyms_are_one_word() {
        for (name, field) in [
            ("ToolId", "tool_id"),
            ("DNSConfig", "dns_config"),
            ("APIKeySet", "api_key_set"),
            ("CPUCores", "cpu_cores"),
            ("ContentSHA256", "content_sha256"),
            ("SHA256", "sha256"),
            ("EndpointURL", "endpoint_url"),
            ("ReadyTimeoutMs", "ready_timeout_ms"),
        ] {
            assert_eq!(snake(name), field);
        }
    }

    #[test]
    fn constants_are_shouted() {
        assert_eq!(constant("code-interpreter"), "CODE_INTERPRETER");
        assert_eq!(constant("RUNNING"), "RUNNING");
    }
}
