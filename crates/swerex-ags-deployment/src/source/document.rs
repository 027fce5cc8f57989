//! A configuration file as a document, and where in it the deployment stands.

use serde_json::{Map, Value};
use serde_saphyr::DuplicateKeyPolicy;

/// Sections of SWE-agent's files that hold a deployment, in the order in which they are looked for.
const SECTIONS: [&str; 2] = ["instances", "env"];

/// Keys at the top of SWE-agent's files, none of them one of a deployment's.
const SWE_AGENTS: [&str; 6] = [
    "agent",
    "instances",
    "env",
    "problem_statement",
    "actions",
    "output_dir",
];

/// Reads YAML or JSON as SWE-agent's own reader does, which takes the last of two equal keys.
///
/// # Errors
/// What is wrong with the text, to be said of its file.
pub(super) fn parse(text: &str) -> Result<Map<String, Value>, String> {
    let options = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::LastWins };
    match serde_saphyr::from_str_with_options(text, options) {
        Ok(Value::Object(document)) => Ok(document),
        Ok(_) => Err("should be a mapping of keys to values".to_owned()),
        Err(error) => {
            let reason = error.to_string();
            let reason = reason.lines().next().unwrap_or_default();
            let reason = reason.strip_prefix("error: ").unwrap_or(reason);
            Err(format!("is no YAML: {reason}"))
        }
    }
}

/// The deployment in a document, whichever form it has; `None` if it is a file of SWE-agent's that says nothing of one.
pub(super) fn deployment(
    document: &Map<String, Value>,
) -> Result<Option<&Map<String, Value>>, String> {
    for section in SECTIONS {
        if document.get(section).is_some_and(Value::is_null) {
            return Err(format!("has nothing under {section}: remove it"));
        }
        match document
            .get(section)
            .and_then(|section| section.get("deployment"))
        {
            Some(Value::Object(deployment)) => return Ok(Some(deployment)),
            Some(_) => {
                return Err(format!(
                    "has {section}.deployment, which should be a mapping"
                ));
            }
            None => {}
        }
    }
    match document.get("deployment") {
        Some(Value::Object(deployment)) => Ok(Some(deployment)),
        Some(_) => Err("has deployment, which should be a mapping".to_owned()),
        None if SWE_AGENTS.iter().any(|key| document.contains_key(*key)) => {
            match misspelt(document) {
                Some(key) => Err(format!("has {key}: did you mean deployment?")),
                None => Ok(None),
            }
        }
        None => Ok(Some(document)),
    }
}

/// A key where a deployment stands in SWE-agent's files, whose name is almost that.
fn misspelt(document: &Map<String, Value>) -> Option<String> {
    SECTIONS.iter().find_map(|section| {
        let keys = document.get(*section)?.as_object()?.keys();
        let mut like = keys.filter(|key| strsim::jaro_winkler(key, "deployment") > 0.85);
        like.next().map(|key| format!("{section}.{key}"))
    })
}
