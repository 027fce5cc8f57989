//! The environment of what runs in an instance.

use std::{collections::BTreeMap, env, ffi::OsString, path::Path};

use super::{Plan, processes::MARK};

/// What a process of an instance sees: nothing of the emulator's environment but `PATH` and the locale.
pub(super) fn of(
    path: Option<OsString>,
    id: &str,
    plan: &Plan,
    ports: &BTreeMap<u16, u16>,
    directory: &Path,
) -> Vec<(OsString, OsString)> {
    let path = path
        .or_else(|| env::var_os("PATH"))
        .unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    let mut variables: Vec<(OsString, OsString)> = vec![
        ("PATH".into(), path),
        ("HOME".into(), directory.into()),
        ("LANG".into(), "C.UTF-8".into()),
        (MARK.into(), id.into()),
    ];
    let first = plan
        .probe
        .as_ref()
        .map(|probe| probe.port)
        .or_else(|| plan.ports.first().copied());
    if let Some(mapped) = first.and_then(|port| ports.get(&port)) {
        variables.push(("PORT".into(), mapped.to_string().into()));
    }
    variables.extend(
        ports
            .iter()
            .map(|(port, mapped)| (format!("AGS_PORT_{port}").into(), mapped.to_string().into())),
    );
    variables.extend(
        plan.env
            .iter()
            .filter(|(name, value)| {
                !name.is_empty()
                    && name != MARK
                    && !name.contains(['=', '\0'])
                    && !value.expose().contains('\0')
            })
            .map(|(name, value)| (name.into(), value.expose().into())),
    );
    variables
}
