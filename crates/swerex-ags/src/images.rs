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
    let shown = path.display();
    let wrong = |problem: String| Failure::usage(format!("`{shown}` {problem}"));
    let metadata =
        std::fs::metadata(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    if metadata.len() > LARGEST {
        return Err(wrong("is larger than 512 MiB".to_owned()));
    }
    let bytes = std::fs::read(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("is not UTF-8".to_owned()))?;
    let extension = path.extension().and_then(|extension| extension.to_str());
    let rows = match extension.unwrap_or_default() {
        "json" => rows(
            serde_json::from_str(&text).map_err(|error| wrong(format!("is no JSON: {error}")))?,
        ),
        "jsonl" => text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()
            .map_err(|error| wrong(format!("is no JSON a line: {error}")))?,
        "yaml" | "yml" => rows(serde_saphyr::from_str(&text).map_err(|error| {
            let reason = error.to_string();
            wrong(format!(
                "is no YAML: {}",
                reason.lines().next().unwrap_or_default()
            ))
        })?),
        _ => return Ok(lines(&text)),
    };
    expert::images(&rows).map_err(|error| wrong(format!("cannot be used: {error}")))
}

/// A list, or a single instance.
fn rows(value: Value) -> Vec<Value> {
    match value {
        Value::Array(rows) => rows,
        row => vec![row],
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| {
            line.split_once(" #")
                .map_or(line, |(image, _)| image)
                .trim()
        })
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
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
        assert!(
            read_as("i.json", "[{}]")
                .unwrap_err()
                .contains("instance 1")
        );
    }
}
