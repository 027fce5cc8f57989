//! `swerex-ags`: run commands in AGS sandboxes from the command line.

mod args;
mod auth_token;
mod commands;
mod consent;
mod context;
mod docker;
mod expert;
mod flags;
mod home;
mod images;
mod interrupt;
mod kept;
mod listing;
mod local;
mod log;
mod nearest;
mod output;
mod plain;
mod private;
mod progress;
mod report;
mod sandbox;
mod serve;
mod shown;
mod span;
mod state;
mod table;
mod tty;
mod usage;

use std::{
    ffi::{OsStr, OsString},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use crate::{
    args::Cli,
    context::Context,
    flags::Setting,
    output::{Format, Output},
    report::{Failure, Outcome},
    usage::Usage,
};

/// How long the end of the process waits for what still runs in the background, a read of stdin for example.
const LINGER: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    let mut words = std::env::args_os();
    let program = words.next().unwrap_or_default();
    let args: Vec<OsString> = words.collect();
    if let Some(stand_in) = stand_in(&program, &args) {
        return stand_in;
    }
    let (output, outcome) = match Usage::of(args) {
        Usage::Run(cli, settings) => {
            let output = Output::new(cli.global.output, cli.global.quiet);
            log::install(cli.global.verbose, &output);
            let outcome = run(*cli, settings, output.clone());
            (output, outcome)
        }
        Usage::Show(text) => {
            let output = Output::new(Format::Text, false);
            let outcome = output.page(&text).map(|()| 0);
            (output, outcome)
        }
        Usage::Wrong(failure, format) => (Output::new(format, false), Err(failure)),
    };
    let code = outcome.unwrap_or_else(|failure| {
        if !failure.is_silent() {
            output.failure(&failure);
        }
        failure.exit_code()
    });
    ExitCode::from(code)
}

/// Called as docker or podman (a link that `shims` made), it is that program.
fn stand_in(program: &OsStr, args: &[OsString]) -> Option<ExitCode> {
    let name = Path::new(program).file_name()?.to_str()?;
    if !docker::is_called_as(name) {
        return None;
    }
    let args: Vec<String> = args
        .iter()
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    Some(docker::main(&args))
}

/// Runs the command in a runtime of its own.
fn run(cli: Cli, settings: Vec<Setting>, output: Output) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::because("cannot start the runtime", &error))?;
    let outcome = runtime.block_on(async {
        let context = Context::new(cli.global, settings, output)?;
        let outcome = cli.command.run(&context).await;
        context.close().await;
        outcome
    });
    runtime.shutdown_timeout(LINGER);
    outcome
}
