//! `swerex-ags quota`: what the account may use and uses.

use ags_api::model::{DescribeQuotaOverviewRequest, QuotaResourceInfo};
use serde_json::json;

use crate::{context::Context, report::Outcome};

/// Show what the account may use and uses
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: swerex-ags quota -o json")]
pub(crate) struct Args {}

pub(crate) async fn run(_: Args, context: &Context) -> Outcome {
    let cloud = context.cloud().await?;
    let request = DescribeQuotaOverviewRequest::default();
    let overview = cloud.client.call(&request).await?.reply;
    let groups = cloud.client.list_all(&request).await?;

    let mut rows = Vec::new();
    if let Some(account) = &overview.account_quota_overview {
        add(
            &mut rows,
            "account",
            account.quota.as_ref(),
            account.usage.as_ref(),
        );
    }
    for group in &groups {
        let name = group.name.as_deref().unwrap_or("?");
        add(&mut rows, name, group.quota.as_ref(), group.usage.as_ref());
    }
    let json = json!({
        "account": overview.account_quota_overview,
        "groups": groups,
        "data_time": overview.data_time,
    });
    context.output.table(
        &["GROUP", "RESOURCE", "USED", "QUOTA", "LEFT"],
        &rows,
        &json,
    )?;
    Ok(0)
}

/// One row a resource that has a quota.
fn add(
    rows: &mut Vec<Vec<String>>,
    group: &str,
    quota: Option<&QuotaResourceInfo>,
    usage: Option<&QuotaResourceInfo>,
) {
    for (name, value) in RESOURCES {
        let (Some(quota), used) = (quota.and_then(value), usage.and_then(value)) else {
            continue;
        };
        rows.push(vec![
            group.to_owned(),
            name.to_owned(),
            used.map_or_else(|| "?".to_owned(), |used| used.to_string()),
            quota.to_string(),
            used.map_or_else(|| "?".to_owned(), |used| (quota - used).to_string()),
        ]);
    }
}

type Value = fn(&QuotaResourceInfo) -> Option<f64>;

/// The resources and where their numbers stand.
const RESOURCES: [(&str, Value); 5] = [
    ("tools", |info| whole(info.sandbox_tools)),
    ("instances", |info| whole(info.sandbox_instances)),
    ("paused instances", |info| whole(info.paused_instances)),
    ("cpu cores", |info| info.cpu_cores),
    ("memory GiB", |info| info.memory_gib),
];

/// A count as the number that it is shown with.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn whole(count: Option<i64>) -> Option<f64> {
    count.map(|count| count as f64)
}
