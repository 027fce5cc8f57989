//! The part of Go's templates that `--format` is used with: fields, and `json`, `upper`, `lower` of them.

use std::fmt;

use serde_json::Value;

/// A template that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

/// Why a template cannot be honoured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unusable(String);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field { path: Vec<String>, how: How },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Plain,
    Json,
    Upper,
    Lower,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "template parsing error: {}", self.0)
    }
}

impl Template {
    /// Reads a template; `\t` and `\n` in it are a tab and a new line.
    ///
    /// # Errors
    /// It is not closed, or holds more than fields and the functions that are known.
    pub(super) fn parse(text: &str) -> Result<Self, Unusable> {
        let text = text.replace("\\t", "\t").replace("\\n", "\n");
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("{{") {
            let (action, after) = after
                .split_once("}}")
                .ok_or_else(|| Unusable(format!("unclosed action in `{text}`")))?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(field(action)?);
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The template filled in.
    ///
    /// # Errors
    /// A field is not there.
    pub(super) fn fill(&self, with: &Value) -> Result<String, Unusable> {
        let mut filled = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Field { path, how } => {
                    let value = look(with, path)?;
                    filled.push_str(&match how {
                        How::Plain => plain(value),
                        How::Json => value.to_string(),
                        How::Upper => plain(value).to_uppercase(),
                        How::Lower => plain(value).to_lowercase(),
                    });
                }
            }
        }
        Ok(filled)
    }
}

fn field(action: &str) -> Result<Part, Unusable> {
    let words: Vec<&str> = action.trim_matches('-').split_whitespace().collect();
    let (how, path) = match words.as_slice() {
        [path] => (How::Plain, *path),
        ["json", path] => (How::Json, *path),
        ["upper", path] => (How::Upper, *path),
        ["lower", path] => (How::Lower, *path),
        _ => return Err(unusable(action)),
    };
    let names = path.strip_prefix('.').filter(|names| {
        names.is_empty()
            || names.split('.').all(|name| {
                !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
            })
    });
    match names {
        Some(names) => Ok(Part::Field {
            path: names
                .split('.')
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
            how,
        }),
        None => Err(unusable(action)),
    }
}

fn unusable(action: &str) -> Unusable {
    Unusable(format!(
        "`{{{{{action}}}}}` is not known: only fields ({{{{.Names}}}}) and json, upper and lower of them are"
    ))
}

fn look<'a>(value: &'a Value, path: &[String]) -> Result<&'a Value, Unusable> {
    let mut value = value;
    for name in path {
        value = value
            .get(name)
            .ok_or_else(|| Unusable(format!("map has no entry for key \"{name}\"")))?;
    }
    Ok(value)
}

/// As Go prints it.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "<no value>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(all) => {
            let all: Vec<String> = all.iter().map(plain).collect();
            format!("[{}]", all.join(" "))
        }
        Value::Object(all) => {
            let mut all: Vec<String> = all
                .iter()
                .map(|(key, value)| format!("{key}:{}", plain(value)))
                .collect();
            all.sort();
            format!("map[{}]", all.join(" "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filled(text: &str) -> Result<String, Unusable> {
        let with = json!({"Names": "Box", "State": {"Running": true, "Env": ["a", "b"]}, "Labels": {"b": "2", "a": 1}});
        Template::parse(text)?.fill(&with)
    }

    #[test]
    fn fields_are_filled_in_as_go_does() {
        for (text, expected) in [
            ("{{.Names}}", "Box"),
            ("{{ .Names }}\\t{{.State.Running}}", "Box\ttrue"),
            ("{{json .Names}}", "\"Box\""),
            ("{{upper .Names}}/{{lower .Names}}", "BOX/box"),
            ("{{.State.Env}} {{.Labels}}", "[a b] map[a:1 b:2]"),
            ("{{json .State.Env}}", "[\"a\",\"b\"]"),
            ("plain", "plain"),
        ] {
            assert_eq!(filled(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_honoured_is_refused() {
        for text in [
            "{{.Nope}}",
            "{{.Names.First}}",
            "{{range .State.Env}}{{.}}{{end}}",
            "{{if .Names}}x{{end}}",
            "{{.Names",
            "{{}}",
            "{{Names}}",
            "{{.A..B}}",
        ] {
            assert!(filled(text).is_err(), "{text}");
        }
    }
}
