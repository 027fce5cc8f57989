//! `swerex-ags completions`: what a shell needs to complete commands and options.

use clap::CommandFactory as _;
use clap_complete::Shell;
use serde_json::json;

use crate::{args::Cli, context::Context, report::Outcome};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: swerex-ags completions bash > ~/.local/share/bash-completion/completions/swerex-ags"
)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "swerex-ags", &mut script);
    let script = String::from_utf8_lossy(&script);
    let json = json!({"shell": args.shell.to_string(), "script": script});
    context.output.result(|| script.to_string(), &json)?;
    Ok(0)
}
