//! The `ags-emulator` command: an emulator that runs until it is told to stop.

use std::{error::Error, io::Write as _, process::ExitCode};

use ags_emulator::{Emulator, Fault, args::Args};
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Exit code of a start that failed; clap's for wrong usage is 2.
const FAILED: u8 = 1;

fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn")),
        )
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error),
    };
    match runtime.block_on(run(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(error.as_ref()),
    }
}

async fn run(args: Args) -> Result<(), Box<dyn Error>> {
    // Before the announcement, so that whoever reads it can stop us.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let emulator = args.builder()?.start().await?;
    announce(&emulator)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    report(&emulator.unconsumed_faults());
    emulator.shutdown().await;
    Ok(())
}

/// One line of JSON on stdout: the emulator is ready, and this is how to reach it.
fn announce(emulator: &Emulator) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", emulator.ready_line())?;
    stdout.flush()
}

#[expect(clippy::print_stderr, reason = "this is the command's output room")]
fn report(unconsumed: &[Fault]) {
    for fault in unconsumed {
        eprintln!("ags-emulator: fault did not happen: {fault}");
    }
}

#[expect(clippy::print_stderr, reason = "this is the command's output room")]
fn complain(error: &dyn Error) -> ExitCode {
    let mut text = format!("ags-emulator: {error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    eprintln!("{text}");
    ExitCode::from(FAILED)
}
