//! What is asked of AGS, field by field.

use ags_api::model::{
    CreateSandboxToolRequest, CustomConfiguration, EnvVar, HttpGetAction, ImageStorageSource,
    MetadataVar, NetworkConfiguration, NetworkMode, PortConfiguration, PortProtocol,
    ProbeConfiguration, ProbeScheme, ResourceConfiguration, StartSandboxInstanceRequest,
    StorageMount, StorageSource, ToolType,
};
use ring::digest::{SHA256, digest};

use crate::{config::TencentAgsDeploymentConfig, start_command::StartCommand};

/// Name of the port in the configuration.
const PORT_NAME: &str = "swerex";

/// Name of the mount where the configuration gives none.
const MOUNT_NAME: &str = "swerex";

/// The most that AGS gives a process until its first answer, in milliseconds.
const READY_TIMEOUT_MS: i64 = 30_000;
const PROBE_TIMEOUT_MS: i64 = 1_000;
const PROBE_PERIOD_MS: i64 = 2_000;
const SUCCESS_THRESHOLD: i64 = 1;
const FAILURE_THRESHOLD: i64 = 15;

/// What marks our tools by name.
pub(crate) const TOOL_PREFIX: &str = "swerex-";

/// Keys of the metadata that every instance of ours carries.
pub(crate) const CREATED_BY: &str = "created_by";
pub(crate) const OWNER: &str = "owner";
pub(crate) const PROCESS: &str = "process";
pub(crate) const START: &str = "start";

/// What marks instances as made by this software, in their metadata.
pub const SOFTWARE: &str = concat!("swerex-ags/", env!("CARGO_PKG_VERSION"));

/// The request for a tool of this name.
pub(crate) fn tool(
    config: &TencentAgsDeploymentConfig,
    name: &str,
    client_token: &str,
) -> CreateSandboxToolRequest {
    let mut custom = custom(config);
    custom.probe = Some(ProbeConfiguration {
        http_get: Some(HttpGetAction {
            path: Some("/".to_owned()),
            port: Some(i64::from(config.port)),
            scheme: Some(ProbeScheme::HTTP),
            ..Default::default()
        }),
        ready_timeout_ms: Some(READY_TIMEOUT_MS),
        probe_timeout_ms: Some(PROBE_TIMEOUT_MS),
        probe_period_ms: Some(PROBE_PERIOD_MS),
        success_threshold: Some(SUCCESS_THRESHOLD),
        failure_threshold: Some(FAILURE_THRESHOLD),
        ..Default::default()
    });
    CreateSandboxToolRequest {
        tool_name: Some(name.to_owned()),
        tool_type: Some(ToolType::CUSTOM),
        description: Some(format!("SWE-ReX sandboxes, made by {SOFTWARE}")),
        network_configuration: Some(NetworkConfiguration {
            network_mode: Some(NetworkMode::PUBLIC),
            ..Default::default()
        }),
        role_arn: filled(&config.role_arn),
        storage_mounts: mount(config).map(|mount| vec![mount]),
        custom_configuration: Some(custom),
        client_token: Some(client_token.to_owned()),
        ..Default::default()
    }
}

/// The request for an instance with this environment; `None` leaves the tool's. The tool's probe and mounts are not repeated: what is left out is
/// the tool's.
pub(crate) fn instance(
    config: &TencentAgsDeploymentConfig,
    tool_id: &str,
    client_token: &str,
    environment: Option<Vec<EnvVar>>,
) -> StartSandboxInstanceRequest {
    let mut custom = custom(config);
    custom.env = environment;
    let metadata = [
        (CREATED_BY, SOFTWARE.to_owned()),
        (OWNER, owner()),
        (PROCESS, process()),
        (START, client_token.to_owned()),
    ];
    let variable = |(name, value): (&str, String)| MetadataVar {
        name: Some(name.to_owned()),
        value: Some(value),
        ..Default::default()
    };
    StartSandboxInstanceRequest {
        tool_id: Some(tool_id.to_owned()),
        timeout: Some(config.timeout.clone()),
        custom_configuration: Some(custom),
        metadata: Some(metadata.map(variable).to_vec()),
        client_token: Some(client_token.to_owned()),
        ..Default::default()
    }
}

fn custom(config: &TencentAgsDeploymentConfig) -> CustomConfiguration {
    let start = StartCommand::new(config);
    CustomConfiguration {
        image: Some(config.image.clone()),
        image_registry_type: Some(config.image_registry_type.clone().into()),
        command: Some(start.command),
        args: Some(start.args),
        ports: Some(vec![PortConfiguration {
            name: Some(PORT_NAME.to_owned()),
            port: Some(i64::from(config.port)),
            protocol: Some(PortProtocol::TCP),
            ..Default::default()
        }]),
        resources: Some(ResourceConfiguration {
            cpu: Some(config.cpu.clone()),
            memory: Some(config.memory.clone()),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn mount(config: &TencentAgsDeploymentConfig) -> Option<StorageMount> {
    let reference = filled(&config.mount_image)?;
    Some(StorageMount {
        name: Some(filled(&config.mount_name).unwrap_or_else(|| MOUNT_NAME.to_owned())),
        mount_path: Some(config.mount_path.clone()),
        read_only: Some(config.mount_readonly),
        storage_source: Some(StorageSource {
            image: Some(ImageStorageSource {
                reference: Some(reference),
                image_registry_type: Some(config.mount_image_registry_type.clone().into()),
                sub_path: Some(config.image_subpath.clone()),
                ..Default::default()
            }),
            ..Default::default()
        }),
        ..Default::default()
    })
}

/// The name of the tool that serves a configuration: the same for all whose tools would be alike in what an instance cannot change.
///
/// Those are mounts, role, network, port and probe. Image, resources and command travel with each instance.
pub(crate) fn tool_name(config: &TencentAgsDeploymentConfig) -> String {
    let request = tool(config, "", "");
    let probe = request.custom_configuration.and_then(|custom| custom.probe);
    let fixed = serde_json::json!([
        request.storage_mounts,
        request.role_arn,
        request.network_configuration,
        config.port,
        probe
    ]);
    let mut name = TOOL_PREFIX.to_owned();
    for byte in &digest(&SHA256, fixed.to_string().as_bytes()).as_ref()[..8] {
        name.push_str(&format!("{byte:02x}"));
    }
    name
}

/// Who starts instances: `user@host`.
pub(crate) fn owner() -> String {
    let variable = |names: [&str; 2]| {
        names
            .into_iter()
            .find_map(|name| std::env::var(name).ok())
            .filter(|value| !value.is_empty())
    };
    let user = variable(["USER", "LOGNAME"]).unwrap_or_else(|| "unknown".to_owned());
    let host = std::fs::read_to_string("/etc/hostname")
        .ok()
        .and_then(|name| filled(name.trim()));
    format!(
        "{user}@{}",
        host.or_else(|| variable(["HOSTNAME", "COMPUTERNAME"]))
            .unwrap_or_else(|| "unknown".to_owned())
    )
}

/// Which process starts them: its id, told apart from others of the same number by a random part.
pub(crate) fn process() -> String {
    static PROCESS: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    PROCESS
        .get_or_init(|| {
            format!(
                "{}-{}",
                std::process::id(),
                &uuid::Uuid::new_v4().simple().to_string()[..12]
            )
        })
        .clone()
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> TencentAgsDeploymentConfig {
        TencentAgsDeploymentConfig::new("AKID1", "key")
    }

    /// Every field that is sent, as the original sends it.
    #[test]
    fn the_requests_field_by_field() {
        let mut config = config();
        config.mount_image = "ccr.ccs.tencentyun.com/x/swerex:1".to_owned();
        config.role_arn = "qcs::cam::uin/1:roleName/ags".to_owned();
        let tool = serde_json::to_value(tool(&config, "swerex-1", "t-1")).unwrap();
        let args = &tool["CustomConfiguration"]["Args"];
        assert_eq!(args[0], "-c");
        let start = StartCommand::new(&config).args[1].clone();
        let expected = serde_json::json!({
            "ToolName": "swerex-1", "ToolType": "custom", "ClientToken": "t-1",
            "Description": format!("SWE-ReX sandboxes, made by {SOFTWARE}"),
            "NetworkConfiguration": { "NetworkMode": "PUBLIC" },
            "RoleArn": "qcs::cam::uin/1:roleName/ags",
            "StorageMounts": [{
                "Name": "swerex", "MountPath": "/nix", "ReadOnly": false,
                "StorageSource": { "Image": { "Reference": "ccr.ccs.tencentyun.com/x/swerex:1", "ImageRegistryType": "enterprise", "SubPath": "/nix" } },
            }],
            "CustomConfiguration": {
                "Image": "python:3.11", "ImageRegistryType": "enterprise", "Command": ["/bin/sh"], "Args": ["-c", start],
                "Ports": [{ "Name": "swerex", "Port": 8000, "Protocol": "TCP" }], "Resources": { "CPU": "1", "Memory": "1Gi" },
                "Probe": {
                    "HttpGet": { "Path": "/", "Port": 8000, "Scheme": "HTTP" }, "ReadyTimeoutMs": 30000, "ProbeTimeoutMs": 1000,
                    "ProbePeriodMs": 2000, "SuccessThreshold": 1, "FailureThreshold": 15,
                },
            },
        });
        assert_eq!(tool, expected);

        let instance = serde_json::to_value(instance(&config, "sdt-1", "t-2", None)).unwrap();
        let mut custom = expected["CustomConfiguration"].clone();
        custom.as_object_mut().unwrap().remove("Probe");
        assert_eq!(instance["CustomConfiguration"], custom);
        let keys: Vec<&String> = instance.as_object().unwrap().keys().collect();
        assert_eq!(
            keys,
            [
                "ClientToken",
                "CustomConfiguration",
                "Metadata",
                "Timeout",
                "ToolId"
            ]
        );
        assert_eq!(instance["Timeout"], "1h");
        assert_eq!(
            instance["Metadata"][0],
            serde_json::json!({ "Name": "created_by", "Value": SOFTWARE })
        );
    }

    #[test]
    fn one_tool_serves_all_images() {
        let name = tool_name(&config());
        assert!(
            name.starts_with(TOOL_PREFIX) && name.len() == TOOL_PREFIX.len() + 16,
            "{name}"
        );
        let same = [
            ("image", "x"),
            ("cpu", "2"),
            ("memory", "4Gi"),
            ("timeout", "2h"),
        ];
        for (key, value) in same {
            let mut source = crate::source::Source::default();
            source.flag(key, value).unwrap();
            assert_eq!(tool_name(&source.resolve().unwrap().config), name, "{key}");
        }
        for (key, value) in [("port", "8001"), ("role_arn", "r"), ("mount_image", "m")] {
            let mut source = crate::source::Source::default();
            source.flag(key, value).unwrap();
            assert_ne!(tool_name(&source.resolve().unwrap().config), name, "{key}");
        }
    }
}
