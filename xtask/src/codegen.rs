//! `cargo xtask codegen [--check]`: the typed model of the API, from its description and our overlay.

mod actions;
mod description;
mod docs;
mod model;
mod names;
mod overlay;
mod table;

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use self::{description::Description, overlay::Overlay};

const DESCRIPTION: &str = "fixtures/ags/api-2025-09-20.json";
const OVERLAY: &str = "fixtures/ags/overlay.json";
const CRATE: &str = "crates/ags-api";

/// First line of every generated file.
const MADE_BY: &str = "// Made by `cargo xtask codegen` from fixtures/ags/api-2025-09-20.json and fixtures/ags/overlay.json; do not edit.\n";

/// Writes the generated files, or with `check` only compares them with what is there.
///
/// # Errors
/// An unreadable or contradictory description, a failing rustfmt, and with `check` each file that differs.
pub(crate) fn run(check: bool) -> Result<(), String> {
    let root = root()?;
    let files = generate(&root)?;
    let mut stale = Vec::new();
    for (path, text) in &files {
        let path = root.join(CRATE).join(path);
        if fs::read_to_string(&path).is_ok_and(|there| there == *text) {
            continue;
        }
        if check {
            stale.push(path);
        } else {
            write(&path, text)?;
        }
    }
    for path in leftovers(&root.join(CRATE).join("src/model"), &files)? {
        if check {
            stale.push(path);
        } else {
            fs::remove_file(&path)
                .map_err(|error| format!("cannot remove {}: {error}", path.display()))?;
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = stale
        .iter()
        .map(|path| format!("  {}", path.display()))
        .collect();
    Err(format!(
        "not what `cargo xtask codegen` writes, run it:\n{}",
        list.join("\n")
    ))
}

/// The text of each generated file, by its path under the crate's directory.
fn generate(root: &Path) -> Result<BTreeMap<PathBuf, String>, String> {
    let description = Description::parse(&read(&root.join(DESCRIPTION))?)?;
    let overlay = Overlay::parse(&read(&root.join(OVERLAY))?)?;
    overlay.check(&description)?;

    let mut files = BTreeMap::new();
    for module in overlay.modules.keys() {
        files.insert(
            PathBuf::from(format!("src/model/{module}.rs")),
            model::module(module, &description, &overlay),
        );
    }
    files.insert(
        PathBuf::from("src/model.rs"),
        model::index(&description, &overlay),
    );
    files.insert(
        PathBuf::from("src/client/actions.rs"),
        actions::methods(&description, &overlay),
    );
    files.insert(
        PathBuf::from("src/description/table.rs"),
        table::table(&description, &overlay),
    );
    files.insert(
        PathBuf::from("tests/every_structure/list.rs"),
        table::test_list(&description),
    );
    for text in files.values_mut() {
        *text = rustfmt(text)?;
    }
    Ok(files)
}

/// Formats `text` with the toolchain's rustfmt.
fn rustfmt(text: &str) -> Result<String, String> {
    let failed = |what: &str| format!("cannot run rustfmt: {what}");
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(&error.to_string()))?;
    let mut stdin = child
        .stdin
        .take()
        .ok_or_else(|| failed("no standard input"))?;
    // rustfmt reads everything before it writes, so this cannot block on its output.
    stdin
        .write_all(text.as_bytes())
        .map_err(|error| failed(&error.to_string()))?;
    drop(stdin);
    let output = child
        .wait_with_output()
        .map_err(|error| failed(&error.to_string()))?;
    if !output.status.success() {
        return Err(failed(&output.status.to_string()));
    }
    String::from_utf8(output.stdout).map_err(|error| failed(&error.to_string()))
}

/// Files in `directory` that no description asks for any more.
fn leftovers(directory: &Path, files: &BTreeMap<PathBuf, String>) -> Result<Vec<PathBuf>, String> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry =
            entry.map_err(|error| format!("cannot list {}: {error}", directory.display()))?;
        if !files.contains_key(&Path::new("src/model").join(entry.file_name())) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot write {}: {error}", path.display());
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}

/// The workspace's directory.
fn root() -> Result<PathBuf, String> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .ok_or_else(|| "xtask has no parent directory".to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn generated_files_are_current() {
        assert_eq!(super::run(true), Ok(()));
    }
}
