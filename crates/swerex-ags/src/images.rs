//! Files that name images: one a line, or the instances of SWE-agent and SWE-bench.

use std::path::Path;

use serde_json::Value;

use crate::{expert, report::Failure};

/// The largest file that is read, in bytes: a SWE-bench data set with its patches is about 100 MB.
const LARGEST: u64 = 512 << 20;

/// The images that a file names, each once.
///
/// `.json`, `.jsonl`, `.yaml` and `.yml` hold instances; everything else holds one image a line, with `#` before remarks.
pub(crate) fn read(path: &Path) -> Result<Vec<String>, Failure> {
    if !holds_instances(path) {
        return lines(path, &text(path)?);
    }
    expert::images(&rows(path)?).map_err(|error| wrong(path, &format!("cannot be used: {error}")))
}

/// Whether a text that is the name of no file means one all the same.
pub(crate) fn is_missing_file(path: &Path) -> bool {
    !path.is_file() && (holds_instances(path) || extension(path) == "txt")
}

/// Whether a file of this name holds instances.
fn holds_instances(path: &Path) -> bool {
    matches!(extension(path), "json" | "jsonl" | "yaml" | "yml")
}

/// The instances in a file: one a line in `.jsonl`, else a list, or a single one, in JSON or YAML.
pub(crate) fn rows(path: &Path) -> Result<Vec<Value>, Failure> {
    let text = text(path)?;
    if extension(path) == "jsonl" {
        let rows: Vec<Value> = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(index, line)| {
                serde_json::from_str(line)
                    .map_err(|error| wrong(path, &format!("line {}: {error}", index + 1)))
            })
            .collect::<Result<_, _>>()?;
        return if rows.is_empty() {
            Err(wrong(path, "holds no instances"))
        } else {
            Ok(rows)
        };
    }
    let document = match serde_json::from_str(&text) {
        Ok(document) => document,
        Err(error) if extension(path) == "json" => {
            return Err(wrong(path, &format!("is no JSON: {error}")));
        }
        Err(_) => serde_saphyr::from_str(&text).map_err(|error| {
            let reason = error.to_string();
            let reason = reason.lines().next().unwrap_or_default();
            wrong(path, &format!("is neither JSON nor YAML: {reason}"))
        })?,
    };
    match document {
        Value::Array(rows) if !rows.is_empty() => Ok(rows),
        Value::Array(_) | Value::Null => Err(wrong(path, "holds no instances")),
        row => Ok(vec![row]),
    }
}

fn text(path: &Path) -> Result<String, Failure> {
    let unreadable = |error| wrong(path, &format!("cannot be read: {error}"));
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if metadata.len() > LARGEST {
        return Err(wrong(path, "is larger than 512 MiB"));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|_| wrong(path, "is not UTF-8"))
}

fn extension(path: &Path) -> &str {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.unwrap_or_default()
}

fn wrong(path: &Path, problem: &str) -> Failure {
    Failure::usage(format!("`{}` {problem}", path.display()))
}

fn lines(path: &Path, text: &str) -> Result<Vec<String>, Failure> {
    let mut images = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let image = line
            .split_once(" #")
            .map_or(line, |(image, _)| image)
            .trim();
        if image.is_empty() || image.starts_with('#') {
            continue;
        }
        check(image).map_err(|problem| wrong(path, &format!("line {}: {problem}", index + 1)))?;
        images.push(image.to_owned());
    }
    Ok(images)
}

/// What is wrong with the name of an image, as far as that can be told without a registry.
pub(crate) fn check(image: &str) -> Result<(), String> {
    if image.is_empty() || image.contains(char::is_whitespace) {
        return Err(format!("`{image}` is no image; write it as repository:tag"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(name: &str, text: &str) -> Result<Vec<String>, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        read(&path).map_err(|failure| failure.text())
    }

    #[test]
    fn one_image_a_line() {
        let text = "# ours\na/b:1\n\n  c/d@sha256:00 # the base\n";
        assert_eq!(
            read_as("images.txt", text).unwrap(),
            ["a/b:1", "c/d@sha256:00"]
        );
        let text = read_as("images.txt", "a/b:1\n\nc d\n").unwrap_err();
        assert!(
            text.contains("images.txt` line 3: `c d` is no image"),
            "{text}"
        );
    }

    #[test]
    fn instances_in_each_form() {
        let row = r#"{"instance_id": "a", "image_name": "x:1", "problem_statement": "p"}"#;
        assert_eq!(
            read_as("i.json", &format!("[{row}, {row}]")).unwrap(),
            ["x:1"]
        );
        assert_eq!(
            read_as("i.jsonl", &format!("{row}\n\n{row}\n")).unwrap(),
            ["x:1"]
        );
        let yaml = "- instance_id: a\n  image_name: x:1\n  problem_statement: p\n";
        assert_eq!(read_as("i.yaml", yaml).unwrap(), ["x:1"]);
        assert!(read_as("i.json", "{").unwrap_err().contains("is no JSON"));
        let text = read_as("i.jsonl", "\n{\n").unwrap_err();
        assert!(text.contains("i.jsonl` line 2: "), "{text}");
        let text = read_as("i.yaml", "a: [").unwrap_err();
        assert!(text.contains("is neither JSON nor YAML"), "{text}");
        for empty in ["i.json", "i.jsonl", "i.yaml"] {
            let text = read_as(empty, if empty == "i.json" { "[]" } else { "\n" }).unwrap_err();
            assert!(text.ends_with("holds no instances"), "{text}");
        }
        assert!(
            read_as("i.json", "[{}]")
                .unwrap_err()
                .contains("instance 1")
        );
    }
}
