//! A bash session in a sandbox, line by line: what SWE-ReX's protocol has, on every server and without a terminal.

use std::io::{BufRead as _, IsTerminal as _};

use swerex_ags_runtime::AgsRuntime;
use swerex_proto::{
    Action, BashAction, BashInterruptAction, Check, CreateBashSessionRequest, ExceptionClass,
};
use tokio::sync::mpsc;

use crate::{
    commands::run::exit_code,
    context::Context,
    report::{FAILED, Failure, Outcome},
    sandbox::Sandbox,
    tty::{self, Guard},
};

/// What is sourced first unless something else is named, as SWE-agent does.
const SOURCE: &str = "/root/.bashrc";

/// How long the session's start-up files may take, in seconds.
const STARTUP_TIMEOUT: f64 = 10.0;

/// The exit code of a command that was interrupted.
const INTERRUPTED: u8 = 130;

/// Reads lines and runs them in a session of their own, until there are no more.
pub(super) async fn converse(sandbox: &Sandbox, source: &[String], context: &Context) -> Outcome {
    let source = match source {
        [] => vec![SOURCE.to_owned()],
        files => files.to_vec(),
    };
    let shell = Shell::open(&sandbox.runtime, source, context).await?;
    context.take_ctrl_c();
    // What commands ask of a terminal is taken back at the end; elsewhere nothing is.
    let _guard = context.output.screen().and_then(Guard::of).ok();
    let outcome = shell.converse(&sandbox.instance_id).await;
    shell.close().await;
    outcome
}

/// One bash session.
struct Shell<'a> {
    runtime: &'a AgsRuntime,
    context: &'a Context,
    /// Its own, so that a session of somebody else in a kept sandbox is left alone.
    session: String,
}

/// What became of a line.
enum Ran {
    /// It ran and ended with this code.
    Done(u8),
    /// It is the beginning of something longer.
    Unfinished,
}

impl<'a> Shell<'a> {
    async fn open(
        runtime: &'a AgsRuntime,
        startup_source: Vec<String>,
        context: &'a Context,
    ) -> Result<Self, Failure> {
        let session = format!("swerex-ags-{}", std::process::id());
        let request = CreateBashSessionRequest {
            startup_source,
            session: session.clone(),
            startup_timeout: STARTUP_TIMEOUT,
        };
        runtime.create_session(&request.into()).await?;
        Ok(Self {
            runtime,
            context,
            session,
        })
    }

    /// Reads lines and runs them until there are no more.
    async fn converse(&self, id: &str) -> Outcome {
        let short: String = id.chars().take(8).collect();
        let mut lines = lines();
        let (mut pending, mut code) = (String::new(), 0);
        loop {
            self.prompt(if pending.is_empty() { &short } else { "" });
            let line = tokio::select! {
                line = lines.recv() => line,
                () = self.context.ctrl_c() => {
                    pending.clear();
                    self.newline();
                    continue;
                }
            };
            let Some(line) = line else {
                self.newline();
                return Ok(code);
            };
            if pending.is_empty()
                && let Some(code) = leave(&line, code)
            {
                return Ok(code);
            }
            pending.push_str(&line);
            if pending.trim().is_empty() {
                pending.clear();
                continue;
            }
            match self.run(&pending).await? {
                Ran::Done(done) => {
                    code = done;
                    pending.clear();
                }
                Ran::Unfinished => pending.push('\n'),
            }
        }
    }

    async fn run(&self, command: &str) -> Result<Ran, Failure> {
        let action = Action::from(BashAction {
            session: self.session.clone(),
            check: Check::Silent,
            ..BashAction::new(command)
        });
        let running = self.runtime.run_in_session(&action);
        tokio::pin!(running);
        let answer = tokio::select! {
            answer = &mut running => answer,
            () = self.context.ctrl_c() => {
                let interrupt = Action::from(BashInterruptAction {
                    session: self.session.clone(),
                    ..BashInterruptAction::default()
                });
                let interrupted = tokio::select! {
                    interrupted = self.runtime.run_in_session(&interrupt) => interrupted,
                    // The Python server hears it only when the command has ended.
                    () = self.context.ctrl_c() => return Err(Failure::interrupted(INTERRUPTED, "ctrl-c, twice")),
                };
                if let Ok(seen) = &interrupted {
                    self.show(&seen.output)?;
                }
                return Ok(Ran::Done(INTERRUPTED));
            }
        };
        match answer {
            Ok(seen) => {
                self.show(&seen.output)?;
                Ok(Ran::Done(exit_code(seen.exit_code).unwrap_or(FAILED)))
            }
            Err(error) => match error.remote() {
                Some(remote) if remote.class() == ExceptionClass::BashIncorrectSyntax => {
                    if remote.message.contains("unexpected end of file")
                        || remote.message.contains("unexpected EOF")
                    {
                        return Ok(Ran::Unfinished);
                    }
                    self.context.output.warn(&remote.message);
                    Ok(Ran::Done(2))
                }
                _ => Err(error.into()),
            },
        }
    }

    /// A kept sandbox is not to keep our session.
    async fn close(&self) {
        let request = swerex_proto::CloseBashSessionRequest {
            session: self.session.clone(),
        };
        if let Err(error) = self.runtime.close_session(&request.into()).await {
            tracing::debug!(%error, "the session was not closed");
        }
    }

    fn show(&self, output: &str) -> Result<(), Failure> {
        if output.is_empty() {
            return Ok(());
        }
        // A session's terminal writes \r\n.
        let mut text = output.replace("\r\n", "\n");
        if !text.ends_with('\n') {
            text.push('\n');
        }
        tty::show(text.as_bytes(), |text| {
            self.context.output.command_stdout(text)
        })
    }

    fn prompt(&self, id: &str) {
        if std::io::stdin().is_terminal() {
            let prompt = if id.is_empty() {
                ">".to_owned()
            } else {
                format!("{id}$")
            };
            self.context.output.prompt(&prompt);
        }
    }

    fn newline(&self) {
        if std::io::stdin().is_terminal() {
            self.context.output.newline();
        }
    }
}

/// The code to leave with, if the line says to leave.
fn leave(line: &str, last: u8) -> Option<u8> {
    let mut words = line.split_whitespace();
    match (words.next()?, words.next(), words.next()) {
        ("exit" | "logout", None, _) => Some(last),
        ("exit" | "logout", Some(code), None) => code.parse().ok(),
        _ => None,
    }
}

/// The lines of stdin. A read cannot be given up, so a thread does it; the process does not wait for it.
fn lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().split(b'\n') {
            let Ok(line) = line else { return };
            let line = String::from_utf8_lossy(&line)
                .trim_end_matches('\r')
                .to_owned();
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_exit_leaves() {
        assert_eq!(leave("exit", 3), Some(3));
        assert_eq!(leave("  exit 7 ", 3), Some(7));
        assert_eq!(leave("exit 7 8", 3), None);
        assert_eq!(leave("exit; echo", 3), None);
        assert_eq!(leave("", 3), None);
    }
}
