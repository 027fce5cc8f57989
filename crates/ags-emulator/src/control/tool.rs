//! The actions of tools.

use std::sync::Arc;

use ags_api::model::{
    CreateSandboxToolRequest, CreateSandboxToolResponse, CustomConfiguration,
    DeleteSandboxToolRequest, DeleteSandboxToolResponse, DescribeSandboxToolListRequest,
    DescribeSandboxToolListResponse, Filter, NetworkConfiguration, NetworkMode, StorageMount,
    ToolStatus, ToolType, UpdateSandboxToolRequest, UpdateSandboxToolResponse,
};

use super::{check, client_token::ClientToken, error::ApiError, page, time};
use crate::{
    clock::Moment,
    shared::Shared,
    state::{State, Tool, lives},
};

/// What the service says of a tool that it could not set up.
const FAILED_REASON: &str = "InternalError";

pub(super) fn create(
    shared: &Arc<Shared>,
    request: CreateSandboxToolRequest,
    fails: bool,
) -> Result<CreateSandboxToolResponse, ApiError> {
    check::client_token(request.client_token.as_deref())?;
    let client_token = ClientToken::of(
        "CreateSandboxTool",
        request.client_token.as_deref(),
        &request,
    );
    let mut tool = from_request(request, shared.clock.now())?;

    let mut state = shared.state();
    if let Some(id) = client_token.used(shared, &state)? {
        return match state.tool(&id) {
            Some(_) => Ok(created(id)),
            None => Err(ApiError::new(
                "FailedOperation.DuplicateRequest",
                "Previous tool no longer exists",
            )),
        };
    }
    if state.tool_named(&tool.name).is_some() {
        return Err(ApiError::new(
            "InvalidParameterValue.SandboxTool",
            format!("Sandbox tool name {} already exists", tool.name),
        ));
    }
    let (current, max) = (state.tools.len(), shared.settings.quotas.tools);
    check::room("LimitExceeded", "Sandbox tool", current, max)?;
    tool.sequence = state.ids.sequence();
    tool.id = state.ids.tool();
    let id = tool.id.clone();
    client_token.note(&mut state, &id);
    if shared.settings.tool_delay.is_zero() {
        settle(&mut tool, fails, shared.clock.now());
    } else {
        let (creating, id) = (Arc::clone(shared), id.clone());
        let settles = tool.created.after(shared.settings.tool_delay);
        shared.tasks.spawn(async move {
            tokio::select! {
                () = creating.clock.sleep_until(settles) => {}
                () = creating.stop.cancelled() => return,
            }
            let now = creating.clock.now();
            if let Some(tool) = creating.state().tool_mut(&id) {
                settle(tool, fails, now);
            }
            creating.tell();
        });
    }
    state.add_tool(tool);
    drop(state);
    shared.tell();
    Ok(created(id))
}

pub(super) fn list(
    shared: &Shared,
    request: DescribeSandboxToolListRequest,
) -> Result<DescribeSandboxToolListResponse, ApiError> {
    page::ids(request.tool_ids.as_ref(), "InvalidParameterValue.ToolIds")?;
    let filters = request.filters.unwrap_or_default();
    for filter in &filters {
        let name = filter.name.as_deref().unwrap_or_default();
        if !["ToolName", "ToolType", "Status"].contains(&name) {
            return Err(ApiError::new(
                "InvalidParameter.Filters",
                format!("the filter {name:?} is not one of ToolName, ToolType, Status"),
            ));
        }
    }
    let ids = request.tool_ids.filter(|ids| !ids.is_empty());
    let state = shared.state();
    let found: Vec<&Tool> = state
        .tools
        .values()
        .rev()
        .filter(|tool| ids.as_ref().is_none_or(|ids| ids.contains(&tool.id)))
        .filter(|tool| filters.iter().all(|filter| passes(tool, filter)))
        .collect();
    let total = found.len();
    let page = page::by_offset(found.into_iter(), request.offset, request.limit)?;
    Ok(DescribeSandboxToolListResponse {
        sandbox_tool_set: Some(page.into_iter().map(Tool::shown).collect()),
        total_count: i64::try_from(total).ok(),
        ..DescribeSandboxToolListResponse::default()
    })
}

pub(super) fn update(
    shared: &Shared,
    request: UpdateSandboxToolRequest,
) -> Result<UpdateSandboxToolResponse, ApiError> {
    check::description(request.description.as_deref())?;
    if let Some(network) = &request.network_configuration {
        check_network(network)?;
    }
    if let Some(custom) = &request.custom_configuration {
        check::configuration(custom)?;
    }
    let now = shared.clock.now();
    let id = request.tool_id.unwrap_or_default();
    let mut state = shared.state();
    let tool = state.tool_mut(&id).ok_or_else(|| ApiError::no_tool(&id))?;
    if tool.status != ToolStatus::ACTIVE {
        return Err(not_active(tool));
    }
    let Tool {
        description,
        network,
        tags,
        custom,
        computer,
        updated,
        ..
    } = tool;
    *updated = now;
    set(description, request.description);
    set(network, request.network_configuration);
    set(tags, request.tags);
    set(custom, request.custom_configuration.map(Some));
    set(computer, request.computer_configuration.map(Some));
    drop(state);
    shared.tell();
    Ok(UpdateSandboxToolResponse::default())
}

pub(super) fn delete(
    shared: &Shared,
    request: DeleteSandboxToolRequest,
) -> Result<DeleteSandboxToolResponse, ApiError> {
    let id = request.tool_id.unwrap_or_default();
    let mut state = shared.state();
    if state.tool(&id).is_none() {
        return Err(ApiError::no_tool(&id));
    }
    let alive = state
        .instances
        .values()
        .filter(|instance| instance.tool_id == id && lives(&instance.status))
        .count();
    if alive > 0 {
        return Err(ApiError::new(
            "ResourceInUse.SandboxTool",
            format!("Sandbox tool {id} has {alive} instances"),
        ));
    }
    state.remove_tool(&id);
    drop(state);
    shared.tell();
    Ok(DeleteSandboxToolResponse::default())
}

/// What a start from a tool that is not `ACTIVE` gets.
pub(super) fn not_active(tool: &Tool) -> ApiError {
    ApiError::new(
        "ResourceUnavailable.SandboxTool",
        format!(
            "Sandbox {} is not active, current status: {}",
            tool.id, tool.status
        ),
    )
}

/// Ends a tool's `CREATING`.
pub(crate) fn settle(tool: &mut Tool, fails: bool, now: Moment) {
    tool.updated = now;
    if fails {
        tool.status = ToolStatus::FAILED;
        tool.status_reason = Some(FAILED_REASON.to_owned());
    } else {
        tool.status = ToolStatus::ACTIVE;
    }
}

fn created(id: String) -> CreateSandboxToolResponse {
    CreateSandboxToolResponse {
        tool_id: Some(id),
        ..CreateSandboxToolResponse::default()
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn passes(tool: &Tool, filter: &Filter) -> bool {
    let value = match filter.name.as_deref() {
        Some("ToolName") => tool.name.as_str(),
        Some("ToolType") => tool.kind.as_str(),
        _ => tool.status.as_str(),
    };
    filter
        .values
        .as_ref()
        .is_none_or(|values| values.iter().any(|wanted| wanted == value))
}

/// Checks every value; sequence and id are given later.
fn from_request(request: CreateSandboxToolRequest, now: Moment) -> Result<Tool, ApiError> {
    let name = request.tool_name.unwrap_or_default();
    let kind = request.tool_type.unwrap_or_default();
    check::tool_name(&name)?;
    check::description(request.description.as_deref())?;
    check::role_arn(request.role_arn.as_deref())?;
    // Replies may say `computer`; a request must not.
    if !kind.is_known() || kind == ToolType::COMPUTER {
        return Err(ApiError::new(
            "InvalidParameterValue.ToolType",
            format!("ToolType {kind:?} is not valid"),
        ));
    }
    let network = request.network_configuration.unwrap_or_default();
    check_network(&network)?;
    let default_timeout =
        time::given_lifetime(request.default_timeout.as_deref())?.unwrap_or(time::DEFAULT_LIFETIME);
    let persistent = request.persistent.unwrap_or(false);
    if persistent && kind != ToolType::CUSTOM {
        return Err(ApiError::value("Persistent goes with ToolType custom only"));
    }
    check_custom(&kind, request.custom_configuration.as_ref())?;
    let role_arn = request.role_arn.filter(|role| !role.is_empty());
    let storage_mounts = request.storage_mounts.unwrap_or_default();
    check_mounts(&storage_mounts, role_arn.is_some())?;
    if request.log_configuration.is_some() && role_arn.is_none() {
        return Err(ApiError::new(
            "MissingParameter.RoleArn",
            "RoleArn is required for LogConfiguration",
        ));
    }
    Ok(Tool {
        sequence: 0,
        id: String::new(),
        name,
        kind,
        status: ToolStatus::CREATING,
        status_reason: None,
        description: request.description.unwrap_or_default(),
        persistent,
        default_timeout,
        network,
        tags: request.tags.unwrap_or_default(),
        role_arn,
        storage_mounts,
        custom: request.custom_configuration,
        log: request.log_configuration,
        computer: request.computer_configuration,
        created: now,
        updated: now,
    })
}

fn check_network(network: &NetworkConfiguration) -> Result<(), ApiError> {
    let mode = network.network_mode.clone().unwrap_or_default();
    if ![NetworkMode::PUBLIC, NetworkMode::VPC, NetworkMode::SANDBOX].contains(&mode) {
        return Err(ApiError::value(format!(
            "NetworkMode {mode:?} is not one of PUBLIC, VPC, SANDBOX"
        )));
    }
    let some = |ids: Option<&Vec<String>>| ids.is_some_and(|ids| !ids.is_empty());
    let vpc = network.vpc_config.as_ref();
    if mode == NetworkMode::VPC
        && !vpc.is_some_and(|vpc| {
            some(vpc.subnet_ids.as_ref()) && some(vpc.security_group_ids.as_ref())
        })
    {
        return Err(ApiError::new(
            "MissingParameter.VPCParameters",
            "NetworkMode VPC needs VpcConfig with SubnetIds and SecurityGroupIds",
        ));
    }
    Ok(())
}

fn check_custom(kind: &ToolType, custom: Option<&CustomConfiguration>) -> Result<(), ApiError> {
    let Some(custom) = custom else {
        return if *kind == ToolType::CUSTOM {
            Err(ApiError::missing("CustomConfiguration"))
        } else {
            Ok(())
        };
    };
    check::configuration(custom)?;
    if *kind == ToolType::CUSTOM && custom.probe.is_none() {
        return Err(ApiError::missing("CustomConfiguration.Probe"));
    }
    Ok(())
}

fn check_mounts(mounts: &[StorageMount], has_role: bool) -> Result<(), ApiError> {
    let refuse = |why: String| Err(ApiError::new("InvalidParameterValue.StorageMount", why));
    for (at, mount) in mounts.iter().enumerate() {
        let name = mount.name.as_deref().unwrap_or_default();
        if name.is_empty() {
            return refuse(format!("StorageMounts.{at} has no Name"));
        }
        if mounts[..at].iter().any(|other| other.name == mount.name) {
            return refuse(format!("two StorageMounts are called {name}"));
        }
        let path = mount.mount_path.as_deref().unwrap_or_default();
        if !path.starts_with('/') || path == "/" {
            return refuse(format!(
                "StorageMounts {name}: MountPath {path:?} is no absolute path below /"
            ));
        }
        let source = mount.storage_source.as_ref();
        if source.is_none() && mount.volume.is_none() && mount.volume_template.is_none() {
            return refuse(format!("StorageMounts {name} has no StorageSource"));
        }
        let needs_role =
            source.is_some_and(|source| source.image.is_some() || source.cos.is_some());
        if needs_role && !has_role {
            return Err(ApiError::new(
                "MissingParameter.RoleArn",
                format!("RoleArn is required for StorageMounts {name}"),
            ));
        }
        if let Some(image) = source.and_then(|source| source.image.as_ref())
            && image.reference.as_deref().unwrap_or_default().is_empty()
        {
            return refuse(format!("StorageMounts {name}: Image has no Reference"));
        }
    }
    Ok(())
}

/// Makes the tool `FAILED`, as happens on the service now and then.
pub(crate) fn fail(state: &mut State, id: &str, now: Moment) {
    if let Some(tool) = state.tool_mut(id) {
        settle(tool, true, now);
    }
}
