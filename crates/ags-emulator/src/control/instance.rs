//! The actions that start, stop and change an instance.

use std::sync::Arc;

use ags_api::model::{
    AuthMode, InstanceStatus, MountOption, PauseSandboxInstanceRequest,
    PauseSandboxInstanceResponse, ResumeSandboxInstanceRequest, ResumeSandboxInstanceResponse,
    StartSandboxInstanceRequest, StartSandboxInstanceResponse, StopReason,
    StopSandboxInstanceRequest, StopSandboxInstanceResponse, ToolStatus, ToolType,
    UpdateSandboxInstanceRequest, UpdateSandboxInstanceResponse,
};

use super::{check, client_token::ClientToken, configuration, error::ApiError, time, tool};
use crate::{
    behaviour::{START_BLOCKS_AT_MOST, StartAnswers, StopOfStopped},
    builder::STOPPED_IS_LISTED_FOR,
    instance::{Plan, supervise},
    shared::Shared,
    state::{Instance, Live, State, Tool, is_final, uses_quota},
};

pub(super) async fn start(
    shared: &Arc<Shared>,
    request: StartSandboxInstanceRequest,
    dies: bool,
) -> Result<StartSandboxInstanceResponse, ApiError> {
    let (id, is_new) = insert(shared, request, dies)?;
    shared.tell();
    if is_new {
        shared
            .tasks
            .spawn(supervise(Arc::clone(shared), id.clone()));
        if shared.settings.behaviour.start_answers == StartAnswers::Running {
            // Past the time the answer says STARTING, and the start goes on.
            let _ = tokio::time::timeout(
                START_BLOCKS_AT_MOST,
                shared.left(&id, &InstanceStatus::STARTING),
            )
            .await;
        }
    }
    let state = shared.state();
    let instance = state
        .instance(&id)
        .ok_or_else(|| ApiError::no_instance(&id))?;
    if is_new
        && instance.status == InstanceStatus::STARTING_FAILED
        && shared.settings.behaviour.start_answers == StartAnswers::Running
    {
        let why = instance.status_reason.clone().unwrap_or_default();
        return Err(ApiError::new(
            "FailedOperation",
            format!("Sandbox instance {id} failed to start: {why}"),
        ));
    }
    Ok(StartSandboxInstanceResponse {
        instance: Some(instance.shown(shared.settings.behaviour.expires_at)),
        ..StartSandboxInstanceResponse::default()
    })
}

/// The instance that `request` names by its `ClientToken`, or a new one.
fn insert(
    shared: &Shared,
    request: StartSandboxInstanceRequest,
    dies: bool,
) -> Result<(String, bool), ApiError> {
    check::client_token(request.client_token.as_deref())?;
    check::metadata(request.metadata.as_ref())?;
    check::auth_mode(request.auth_mode.as_ref())?;
    let timeout = time::given_lifetime(request.timeout.as_deref())?;
    if let Some(custom) = &request.custom_configuration {
        check::configuration(custom)?;
    }
    for (name, value) in [
        ("SourceInstanceId", &request.source_instance_id),
        ("SnapshotId", &request.snapshot_id),
    ] {
        if value.as_deref().is_some_and(|value| !value.is_empty()) {
            return Err(ApiError::new(
                "UnsupportedOperation",
                format!("the emulator does not start from a {name}"),
            ));
        }
    }
    let client_token = ClientToken::of(
        "StartSandboxInstance",
        request.client_token.as_deref(),
        &request,
    );
    let now = shared.clock.now();
    let mut state = shared.state();
    state.forget(|instance| {
        is_final(&instance.status) && now.since(instance.updated) > STOPPED_IS_LISTED_FOR
    });
    if let Some(id) = client_token.used(shared, &state)? {
        let blocked = shared.settings.behaviour.start_answers == StartAnswers::Running
            && state
                .instance(&id)
                .is_some_and(|instance| instance.status == InstanceStatus::STARTING);
        if blocked {
            return Err(ApiError::new(
                "FailedOperation.RequestInProgress",
                "a request with the same ClientToken is being carried out",
            ));
        }
        return Ok((id, false));
    }
    let tool = find_tool(&state, &request)?;
    if tool.status != ToolStatus::ACTIVE {
        return Err(tool::not_active(tool));
    }
    let mount_options = request.mount_options.unwrap_or_default();
    check_mount_options(tool, &mount_options)?;
    let custom = configuration::effective(
        tool.custom.as_ref(),
        request.custom_configuration.as_ref(),
        shared.settings.behaviour.list_members,
    );
    if tool.kind == ToolType::CUSTOM {
        let image = custom.as_ref().and_then(|custom| custom.image.as_ref());
        let registry = custom
            .as_ref()
            .and_then(|custom| custom.image_registry_type.as_ref());
        if image.is_none() {
            return Err(ApiError::missing("CustomConfiguration.Image"));
        }
        if registry.is_none() {
            return Err(ApiError::missing("CustomConfiguration.ImageRegistryType"));
        }
    }
    let (current, max) = (state.count(uses_quota), shared.settings.quotas.instances);
    check::room(
        "LimitExceeded.SandboxInstance",
        "Sandbox instance",
        current,
        max,
    )?;
    let plan = Plan::new(
        tool,
        custom.as_ref(),
        &mount_options,
        shared.settings.runner,
        &shared.settings.images,
    );
    let timeout = timeout.or_else(|| (!tool.persistent).then_some(tool.default_timeout));
    let mut instance = Instance {
        sequence: 0,
        id: state.ids.instance(),
        tool_id: tool.id.clone(),
        tool_name: tool.name.clone(),
        status: InstanceStatus::STARTING,
        stop_reason: None,
        status_reason: None,
        persistent: tool.persistent,
        timeout,
        expires: timeout.map(|timeout| now.after(timeout)),
        created: now,
        updated: now,
        mount_options,
        custom,
        computer: tool.computer.clone(),
        network: tool.network.network_mode.clone(),
        metadata: request.metadata.unwrap_or_default(),
        auth_mode: request.auth_mode.unwrap_or(AuthMode::DEFAULT),
        plan: Arc::new(plan),
        pause_keeps_memory: true,
        dies,
        live: Live::default(),
    };
    instance.sequence = state.ids.sequence();
    let id = instance.id.clone();
    client_token.note(&mut state, &id);
    state.add_instance(instance);
    Ok((id, true))
}

fn find_tool<'a>(
    state: &'a State,
    request: &StartSandboxInstanceRequest,
) -> Result<&'a Tool, ApiError> {
    let given = |name: &Option<String>| name.clone().filter(|name| !name.is_empty());
    match (given(&request.tool_id), given(&request.tool_name)) {
        (Some(id), _) => state.tool(&id).ok_or_else(|| ApiError::no_tool(&id)),
        (None, Some(name)) => state
            .tool_named(&name)
            .ok_or_else(|| ApiError::no_tool(&name)),
        (None, None) => Err(ApiError::missing("ToolId")),
    }
}

fn check_mount_options(tool: &Tool, options: &[MountOption]) -> Result<(), ApiError> {
    let unknown = options.iter().find(|option| {
        !tool
            .storage_mounts
            .iter()
            .any(|mount| mount.name.is_some() && mount.name == option.name)
    });
    match unknown {
        Some(option) => Err(ApiError::new(
            "InvalidParameterValue.MountOption",
            format!(
                "MountOptions: the tool has no StorageMount {:?}",
                option.name.as_deref().unwrap_or_default()
            ),
        )),
        None => Ok(()),
    }
}

/// Runs `change` on the instance and tells of it.
fn change<T>(
    shared: &Shared,
    id: Option<String>,
    change: impl FnOnce(&mut Instance) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let id = id.unwrap_or_default();
    let changed = {
        let mut state = shared.state();
        let instance = state
            .instance_mut(&id)
            .ok_or_else(|| ApiError::no_instance(&id))?;
        change(instance)
    };
    shared.tell();
    changed
}

fn not_in(instance: &Instance, wanted: &InstanceStatus) -> ApiError {
    ApiError::new(
        "UnsupportedOperation.SandboxInstance",
        format!(
            "Sandbox instance {} is {}, not {wanted}",
            instance.id, instance.status
        ),
    )
}

pub(super) fn stop(
    shared: &Shared,
    request: StopSandboxInstanceRequest,
) -> Result<StopSandboxInstanceResponse, ApiError> {
    let now = shared.clock.now();
    change(shared, request.instance_id, |instance| {
        if instance.status == InstanceStatus::STOPPED {
            return Err(match shared.settings.behaviour.stop_of_stopped {
                StopOfStopped::NotFound => ApiError::no_instance(&instance.id),
                StopOfStopped::Unsupported => not_in(instance, &InstanceStatus::RUNNING),
            });
        }
        if is_final(&instance.status) {
            // Its supervisor has ended with its processes.
            instance.stop_reason = Some(StopReason::MANUAL);
            instance.goes_to(InstanceStatus::STOPPED, now);
        } else {
            instance.stop(StopReason::MANUAL, now);
        }
        Ok(StopSandboxInstanceResponse::default())
    })
}

pub(super) fn pause(
    shared: &Shared,
    request: PauseSandboxInstanceRequest,
) -> Result<PauseSandboxInstanceResponse, ApiError> {
    let now = shared.clock.now();
    let paused = shared
        .state()
        .count(|status| [InstanceStatus::PAUSED, InstanceStatus::PAUSING].contains(status));
    let max = shared.settings.quotas.paused_instances;
    change(shared, request.instance_id, |instance| {
        if instance.status != InstanceStatus::RUNNING {
            return Err(not_in(instance, &InstanceStatus::RUNNING));
        }
        check::room(
            "LimitExceeded.PausedInstance",
            "Paused instance",
            paused,
            max,
        )?;
        instance.pause_keeps_memory = request.memory.unwrap_or(true);
        instance.goes_to(InstanceStatus::PAUSING, now);
        Ok(PauseSandboxInstanceResponse {
            instance_status: Some(InstanceStatus::PAUSING),
            ..PauseSandboxInstanceResponse::default()
        })
    })
}

pub(super) fn resume(
    shared: &Shared,
    request: ResumeSandboxInstanceRequest,
) -> Result<ResumeSandboxInstanceResponse, ApiError> {
    let now = shared.clock.now();
    let timeout =
        time::given_lifetime(request.timeout.as_deref())?.unwrap_or(time::DEFAULT_LIFETIME);
    let current = shared.state().count(uses_quota);
    let max = shared.settings.quotas.instances;
    change(shared, request.instance_id, |instance| {
        if instance.status != InstanceStatus::PAUSED {
            return Err(not_in(instance, &InstanceStatus::PAUSED));
        }
        check::room(
            "LimitExceeded.SandboxInstance",
            "Sandbox instance",
            current,
            max,
        )?;
        if !instance.persistent || request.timeout.is_some() {
            instance.timeout = Some(timeout);
        }
        instance.goes_to(InstanceStatus::RESUMING, now);
        Ok(ResumeSandboxInstanceResponse::default())
    })
}

pub(super) fn update(
    shared: &Shared,
    request: UpdateSandboxInstanceRequest,
) -> Result<UpdateSandboxInstanceResponse, ApiError> {
    check::metadata(request.metadata.as_ref())?;
    let timeout = time::given_lifetime(request.timeout.as_deref())?;
    let now = shared.clock.now();
    change(shared, request.instance_id, |instance| {
        if instance.status != InstanceStatus::RUNNING {
            return Err(not_in(instance, &InstanceStatus::RUNNING));
        }
        if let Some(timeout) = timeout {
            instance.timeout = Some(timeout);
            instance.expires = Some(now.after(timeout));
        }
        if let Some(metadata) = request.metadata {
            instance.metadata = metadata;
        }
        instance.updated = now;
        // The supervisor waits for the former end.
        instance.wake();
        Ok(UpdateSandboxInstanceResponse::default())
    })
}
