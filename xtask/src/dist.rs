//! `cargo xtask dist`: the programs to ship, small and linked statically.

use std::path::PathBuf;

use crate::{commands::Run, repo};

const TARGET: &str = "x86_64-unknown-linux-gnu";

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    if let Some(arg) = args.first() {
        return Err(format!("unexpected argument `{arg}`: dist takes none"));
    }
    for (package, program) in [
        ("swerex-server", "swerex-remote"),
        ("swerex-ags", "swerex-ags"),
    ] {
        let path = build(package, program)?;
        let size = std::fs::metadata(&path)
            .map_err(|error| format!("{}: {error}", path.display()))?
            .len();
        repo::say(&format!("{} ({:.1} MB)", path.display(), size as f64 / 1e6));
    }
    Ok(())
}

/// The native server, as it is shipped.
pub(crate) fn server() -> Result<PathBuf, String> {
    build("swerex-server", "swerex-remote")
}

fn build(package: &str, program: &str) -> Result<PathBuf, String> {
    Run::cargo()
        .args([
            "build",
            "--locked",
            "--profile",
            "dist",
            "--target",
            TARGET,
            "--package",
            package,
            "--bin",
            program,
        ])
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .run()?;
    Ok(repo::target().join(TARGET).join("dist").join(program))
}
