//! What a test sees of tools and instances.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use ags_api::model::{CustomConfiguration, InstanceStatus, StopReason, ToolStatus};

use crate::{
    instance::Upstream,
    state::{Instance, Tool, is_final},
};

/// A tool as it is now.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ToolView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its status.
    pub status: ToolStatus,
}

/// An instance as it is now.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct InstanceView {
    /// Its id.
    pub id: String,
    /// The tool it was started from.
    pub tool_id: String,
    /// Its status.
    pub status: InstanceStatus,
    /// Why it stopped.
    pub stop_reason: Option<StopReason>,
    /// Why it failed.
    pub status_reason: Option<String>,
    /// Its metadata, by name.
    pub metadata: BTreeMap<String, String>,
    /// The configuration it runs with.
    pub configuration: Option<CustomConfiguration>,
    /// When it ends, in Unix milliseconds on the emulator's clock.
    pub expires_at_millis: Option<i64>,
    /// The leader of its process group.
    pub process: Option<u32>,
    /// Its declared ports and the loopback ports of this machine they are mapped to.
    pub ports: BTreeMap<u16, u16>,
    /// The directory that its processes start in. It is removed when the instance has stopped.
    pub directory: PathBuf,
}

impl ToolView {
    pub(crate) fn of(tool: &Tool) -> Self {
        Self {
            id: tool.id.clone(),
            name: tool.name.clone(),
            status: tool.status.clone(),
        }
    }
}

impl InstanceView {
    pub(crate) fn of(instance: &Instance, directories: &Path) -> Self {
        let pairs = instance
            .metadata
            .iter()
            .filter_map(|item| Some((item.name.clone()?, item.value.clone().unwrap_or_default())));
        Self {
            id: instance.id.clone(),
            tool_id: instance.tool_id.clone(),
            status: instance.status.clone(),
            stop_reason: instance.stop_reason.clone(),
            status_reason: instance.status_reason.clone(),
            metadata: pairs.collect(),
            configuration: instance.custom.clone(),
            expires_at_millis: instance.expires.map(crate::clock::Moment::unix_millis),
            process: instance.live.process,
            ports: match &instance.live.upstream {
                Upstream::Ports(ports) => ports.as_ref().clone(),
                Upstream::Nothing | Upstream::Server(_) => BTreeMap::new(),
            },
            directory: directories.join(&instance.id),
        }
    }

    /// Whether nothing happens to it any more: it has stopped or failed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        is_final(&self.status)
    }
}
