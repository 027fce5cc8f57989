//! The effective configuration of an instance: the tool's, with what the start changes.

use ags_api::model::{
    CustomConfiguration, CustomConfigurationDetail, DiskSize, EnvVar, PortConfiguration,
    ResourceConfiguration,
};
use ring::digest::{SHA256, digest};

use super::check::{cpu_millis, memory_mebis};
use crate::behaviour::ListMembers;

/// `tool` with every member that `start` has in its place; members that it has not are inherited.
pub(crate) fn effective(
    tool: Option<&CustomConfiguration>,
    start: Option<&CustomConfiguration>,
    lists: ListMembers,
) -> Option<CustomConfiguration> {
    let (tool, start) = match (tool, start) {
        (None, None) => return None,
        (Some(only), None) | (None, Some(only)) => return Some(only.clone()),
        (Some(tool), Some(start)) => (tool.clone(), start.clone()),
    };
    Some(CustomConfiguration {
        image: start.image.or(tool.image),
        image_registry_type: start.image_registry_type.or(tool.image_registry_type),
        command: start.command.or(tool.command),
        args: start.args.or(tool.args),
        env: list(tool.env, start.env, lists, |one: &EnvVar, other| {
            one.name == other.name
        }),
        ports: list(
            tool.ports,
            start.ports,
            lists,
            |one: &PortConfiguration, other| one.port == other.port,
        ),
        resources: resources(tool.resources, start.resources),
        probe: start.probe.or(tool.probe),
        dns_config: start.dns_config.or(tool.dns_config),
        security_context: start.security_context.or(tool.security_context),
        extra: start.extra,
    })
}

/// As replies show it: with the image's digest, and resources in the smaller unit.
pub(crate) fn shown(custom: &CustomConfiguration) -> CustomConfigurationDetail {
    CustomConfigurationDetail {
        image: custom.image.clone(),
        image_registry_type: custom.image_registry_type.clone(),
        image_digest: custom.image.as_deref().map(image_digest),
        command: custom.command.clone(),
        args: custom.args.clone(),
        env: custom.env.clone(),
        ports: custom.ports.clone(),
        resources: custom.resources.as_ref().map(normal),
        probe: custom.probe.clone(),
        dns_config: custom.dns_config.clone(),
        security_context: custom.security_context.clone(),
        ..CustomConfigurationDetail::default()
    }
}

/// The digest in the reference; where there is none, one that only depends on the reference.
pub(crate) fn image_digest(reference: &str) -> String {
    match reference.split_once('@') {
        Some((_, digest)) => digest.to_owned(),
        None => {
            let hex: String = digest(&SHA256, reference.as_bytes())
                .as_ref()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            format!("sha256:{hex}")
        }
    }
}

fn list<T: Clone>(
    tool: Option<Vec<T>>,
    start: Option<Vec<T>>,
    lists: ListMembers,
    same: impl Fn(&T, &T) -> bool,
) -> Option<Vec<T>> {
    match (tool, start, lists) {
        (tool, None, _) => tool,
        (None, start, _) | (_, start, ListMembers::Replace) => start,
        (Some(mut merged), Some(start), ListMembers::Merge) => {
            for item in start {
                match merged.iter_mut().find(|inherited| same(inherited, &item)) {
                    Some(inherited) => *inherited = item,
                    None => merged.push(item),
                }
            }
            Some(merged)
        }
    }
}

fn resources(
    tool: Option<ResourceConfiguration>,
    start: Option<ResourceConfiguration>,
) -> Option<ResourceConfiguration> {
    match (tool, start) {
        (Some(tool), Some(start)) => Some(ResourceConfiguration {
            cpu: start.cpu.or(tool.cpu),
            memory: start.memory.or(tool.memory),
            storage: start.storage.or(tool.storage),
            extra: start.extra,
        }),
        (tool, start) => start.or(tool),
    }
}

fn normal(resources: &ResourceConfiguration) -> ResourceConfiguration {
    ResourceConfiguration {
        cpu: resources
            .cpu
            .as_deref()
            .and_then(cpu_millis)
            .map(|millis| format!("{millis}m")),
        memory: resources
            .memory
            .as_deref()
            .and_then(memory_mebis)
            .map(|mebis| format!("{mebis}Mi")),
        storage: Some(
            resources
                .storage
                .clone()
                .unwrap_or_else(|| DiskSize::from("")),
        ),
        extra: resources.extra.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(text: &str) -> CustomConfiguration {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_start_changes_what_it_names() {
        let tool = configuration(
            r#"{"Image":"a:1","Command":["x"],"Args":["y"],"Env":[{"Name":"A","Value":"1"},{"Name":"B","Value":"2"}],
                "Ports":[{"Name":"p","Port":8000}],"Resources":{"CPU":"1","Memory":"1Gi"},"Probe":{"HttpGet":{"Port":8000}}}"#,
        );
        let start = configuration(
            r#"{"Image":"b:2","Env":[{"Name":"B","Value":"3"},{"Name":"C","Value":"4"}],"Resources":{"CPU":"2"}}"#,
        );
        let env = |lists| {
            let effective = effective(Some(&tool), Some(&start), lists).unwrap();
            assert_eq!(effective.image.as_deref(), Some("b:2"));
            assert_eq!(
                (&effective.command, &effective.args, &effective.probe),
                (&tool.command, &tool.args, &tool.probe)
            );
            let detail = shown(&effective);
            assert_eq!(
                detail.resources.as_ref().unwrap().cpu.as_deref(),
                Some("2000m")
            );
            assert_eq!(detail.resources.unwrap().memory.as_deref(), Some("1024Mi"));
            effective
                .env
                .unwrap()
                .iter()
                .map(|variable| {
                    format!(
                        "{}={}",
                        variable.name.as_deref().unwrap(),
                        variable.value.as_ref().unwrap().expose()
                    )
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(env(ListMembers::Replace), ["B=3", "C=4"]);
        assert_eq!(env(ListMembers::Merge), ["A=1", "B=3", "C=4"]);
    }

    #[test]
    fn a_digest_is_kept_or_made() {
        assert_eq!(image_digest("a@sha256:12"), "sha256:12");
        assert_eq!(image_digest("python:3.11").len(), "sha256:".len() + 64);
        assert_eq!(image_digest("python:3.11"), image_digest("python:3.11"));
    }
}
