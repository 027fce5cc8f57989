//! The actions of snapshots: their records only, nothing is saved or restored.

use ags_api::model::{
    CreateSandboxSnapshotRequest, CreateSandboxSnapshotResponse, DeleteSandboxSnapshotRequest,
    DeleteSandboxSnapshotResponse, DescribeSandboxSnapshotListRequest,
    DescribeSandboxSnapshotListResponse, InstanceStatus, SandboxSnapshot, SnapshotStatus,
};

use super::{check, client_token::ClientToken, error::ApiError, page, time};
use crate::shared::Shared;

pub(super) fn create(
    shared: &Shared,
    request: CreateSandboxSnapshotRequest,
) -> Result<CreateSandboxSnapshotResponse, ApiError> {
    check::client_token(request.client_token.as_deref())?;
    let client_token = ClientToken::of(
        "CreateSandboxSnapshot",
        request.client_token.as_deref(),
        &request,
    );
    let now = time::shown(shared.clock.now());
    let mut state = shared.state();
    if let Some(id) = client_token.used(shared, &state)? {
        let earlier = state
            .snapshots
            .values()
            .find(|snapshot| snapshot.snapshot_id.as_ref() == Some(&id))
            .cloned();
        return match earlier {
            Some(snapshot) => Ok(reply(snapshot)),
            None => Err(ApiError::new(
                "FailedOperation.DuplicateRequest",
                "Previous snapshot no longer exists",
            )),
        };
    }
    let id = request.instance_id.unwrap_or_default();
    let instance = state
        .instance(&id)
        .ok_or_else(|| ApiError::no_instance(&id))?;
    if ![InstanceStatus::RUNNING, InstanceStatus::PAUSED].contains(&instance.status) {
        return Err(ApiError::new(
            "UnsupportedOperation.SandboxInstance",
            format!(
                "Sandbox instance {id} is {}, not RUNNING or PAUSED",
                instance.status
            ),
        ));
    }
    let snapshot = SandboxSnapshot {
        snapshot_id: Some(state.ids.snapshot()),
        snapshot_name: request.snapshot_name,
        source_instance_id: Some(id),
        memory_included: Some(request.memory.unwrap_or(true)),
        status: Some(SnapshotStatus::ACTIVE),
        tags: request.tags,
        create_time: Some(now.clone()),
        update_time: Some(now),
        ..SandboxSnapshot::default()
    };
    client_token.note(
        &mut state,
        snapshot.snapshot_id.as_deref().unwrap_or_default(),
    );
    let sequence = state.ids.sequence();
    state.snapshots.insert(sequence, snapshot.clone());
    Ok(reply(snapshot))
}

pub(super) fn list(
    shared: &Shared,
    request: DescribeSandboxSnapshotListRequest,
) -> Result<DescribeSandboxSnapshotListResponse, ApiError> {
    page::ids(request.snapshot_ids.as_ref(), "InvalidParameterValue")?;
    if let Some(filter) = request.filters.iter().flatten().next() {
        let name = filter.name.as_deref().unwrap_or_default();
        return Err(ApiError::new(
            "InvalidParameter.Filters",
            format!("the emulator does not filter snapshots by {name:?}"),
        ));
    }
    let ids = request.snapshot_ids.filter(|ids| !ids.is_empty());
    let state = shared.state();
    let wanted = |snapshot: &SandboxSnapshot| {
        ids.as_ref().is_none_or(|ids| {
            snapshot
                .snapshot_id
                .as_ref()
                .is_some_and(|id| ids.contains(id))
        })
    };
    let found: Vec<(u64, &SandboxSnapshot)> = state
        .snapshots
        .iter()
        .rev()
        .filter(|(_, snapshot)| wanted(snapshot))
        .map(|(key, snapshot)| (*key, snapshot))
        .collect();
    let total_count = i64::try_from(found.len()).ok();
    let (page, next_token) = if request.max_results.is_some() || request.next_token.is_some() {
        page::by_token(
            found.into_iter(),
            request.max_results,
            request.next_token.as_deref(),
            &format!("{ids:?}"),
        )?
    } else {
        (
            page::by_offset(
                found.into_iter().map(|(_, snapshot)| snapshot),
                request.offset,
                request.limit,
            )?,
            None,
        )
    };
    Ok(DescribeSandboxSnapshotListResponse {
        snapshot_set: Some(page.into_iter().cloned().collect()),
        total_count,
        next_token,
        ..DescribeSandboxSnapshotListResponse::default()
    })
}

pub(super) fn delete(
    shared: &Shared,
    request: DeleteSandboxSnapshotRequest,
) -> Result<DeleteSandboxSnapshotResponse, ApiError> {
    let mut state = shared.state();
    let before = state.snapshots.len();
    state
        .snapshots
        .retain(|_, snapshot| snapshot.snapshot_id != request.snapshot_id);
    if state.snapshots.len() == before {
        return Err(ApiError::new(
            "ResourceNotFound",
            format!(
                "Snapshot {} not found",
                request.snapshot_id.unwrap_or_default()
            ),
        ));
    }
    Ok(DeleteSandboxSnapshotResponse::default())
}

fn reply(snapshot: SandboxSnapshot) -> CreateSandboxSnapshotResponse {
    CreateSandboxSnapshotResponse {
        snapshot: Some(snapshot),
        ..CreateSandboxSnapshotResponse::default()
    }
}
