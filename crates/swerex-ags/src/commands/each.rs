//! Doing one thing to many resources: what would be done, who may, and what became of each.

use futures_util::{StreamExt as _, stream};
use serde_json::json;
use swerex_ags_deployment::Account;

use crate::{
    consent::Consent,
    context::Context,
    plain::one_line,
    report::{FAILED, Failure, Outcome},
};

/// How many are worked on at a time; the client keeps the rate limits besides.
const AT_A_TIME: usize = 16;

/// What became of a resource that was to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// It goes now.
    Now,
    /// There is none, or not any more.
    Before,
}

/// Destroys each of `ids` once `consent` is given for `what`. One that fails does not keep the others.
pub(crate) async fn destroy(
    ids: Vec<String>,
    consent: Consent,
    what: &str,
    context: &Context,
    destroy: impl AsyncFn(Account, String) -> Result<Done, Failure>,
) -> Outcome {
    if consent.dry_run {
        let text = || {
            ids.iter()
                .map(|id| format!("would {what}: {}\n", one_line(id)))
                .collect()
        };
        context.output.result(text, &json!(would(&ids)))?;
        return Ok(0);
    }
    consent.given(&context.output, what)?;
    let account = context.cloud().await?.account.clone();
    let results: Vec<(String, Result<Done, Failure>)> = stream::iter(ids)
        .map(|id| {
            let outcome = destroy(account.clone(), id.clone());
            async { (id, outcome.await) }
        })
        .buffered(AT_A_TIME)
        .collect()
        .await;
    let rows: Vec<Vec<String>> = results
        .iter()
        .map(|(id, outcome)| vec![id.clone(), worded(outcome)])
        .collect();
    let json = results
        .iter()
        .map(|(id, outcome)| match outcome {
            Ok(_) => json!({"id": id, "result": worded(outcome)}),
            Err(failure) => json!({"id": id, "result": "failed", "error": failure.json()["error"]}),
        })
        .collect();
    context.output.table(&["ID", "RESULT"], &rows, &json)?;
    let failed = results.iter().any(|(_, outcome)| outcome.is_err());
    Ok(if failed { FAILED } else { 0 })
}

fn would(ids: &[String]) -> Vec<serde_json::Value> {
    ids.iter()
        .map(|id| json!({"id": id, "result": "dry run"}))
        .collect()
}

fn worded(outcome: &Result<Done, Failure>) -> String {
    match outcome {
        Ok(Done::Now) => "done".to_owned(),
        Ok(Done::Before) => "not there".to_owned(),
        Err(failure) => failure.text(),
    }
}
