//! `swerex-ags emulator`: a local AGS for other programs, until it is told to stop.

use crate::{
    context::Context,
    plain,
    report::{Failure, Outcome},
};

pub(crate) use ags_emulator::args::Args;

pub(crate) async fn run(args: Args, context: &Context) -> Outcome {
    let builder = args.builder().map_err(|error| Failure::misuse(&error))?;
    let emulator = builder
        .start()
        .await
        .map_err(|error| Failure::because("the emulator did not start", &error))?;
    // The line is JSON whatever the format: it is for programs, `--local=FILE` among them.
    if let Err(failure) = context.output.page(&plain::json(&emulator.ready_line())) {
        emulator.shutdown().await;
        return Err(failure);
    }
    context
        .output
        .note("the emulator runs until ctrl-c or SIGTERM");
    context.interrupted().await;
    for fault in emulator.unconsumed_faults() {
        context
            .output
            .warn(&format!("a fault of the script did not happen: {fault}"));
    }
    emulator.shutdown().await;
    // Being told to stop is how it is meant to end.
    Ok(0)
}
