//! The project's own chores: `cargo xtask COMMAND`. This file only dispatches; each command is a room of its own.

mod bench;
mod codegen;
mod commands;
mod dist;
mod integration;
mod python;
mod repo;
mod tests;
mod tidy;

use std::process::ExitCode;

const HELP: &str = "\
usage: cargo xtask COMMAND

  demo                 run a command in a sandbox of the local emulator, with the real Python SWE-ReX server in it
  test                 everything: format, tidy, generated files, lints, docs, all tests, the end-to-end suite
  integration [FILTER] the tests that need Python (they run against the real SWE-ReX server and the vendor's SDK)
  codegen [--check]    write the typed model of the AGS API (or only compare)
  bench [WHAT] [ARGS]  sign, http, server, fleet, bridge: measured beside a peer in the same run; soak [MINUTES]: many short lives behind one bridge
  dist                 the programs to ship, small and linked statically
  tidy                 the invariants of the house that a program can check
  help                 this text";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_else(|| "help".to_owned());
    let rest: Vec<String> = args.collect();
    let outcome = match command.as_str() {
        "demo" => integration::demo(&rest),
        "test" => tests::run(&rest),
        "integration" => integration::run(&rest),
        "codegen" => check_flag(&rest).and_then(codegen::run),
        "tidy" => tidy::run(&rest),
        "bench" => bench::run(&rest),
        "dist" => dist::run(&rest),
        "help" | "-h" | "--help" => {
            repo::say(HELP);
            Ok(())
        }
        other => Err(format!("unknown command `{other}`\n{HELP}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            repo::complain(&format!("xtask {command}: {problem}"));
            ExitCode::FAILURE
        }
    }
}

/// The one flag that `codegen` takes.
fn check_flag(args: &[String]) -> Result<bool, String> {
    match args {
        [] => Ok(false),
        [flag] if flag == "--check" => Ok(true),
        _ => Err(format!(
            "unexpected arguments `{}`: codegen takes only --check",
            args.join(" ")
        )),
    }
}
