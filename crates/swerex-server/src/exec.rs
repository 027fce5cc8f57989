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
    heavy,
    output::{Capture, Source, Written},
    process::{self, Entry, Tree},
    pyrepr, room,
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
    let status = job.run(request.timeout, &mut collector).await;
    if status.is_none() {
        job.end(&mut collector).await;
    }
    let (stdout, stderr) = collector.finish();
    heavy::weighed(stdout.size() + stderr.size(), move || match status {
        Some(status) => answer(&request, status, stdout, stderr),
        None => Err(late(&request, stdout, stderr)),
    })
    .await
}

/// A command that runs.
struct Job {
    child: Child,
    root: Option<Pid>,
    running: Option<Entry>,
}

impl Job {
    fn new(child: Child, surroundings: &Surroundings) -> Self {
        let root = process::pid(&child);
        Self {
            child,
            root,
            running: root.map(|root| surroundings.running.add(root)),
        }
    }

    /// Waits until the command has ended, and its output, or almost; `None` when the time is up before that.
    async fn run(
        &mut self,
        limit: Option<f64>,
        collector: &mut Collector,
    ) -> Option<io::Result<ExitStatus>> {
        let mut is_complete = false;
        let status = match limit {
            None => self.wait(collector, &mut is_complete).await,
            // Over before anything can end.
            Some(seconds) if seconds <= 0.0 => return None,
            Some(seconds) => {
                // What no clock can hold is never over.
                let limit = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
                let end = self.wait(collector, &mut is_complete);
                tokio::time::timeout(limit, end).await.ok()?
            }
        };
        // From here on the number of the process may be another's.
        self.root = None;
        if !is_complete {
            collector.owe();
            if tokio::time::timeout(LINGER, collector.run()).await.is_err() {
                collector.settle().await;
            }
        }
        Some(status)
    }

    async fn wait(
        &mut self,
        collector: &mut Collector,
        is_complete: &mut bool,
    ) -> io::Result<ExitStatus> {
        loop {
            tokio::select! {
                status = self.child.wait() => return status,
                () = collector.run(), if !*is_complete => *is_complete = true,
            }
        }
    }

    /// Ends the whole tree, and hears its last words.
    async fn end(&mut self, collector: &mut Collector) {
        let (Some(root), Some(running)) = (self.root, &self.running) else {
            return;
        };
        let grace = running.grace();
        tokio::join!(Tree::of(root).end(grace), async {
            let _ = self.run(None, collector).await;
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

/// The time is up; what was printed so far comes with it.
fn late(request: &Command, stdout: Capture, stderr: Capture) -> PyException {
    PyException::command_timeout(format!(
        "Timeout ({}s) exceeded while running command",
        pyrepr::float(request.timeout.unwrap_or_default())
    ))
    .with_info("stdout", stdout.into_text(Source::Pipe, Written::Plainly))
    .with_info("stderr", stderr.into_text(Source::Pipe, Written::Plainly))
}

fn answer(
    request: &Command,
    status: io::Result<ExitStatus>,
    stdout: Capture,
    stderr: Capture,
) -> Result<CommandResponse, PyException> {
    let status = status.map_err(|error| PyException::os_bare(&error))?;
    let code = process::exit_code(status);
    if !request.check || code == 0 {
        return Ok(CommandResponse {
            stdout: stdout.into_text(Source::Pipe, Written::Plainly),
            stderr: stderr.into_text(Source::Pipe, Written::Plainly),
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
    let beginning = format!("{prefix}Command {command} failed with exit code {code}. Stdout:\n");
    let mut message = room::text(beginning.len() + stdout.size() + stderr.size());
    message += &beginning;
    let quoted = |output: Capture| output.into_text(Source::Pipe, Written::Quoted);
    pyrepr::push_repr(&mut message, &quoted(stdout));
    message += "\nStderr:\n";
    pyrepr::push_repr(&mut message, &quoted(stderr));
    Err(PyException::non_zero_exit_code(message))
}

#[cfg(test)]
mod tests;
