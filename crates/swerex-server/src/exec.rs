//! One command outside of sessions, with the semantics of Python's `subprocess.run`.
//!
//! A command leads a process group of its own. A session of its own would cost half as much again, because safe Rust gets one
//! from `fork` only and not from `posix_spawn`; what leaves the group is found through its parents.

mod collect;
mod lookup;
mod plan;
mod start;

use std::{io, process::ExitStatus, time::Duration};

use rustix::process::Pid;
use swerex_proto::{Command, CommandLine, CommandResponse};
use tokio::process::Child;

use crate::{
    events::Tap,
    exception::PyException,
    output::decode,
    process::{self, Entry, Tree},
    pyrepr,
    work::Surroundings,
};
use collect::Collector;
pub(crate) use lookup::find;
pub(crate) use plan::{Environment, Plan, check_names};

/// How long a background process that keeps the pipes open holds up the answer after the command has ended.
const LINGER: Duration = Duration::from_millis(150);

/// Runs a command to its end. Dropping the future kills the command's whole tree of processes.
pub(crate) async fn execute(
    request: Command,
    surroundings: &Surroundings,
    tap: Tap,
) -> Result<CommandResponse, PyException> {
    if let Some(bad) = request.timeout.and_then(PyException::bad_timeout) {
        return Err(bad);
    }
    let plan = Plan::new(&request, surroundings)?;
    let (child, mut collector) = start::start(&plan, request.merge_output_streams, tap)?;
    let mut job = Job::new(child, surroundings);
    let Some(seconds) = request.timeout else {
        let status = job.run(&mut collector).await;
        return answer(&request, status, collector);
    };
    match job.run_for(seconds, &mut collector).await {
        Some(status) => answer(&request, status, collector),
        None => {
            job.end(&mut collector).await;
            let (stdout, stderr) = collector.finish();
            Err(PyException::command_timeout(format!(
                "Timeout ({}s) exceeded while running command",
                pyrepr::float(seconds)
            ))
            .with_info("stdout", decode(stdout))
            .with_info("stderr", decode(stderr)))
        }
    }
}

/// A command that runs.
struct Job {
    child: Child,
    root: Option<Pid>,
    _running: Option<Entry>,
}

impl Job {
    fn new(child: Child, surroundings: &Surroundings) -> Self {
        let root = process::pid(&child);
        Self {
            child,
            root,
            _running: root.map(|root| surroundings.running.add(root)),
        }
    }

    /// Waits until the command has ended, and its output, or almost.
    async fn run(&mut self, collector: &mut Collector) -> io::Result<ExitStatus> {
        let mut is_complete = false;
        let status = loop {
            tokio::select! {
                status = self.child.wait() => break status?,
                () = collector.run(), if !is_complete => is_complete = true,
            }
        };
        // From here on the number of the process may be another's.
        self.root = None;
        if !is_complete {
            let _ = tokio::time::timeout(LINGER, collector.run()).await;
        }
        Ok(status)
    }

    /// The same with a limit; `None` when the time is up. Zero and less are over before anything can end; what no clock can hold
    /// is never over.
    async fn run_for(
        &mut self,
        seconds: f64,
        collector: &mut Collector,
    ) -> Option<io::Result<ExitStatus>> {
        if seconds <= 0.0 {
            return None;
        }
        let limit = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        tokio::time::timeout(limit, self.run(collector)).await.ok()
    }

    /// Ends the whole tree, and hears its last words.
    async fn end(&mut self, collector: &mut Collector) {
        let Some(root) = self.root else {
            return;
        };
        tokio::join!(Tree::of(root).end(), async {
            let _ = self.run(collector).await;
        });
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if let Some(root) = self.root {
            Tree::of(root).kill();
        }
    }
}

fn answer(
    request: &Command,
    status: io::Result<ExitStatus>,
    collector: Collector,
) -> Result<CommandResponse, PyException> {
    let status = status.map_err(|error| PyException::os_bare(&error))?;
    let (stdout, stderr) = collector.finish();
    let (stdout, stderr) = (decode(stdout), decode(stderr));
    let code = process::exit_code(status);
    if !request.check || code == 0 {
        return Ok(CommandResponse {
            stdout,
            stderr,
            exit_code: Some(code.into()),
        });
    }
    let command = match &request.command {
        CommandLine::Shell(text) => pyrepr::repr(text),
        CommandLine::Argv(words) => pyrepr::repr_list(words),
    };
    let prefix = match request.error_msg.as_str() {
        "" => String::new(),
        text => format!("{text}: "),
    };
    Err(PyException::non_zero_exit_code(format!(
        "{prefix}Command {command} failed with exit code {code}. Stdout:\n{}\nStderr:\n{}",
        pyrepr::repr(&stdout),
        pyrepr::repr(&stderr)
    )))
}

#[cfg(test)]
mod tests;
