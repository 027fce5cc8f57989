// Made by `cargo xtask codegen` from fixtures/ags/api-2025-09-20.json and fixtures/ags/overlay.json; do not edit.

//! What a sandbox runs: image, command, ports, resources, readiness probe.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::{extra::Extra, open::open_string, secret::Secret};

/// What a sandbox runs. In a start every member is optional and what is left out is the tool's; whether
/// lists are merged or replaced is not known.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CustomConfiguration {
    /// Reference of a linux/amd64 image; a digest is safer than a tag.
    ///
    /// `Image`: string.
    pub image: Option<String>,
    /// Where the image comes from.
    ///
    /// `ImageRegistryType`: string. Known values: `enterprise`, `personal`, `custom`. Also seen: `system`.
    pub image_registry_type: Option<ImageRegistryType>,
    /// Replaces the image's entry point. Always send it: the image's own may be ignored.
    ///
    /// `Command`: list of string.
    pub command: Option<Vec<String>>,
    /// Replaces the image's arguments.
    ///
    /// `Args`: list of string.
    pub args: Option<Vec<String>>,
    /// Environment of the process.
    ///
    /// `Env`: list of EnvVar.
    pub env: Option<Vec<EnvVar>>,
    /// Ports that the gateway forwards to.
    ///
    /// `Ports`: list of PortConfiguration.
    pub ports: Option<Vec<PortConfiguration>>,
    /// CPU, memory and disk.
    ///
    /// `Resources`: object ResourceConfiguration.
    pub resources: Option<ResourceConfiguration>,
    /// How the service finds out that it is ready; needed by `custom` tools.
    ///
    /// `Probe`: object ProbeConfiguration.
    pub probe: Option<ProbeConfiguration>,
    /// Name resolution.
    ///
    /// `DNSConfig`: object DNSConfig.
    #[serde(rename = "DNSConfig")]
    pub dns_config: Option<DNSConfig>,
    /// Privileges.
    ///
    /// `SecurityContext`: object SecurityContext.
    pub security_context: Option<SecurityContext>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a sandbox runs, as the service reports it.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CustomConfigurationDetail {
    /// Reference of the image.
    ///
    /// `Image`: string.
    pub image: Option<String>,
    /// Where the image comes from.
    ///
    /// `ImageRegistryType`: string. Known values: `enterprise`, `personal`, `custom`. Also seen: `system`.
    pub image_registry_type: Option<ImageRegistryType>,
    /// Digest that the reference stood for.
    ///
    /// `ImageDigest`: string.
    pub image_digest: Option<String>,
    /// Entry point.
    ///
    /// `Command`: list of string.
    pub command: Option<Vec<String>>,
    /// Arguments.
    ///
    /// `Args`: list of string.
    pub args: Option<Vec<String>>,
    /// Environment of the process.
    ///
    /// `Env`: list of EnvVar.
    pub env: Option<Vec<EnvVar>>,
    /// Ports that the gateway forwards to.
    ///
    /// `Ports`: list of PortConfiguration.
    pub ports: Option<Vec<PortConfiguration>>,
    /// CPU, memory and disk, in the service's own notation (`2000m`, `1024Mi`).
    ///
    /// `Resources`: object ResourceConfiguration.
    pub resources: Option<ResourceConfiguration>,
    /// How the service finds out that it is ready.
    ///
    /// `Probe`: object ProbeConfiguration.
    pub probe: Option<ProbeConfiguration>,
    /// Name resolution.
    ///
    /// `DNSConfig`: object DNSConfig.
    #[serde(rename = "DNSConfig")]
    pub dns_config: Option<DNSConfig>,
    /// Privileges.
    ///
    /// `SecurityContext`: object SecurityContext.
    pub security_context: Option<SecurityContext>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One variable of the environment. Values are treated as secrets, because keys are often passed this
/// way.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct EnvVar {
    /// Name.
    ///
    /// `Name`: string.
    pub name: Option<String>,
    /// Value.
    ///
    /// `Value`: string, secret.
    #[serde(serialize_with = "crate::secret::on_the_wire")]
    pub value: Option<Secret>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One port of the sandbox.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct PortConfiguration {
    /// Name.
    ///
    /// `Name`: string.
    pub name: Option<String>,
    /// Number.
    ///
    /// `Port`: int64.
    pub port: Option<i64>,
    /// Protocol.
    ///
    /// `Protocol`: string. Also seen: `TCP`.
    pub protocol: Option<PortProtocol>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// CPU, memory and disk of one instance.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ResourceConfiguration {
    /// Cores, as `1`, `2` or `500m`.
    ///
    /// `CPU`: string.
    #[serde(rename = "CPU")]
    pub cpu: Option<String>,
    /// Memory, as `1Gi` or `500Mi`.
    ///
    /// `Memory`: string.
    pub memory: Option<String>,
    /// Root disk; about 1 GiB unless set.
    ///
    /// `Storage`: string, may be null. Known values: `1Gi`, `5Gi`, `10Gi`, `20Gi`.
    pub storage: Option<DiskSize>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Readiness probe. Only HTTP GET exists; pulling the image does not count against it.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ProbeConfiguration {
    /// What is asked.
    ///
    /// `HttpGet`: object HttpGetAction.
    pub http_get: Option<HttpGetAction>,
    /// How long the process may take to become ready, in milliseconds; 1000 to 30000.
    ///
    /// `ReadyTimeoutMs`: int64.
    pub ready_timeout_ms: Option<i64>,
    /// How long one probe may take, in milliseconds; 100 to 30000.
    ///
    /// `ProbeTimeoutMs`: int64.
    pub probe_timeout_ms: Option<i64>,
    /// Time between probes, in milliseconds; 100 to 30000.
    ///
    /// `ProbePeriodMs`: int64.
    pub probe_period_ms: Option<i64>,
    /// How many successes make it ready; only 1.
    ///
    /// `SuccessThreshold`: int64.
    pub success_threshold: Option<i64>,
    /// How many failures make it fail.
    ///
    /// `FailureThreshold`: int64.
    pub failure_threshold: Option<i64>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The probe's request. Its port must be among the declared ones.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct HttpGetAction {
    /// Path, for example `/`.
    ///
    /// `Path`: string.
    pub path: Option<String>,
    /// Port.
    ///
    /// `Port`: int64.
    pub port: Option<i64>,
    /// Scheme.
    ///
    /// `Scheme`: string. Also seen: `HTTP`, `HTTPS`.
    pub scheme: Option<ProbeScheme>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Name resolution in the sandbox.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct DNSConfig {
    /// Servers; `10.0.0.1` unless set.
    ///
    /// `Servers`: list of string, required.
    pub servers: Option<Vec<String>>,
    /// Search domains.
    ///
    /// `Searches`: list of string.
    pub searches: Option<Vec<String>>,
    /// Resolver options.
    ///
    /// `Options`: list of string.
    pub options: Option<Vec<String>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Privileges of the sandbox's process.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct SecurityContext {
    /// Whether it is privileged; documented as true unless set.
    ///
    /// `Privileged`: bool.
    pub privileged: Option<bool>,
    /// Linux capabilities to add or drop.
    ///
    /// `Capabilities`: object Capabilities.
    pub capabilities: Option<Capabilities>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Linux capabilities.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Capabilities {
    /// To add.
    ///
    /// `Add`: list of string.
    pub add: Option<Vec<String>>,
    /// To drop.
    ///
    /// `Drop`: list of string.
    pub drop: Option<Vec<String>>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Settings of desktop kinds.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ComputerConfiguration {
    /// For `waa`.
    ///
    /// `WAAConfiguration`: object WAAConfiguration.
    #[serde(rename = "WAAConfiguration")]
    pub waa_configuration: Option<WAAConfiguration>,
    /// For `osworld`.
    ///
    /// `OSWorldConfiguration`: object OSWorldConfiguration.
    #[serde(rename = "OSWorldConfiguration")]
    pub os_world_configuration: Option<OSWorldConfiguration>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Settings of `waa`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct WAAConfiguration {
    /// Image of the desktop.
    ///
    /// `ImageId`: string.
    pub image_id: Option<String>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Settings of `osworld`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct OSWorldConfiguration {
    /// Generation.
    ///
    /// `Version`: string, always in replies. Known values: `osworld1`, `osworld2`.
    pub version: Option<OSWorldVersion>,
    /// Members that this description does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

open_string! {
    /// Size of the root disk.
    pub struct DiskSize {
        GIB_1 = "1Gi",
        GIB_5 = "5Gi",
        GIB_10 = "10Gi",
        GIB_20 = "20Gi",
    }
}

open_string! {
    /// Where an image comes from: `enterprise` TCR, `personal` CCR, `custom` a third party's registry,
    /// `system` images of the platform.
    pub struct ImageRegistryType {
        ENTERPRISE = "enterprise",
        PERSONAL = "personal",
        CUSTOM = "custom",
        SYSTEM = "system",
    }
}

open_string! {
    /// Generation of the OSWorld environment.
    pub struct OSWorldVersion {
        OSWORLD1 = "osworld1",
        OSWORLD2 = "osworld2",
    }
}

open_string! {
    /// Protocol of a declared port.
    pub struct PortProtocol {
        TCP = "TCP",
    }
}

open_string! {
    /// Scheme of the readiness probe.
    pub struct ProbeScheme {
        HTTP = "HTTP",
        HTTPS = "HTTPS",
    }
}
