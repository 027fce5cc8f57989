//! Where things are, and the only place that prints.

use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// Cargo's target directory, which also holds what the chores make.
pub(crate) fn target() -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    root().join(target)
}

/// A line for the person who runs the chore.
#[expect(clippy::print_stdout, reason = "a chore reports to the terminal")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// A line about what went wrong.
#[expect(clippy::print_stderr, reason = "a chore reports to the terminal")]
pub(crate) fn complain(line: &str) {
    eprintln!("{line}");
}

/// The lines of `git ls-files` for `patterns`, also those not committed yet; without git, nothing.
pub(crate) fn files(patterns: &[&str]) -> Result<Vec<PathBuf>, String> {
    let output = std::process::Command::new("git")
        .current_dir(root())
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "--",
        ])
        .args(patterns)
        .output()
        .map_err(|error| format!("cannot run git: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "git ls-files failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    let mut files: Vec<PathBuf> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(PathBuf::from)
        .collect();
    files.retain(|file| root().join(file).exists());
    files.sort();
    files.dedup();
    Ok(files)
}
