//! The key of the server in a sandbox: made for each start, given to the sandbox in its environment, and read back from AGS by whoever has the
//! account.
//!
//! The gateway's token protects the way from outside. Inside a sandbox there is no gateway: without a key any other user there, and any page in
//! a browser there, could have the server do everything that it may.

use std::fmt::Write as _;

use ags_api::model::{CustomConfigurationDetail, EnvVar, SandboxInstance};
use ring::rand::{SecureRandom as _, SystemRandom};
use swerex_ags_runtime::Secret;
use swerex_proto::route::AUTH_TOKEN_VARIABLE;

use crate::config::TencentAgsDeploymentConfig;

/// Random bytes of a key.
const KEY_BYTES: usize = 32;

/// What stands in the place of a key where an instance is shown.
const HIDDEN: &str = "[redacted]";

/// The environment of a new instance with its server's key in it, and that key: the configuration's, else the one that its tool gives, else a
/// random one. `None` if the system has no randomness.
///
/// `of_tool` is the tool's own environment: nobody knows whether AGS merges the lists or replaces the tool's, so both are sent.
pub(crate) fn given(
    config: &TencentAgsDeploymentConfig,
    of_tool: &[EnvVar],
) -> Option<(Secret, Vec<EnvVar>)> {
    let key = match config
        .auth_token
        .clone()
        .or_else(|| in_environment(of_tool))
    {
        Some(key) => key,
        None => random()?,
    };
    let mut environment: Vec<EnvVar> = of_tool
        .iter()
        .filter(|variable| !is_the_key(variable))
        .cloned()
        .collect();
    environment.push(EnvVar {
        name: Some(AUTH_TOKEN_VARIABLE.to_owned()),
        value: Some(key.expose().into()),
        ..Default::default()
    });
    Some((key, environment))
}

/// The key of the server in an instance, as AGS tells it to whoever has the account; `None` if its start gave none.
pub fn of(instance: &SandboxInstance) -> Option<Secret> {
    in_environment(environment(instance.custom_configuration.as_ref()?))
}

/// Takes the key out of an instance that is to be shown: output is often kept where credentials are not.
pub fn hide(instance: &mut SandboxInstance) {
    let environment = instance
        .custom_configuration
        .as_mut()
        .and_then(|custom| custom.env.as_mut());
    for variable in environment.into_iter().flatten() {
        if is_the_key(variable) {
            variable.value = Some(HIDDEN.into());
        }
    }
}

fn environment(custom: &CustomConfigurationDetail) -> &[EnvVar] {
    custom.env.as_deref().unwrap_or_default()
}

fn in_environment(variables: &[EnvVar]) -> Option<Secret> {
    let value = variables.iter().find(|one| is_the_key(one))?.value.as_ref();
    value
        .filter(|value| !value.is_empty())
        .map(|value| Secret::new(value.expose()))
}

fn is_the_key(variable: &EnvVar) -> bool {
    variable.name.as_deref() == Some(AUTH_TOKEN_VARIABLE)
}

/// A key that nobody can guess, of characters that need quoting nowhere.
pub(crate) fn random() -> Option<Secret> {
    let mut bytes = [0; KEY_BYTES];
    SystemRandom::new().fill(&mut bytes).ok()?;
    let mut text = String::with_capacity(2 * KEY_BYTES);
    for byte in bytes {
        write!(text, "{byte:02x}").ok()?;
    }
    Some(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, value: &str) -> EnvVar {
        EnvVar {
            name: Some(name.to_owned()),
            value: Some(value.into()),
            ..Default::default()
        }
    }

    fn config() -> TencentAgsDeploymentConfig {
        TencentAgsDeploymentConfig::new("id", "key")
    }

    #[test]
    fn each_start_has_another_key_unless_one_is_given() {
        let (one, _) = given(&config(), &[]).unwrap();
        let (other, _) = given(&config(), &[]).unwrap();
        assert_ne!(one, other);
        assert_eq!(one.expose().len(), 2 * KEY_BYTES);
        assert!(one.expose().bytes().all(|b| b.is_ascii_alphanumeric()));
        let tool = [variable("A", "1"), variable(AUTH_TOKEN_VARIABLE, "of-tool")];
        let (key, environment) = given(&config(), &tool).unwrap();
        assert_eq!(key.expose(), "of-tool");
        assert_eq!(environment, tool, "the tool's variables go along");
        let mut own = config();
        own.auth_token = Some("mine".into());
        let (key, environment) = given(&own, &tool).unwrap();
        assert_eq!(key.expose(), "mine");
        assert_eq!(
            environment,
            [variable("A", "1"), variable(AUTH_TOKEN_VARIABLE, "mine")]
        );
    }

    #[test]
    fn the_key_is_read_back_and_not_shown() {
        let mut instance = SandboxInstance::default();
        assert_eq!(of(&instance), None);
        let (key, environment) = given(&config(), &[variable("A", "1")]).unwrap();
        instance.custom_configuration = Some(CustomConfigurationDetail {
            env: Some(environment),
            ..Default::default()
        });
        assert_eq!(of(&instance), Some(key.clone()));
        assert!(!format!("{instance:?}").contains(key.expose()));
        hide(&mut instance);
        let shown = serde_json::to_string(&instance).unwrap();
        assert!(
            !shown.contains(key.expose()) && shown.contains(HIDDEN) && shown.contains("\"1\""),
            "{shown}"
        );
    }
}
