//! `cargo xtask test`: everything that must hold, cheapest first.

use crate::{
    codegen,
    commands::Run,
    python::{Environment, Packages},
    repo, tidy,
};

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    if let Some(arg) = args.first() {
        return Err(format!(
            "unexpected argument `{arg}`: test takes none (`cargo test -p CRATE FILTER` runs a part)"
        ));
    }
    Run::cargo().args(["fmt", "--all", "--check"]).run()?;
    tidy::run(&[])?;
    codegen::run(true)?;
    repo::say("   ok  the generated model is what the description says");
    Run::cargo()
        .args([
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ])
        .run()?;
    Run::cargo()
        .args(["doc", "--locked", "--workspace", "--no-deps"])
        .env("RUSTDOCFLAGS", "-Dwarnings")
        .run()?;

    // The tests that drive the real Python server and the vendor's SDK look for these variables.
    let python = Environment::ready(Packages::Suite)?;
    Run::cargo()
        .args(["test", "--locked", "--workspace", "--no-fail-fast"])
        .envs(&python.vars())
        .run()?;
    repo::say("everything passed");
    Ok(())
}
