//! `swerex-remote`: the server as a program.

mod args;
mod init;
mod run;

use std::{io::Write, process::ExitCode};

use args::Asked;

fn main() -> ExitCode {
    match args::read(std::env::args_os().skip(1)) {
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
