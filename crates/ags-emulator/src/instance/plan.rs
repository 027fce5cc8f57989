//! What an instance is to run, worked out from the effective configuration before anything starts.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use ags_api::{
    Secret,
    model::{CustomConfiguration, MountOption, ToolType},
};
use swerex_proto::route::AUTH_TOKEN_VARIABLE;

use super::{InstanceRunner, command};
use crate::state::Tool;

/// The port of the server that `swebench` instances have built in.
const SWEBENCH_PORT: u16 = 8000;
/// The service's limit and default for `ReadyTimeoutMs`.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// What an instance is to run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) runs: Runs,
    /// The declared ports.
    pub(crate) ports: Vec<u16>,
    pub(crate) probe: Option<Probe>,
    pub(crate) env: Vec<(String, Secret)>,
    /// What the server in this process asks for; the one that is built into `swebench` instances asks for nothing.
    pub(crate) key: Option<Secret>,
}

/// The kind of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Runs {
    Nothing,
    Process {
        argv: Vec<String>,
    },
    Server,
    /// It cannot start, for this reason.
    Refused(String),
}

/// When an instance is ready: a GET that answers 2xx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Probe {
    pub(crate) port: u16,
    pub(crate) path: String,
    /// From the start of the process.
    pub(crate) within: Duration,
    pub(crate) timeout: Duration,
    pub(crate) period: Duration,
}

impl Plan {
    pub(crate) fn new(
        tool: &Tool,
        custom: Option<&CustomConfiguration>,
        mount_options: &[MountOption],
        runner: InstanceRunner,
        images: &BTreeMap<String, PathBuf>,
    ) -> Self {
        let Some(custom) = custom else {
            let built_in = tool.kind == ToolType::SWEBENCH;
            return Self {
                runs: if built_in {
                    Runs::Server
                } else {
                    Runs::Nothing
                },
                ports: if built_in {
                    vec![SWEBENCH_PORT]
                } else {
                    Vec::new()
                },
                probe: None,
                env: Vec::new(),
                key: None,
            };
        };
        let ports: Vec<u16> = custom
            .ports
            .iter()
            .flatten()
            .filter_map(|port| u16::try_from(port.port?).ok())
            .collect();
        let probe = probe(custom);
        let undeclared = probe
            .as_ref()
            .map(|probe| probe.port)
            .filter(|port| !ports.contains(port));
        let runs = match (runner, undeclared) {
            (_, Some(port)) => Runs::Refused(format!(
                "port binding failed: the probed port {port} is not in Ports"
            )),
            (InstanceRunner::Native, None) => Runs::Server,
            (InstanceRunner::Process, None) if tool.kind == ToolType::SWEBENCH => Runs::Server,
            (InstanceRunner::Process, None) => process(custom, tool, mount_options, images),
        };
        let ports = if ports.is_empty() && tool.kind == ToolType::SWEBENCH {
            vec![SWEBENCH_PORT]
        } else {
            ports
        };
        let env: Vec<(String, Secret)> = custom
            .env
            .iter()
            .flatten()
            .filter_map(|variable| {
                Some((
                    variable.name.clone()?,
                    variable.value.clone().unwrap_or_default(),
                ))
            })
            .collect();
        let key = env
            .iter()
            .find(|(name, value)| name == AUTH_TOKEN_VARIABLE && !value.is_empty())
            .filter(|_| tool.kind != ToolType::SWEBENCH)
            .map(|(_, value)| value.clone());
        Self {
            runs,
            ports,
            probe,
            env,
            key,
        }
    }
}

fn process(
    custom: &CustomConfiguration,
    tool: &Tool,
    mount_options: &[MountOption],
    images: &BTreeMap<String, PathBuf>,
) -> Runs {
    let mut argv: Vec<String> = custom
        .command
        .iter()
        .chain(&custom.args)
        .flatten()
        .cloned()
        .collect();
    if argv.is_empty() {
        return Runs::Refused(
            "no Command: the emulator has no images whose own it could run".to_owned(),
        );
    }
    if argv.iter().any(|word| word.contains('\0')) {
        return Runs::Refused("a word of Command has a NUL byte".to_owned());
    }
    for (path, directory) in mounts(tool, mount_options, images) {
        for word in &mut argv {
            *word = command::with_mount(word, &path, &directory.to_string_lossy());
        }
    }
    Runs::Process { argv }
}

/// The mount paths whose images lie in a local directory, the longest first.
fn mounts(
    tool: &Tool,
    options: &[MountOption],
    images: &BTreeMap<String, PathBuf>,
) -> Vec<(String, PathBuf)> {
    let mut found: Vec<(String, PathBuf)> = tool
        .storage_mounts
        .iter()
        .filter_map(|mount| {
            let option = options
                .iter()
                .find(|option| option.name.is_some() && option.name == mount.name);
            let image = mount.storage_source.as_ref()?.image.as_ref()?;
            let directory = images.get(image.reference.as_deref()?)?;
            let path = option
                .and_then(|option| option.mount_path.as_deref())
                .or(mount.mount_path.as_deref())?;
            let sub_path = option
                .and_then(|option| option.sub_path.as_deref())
                .or(image.sub_path.as_deref())
                .unwrap_or_default();
            let below = directory.join(sub_path.trim_start_matches('/'));
            let directory = if below.exists() {
                below
            } else {
                directory.clone()
            };
            Some((path.trim_end_matches('/').to_owned(), directory))
        })
        .filter(|(path, _)| !path.is_empty())
        .collect();
    found.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
    found
}

fn probe(custom: &CustomConfiguration) -> Option<Probe> {
    let probe = custom.probe.as_ref()?;
    let get = probe.http_get.as_ref()?;
    let span = |millis: Option<i64>, default: Duration| {
        millis
            .and_then(|millis| u64::try_from(millis).ok())
            .map_or(default, Duration::from_millis)
    };
    Some(Probe {
        port: u16::try_from(get.port?).ok()?,
        path: get.path.clone().unwrap_or_else(|| "/".to_owned()),
        within: span(probe.ready_timeout_ms, READY_TIMEOUT),
        timeout: span(probe.probe_timeout_ms, Duration::from_secs(1)),
        period: span(probe.probe_period_ms, Duration::from_secs(1)),
    })
}
