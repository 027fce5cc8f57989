//! The lists of instances.

use ags_api::model::{
    DescribeSandboxInstanceListRequest, DescribeSandboxInstanceListResponse,
    DescribeSandboxInstancesRequest, DescribeSandboxInstancesResponse, Filter,
};

use super::{error::ApiError, page};
use crate::{shared::Shared, state::Instance};

/// The names that filters may have.
const FILTERS: [&str; 5] = ["Status", "InstanceId", "ToolId", "ToolName", "StopReason"];

pub(super) fn list(
    shared: &Shared,
    request: DescribeSandboxInstanceListRequest,
) -> Result<DescribeSandboxInstanceListResponse, ApiError> {
    page::ids(
        request.instance_ids.as_ref(),
        "InvalidParameterValue.InstanceIds",
    )?;
    let filters = request.filters.clone().unwrap_or_default();
    for filter in &filters {
        let name = filter.name.as_deref().unwrap_or_default();
        if !FILTERS.contains(&name) {
            return Err(ApiError::new(
                "InvalidParameter.Filters",
                format!("the filter {name:?} is not one of {}", FILTERS.join(", ")),
            ));
        }
    }
    let ids = request.instance_ids.as_ref().filter(|ids| !ids.is_empty());
    let tool = request.tool_id.as_ref().filter(|id| !id.is_empty());
    let state = shared.state();
    let found: Vec<&Instance> = state
        .instances
        .values()
        .rev()
        .filter(|instance| ids.is_none_or(|ids| ids.contains(&instance.id)))
        .filter(|instance| tool.is_none_or(|tool| *tool == instance.tool_id))
        .filter(|instance| filters.iter().all(|filter| passes(instance, filter)))
        .collect();
    let total = i64::try_from(found.len()).ok();
    let by_token = request.max_results.is_some()
        || request
            .next_token
            .as_deref()
            .is_some_and(|token| !token.is_empty());
    let format = shared.settings.behaviour.expires_at;
    if by_token {
        let fingerprint = format!("{ids:?}{tool:?}{filters:?}");
        let keyed = found
            .into_iter()
            .map(|instance| (instance.sequence, instance));
        let (page, next) = page::by_token(
            keyed,
            request.max_results,
            request.next_token.as_deref(),
            &fingerprint,
        )?;
        let total = if request.need_total_count.unwrap_or(false) {
            total
        } else {
            Some(0)
        };
        return Ok(DescribeSandboxInstanceListResponse {
            instance_set: Some(
                page.into_iter()
                    .map(|instance| instance.shown(format))
                    .collect(),
            ),
            total_count: total,
            next_token: Some(next.unwrap_or_default()),
            ..DescribeSandboxInstanceListResponse::default()
        });
    }
    let page = page::by_offset(found.into_iter(), request.offset, request.limit)?;
    Ok(DescribeSandboxInstanceListResponse {
        instance_set: Some(
            page.into_iter()
                .map(|instance| instance.shown(format))
                .collect(),
        ),
        total_count: total,
        ..DescribeSandboxInstanceListResponse::default()
    })
}

pub(super) fn by_ids(
    shared: &Shared,
    request: DescribeSandboxInstancesRequest,
) -> Result<DescribeSandboxInstancesResponse, ApiError> {
    page::ids(
        request.instance_ids.as_ref(),
        "InvalidParameterValue.InstanceIds",
    )?;
    let ids = request
        .instance_ids
        .filter(|ids| !ids.is_empty())
        .ok_or_else(|| ApiError::missing("InstanceIds"))?;
    let format = shared.settings.behaviour.expires_at;
    let state = shared.state();
    Ok(DescribeSandboxInstancesResponse {
        instance_set: Some(
            ids.iter()
                .filter_map(|id| state.instance(id))
                .map(|instance| instance.shown(format))
                .collect(),
        ),
        ..DescribeSandboxInstancesResponse::default()
    })
}

fn passes(instance: &Instance, filter: &Filter) -> bool {
    let value = match filter.name.as_deref() {
        Some("InstanceId") => instance.id.as_str(),
        Some("ToolId") => instance.tool_id.as_str(),
        Some("ToolName") => instance.tool_name.as_str(),
        Some("StopReason") => instance
            .stop_reason
            .as_ref()
            .map_or("", |reason| reason.as_str()),
        _ => instance.status.as_str(),
    };
    filter
        .values
        .as_ref()
        .is_none_or(|values| values.iter().any(|wanted| wanted == value))
}
