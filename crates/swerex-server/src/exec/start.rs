//! Starting a command: pipes, the process, and the errors of both.

use std::{
    io::{self, PipeWriter},
    os::fd::OwnedFd,
    path::Path,
    process::Stdio,
};

use rustix::io::Errno;
use swerex_proto::native::Stream;
use tokio::{
    net::unix::pipe::Receiver,
    process::{Child, Command},
};

use super::{
    collect::{Collector, Source},
    lookup,
    plan::Plan,
};
use crate::{
    events::Tap,
    exception::PyException,
    process::{is_elsewhere, spawn_lock},
};

/// Starts what was planned.
pub(super) fn start(
    plan: &Plan,
    is_merged: bool,
    tap: Tap,
) -> Result<(Child, Collector), PyException> {
    let bare = |error: io::Error| PyException::os_bare(&error);
    let (stdout, to_stdout) = pipe().map_err(bare)?;
    let mut sources = vec![Source::new(Stream::Stdout, stdout)];
    let to_stderr = if is_merged {
        to_stdout.try_clone().map_err(bare)?
    } else {
        let (stderr, to_stderr) = pipe().map_err(bare)?;
        sources.push(Source::new(Stream::Stderr, stderr));
        to_stderr
    };
    let child = spawn(plan, &to_stdout, &to_stderr)
        .map_err(|error| PyException::os(&error, &plan.program().to_string_lossy()))?;
    Ok((child, Collector::new(sources, tap)))
}

fn pipe() -> io::Result<(Receiver, PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    Ok((Receiver::from_owned_fd(OwnedFd::from(reader))?, writer))
}

fn spawn(plan: &Plan, stdout: &PipeWriter, stderr: &PipeWriter) -> io::Result<Child> {
    let mut complaint = None;
    let mut missing = Errno::NOENT;
    for file in lookup::candidates(plan)? {
        let tried = match lookup::check(&plan.directory.join(&file)) {
            Ok(()) => {
                let mut command = command(plan, &file, stdout, stderr)?;
                let _starting = spawn_lock::starting();
                command.spawn()
            }
            Err(errno) => Err(errno.into()),
        };
        match tried {
            Ok(child) => return Ok(child),
            Err(error) => match Errno::from_io_error(&error) {
                Some(errno @ (Errno::NOENT | Errno::NOTDIR)) => missing = errno,
                _ => {
                    complaint.get_or_insert(error);
                }
            },
        }
    }
    Err(complaint.unwrap_or_else(|| missing.into()))
}

fn command(
    plan: &Plan,
    file: &Path,
    stdout: &PipeWriter,
    stderr: &PipeWriter,
) -> io::Result<Command> {
    let mut command = Command::new(file);
    command
        .arg0(plan.program())
        .args(plan.argv.iter().skip(1))
        .stdin(Stdio::null())
        .stdout(stdout.try_clone()?)
        .stderr(stderr.try_clone()?)
        .process_group(0);
    if let Some(environment) = &plan.environment {
        command
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)));
    }
    if is_elsewhere(&plan.directory) {
        command.current_dir(&plan.directory);
    }
    Ok(command)
}
