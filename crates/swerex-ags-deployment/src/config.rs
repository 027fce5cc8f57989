//! The configuration of a deployment: `TencentAgsDeploymentConfig`, checked.

use std::{fmt, time::Duration};

use swerex_ags_runtime::Secret;

use crate::{keys, units};

/// What a deployment needs to know. [`Source`](crate::source::Source) reads it from files, flags and the environment.
#[derive(Clone, Debug, PartialEq)]
pub struct TencentAgsDeploymentConfig {
    /// SecretId of the account. Needed.
    pub secret_id: String,
    /// SecretKey of the account. Needed.
    pub secret_key: Secret,
    /// Session token of temporary credentials. Default: none.
    pub token: Option<Secret>,
    /// Role that AGS assumes to pull private images and mounts. Default: empty.
    pub role_arn: String,
    /// Host of the control plane. Default: [`keys::DEFAULT_HTTP_ENDPOINT`].
    pub http_endpoint: String,
    /// Accept any certificate, on both planes. Default: false.
    pub skip_ssl_verify: bool,
    /// PEM file of certificates to trust besides the platform's and those that `SSL_CERT_FILE`, `REQUESTS_CA_BUNDLE` and the like name. Default:
    /// empty.
    pub ca_file: String,
    /// Region of the sandboxes. Default: [`keys::DEFAULT_REGION`].
    pub region: String,
    /// Domain of the data plane. Default: the region and [`keys::DOMAIN_SUFFIX`].
    pub domain: String,
    /// SandboxTool to start instances of; empty: find or create one. Default: empty.
    pub tool_id: String,
    /// With an empty `tool_id`: share a tool among all that need the same. Default: true.
    pub reuse_tool: bool,
    /// Image that the sandbox runs. Default: [`keys::DEFAULT_IMAGE`].
    pub image: String,
    /// Where the image is. Default: [`keys::DEFAULT_REGISTRY_TYPE`].
    pub image_registry_type: String,
    /// Lifetime of an instance, as AGS writes it. Default: [`keys::DEFAULT_TIMEOUT`].
    pub timeout: String,
    /// Let the lifetime begin anew as long as the sandbox is used. Default: false.
    pub extend_timeout: bool,
    /// Port of the SWE-ReX server. Default: [`keys::DEFAULT_PORT`].
    pub port: u16,
    /// The SWE-ReX server's own key, where it cannot be made at random for each start. Default: none.
    pub auth_token: Option<Secret>,
    /// Until when a started sandbox must answer. Default: [`keys::DEFAULT_STARTUP_TIMEOUT`] seconds.
    pub startup_timeout: Duration,
    /// What a call may take beyond its command's own timeout. Default: [`keys::DEFAULT_RUNTIME_TIMEOUT`] seconds.
    pub runtime_timeout: Duration,
    /// CPUs. Default: [`keys::DEFAULT_CPU`].
    pub cpu: String,
    /// Memory. Default: [`keys::DEFAULT_MEMORY`].
    pub memory: String,
    /// Name of the tool's mount of the server image. Default: empty.
    pub mount_name: String,
    /// Image that holds the SWE-ReX server. Default: empty, nothing is mounted.
    pub mount_image: String,
    /// Where that image is. Default: [`keys::DEFAULT_REGISTRY_TYPE`].
    pub mount_image_registry_type: String,
    /// Where it is mounted. Default: [`keys::DEFAULT_MOUNT_PATH`].
    pub mount_path: String,
    /// Which directory of it is mounted. Default: [`keys::DEFAULT_MOUNT_PATH`].
    pub image_subpath: String,
    /// Whether it is mounted read-only. Default: false.
    pub mount_readonly: bool,
}

/// What is wrong with the configuration: key, value and remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidConfig {
    pub(crate) key: String,
    pub(crate) problem: String,
}

impl InvalidConfig {
    pub(crate) fn new(key: &str, problem: impl Into<String>) -> Self {
        Self {
            key: key.to_owned(),
            problem: problem.into(),
        }
    }

    /// The key, or the file, that is wrong.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.key, self.problem)
    }
}

impl std::error::Error for InvalidConfig {}

impl TencentAgsDeploymentConfig {
    /// A configuration with these credentials and every other key at its default.
    pub fn new(secret_id: impl Into<String>, secret_key: impl Into<Secret>) -> Self {
        Self {
            secret_id: secret_id.into(),
            secret_key: secret_key.into(),
            token: None,
            role_arn: String::new(),
            http_endpoint: keys::DEFAULT_HTTP_ENDPOINT.to_owned(),
            skip_ssl_verify: false,
            ca_file: String::new(),
            region: keys::DEFAULT_REGION.to_owned(),
            domain: domain_of(keys::DEFAULT_REGION),
            tool_id: String::new(),
            reuse_tool: true,
            image: keys::DEFAULT_IMAGE.to_owned(),
            image_registry_type: keys::DEFAULT_REGISTRY_TYPE.to_owned(),
            timeout: keys::DEFAULT_TIMEOUT.to_owned(),
            extend_timeout: false,
            port: keys::DEFAULT_PORT,
            auth_token: None,
            startup_timeout: Duration::from_secs_f64(keys::DEFAULT_STARTUP_TIMEOUT),
            runtime_timeout: Duration::from_secs_f64(keys::DEFAULT_RUNTIME_TIMEOUT),
            cpu: keys::DEFAULT_CPU.to_owned(),
            memory: keys::DEFAULT_MEMORY.to_owned(),
            mount_name: String::new(),
            mount_image: String::new(),
            mount_image_registry_type: keys::DEFAULT_REGISTRY_TYPE.to_owned(),
            mount_path: keys::DEFAULT_MOUNT_PATH.to_owned(),
            image_subpath: keys::DEFAULT_MOUNT_PATH.to_owned(),
            mount_readonly: false,
        }
    }

    /// Checks every value that can be checked without asking AGS.
    ///
    /// # Errors
    /// The first key that is wrong, its value and the remedy.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        let credential = |key: &'static str, value: &str| match value {
            "" => {
                let variable = keys::find(key).and_then(|key| key.env).unwrap_or_default();
                Err(InvalidConfig::new(
                    key,
                    format!("is empty: set {variable}, or {key} in the configuration file"),
                ))
            }
            value if value.bytes().all(|b| b.is_ascii_graphic()) => Ok(()),
            _ => Err(InvalidConfig::new(
                key,
                "has a blank, a control or a non-ASCII character: remove it (often a line end)",
            )),
        };
        credential("secret_id", &self.secret_id)?;
        credential("secret_key", self.secret_key.expose())?;
        if let Some(token) = &self.token {
            credential("token", token.expose())?;
        }
        if let Some(key) = &self.auth_token {
            credential("auth_token", key.expose())?;
        }
        let shaped = |key: &str, value: &str, outcome: Result<(), String>| {
            outcome.map_err(|problem| InvalidConfig::new(key, format!("`{value}` {problem}")))
        };
        if let Err(problem) = self.http_endpoint.parse::<ags_api::Endpoint>() {
            return Err(InvalidConfig::new(
                "http_endpoint",
                format!("`{}` cannot be used: {problem}", self.http_endpoint),
            ));
        }
        shaped("region", &self.region, is_region(&self.region))?;
        if let Err(problem) =
            swerex_ags_runtime::gateway::endpoint(self.port, "probe", &self.domain)
        {
            return Err(InvalidConfig::new(
                "domain",
                format!("cannot be used: {problem}"),
            ));
        }
        shaped("image", &self.image, is_reference(&self.image))?;
        shaped(
            "timeout",
            &self.timeout,
            units::lifetime(&self.timeout).map(drop),
        )?;
        shaped("cpu", &self.cpu, units::cpu(&self.cpu))?;
        shaped("memory", &self.memory, units::memory(&self.memory))?;
        for (key, timeout) in [
            ("startup_timeout", self.startup_timeout),
            ("runtime_timeout", self.runtime_timeout),
        ] {
            if timeout.is_zero() {
                return Err(InvalidConfig::new(
                    key,
                    "`0` should be a number of seconds above 0",
                ));
            }
        }
        if !self.mount_image.is_empty() {
            shaped(
                "mount_image",
                &self.mount_image,
                is_reference(&self.mount_image),
            )?;
            shaped(
                "mount_path",
                &self.mount_path,
                is_absolute(&self.mount_path),
            )?;
            shaped(
                "image_subpath",
                &self.image_subpath,
                is_absolute(&self.image_subpath),
            )?;
            if self.tool_id.is_empty() && self.role_arn.is_empty() {
                return Err(InvalidConfig::new(
                    "role_arn",
                    "is empty, but AGS needs a role to mount mount_image: set TENCENTCLOUD_ROLE_ARN or role_arn",
                ));
            }
        } else if !self.mount_name.is_empty() && self.tool_id.is_empty() {
            return Err(InvalidConfig::new(
                "mount_name",
                format!(
                    "`{}` has nothing to mount: set mount_image too",
                    self.mount_name
                ),
            ));
        }
        Ok(())
    }

    /// The lifetime of an instance.
    pub fn lifetime(&self) -> Duration {
        units::lifetime(&self.timeout).unwrap_or(units::SHORTEST_LIFETIME)
    }
}

/// The domain of a region.
pub fn domain_of(region: &str) -> String {
    format!("{region}.{}", keys::DOMAIN_SUFFIX)
}

fn is_region(text: &str) -> Result<(), String> {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    if text.split('-').all(is_part) {
        Ok(())
    } else {
        Err("should be a region such as ap-chongqing".to_owned())
    }
}

fn is_reference(text: &str) -> Result<(), String> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(())
    } else {
        Err("should be an image reference such as python:3.11".to_owned())
    }
}

fn is_absolute(text: &str) -> Result<(), String> {
    if text.starts_with('/') && !text.chars().any(char::is_control) {
        Ok(())
    } else {
        Err("should be an absolute path".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut TencentAgsDeploymentConfig)) -> String {
        let mut config = TencentAgsDeploymentConfig::new("AKID1", "marker-secret");
        change(&mut config);
        config
            .validate()
            .map_or_else(|problem| problem.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn what_is_wrong_is_named_with_its_value_and_the_remedy() {
        assert_eq!(with(|_| {}), "fine");
        assert_eq!(
            with(|config| config.secret_id.clear()),
            "secret_id is empty: set TENCENTCLOUD_SECRET_ID, or secret_id in the configuration file"
        );
        let key = with(|config| config.secret_key = "marker\n".into());
        assert!(
            key.starts_with("secret_key has a blank") && !key.contains("marker"),
            "{key}"
        );
        assert_eq!(
            with(|config| config.timeout = "90".to_owned()),
            "timeout `90` should be a lifetime such as 5m, 300s or 1h"
        );
        assert_eq!(
            with(|config| config.timeout = "10s".to_owned()),
            "timeout `10s` should be between 30s and 24h"
        );
        assert_eq!(
            with(|config| config.cpu = "two".to_owned()),
            "cpu `two` should be a number of CPUs such as 1, 2 or 500m"
        );
        assert!(
            with(|config| config.memory = "1G".to_owned()).starts_with("memory `1G` should be")
        );
        assert!(
            with(|config| config.region = "Chongqing".to_owned()).starts_with("region `Chongqing`")
        );
        assert!(
            with(|config| config.http_endpoint = "a b".to_owned())
                .starts_with("http_endpoint `a b`")
        );
        assert!(with(|config| config.domain = "a/b".to_owned()).contains("`a/b`"));
        assert!(with(|config| config.image.clear()).starts_with("image ``"));
        assert!(
            with(|config| config.mount_image = "x".to_owned()).starts_with("role_arn is empty")
        );
        assert!(with(|config| config.mount_name = "rex".to_owned()).contains("mount_image"));
    }

    #[test]
    fn secrets_are_not_shown() {
        let mut config = TencentAgsDeploymentConfig::new("AKID1", "marker-secret");
        config.token = Some("marker-token".into());
        assert!(!format!("{config:?}").contains("marker"));
    }
}
