//! `swerex-ags man`: the manual pages, made from the help texts.

use std::path::PathBuf;

use clap::CommandFactory as _;
use clap_mangen::Man;
use serde_json::json;

use crate::{
    args::Cli,
    context::Context,
    report::{Failure, Outcome},
};

/// Print the manual page, or write one page a command
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: swerex-ags man | man -l -")]
pub(crate) struct Args {
    /// Write the pages of all commands to this directory instead; it is made if it is missing
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    if let Some(dir) = &args.dir {
        let made = std::fs::create_dir_all(dir)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), dir));
        made.map_err(|error| {
            Failure::because(format!("cannot write to `{}`", dir.display()), &error)
        })?;
        let directory = dir.display().to_string();
        let text = || format!("the pages are in {directory}");
        context
            .output
            .result(text, &json!({"directory": directory}))?;
        return Ok(0);
    }
    let mut page = Vec::new();
    Man::new(Cli::command())
        .render(&mut page)
        .map_err(|error| Failure::because("cannot make the page", &error))?;
    let page = String::from_utf8_lossy(&page);
    context
        .output
        .result(|| page.to_string(), &json!({"page": page}))?;
    Ok(0)
}
