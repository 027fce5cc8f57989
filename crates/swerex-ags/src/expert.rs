//! SWE-agent's instances with a deployment each: what its `expert_file` type takes, made from the files it takes otherwise.
//!
//! SWE-agent cannot combine `type: remote` with its instance types `file`, `swe_bench` and `huggingface`; only `expert_file` names a
//! deployment per instance. The rules here are SWE-agent's own for its simple instances.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::serve::address::Address;

/// The bridge that the instances are to use.
pub(crate) struct Bridge<'a> {
    /// Its address, without a path or a slash at the end.
    pub(crate) url: &'a str,
    /// The key that agents send.
    pub(crate) auth_token: &'a str,
}

/// What is wrong with an instance: which one, which key, and the remedy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadInstance(String);

impl fmt::Display for BadInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadInstance {}

/// Turns instances of SWE-agent's `file` type or rows of a SWE-bench data set into instances of its `expert_file` type.
///
/// # Errors
/// The first instance that cannot be turned, by its place in the file.
pub(crate) fn instances(rows: &[Value], bridge: &Bridge<'_>) -> Result<Vec<Value>, BadInstance> {
    rows.iter()
        .enumerate()
        .map(|(index, row)| {
            instance(row, bridge)
                .map_err(|problem| BadInstance(format!("instance {}: {problem}", index + 1)))
        })
        .collect()
}

/// The images that the instances are started from, each once, in their order.
pub(crate) fn images(rows: &[Value]) -> Result<Vec<String>, BadInstance> {
    let mut images: Vec<String> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let image = Simple::read(row)
            .map_err(|problem| BadInstance(format!("instance {}: {problem}", index + 1)))?
            .image;
        if !images.contains(&image) {
            images.push(image);
        }
    }
    Ok(images)
}

/// One instance, whichever form it had.
struct Simple {
    id: String,
    image: String,
    statement: String,
    repo: String,
    commit: String,
    extra: Map<String, Value>,
}

impl Simple {
    fn read(row: &Value) -> Result<Self, String> {
        let row = row.as_object().ok_or("is not a mapping")?;
        // `id` is what SWE-agent up to 1.0.1 called it.
        let id = text(row, "instance_id")?
            .or(text(row, "id")?)
            .ok_or("`instance_id` is missing")?;
        let statement = text(row, "problem_statement")?.ok_or("`problem_statement` is missing")?;
        let commit = text(row, "base_commit")?;
        let mut extra = match row.get("extra_fields") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(extra)) => extra.clone(),
            Some(other) => {
                return Err(format!(
                    "`extra_fields` is {other}, but should be a mapping"
                ));
            }
        };
        let is_row = row.contains_key("repo") && !row.contains_key("repo_name");
        if is_row {
            // A row of SWE-bench: the repository stands in the image, at /testbed.
            if let Some(assets) = text(row, "image_assets")? {
                let assets: Value = serde_json::from_str(&assets)
                    .map_err(|error| format!("`image_assets` is not JSON: {error}"))?;
                extra.insert(
                    "issue_images".to_owned(),
                    assets["problem_statement"].clone(),
                );
            }
            let image = text(row, "image_name")?.unwrap_or_else(|| swe_bench_image(&id));
            let commit = commit.ok_or("`base_commit` is missing")?;
            return Ok(Self {
                id,
                image,
                statement,
                repo: "testbed".to_owned(),
                commit,
                extra,
            });
        }
        let image = text(row, "image_name")?.ok_or("`image_name` is missing")?;
        let repo = text(row, "repo_name")?.unwrap_or_default();
        Ok(Self {
            id,
            image,
            statement,
            repo,
            commit: commit.unwrap_or_else(|| "HEAD".to_owned()),
            extra,
        })
    }

    fn repo(&self) -> Value {
        let commit = &self.commit;
        if self.repo.is_empty() {
            Value::Null
        } else if is_github(&self.repo) {
            json!({ "type": "github", "github_url": self.repo, "base_commit": commit })
        } else if self.repo.contains('/') {
            json!({ "type": "local", "path": self.repo, "base_commit": commit })
        } else {
            json!({ "type": "preexisting", "repo_name": self.repo, "base_commit": commit })
        }
    }

    fn problem(&self) -> Value {
        let mut extra = self.extra.clone();
        match extra.remove("issue_images") {
            Some(images) => json!({
                "type": "swe_bench_multimodal", "text": self.statement, "issue_images": images, "id": self.id, "extra_fields": extra,
            }),
            None => {
                json!({ "type": "text", "text": self.statement, "id": self.id, "extra_fields": extra })
            }
        }
    }
}

fn instance(row: &Value, bridge: &Bridge<'_>) -> Result<Value, String> {
    let simple = Simple::read(row)?;
    let address = Address {
        image: simple.image.clone(),
        instance: simple.id.clone(),
    };
    let path = address.path().map_err(|error| error.to_string())?;
    let host = format!("{}{path}", bridge.url.trim_end_matches('/'));
    Ok(json!({
        "env": {
            "deployment": { "type": "remote", "host": host, "auth_token": bridge.auth_token },
            "repo": simple.repo(),
        },
        "problem_statement": simple.problem(),
    }))
}

/// Where SWE-bench publishes the image of an instance.
fn swe_bench_image(id: &str) -> String {
    format!(
        "docker.io/swebench/sweb.eval.x86_64.{}:latest",
        id.replace("__", "_1776_")
    )
    .to_lowercase()
}

fn is_github(repo: &str) -> bool {
    repo.contains("github.com/") || repo.contains("github.com:")
}

fn text(row: &Map<String, Value>, key: &str) -> Result<Option<String>, String> {
    match row.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(format!("`{key}` is {other}, but should be text: quote it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BRIDGE: Bridge<'static> = Bridge {
        url: "http://127.0.0.1:8866/",
        auth_token: "brk_1",
    };

    fn one(row: Value) -> Value {
        instances(&[row], &BRIDGE).unwrap().remove(0)
    }

    #[test]
    fn a_row_of_swe_bench() {
        let row = json!({
            "repo": "astropy/astropy", "instance_id": "astropy__astropy-12907", "base_commit": "d16bfe05",
            "problem_statement": "Modeling's separability", "patch": "…",
        });
        let image = "docker.io%2Fswebench%2Fsweb.eval.x86_64.astropy_1776_astropy-12907%3Alatest";
        let expected = json!({
            "env": {
                "deployment": {
                    "type": "remote", "auth_token": "brk_1",
                    "host": format!("http://127.0.0.1:8866/v1/{image}/astropy__astropy-12907"),
                },
                "repo": { "type": "preexisting", "repo_name": "testbed", "base_commit": "d16bfe05" },
            },
            "problem_statement": { "type": "text", "text": "Modeling's separability", "id": "astropy__astropy-12907", "extra_fields": {} },
        });
        assert_eq!(one(row), expected);
    }

    #[test]
    fn repositories_are_told_apart_as_swe_agent_does() {
        let repo = |name: &str| {
            one(json!({ "image_name": "python:3.11", "instance_id": "a", "problem_statement": "b", "repo_name": name }))["env"]["repo"].clone()
        };
        assert_eq!(repo(""), Value::Null);
        assert_eq!(
            repo("testbed"),
            json!({ "type": "preexisting", "repo_name": "testbed", "base_commit": "HEAD" })
        );
        assert_eq!(repo("https://github.com/a/b")["type"], "github");
        assert_eq!(
            repo("./here/b"),
            json!({ "type": "local", "path": "./here/b", "base_commit": "HEAD" })
        );
    }

    #[test]
    fn images_come_once() {
        let row = |image: &str, id: &str| json!({ "image_name": image, "instance_id": id, "problem_statement": "" });
        assert_eq!(
            images(&[row("b", "1"), row("a", "2"), row("b", "3")]).unwrap(),
            ["b", "a"]
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let why = |row: Value| instances(&[row], &BRIDGE).unwrap_err().to_string();
        assert_eq!(
            why(json!({ "instance_id": "a", "problem_statement": "" })),
            "instance 1: `image_name` is missing"
        );
        assert_eq!(
            why(json!({ "problem_statement": "" })),
            "instance 1: `instance_id` is missing"
        );
        assert!(
            why(json!({ "instance_id": 3, "problem_statement": "" }))
                .contains("`instance_id` is 3")
        );
        assert_eq!(why(json!([])), "instance 1: is not a mapping");
        let unserved =
            why(json!({ "instance_id": "..", "image_name": "x", "problem_statement": "" }));
        assert!(unserved.contains("the instance `..`"), "{unserved}");
    }
}
