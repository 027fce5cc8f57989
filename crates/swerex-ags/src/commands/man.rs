//! `swerex-ags man`: the manual pages, made from the help texts.

use std::path::PathBuf;

use clap::CommandFactory as _;
use clap_mangen::Man;

use crate::{
    args::Cli,
    context::Context,
    report::{Failure, Outcome},
};

/// Print the manual page, or write one page a command
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: swerex-ags man | man -l -")]
pub(crate) struct Args {
    /// Write the pages of all commands to this directory instead
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    if let Some(dir) = &args.dir {
        clap_mangen::generate_to(Cli::command(), dir).map_err(|error| {
            Failure::because(format!("cannot write to `{}`", dir.display()), &error)
        })?;
        context
            .output
            .note(&format!("the pages are in {}", dir.display()));
        return Ok(0);
    }
    let mut page = Vec::new();
    Man::new(Cli::command())
        .render(&mut page)
        .map_err(|error| Failure::because("cannot make the page", &error))?;
    context.output.stdout(&page)?;
    Ok(0)
}
