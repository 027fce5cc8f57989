//! Asking bash whether it understands a command, before anything of it runs.
//!
//! A command of one line needs no asking: bash reads all of it before it runs any of it, and reports that it has begun.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Seek, Write},
    path::Path,
    process::Stdio,
};

use rustix::fs::{MemfdFlags, memfd_create};
use tokio::process::Command;

use crate::{output::decode, process::spawn_lock};

/// The exit code of a bash that does not understand.
const SYNTAX_ERROR: i32 = 2;

/// Whether parts of it would run before bash has read the rest.
pub(super) fn needs_asking(command: &str) -> bool {
    command.trim_matches('\n').contains('\n')
}

/// What bash complains about; `None` if it does not, or cannot be asked.
///
/// It is a new bash, to which the one option that changes the grammar is told. A command may also switch that on for itself.
pub(super) async fn complaint(
    bash: &Path,
    environment: &[(OsString, OsString)],
    command: &str,
    extglob: bool,
) -> Option<String> {
    let complaint = ask(bash, environment, command, extglob).await?;
    if !extglob && command.contains("extglob") {
        ask(bash, environment, command, true).await?;
    }
    Some(complaint)
}

async fn ask(
    bash: &Path,
    environment: &[(OsString, OsString)],
    command: &str,
    extglob: bool,
) -> Option<String> {
    let options: &[&str] = if extglob { &["-O", "extglob"] } else { &[] };
    let mut bash = Command::new(bash);
    bash.arg0("bash")
        .args(options)
        .arg("-n")
        .stdin(text(command).ok()?)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    bash.env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)));
    for name in ["BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS"] {
        bash.env_remove(name);
    }
    let child = {
        let _starting = spawn_lock::starting();
        bash.spawn().ok()?
    };
    let output = child.wait_with_output().await.ok()?;
    (output.status.code() == Some(SYNTAX_ERROR)).then(|| decode(output.stderr))
}

fn text(command: &str) -> io::Result<File> {
    let mut file = File::from(memfd_create("command", MemfdFlags::CLOEXEC)?);
    file.write_all(command.as_bytes())?;
    file.rewind()?;
    Ok(file)
}
