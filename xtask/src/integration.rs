//! Runs with the real Python SWE-ReX in them: the demonstration and the end-to-end suite.

use crate::{
    commands::Run,
    python::{Environment, Packages},
    repo,
};

/// What the demonstration runs in the sandbox: it shows where it is and who serves it.
const DEMO: &str =
    r#"echo "hello from $(uname -s), process $$ in $PWD"; ps -o args= -p $PPID | cut -c1-80"#;

/// `cargo xtask demo`: one command, in a sandbox of the local emulator, served by the Python SWE-ReX server.
pub(crate) fn demo(args: &[String]) -> Result<(), String> {
    let python = Environment::ready(Packages::Server)?;
    Run::cargo()
        .args(["build", "--locked", "--package", "swerex-ags"])
        .run()?;
    let binary = repo::target().join("debug/swerex-ags");
    let mut call = vec![
        "run".to_owned(),
        "--local".to_owned(),
        "--local-path".to_owned(),
    ];
    call.push(python.bin().to_string_lossy().into_owned());
    call.push("--".to_owned());
    if args.is_empty() {
        call.push(DEMO.to_owned());
    } else {
        call.extend(args.iter().cloned());
    }
    Run::new(binary).args(call).run()
}

/// `cargo xtask integration [FILTER]`: the test targets that need Python, with Python there.
///
/// Their names begin with `python`; `cargo xtask test` runs them too.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let python = Environment::ready(Packages::Suite)?;
    Run::cargo()
        .args([
            "test",
            "--locked",
            "--workspace",
            "--no-fail-fast",
            "--test",
            "python*",
            "--",
        ])
        .args(args)
        .envs(&python.vars())
        .run()
}
