//! From the name of an action to the function that carries it out.

use std::sync::Arc;

use ags_api::Action;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    Genuine, api_key, error::ApiError, image_cache, instance, instance_list, quota, snapshot,
    token, tool,
};
use crate::shared::Shared;

/// The actions that are carried out. The others of the API answer `UnsupportedOperation`.
pub const CARRIED_OUT: &[&str] = &[
    "AcquireSandboxInstanceToken",
    "CreateAPIKey",
    "CreatePreCacheImageTask",
    "CreateSandboxSnapshot",
    "CreateSandboxTool",
    "DeleteAPIKey",
    "DeletePreCacheImage",
    "DeleteSandboxSnapshot",
    "DeleteSandboxTool",
    "DescribeAPIKeyList",
    "DescribePreCacheImageList",
    "DescribePreCacheImageTask",
    "DescribeQuotaOverview",
    "DescribeSandboxInstanceList",
    "DescribeSandboxInstances",
    "DescribeSandboxSnapshotList",
    "DescribeSandboxToolList",
    "PauseSandboxInstance",
    "ResumeSandboxInstance",
    "StartSandboxInstance",
    "StopSandboxInstance",
    "UpdateSandboxInstance",
    "UpdateSandboxTool",
];

/// What a scripted fault changes in how an action is carried out.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Twist {
    /// The tool that is created becomes `FAILED`.
    pub(super) tool_fails: bool,
    /// The instance that is started dies before it runs.
    pub(super) instance_dies: bool,
    /// The token that is issued is refused by the gateway.
    pub(super) token_is_stale: bool,
}

/// Carries the action out.
pub(super) async fn perform(
    shared: &Arc<Shared>,
    genuine: Genuine,
    twist: Twist,
) -> Result<Value, ApiError> {
    let Genuine { action, params } = genuine;
    match action.name {
        "CreateSandboxTool" => run(params, |request| {
            tool::create(shared, request, twist.tool_fails)
        }),
        "DescribeSandboxToolList" => run(params, |request| tool::list(shared, request)),
        "UpdateSandboxTool" => run(params, |request| tool::update(shared, request)),
        "DeleteSandboxTool" => run(params, |request| tool::delete(shared, request)),
        "StartSandboxInstance" => {
            let reply = instance::start(shared, decode(params)?, twist.instance_dies).await?;
            encode(&reply)
        }
        "StopSandboxInstance" => run(params, |request| instance::stop(shared, request)),
        "PauseSandboxInstance" => run(params, |request| instance::pause(shared, request)),
        "ResumeSandboxInstance" => run(params, |request| instance::resume(shared, request)),
        "UpdateSandboxInstance" => run(params, |request| instance::update(shared, request)),
        "DescribeSandboxInstanceList" => {
            run(params, |request| instance_list::list(shared, request))
        }
        "DescribeSandboxInstances" => run(params, |request| instance_list::by_ids(shared, request)),
        "AcquireSandboxInstanceToken" => run(params, |request| {
            token::acquire(shared, request, twist.token_is_stale)
        }),
        "CreatePreCacheImageTask" => run(params, |request| image_cache::create(shared, request)),
        "DescribePreCacheImageTask" => {
            run(params, |request| image_cache::describe(shared, request))
        }
        "DescribePreCacheImageList" => run(params, |request| image_cache::list(shared, request)),
        "DeletePreCacheImage" => run(params, |request| image_cache::delete(shared, request)),
        "DescribeQuotaOverview" => run(params, |request| quota::overview(shared, &request)),
        "CreateAPIKey" => run(params, |request| api_key::create(shared, request)),
        "DescribeAPIKeyList" => run(params, |request| api_key::list(shared, &request)),
        "DeleteAPIKey" => run(params, |request| api_key::delete(shared, request)),
        "CreateSandboxSnapshot" => run(params, |request| snapshot::create(shared, request)),
        "DescribeSandboxSnapshotList" => run(params, |request| snapshot::list(shared, request)),
        "DeleteSandboxSnapshot" => run(params, |request| snapshot::delete(shared, request)),
        other => Err(ApiError::new(
            "UnsupportedOperation",
            format!("the emulator does not carry out {other}"),
        )),
    }
}

fn run<A>(
    params: Value,
    perform: impl FnOnce(A) -> Result<A::Reply, ApiError>,
) -> Result<Value, ApiError>
where
    A: Action + DeserializeOwned,
    A::Reply: Serialize,
{
    encode(&perform(decode(params)?)?)
}

fn decode<A: DeserializeOwned>(params: Value) -> Result<A, ApiError> {
    serde_json::from_value(params).map_err(|error| {
        ApiError::new(
            "InvalidParameter",
            format!("the request cannot be read: {error}"),
        )
    })
}

fn encode(reply: &impl Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(reply).map_err(|error| {
        ApiError::new(
            "InternalError",
            format!("the reply cannot be written: {error}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use ags_api::description;

    use super::*;

    #[test]
    fn what_is_carried_out_is_in_the_api() {
        assert!(CARRIED_OUT.is_sorted());
        for action in CARRIED_OUT {
            assert!(description::action(action).is_some(), "{action}");
        }
    }
}
