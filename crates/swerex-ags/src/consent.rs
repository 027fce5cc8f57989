//! Whether a command that destroys something may: asked on a terminal, given by `--yes`, held back by `--dry-run`.

use crate::{output::Output, report::Failure};

/// The options of a destructive command.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct Consent {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Only say what would be done
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
}

impl Consent {
    /// Whether to go on with `what`, for example `delete 3 tools`. A dry run is not to ask.
    ///
    /// # Errors
    /// When nobody can be asked, and when the answer is no.
    pub(crate) fn given(self, output: &Output, what: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        match output.ask(&format!("{what}?")) {
            Some(true) => Ok(()),
            Some(false) => Err(Failure::failed("nothing was done: the answer was no")),
            None => Err(Failure::usage(format!(
                "--yes is missing: to {what} without a terminal to ask on, add --yes"
            ))),
        }
    }
}
