//! What the command line takes: the commands, and the options that all of them share.

use std::{ffi::OsString, path::PathBuf};

use clap::{ArgAction, Parser, Subcommand};

use crate::{
    commands::{
        agent_config, api, completions, config, cp, doctor, down, emulator, image, instance, man,
        ps, quota, run, serve, shell, shims, tool, up,
    },
    docker,
    output::Format,
};

/// Run commands in sandboxes of Tencent Cloud AGS
///
/// A deployment's settings come from flags such as --deployment.region=ap-guangzhou, from the environment
/// (TENCENTCLOUD_SECRET_ID, TENCENTCLOUD_SECRET_KEY, …), from --config files and from defaults, in this order;
/// `swerex-ags config options` lists them.
#[derive(Debug, Parser)]
#[command(
    name = "swerex-ags",
    version,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 done · 1 failed · 2 wrong usage · the command's own code for run and shell · 130, 143, 129, 131 interrupted\n\n\
                  Example: swerex-ags run --local -- 'echo hello from $(hostname)'"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct Global {
    /// Deployment settings in YAML or JSON, also SWE-agent's own files; a later file wins [env: SWEREX_AGS_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Vec<PathBuf>,
    /// One setting; also --instances.deployment.KEY and --env.deployment.KEY, as SWE-agent writes them
    // Taken out of the arguments before they are parsed (see `flags`); here for the help.
    #[arg(long = "deployment.KEY", global = true, value_name = "VALUE")]
    pub(crate) setting: Option<String>,
    /// Use an emulator of AGS: one inside this process, or the one whose ready line is in FILE [env: SWEREX_AGS_LOCAL=FILE]
    #[arg(long, global = true, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub(crate) local: Option<Option<PathBuf>>,
    /// With --local: run the sandbox's real start command, with the programs of DIR first in its PATH
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) local_path: Option<PathBuf>,
    /// What results look like
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        default_value_t
    )]
    pub(crate) output: Format,
    /// No progress and no notes on stderr
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Log to stderr what is done; twice for more, thrice for everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

impl Global {
    /// Fills what no flag gave from the environment, as the stand-in for docker does, which has no flags of ours.
    pub(crate) fn or_environment(mut self, get: impl Fn(&str) -> Option<OsString>) -> Self {
        let file = |name| {
            get(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        if self.config.is_empty() {
            self.config.extend(file(docker::CONFIG));
        }
        if self.local.is_none() {
            self.local = file(docker::LOCAL).map(Some);
        }
        self
    }
}

/// The commands, one room each.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(run::Args),
    Shell(shell::Args),
    Cp(cp::Args),
    Up(up::Args),
    Down(down::Args),
    Ps(ps::Args),
    #[command(subcommand)]
    Tool(tool::Command),
    #[command(subcommand)]
    Instance(instance::Command),
    #[command(subcommand)]
    Image(image::Command),
    Quota(quota::Args),
    Api(api::Args),
    #[command(subcommand)]
    Config(config::Command),
    Doctor(doctor::Args),
    Serve(serve::Args),
    Shims(shims::Args),
    AgentConfig(agent_config::Args),
    #[command(
        after_help = "Example: swerex-ags emulator > ready.json & SWEREX_AGS_LOCAL=ready.json swerex-ags ps"
    )]
    Emulator(Box<emulator::Args>),
    Completions(completions::Args),
    Man(man::Args),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_wins_over_the_environment() {
        let get = |name: &str| Some(OsString::from(format!("/{name}")));
        let filled = Global::default().or_environment(get);
        assert_eq!(filled.config, [PathBuf::from("/SWEREX_AGS_CONFIG")]);
        assert_eq!(filled.local, Some(Some(PathBuf::from("/SWEREX_AGS_LOCAL"))));
        let given = Global {
            config: vec![PathBuf::from("a.yaml")],
            local: Some(None),
            ..Global::default()
        };
        let given = given.or_environment(get);
        assert_eq!(
            (given.config, given.local),
            (vec![PathBuf::from("a.yaml")], Some(None))
        );
        let empty = Global::default().or_environment(|_| Some(OsString::new()));
        assert_eq!((empty.config, empty.local), (Vec::new(), None));
    }
}
