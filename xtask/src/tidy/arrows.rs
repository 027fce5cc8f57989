//! Which crate may know which.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{commands::Run, repo};

/// The picture of crates/README.md: each crate, and the crates of ours below it that it may use.
const BELOW: &[(&str, &[&str])] = &[
    ("ags-sign", &[]),
    ("swerex-proto", &[]),
    ("swerex-archive", &[]),
    ("ags-http", &[]),
    ("ags-api", &["ags-sign", "ags-http"]),
    (
        "swerex-ags-runtime",
        &["swerex-archive", "swerex-proto", "ags-http"],
    ),
    (
        "swerex-ags-deployment",
        &[
            "swerex-ags-runtime",
            "swerex-proto",
            "ags-api",
            "ags-http",
            "ags-sign",
        ],
    ),
    ("swerex-server", &["swerex-archive", "swerex-proto"]),
    (
        "ags-emulator",
        &[
            "swerex-server",
            "swerex-proto",
            "ags-api",
            "ags-http",
            "ags-sign",
        ],
    ),
    (
        "swerex-ags",
        &[
            "ags-emulator",
            "swerex-ags-deployment",
            "swerex-ags-runtime",
            "swerex-proto",
            "swerex-server",
            "ags-api",
            "ags-http",
            "ags-sign",
        ],
    ),
];

const FORBIDDEN: &[&str] = &[
    "aws-lc-rs",
    "aws-lc-sys",
    "openssl",
    "openssl-sys",
    "native-tls",
    "reqwest",
    "serde_yaml",
];

const IO: &[&str] = &["tokio", "hyper", "hyper-util", "mio", "socket2", "rustls"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

/// Every dependency between crates of ours points down. Dev-dependencies may point up: tests that need the emulator.
pub(super) fn between_crates() -> Result<Vec<String>, String> {
    let text = Run::cargo()
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked"])
        .output()?;
    let metadata: Metadata = serde_json::from_str(&text)
        .map_err(|error| format!("cannot read cargo metadata: {error}"))?;
    let below: BTreeMap<&str, &[&str]> = BELOW.iter().copied().collect();
    let mut wrong = Vec::new();
    for package in metadata
        .packages
        .iter()
        .filter(|package| package.name != "xtask")
    {
        let Some(allowed) = below.get(package.name.as_str()) else {
            wrong.push(format!("crates/{} is not in the picture", package.name));
            continue;
        };
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind.is_none())
        {
            let name = dependency.name.as_str();
            if below.contains_key(name) && !allowed.contains(&name) {
                wrong.push(format!("{} may not use {name}", package.name));
            }
        }
    }
    Ok(wrong)
}

/// No runtime, socket or TLS anywhere below the signer and the protocol.
pub(super) fn pure_crates() -> Result<Vec<String>, String> {
    let mut wrong = Vec::new();
    for name in ["ags-sign", "swerex-proto"] {
        let tree = Run::cargo()
            .args([
                "tree", "--locked", "-p", name, "-e", "normal", "--prefix", "none",
            ])
            .output()?;
        wrong.extend(
            packages(&tree)
                .filter(|package| IO.contains(package))
                .map(|package| format!("{name} brings {package}")),
        );
    }
    Ok(wrong)
}

/// Crates that must be nowhere in the lock file.
pub(super) fn forbidden_crates() -> Result<Vec<String>, String> {
    let path = repo::root().join("Cargo.lock");
    let lock = std::fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(locked(&lock)
        .filter(|name| FORBIDDEN.contains(name))
        .map(|name| format!("Cargo.lock holds {name}"))
        .collect())
}

fn packages(tree: &str) -> impl Iterator<Item = &str> {
    tree.lines()
        .filter_map(|line| line.split_whitespace().next())
}

fn locked(lock: &str) -> impl Iterator<Item = &str> {
    lock.lines()
        .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_a_lock_file_and_a_tree() {
        let lock = "[[package]]\nname = \"openssl-sys\"\nversion = \"1\"\n";
        assert_eq!(locked(lock).collect::<Vec<_>>(), ["openssl-sys"]);
        assert_eq!(
            packages("ags-sign v0.1.0 (/x)\nring v0.17.14\n").collect::<Vec<_>>(),
            ["ags-sign", "ring"]
        );
    }

    #[test]
    fn the_picture_has_no_cycle() {
        for (index, (name, below)) in BELOW.iter().enumerate() {
            for lower in *below {
                let at = BELOW.iter().position(|(other, _)| other == lower);
                assert!(at.is_some_and(|at| at < index), "{name} -> {lower}");
            }
        }
    }
}
