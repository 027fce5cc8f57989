//! The commands, one room each; this file only leads to them.

pub(crate) mod agent_config;
pub(crate) mod api;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod cp;
pub(crate) mod doctor;
pub(crate) mod down;
pub(crate) mod each;
pub(crate) mod emulator;
pub(crate) mod image;
pub(crate) mod instance;
pub(crate) mod man;
pub(crate) mod ps;
pub(crate) mod quota;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod shell;
pub(crate) mod shims;
pub(crate) mod tool;
pub(crate) mod up;

use crate::{args::Command, context::Context, report::Outcome};

impl Command {
    /// Runs the command. Those that start a sandbox see to interrupts themselves; the others just end.
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Run(args) => run::run(args, context).await,
            Self::Shell(args) => shell::run(args, context).await,
            Self::Cp(args) => cp::run(args, context).await,
            Self::Up(args) => up::run(args, context).await,
            Self::Serve(args) => serve::run(args, context).await,
            Self::Emulator(args) => emulator::run(*args, context).await,
            Self::Down(args) => context.until_interrupted(down::run(args, context)).await,
            Self::Ps(args) => context.until_interrupted(ps::run(args, context)).await,
            Self::Tool(command) => context.until_interrupted(tool::run(command, context)).await,
            Self::Instance(command) => {
                context
                    .until_interrupted(instance::run(command, context))
                    .await
            }
            Self::Image(command) => {
                context
                    .until_interrupted(image::run(command, context))
                    .await
            }
            Self::Quota(args) => context.until_interrupted(quota::run(args, context)).await,
            Self::Api(args) => context.until_interrupted(api::run(args, context)).await,
            Self::Doctor(args) => context.until_interrupted(doctor::run(args, context)).await,
            Self::Config(command) => config::run(command, context),
            Self::Shims(args) => shims::run(&args, context),
            Self::AgentConfig(args) => agent_config::run(&args, context),
            Self::Completions(args) => completions::run(&args, context),
            Self::Man(args) => man::run(&args, context),
        }
    }
}
