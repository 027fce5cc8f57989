//! `swerex-ags ps`: the sandboxes that run.

use ags_api::model::{DescribeSandboxInstanceListRequest, SandboxInstance};
use swerex_ags_deployment::marks;

use crate::{commands::instance, context::Context, listing::is_over, report::Outcome};

/// List the sandboxes that you started and that still run
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: swerex-ags ps -o json")]
pub(crate) struct Args {
    /// Also those of other people and machines that use swerex-ags
    #[arg(short, long)]
    all: bool,
}

pub(crate) async fn run(args: Args, context: &Context) -> Outcome {
    let request = DescribeSandboxInstanceListRequest::default();
    let found = context.cloud().await?.client.list_all(&request).await?;
    let shown = if args.all {
        found
            .into_iter()
            .filter(|instance| marks::is_ours(instance) && !is_over(instance))
            .collect()
    } else {
        running(found, &marks::this_owner())
    };
    instance::show(context, &shown)
}

/// Those of `owner` that are not over.
pub(crate) fn running(instances: Vec<SandboxInstance>, owner: &str) -> Vec<SandboxInstance> {
    instances
        .into_iter()
        .filter(|instance| marks::owner_of(instance) == Some(owner) && !is_over(instance))
        .collect()
}
