//! `swerex-remote`: the server as a program.

mod args;
mod init;
mod run;

use std::{io::Write, process::ExitCode};

use args::Asked;
use swerex_proto::route::AUTH_TOKEN_VARIABLE;

fn main() -> ExitCode {
    let key = std::env::var_os(AUTH_TOKEN_VARIABLE);
    match args::read(std::env::args_os().skip(1), key) {
        Asked::Print(text) => {
            say(&text);
            ExitCode::SUCCESS
        }
        Asked::Refuse(text, code) => {
            complain(&text);
            ExitCode::from(code)
        }
        Asked::Serve(options) => init::as_child(|| run::serve(&options)),
    }
}

/// To standard output; nobody may be listening.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// To standard error, likewise.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
