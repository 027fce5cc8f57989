//! Starting a program on a terminal.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
};

use pty_process::{Command, Pty};
use rustix::{
    process::Pid,
    termios::{InputModes, OptionalActions, tcgetattr, tcsetattr},
};
use swerex_proto::native::TerminalRequest;
use tokio::process::Child;

use super::environment;
use crate::{
    exception::PyException,
    exec::{Plan, find},
    process::{self, is_elsewhere, pty, spawn_lock},
    work::Surroundings,
};

/// What a person works with, the best first.
const SHELLS: [&str; 2] = ["bash", "sh"];

/// A program that runs.
pub(super) struct Started {
    pub(super) pid: Pid,
    pub(super) pty: Pty,
    /// The same terminal once more.
    pub(super) master: OwnedFd,
    pub(super) child: Child,
}

pub(super) fn start(
    request: &TerminalRequest,
    surroundings: &Surroundings,
) -> Result<Started, PyException> {
    let plan = plan(request, surroundings)?;
    let program = plan.program().to_string_lossy().into_owned();
    started(&plan, request).map_err(|error| PyException::os(&error, &program))
}

fn plan(request: &TerminalRequest, surroundings: &Surroundings) -> Result<Plan, PyException> {
    let environment = environment::of(request, surroundings)?;
    let plan = |words| {
        let environment = Some(environment.clone());
        Plan::of(words, environment, request.cwd.as_deref(), surroundings)
    };
    if let Some(words) = &request.command {
        return plan(words.clone());
    }
    let [best, other] = SHELLS.map(|shell| plan(vec![shell.to_owned()]));
    let best = best?;
    if find(&best).is_ok() { Ok(best) } else { other }
}

fn started(plan: &Plan, request: &TerminalRequest) -> io::Result<Started> {
    let file = find(plan)?;
    let (pty, pts) = pty::open(request.size.rows, request.size.cols)?;
    let master = pty.as_fd().try_clone_to_owned()?;
    let mut modes = tcgetattr(&master)?;
    // The erase key takes a character, not a byte.
    modes.input_modes.insert(InputModes::IUTF8);
    tcsetattr(&master, OptionalActions::Now, &modes)?;
    let variables = plan.environment.iter().flatten();
    let mut command = Command::new(file)
        .arg0(plan.program())
        .args(plan.argv.iter().skip(1))
        .env_clear()
        .envs(variables.map(|(name, value)| (name, value)));
    if is_elsewhere(&plan.directory) {
        command = command.current_dir(&plan.directory);
    }
    let child = {
        let _starting = spawn_lock::starting();
        command.spawn(pts).map_err(pty::plain_error)?
    };
    Ok(Started {
        pid: process::pid(&child).ok_or(io::ErrorKind::NotFound)?,
        pty,
        master,
        child,
    })
}
