//! Where the configuration comes from: flags over the environment over files over defaults, each value with its origin.

mod document;

use std::{collections::BTreeMap, fmt, path::Path, time::Duration};

use serde_json::Value;

use crate::{
    config::{InvalidConfig, TencentAgsDeploymentConfig, domain_of},
    keys::{self, KEYS, Key, Kind},
    value,
};

/// The largest configuration file that is read, in bytes.
const LARGEST_FILE: u64 = 4 << 20;

/// Gathers values from everywhere; [`resolve`](Self::resolve) makes a configuration of them.
#[derive(Clone, Debug, Default)]
pub struct Source {
    file: BTreeMap<&'static str, (Value, Origin)>,
    environment: BTreeMap<&'static str, (Value, Origin)>,
    flags: BTreeMap<&'static str, (Value, Origin)>,
    /// Whether somebody said that the deployment is of our type.
    is_typed: bool,
    /// The first file that sets keys of a deployment without saying so.
    typeless: Option<String>,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// It follows from another key.
    Derived(&'static str),
    /// This file.
    File(String),
    /// This variable.
    Environment(&'static str),
    /// A flag.
    Flag,
    /// An emulator that stands in for AGS.
    Emulator,
}

/// A configuration and where each of its values comes from.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The configuration; not validated yet.
    pub config: TencentAgsDeploymentConfig,
    /// Every key in the order of [`KEYS`].
    pub settings: Vec<Setting>,
}

/// One key as it was resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The key.
    pub key: &'static Key,
    /// Its value as text; secrets are shown as `(set)`.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Derived(key) => write!(f, "follows {key}"),
            Self::File(path) => write!(f, "file {path}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag => f.write_str("flag"),
            Self::Emulator => f.write_str("emulator"),
        }
    }
}

impl Source {
    /// Reads a YAML or JSON file: SWE-agent's own (its `instances.deployment` or `env.deployment`) or the bare mapping of a deployment. A later
    /// file wins over an earlier one, key by key. A file of SWE-agent's without a deployment sets nothing.
    ///
    /// # Errors
    /// What is wrong with the file, or with which key in it.
    pub fn file(&mut self, path: &Path) -> Result<(), InvalidConfig> {
        let name = path.display().to_string();
        let wrong =
            |problem: String| InvalidConfig::new(&format!("configuration file `{name}`"), problem);
        let metadata =
            std::fs::metadata(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
        if metadata.len() > LARGEST_FILE {
            return Err(wrong(
                "is larger than 4 MiB, which no configuration is".to_owned(),
            ));
        }
        let bytes =
            std::fs::read(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            wrong(format!(
                "is not UTF-8 (byte {}): save it as UTF-8",
                error.utf8_error().valid_up_to()
            ))
        })?;
        self.text(&name, &text)
    }

    /// Reads the text of such a file; `name` is its name in messages.
    ///
    /// # Errors
    /// As [`file`](Self::file).
    pub fn text(&mut self, name: &str, text: &str) -> Result<(), InvalidConfig> {
        let wrong =
            |problem: String| InvalidConfig::new(&format!("configuration file `{name}`"), problem);
        if text.trim().is_empty() {
            return Ok(());
        }
        let document = document::parse(text).map_err(wrong)?;
        let Some(deployment) = document::deployment(&document).map_err(wrong)? else {
            return Ok(());
        };
        match deployment.get("type") {
            Some(Value::String(kind)) if kind == keys::TYPE => self.is_typed = true,
            Some(other) => {
                let message = format!(
                    "`{}` in {name} is another kind of deployment: it should be {}",
                    plain(other),
                    keys::TYPE
                );
                return Err(InvalidConfig::new("type", message));
            }
            None if self.typeless.is_none() => self.typeless = Some(name.to_owned()),
            None => {}
        }
        let origin = Origin::File(name.to_owned());
        for (name_of_key, given) in deployment.iter().filter(|(name, _)| *name != "type") {
            let key = known(name_of_key, &origin)?;
            match value::from_file(key, given) {
                Ok(Some(value)) => drop(self.file.insert(key.name, (value, origin.clone()))),
                Ok(None) => {}
                Err(problem) => return Err(wrong_value(key, &plain(given), &problem, &origin)),
            }
        }
        Ok(())
    }

    /// Reads the variables that set keys. A variable that is empty sets nothing.
    ///
    /// # Errors
    /// Which variable's value is wrong.
    pub fn environment(
        &mut self,
        get: impl Fn(&str) -> Option<String>,
    ) -> Result<(), InvalidConfig> {
        for key in KEYS {
            let Some(name) = key.env else { continue };
            let Some(text) = get(name).filter(|text| !text.is_empty()) else {
                continue;
            };
            let origin = Origin::Environment(name);
            let value = value::from_text(key, &text)
                .map_err(|problem| wrong_value(key, &text, &problem, &origin))?;
            self.environment.insert(key.name, (value, origin));
        }
        Ok(())
    }

    /// Sets a key as a flag does; the last one wins. `null` is no value, as in SWE-agent.
    ///
    /// # Errors
    /// The key is unknown, or the value is none for it.
    pub fn flag(&mut self, name: &str, text: &str) -> Result<(), InvalidConfig> {
        let origin = Origin::Flag;
        if name == "type" {
            return self.of_type(text);
        }
        let key = known(name, &origin)?;
        if text == "null" {
            self.flags.remove(key.name);
            return Ok(());
        }
        let value = value::from_text(key, text)
            .map_err(|problem| wrong_value(key, text, &problem, &origin))?;
        self.flags.insert(key.name, (value, origin));
        Ok(())
    }

    /// As [`flag`](Self::flag), for what leads to an emulator.
    ///
    /// # Errors
    /// As [`flag`](Self::flag).
    pub fn emulator(&mut self, name: &str, text: &str) -> Result<(), InvalidConfig> {
        self.flag(name, text)?;
        if let Some((_, origin)) = self.flags.get_mut(name) {
            *origin = Origin::Emulator;
        }
        Ok(())
    }

    /// Sets several keys by one flag whose value is JSON, as in `--instances.deployment='{"port": 5}'`.
    ///
    /// # Errors
    /// It is no JSON mapping, or as [`flag`](Self::flag).
    pub fn json(&mut self, text: &str) -> Result<(), InvalidConfig> {
        let wrong = |problem: &str| {
            InvalidConfig::new(
                "deployment",
                format!("`{text}` {problem}, as in '{{\"port\": 8000}}'"),
            )
        };
        let given: Value = serde_json::from_str(text).map_err(|_| wrong("should be JSON"))?;
        let Value::Object(given) = given else {
            return Err(wrong("should be a JSON mapping"));
        };
        for (name, given) in &given {
            if name == "type" {
                self.of_type(&plain(given))?;
                continue;
            }
            let key = known(name, &Origin::Flag)?;
            match value::from_file(key, given) {
                Ok(Some(value)) => drop(self.flags.insert(key.name, (value, Origin::Flag))),
                Ok(None) => {}
                Err(problem) => {
                    return Err(wrong_value(key, &plain(given), &problem, &Origin::Flag));
                }
            }
        }
        Ok(())
    }

    /// Puts everything together.
    ///
    /// # Errors
    /// A file sets keys of a deployment, and neither it nor another one nor a flag says of which type.
    pub fn resolve(&self) -> Result<Resolved, InvalidConfig> {
        if let (false, Some(name)) = (self.is_typed, &self.typeless) {
            return Err(InvalidConfig::new(
                "type",
                format!("is missing in {name}: add `type: {}`", keys::TYPE),
            ));
        }
        let mut config = TencentAgsDeploymentConfig::new("", "");
        let mut settings = Vec::with_capacity(KEYS.len());
        for key in KEYS {
            let given = [&self.flags, &self.environment, &self.file]
                .into_iter()
                .find_map(|layer| layer.get(key.name));
            let origin = match given {
                Some((value, origin)) => {
                    set(&mut config, key.name, value);
                    origin.clone()
                }
                None if key.name == "domain" && config.region != keys::DEFAULT_REGION => {
                    config.domain = domain_of(&config.region);
                    Origin::Derived("region")
                }
                None => Origin::Default,
            };
            settings.push(Setting {
                key,
                value: shown(&config, key),
                origin,
            });
        }
        Ok(Resolved { config, settings })
    }

    fn of_type(&mut self, text: &str) -> Result<(), InvalidConfig> {
        if text != keys::TYPE {
            return Err(InvalidConfig::new(
                "type",
                format!(
                    "`{text}` is another kind of deployment: it should be {}",
                    keys::TYPE
                ),
            ));
        }
        self.is_typed = true;
        Ok(())
    }
}

impl Resolved {
    /// As [`TencentAgsDeploymentConfig::validate`], and says where a wrong value comes from.
    ///
    /// # Errors
    /// The first key that is wrong.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        self.config.validate().map_err(|mut wrong| {
            let setting = self
                .settings
                .iter()
                .find(|setting| setting.key.name == wrong.key);
            if let Some(Setting { origin, .. }) = setting
                && *origin != Origin::Default
            {
                wrong.problem = format!("{} ({origin})", wrong.problem);
            }
            wrong
        })
    }
}

fn known(name: &str, origin: &Origin) -> Result<&'static Key, InvalidConfig> {
    keys::find(name).ok_or_else(|| {
        let remedy = match keys::nearest(name) {
            Some(nearest) => format!("did you mean {nearest}?"),
            None => "`swerex-ags config options` lists the keys".to_owned(),
        };
        InvalidConfig::new(
            name,
            format!("is no key of a deployment ({origin}): {remedy}"),
        )
    })
}

fn wrong_value(key: &Key, given: &str, problem: &str, origin: &Origin) -> InvalidConfig {
    // A secret in the wrong place is still a secret.
    let given = if key.kind == Kind::Secret {
        "(not shown)"
    } else {
        given
    };
    InvalidConfig::new(key.name, format!("`{given}` {problem} ({origin})"))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn set(config: &mut TencentAgsDeploymentConfig, name: &str, value: &Value) {
    let text = || plain(value);
    let seconds =
        || Duration::try_from_secs_f64(value.as_f64().unwrap_or_default()).unwrap_or_default();
    let flag = || value.as_bool().unwrap_or_default();
    match name {
        "secret_id" => config.secret_id = text(),
        "secret_key" => config.secret_key = text().into(),
        "token" => {
            config.token = Some(text())
                .filter(|token| !token.is_empty())
                .map(Into::into)
        }
        "role_arn" => config.role_arn = text(),
        "http_endpoint" => config.http_endpoint = text(),
        "skip_ssl_verify" => config.skip_ssl_verify = flag(),
        "ca_file" => config.ca_file = text(),
        "region" => config.region = text(),
        "domain" => config.domain = text(),
        "tool_id" => config.tool_id = text(),
        "reuse_tool" => config.reuse_tool = flag(),
        "extend_timeout" => config.extend_timeout = flag(),
        "image" => config.image = text(),
        "image_registry_type" => config.image_registry_type = text(),
        "timeout" => config.timeout = text(),
        "port" => {
            config.port = value
                .as_u64()
                .and_then(|port| u16::try_from(port).ok())
                .unwrap_or_default()
        }
        "auth_token" => {
            config.auth_token = Some(text()).filter(|key| !key.is_empty()).map(Into::into)
        }
        "startup_timeout" => config.startup_timeout = seconds(),
        "runtime_timeout" => config.runtime_timeout = seconds(),
        "cpu" => config.cpu = text(),
        "memory" => config.memory = text(),
        "mount_name" => config.mount_name = text(),
        "mount_image" => config.mount_image = text(),
        "mount_image_registry_type" => config.mount_image_registry_type = text(),
        "mount_path" => config.mount_path = text(),
        "image_subpath" => config.image_subpath = text(),
        "mount_readonly" => config.mount_readonly = flag(),
        other => debug_assert!(
            false,
            "{other} is in the table but not in the configuration"
        ),
    }
}

fn shown(config: &TencentAgsDeploymentConfig, key: &Key) -> String {
    let secret = |is_set: bool| {
        if is_set {
            "(set)".to_owned()
        } else {
            String::new()
        }
    };
    match key.name {
        "secret_id" => config.secret_id.clone(),
        "secret_key" => secret(!config.secret_key.expose().is_empty()),
        "token" => secret(config.token.is_some()),
        "role_arn" => config.role_arn.clone(),
        "http_endpoint" => config.http_endpoint.clone(),
        "skip_ssl_verify" => config.skip_ssl_verify.to_string(),
        "ca_file" => config.ca_file.clone(),
        "region" => config.region.clone(),
        "domain" => config.domain.clone(),
        "tool_id" => config.tool_id.clone(),
        "reuse_tool" => config.reuse_tool.to_string(),
        "extend_timeout" => config.extend_timeout.to_string(),
        "image" => config.image.clone(),
        "image_registry_type" => config.image_registry_type.clone(),
        "timeout" => config.timeout.clone(),
        "port" => config.port.to_string(),
        "auth_token" => secret(config.auth_token.is_some()),
        "startup_timeout" => format!("{:?}", config.startup_timeout.as_secs_f64()),
        "runtime_timeout" => format!("{:?}", config.runtime_timeout.as_secs_f64()),
        "cpu" => config.cpu.clone(),
        "memory" => config.memory.clone(),
        "mount_name" => config.mount_name.clone(),
        "mount_image" => config.mount_image.clone(),
        "mount_image_registry_type" => config.mount_image_registry_type.clone(),
        "mount_path" => config.mount_path.clone(),
        "image_subpath" => config.image_subpath.clone(),
        "mount_readonly" => config.mount_readonly.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
