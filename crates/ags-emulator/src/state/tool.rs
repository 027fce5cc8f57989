//! A tool: the template that instances are started from.

use std::time::Duration;

use ags_api::model::{
    ComputerConfiguration, CustomConfiguration, LogConfiguration, NetworkConfiguration,
    SandboxTool, StorageMount, Tag, ToolStatus, ToolType,
};

use crate::{
    clock::Moment,
    control::{configuration, time},
};

#[derive(Debug, Clone)]
pub(crate) struct Tool {
    pub(crate) sequence: u64,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: ToolType,
    pub(crate) status: ToolStatus,
    pub(crate) status_reason: Option<String>,
    pub(crate) description: String,
    pub(crate) persistent: bool,
    pub(crate) default_timeout: Duration,
    pub(crate) network: NetworkConfiguration,
    pub(crate) tags: Vec<Tag>,
    pub(crate) role_arn: Option<String>,
    pub(crate) storage_mounts: Vec<StorageMount>,
    pub(crate) custom: Option<CustomConfiguration>,
    pub(crate) log: Option<LogConfiguration>,
    pub(crate) computer: Option<ComputerConfiguration>,
    pub(crate) created: Moment,
    pub(crate) updated: Moment,
}

impl Tool {
    /// As `DescribeSandboxToolList` shows it.
    pub(crate) fn shown(&self) -> SandboxTool {
        SandboxTool {
            tool_id: Some(self.id.clone()),
            tool_name: Some(self.name.clone()),
            tool_type: Some(self.kind.clone()),
            status: Some(self.status.clone()),
            description: Some(self.description.clone()),
            persistent: Some(self.persistent),
            default_timeout_seconds: Some(self.default_timeout.as_secs()),
            network_configuration: Some(self.network.clone()),
            tags: Some(self.tags.clone()),
            create_time: Some(time::shown(self.created)),
            update_time: Some(time::shown(self.updated)),
            role_arn: self.role_arn.clone(),
            storage_mounts: (!self.storage_mounts.is_empty()).then(|| self.storage_mounts.clone()),
            custom_configuration: self.custom.as_ref().map(configuration::shown),
            log_configuration: self.log.clone(),
            computer_configuration: self.computer.clone(),
            status_reason: self.status_reason.clone(),
            ..SandboxTool::default()
        }
    }
}
