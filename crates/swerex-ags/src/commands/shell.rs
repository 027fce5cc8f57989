//! `swerex-ags shell`: a shell in a sandbox, on a terminal of its own where there is one on both sides.

mod escape;
mod lines;
mod terminal;

use std::{io::IsTerminal as _, sync::OnceLock, time::Duration};

use crate::{
    context::Context,
    output,
    report::{Failure, Outcome},
    sandbox,
};

/// How long a terminal that is left is tried to be hung up.
const GOODBYE: Duration = Duration::from_secs(2);

/// Open a shell in a sandbox
///
/// On a terminal, and with our own server in the sandbox, it is a real one: line editing, job control, vim, top, less; ctrl-c goes to the
/// program there, and `~.` at the beginning of a line leaves it when nothing else does (`~?` lists such keys). A connection that is cut is taken
/// up again.
///
/// With the Python server lines go to one bash that keeps its directory, variables and functions: ctrl-c interrupts the command that runs,
/// twice it leaves, and programs that draw on the whole terminal do not work. Without a terminal the lines of stdin are run as a script.
///
/// ctrl-d or `exit` ends the shell; the exit code is its own.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: swerex-ags shell --instance 3f9c…")]
pub(crate) struct Args {
    /// Use this running sandbox, and leave it running
    #[arg(short, long, value_name = "ID")]
    instance: Option<String>,
    /// A file of the sandbox to source first; may be given more than once [default: bash's own; line by line /root/.bashrc]
    #[arg(long, value_name = "PATH")]
    source: Vec<String>,
}

pub(crate) async fn run(args: Args, context: &Context) -> Outcome {
    if context.output.is_json() {
        return Err(Failure::usage(
            "shell has no result to give as JSON; use run -o json",
        ));
    }
    let is_terminal = std::io::stdin().is_terminal() && output::is_terminal();
    let opened = OnceLock::new();
    let outcome = sandbox::with(args.instance.as_deref(), context, async |sandbox| {
        if is_terminal && sandbox.runtime.has_terminals() {
            terminal::converse(sandbox, &args.source, context, &opened).await
        } else {
            lines::converse(sandbox, &args.source, context).await
        }
    })
    .await;
    // A sandbox that stays is not to keep a shell that nobody reads.
    if outcome.is_err()
        && args.instance.is_some()
        && let Some(input) = opened.get()
    {
        // How that goes is not what was asked for.
        let _held = context.output.hold();
        let goodbye = tokio::time::timeout(GOODBYE, input.close()).await;
        tracing::debug!(?goodbye, "the terminal was hung up");
    }
    outcome
}
