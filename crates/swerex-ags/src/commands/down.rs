//! `swerex-ags down`: ends sandboxes that stayed.

use ags_api::model::DescribeSandboxInstanceListRequest;
use serde_json::json;
use swerex_ags_deployment::marks;

use crate::{
    commands::{instance, ps},
    consent::Consent,
    context::Context,
    report::Outcome,
};

/// Stop sandboxes that `up` started; what is in them is lost
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: swerex-ags down 3f9c… --yes")]
pub(crate) struct Args {
    /// Their ids, as `up` and `ps` print them
    #[arg(value_name = "ID", required_unless_present = "all")]
    ids: Vec<String>,
    /// All that you started from this machine
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    #[command(flatten)]
    consent: Consent,
}

pub(crate) async fn run(args: Args, context: &Context) -> Outcome {
    if !args.all {
        return instance::stop(args.ids, args.consent, context).await;
    }
    let request = DescribeSandboxInstanceListRequest::default();
    let all = context.cloud().await?.client.list_all(&request).await?;
    let ids: Vec<String> = ps::running(all, &marks::this_owner())
        .into_iter()
        .filter_map(|instance| instance.instance_id)
        .collect();
    if ids.is_empty() {
        let nothing = || "none of yours runs".to_owned();
        context.output.result(nothing, &json!([]))?;
        return Ok(0);
    }
    instance::stop(ids, args.consent, context).await
}
