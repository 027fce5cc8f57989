//! Values that the service refuses: names, resources, probes, tags, regions.

use ags_api::{
    description::ActionInfo,
    model::{
        AuthMode, CustomConfiguration, DiskSize, HttpGetAction, ImageRegistryType, MetadataVar,
        ProbeConfiguration, ProbeScheme, ResourceConfiguration,
    },
};

use super::error::ApiError;

const MAX_NAME: usize = 50;
const MAX_DESCRIPTION: usize = 200;
const MAX_CLIENT_TOKEN: usize = 64;
/// The lists that need no region; the sources name this one.
const WITHOUT_REGION: &str = "AcquireSandboxInstanceToken";

/// `X-TC-Region`: there, well-formed, and one that exists.
pub(super) fn region(
    action: &ActionInfo,
    region: Option<&str>,
    regions: &[String],
) -> Result<(), ApiError> {
    let Some(region) = region else {
        return if action.name == WITHOUT_REGION {
            Ok(())
        } else {
            Err(ApiError::missing("X-TC-Region"))
        };
    };
    let part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let exists = regions.is_empty() || regions.iter().any(|known| known == region);
    if region.split('-').all(part) && exists {
        Ok(())
    } else {
        Err(ApiError::new(
            "UnsupportedRegion",
            format!("the region {region:?} is not supported"),
        ))
    }
}

pub(super) fn tool_name(name: &str) -> Result<(), ApiError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(())
    } else {
        Err(ApiError::new(
            "InvalidParameterValue.SandboxTool",
            format!(
                "ToolName {name:?} is not valid: it is 1 to {MAX_NAME} ASCII letters, digits, _ and -"
            ),
        ))
    }
}

pub(super) fn description(text: Option<&str>) -> Result<(), ApiError> {
    match text {
        Some(text) if text.chars().count() > MAX_DESCRIPTION => Err(ApiError::value(format!(
            "Description is longer than {MAX_DESCRIPTION} characters"
        ))),
        _ => Ok(()),
    }
}

pub(super) fn client_token(token: Option<&str>) -> Result<(), ApiError> {
    match token {
        Some(token) if token.len() > MAX_CLIENT_TOKEN => Err(ApiError::value(format!(
            "ClientToken is longer than {MAX_CLIENT_TOKEN} characters"
        ))),
        _ => Ok(()),
    }
}

pub(super) fn role_arn(role: Option<&str>) -> Result<(), ApiError> {
    match role {
        Some(role) if !role.is_empty() && !role.starts_with("qcs::cam::") => Err(ApiError::new(
            "InvalidParameterValue.RoleArn",
            format!("RoleArn {role:?} is not valid: it is qcs::cam::uin/…:roleName/…"),
        )),
        _ => Ok(()),
    }
}

pub(super) fn metadata(metadata: Option<&Vec<MetadataVar>>) -> Result<(), ApiError> {
    match metadata
        .into_iter()
        .flatten()
        .find(|item| item.name.as_deref().unwrap_or_default().is_empty())
    {
        Some(_) => Err(ApiError::value("Metadata has an item without Name")),
        None => Ok(()),
    }
}

pub(super) fn auth_mode(mode: Option<&AuthMode>) -> Result<(), ApiError> {
    match mode {
        Some(mode) if !mode.is_known() => Err(ApiError::value(format!(
            "AuthMode {mode} is not one of {}",
            AuthMode::KNOWN.join(", ")
        ))),
        _ => Ok(()),
    }
}

/// Whether there is room for another; refuses in the words of the service:
/// `Sandbox instance quota exceeded. Current: 100, Max: 100.`
pub(super) fn room(
    code: &'static str,
    what: &str,
    current: usize,
    max: usize,
) -> Result<(), ApiError> {
    if current < max {
        return Ok(());
    }
    Err(ApiError::new(
        code,
        format!("{what} quota exceeded. Current: {current}, Max: {max}."),
    ))
}

/// The members of a configuration that are there.
pub(super) fn configuration(custom: &CustomConfiguration) -> Result<(), ApiError> {
    if let Some(kind) = &custom.image_registry_type
        && !kind.is_known()
    {
        return Err(ApiError::new(
            "InvalidParameterValue.ImageRegistry",
            format!(
                "ImageRegistryType {kind} is not one of {}",
                ImageRegistryType::KNOWN.join(", ")
            ),
        ));
    }
    if let Some(image) = &custom.image
        && (image.is_empty() || image.contains(char::is_whitespace))
    {
        return Err(ApiError::new(
            "InvalidParameterValue.Image",
            format!("Image {image:?} is no image reference"),
        ));
    }
    for variable in custom.env.iter().flatten() {
        let name = variable.name.as_deref().unwrap_or_default();
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(ApiError::value(format!(
                "Env has a variable with the name {name:?}"
            )));
        }
    }
    for port in custom.ports.iter().flatten() {
        if !(1..=65_535).contains(&port.port.unwrap_or(0)) {
            return Err(ApiError::value(format!(
                "Ports: {:?} is no port from 1 to 65535",
                port.port
            )));
        }
    }
    custom.resources.as_ref().map_or(Ok(()), resources)?;
    custom.probe.as_ref().map_or(Ok(()), probe)
}

fn resources(resources: &ResourceConfiguration) -> Result<(), ApiError> {
    if let Some(cpu) = &resources.cpu
        && cpu_millis(cpu).is_none()
    {
        return Err(ApiError::value(format!(
            "Resources: CPU {cpu:?} is not valid: it is such as 500m, 1 or 2"
        )));
    }
    if let Some(memory) = &resources.memory
        && memory_mebis(memory).is_none()
    {
        return Err(ApiError::value(format!(
            "Resources: Memory {memory:?} is not valid: it is such as 500Mi, 1Gi or 4Gi"
        )));
    }
    match &resources.storage {
        Some(storage) if !storage.as_str().is_empty() && !storage.is_known() => {
            Err(ApiError::value(format!(
                "Resources: Storage {storage} is not one of {}",
                DiskSize::KNOWN.join(", ")
            )))
        }
        _ => Ok(()),
    }
}

/// Thousandths of a core, at least one.
pub(super) fn cpu_millis(text: &str) -> Option<u64> {
    match text.strip_suffix('m') {
        Some(millis) => digits(millis),
        None => digits(text)?.checked_mul(1000),
    }
    .filter(|millis| *millis > 0)
}

/// Mebibytes, at least one.
pub(super) fn memory_mebis(text: &str) -> Option<u64> {
    match (text.strip_suffix("Mi"), text.strip_suffix("Gi")) {
        (Some(mebis), _) => digits(mebis),
        (None, Some(gibis)) => digits(gibis)?.checked_mul(1024),
        (None, None) => None,
    }
    .filter(|mebis| *mebis > 0)
}

fn digits(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

fn probe(probe: &ProbeConfiguration) -> Result<(), ApiError> {
    let get = probe
        .http_get
        .as_ref()
        .ok_or_else(|| ApiError::missing("Probe.HttpGet"))?;
    http_get(get)?;
    for (name, value, low, high) in [
        ("ReadyTimeoutMs", probe.ready_timeout_ms, 1000, 30_000),
        ("ProbeTimeoutMs", probe.probe_timeout_ms, 100, 30_000),
        ("ProbePeriodMs", probe.probe_period_ms, 100, 30_000),
        ("SuccessThreshold", probe.success_threshold, 1, 1),
        ("FailureThreshold", probe.failure_threshold, 1, 100),
    ] {
        match value {
            Some(value) if value < low => {
                return Err(ApiError::value(format!(
                    "Probe: {name} must be at least {low}"
                )));
            }
            Some(value) if value > high => {
                return Err(ApiError::value(format!(
                    "Probe: {name} must be at most {high}"
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

fn http_get(get: &HttpGetAction) -> Result<(), ApiError> {
    let port = get
        .port
        .ok_or_else(|| ApiError::missing("Probe.HttpGet.Port"))?;
    if !(1..=65_535).contains(&port) {
        return Err(ApiError::value(format!(
            "Probe: HttpGet.Port {port} is no port from 1 to 65535"
        )));
    }
    if let Some(path) = &get.path
        && (!path.starts_with('/') || path.parse::<http::uri::PathAndQuery>().is_err())
    {
        return Err(ApiError::value(format!(
            "Probe: HttpGet.Path {path:?} is no path"
        )));
    }
    match &get.scheme {
        Some(scheme) if *scheme != ProbeScheme::HTTP => {
            // The service also knows HTTPS; what runs here is probed on loopback, without.
            Err(ApiError::new(
                "UnsupportedOperation",
                format!("the emulator does not probe over {scheme}"),
            ))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_read() {
        for (text, millis) in [
            ("500m", Some(500)),
            ("1", Some(1000)),
            ("2", Some(2000)),
            ("0", None),
            ("1.5", None),
            ("", None),
            ("m", None),
            ("+1", None),
        ] {
            assert_eq!(cpu_millis(text), millis, "{text}");
        }
        for (text, mebis) in [
            ("500Mi", Some(500)),
            ("4Gi", Some(4096)),
            ("1G", None),
            ("1024", None),
            ("Gi", None),
            ("0Mi", None),
        ] {
            assert_eq!(memory_mebis(text), mebis, "{text}");
        }
    }

    #[test]
    fn a_probe_is_limited() {
        let of = |text: &str| {
            let mut custom: CustomConfiguration = serde_json::from_str(text).unwrap();
            custom.image = Some("a:b".to_owned());
            configuration(&custom)
        };
        assert_eq!(
            of(
                r#"{"Probe":{"HttpGet":{"Path":"/","Port":8000,"Scheme":"HTTP"},"ReadyTimeoutMs":30000}}"#
            ),
            Ok(())
        );
        let error =
            of(r#"{"Probe":{"HttpGet":{"Port":8000},"ReadyTimeoutMs":60000}}"#).unwrap_err();
        assert_eq!(error.message, "Probe: ReadyTimeoutMs must be at most 30000");
        for bad in [
            r#"{"Probe":{}}"#,
            r#"{"Probe":{"HttpGet":{"Port":0}}}"#,
            r#"{"Probe":{"HttpGet":{"Port":1,"Path":"x"}}}"#,
            r#"{"Probe":{"HttpGet":{"Port":1,"Path":"/ x"}}}"#,
            r#"{"Probe":{"HttpGet":{"Port":1},"SuccessThreshold":2}}"#,
            r#"{"Ports":[{"Port":70000}]}"#,
            r#"{"Env":[{"Name":"A=B","Value":""}]}"#,
            r#"{"Resources":{"Storage":"3Gi"}}"#,
            r#"{"ImageRegistryType":"docker"}"#,
        ] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
