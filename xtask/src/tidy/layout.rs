//! What stands where.

use std::{collections::BTreeSet, fs};

use crate::repo;

const TOP: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "crates",
    "xtask",
    "fixtures",
    "README.md",
    "LICENSE.txt",
];

/// `[lints] workspace = true` in every member.
pub(super) fn lints() -> Result<Vec<String>, String> {
    let mut wrong = Vec::new();
    for manifest in repo::files(&["crates/*/Cargo.toml", "xtask/Cargo.toml"])? {
        let text = fs::read_to_string(repo::root().join(&manifest))
            .map_err(|error| format!("{}: {error}", manifest.display()))?;
        if !text.contains("[lints]\nworkspace = true\n") {
            wrong.push(format!(
                "{} lacks `[lints] workspace = true`",
                manifest.display()
            ));
        }
    }
    Ok(wrong)
}

/// No visible entry beyond the design.
pub(super) fn top_level() -> Result<Vec<String>, String> {
    let entries: BTreeSet<String> = repo::files(&["."])?
        .iter()
        .filter_map(|file| {
            Some(
                file.components()
                    .next()?
                    .as_os_str()
                    .to_string_lossy()
                    .into_owned(),
            )
        })
        .collect();
    let strange = entries
        .iter()
        .filter(|entry| !entry.starts_with('.') && !TOP.contains(&entry.as_str()));
    let missing = TOP.iter().filter(|entry| !entries.contains(**entry));
    Ok(strange
        .map(|entry| format!("{entry} is not in the design"))
        .chain(missing.map(|entry| format!("{entry} is missing")))
        .collect())
}

/// A README beside every kind of fixture, named in the one above.
pub(super) fn provenance() -> Result<Vec<String>, String> {
    let files = repo::files(&["fixtures"])?;
    let mut kinds = BTreeSet::new();
    for file in &files {
        let parts: Vec<_> = file
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        if let [_, kind, _, ..] = parts.as_slice() {
            kinds.insert(kind.to_string());
        }
    }
    let top = fs::read_to_string(repo::root().join("fixtures/README.md")).unwrap_or_default();
    let mut wrong = Vec::new();
    for kind in kinds {
        if !repo::root()
            .join("fixtures")
            .join(&kind)
            .join("README.md")
            .exists()
        {
            wrong.push(format!("fixtures/{kind} has no README.md"));
        }
        if !top.contains(&format!("{kind}/")) {
            wrong.push(format!("fixtures/README.md does not name {kind}/"));
        }
    }
    Ok(wrong)
}
