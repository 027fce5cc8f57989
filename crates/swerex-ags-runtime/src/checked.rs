//! Commands whose failure is to be an exception, on a Python server: it remembers the answer of its last call, but no exceptions, so a lost one
//! could not be asked for. The server is told not to raise, and the exception is made here.

use bytes::Bytes;
use http::header;
use serde_json::{Map, Value};
use swerex_proto::{
    Action, BashObservation, Check, Command, CommandLine, CommandResponse, ExceptionClass,
    RemoteError, pyrepr,
};

use crate::{
    call::Answer,
    error::Error,
    request::{self, Call},
};

/// What the exception would say, but for the output.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    /// What takes the place of `check`.
    unchecked: Value,
    in_session: bool,
    /// The command as Python shows it.
    command: String,
    prefix: String,
}

impl Checked {
    /// `None`: its failure is no exception.
    pub(crate) fn of_command(command: &Command) -> Option<Self> {
        let shown = match &command.command {
            CommandLine::Shell(text) => pyrepr::repr(text),
            CommandLine::Argv(words) => pyrepr::repr_list(words),
        };
        command.check.then(|| Self {
            unchecked: Value::Bool(false),
            in_session: false,
            command: shown,
            prefix: prefix(&command.error_msg),
        })
    }

    /// As [`of_command`](Self::of_command). What is typed to a program that has taken over the terminal has no exit code.
    pub(crate) fn of_action(action: &Action) -> Option<Self> {
        let Action::Bash(bash) = action else {
            return None;
        };
        let is_interactive = bash.is_interactive_command || bash.is_interactive_quit;
        (bash.check == Check::Raise && !is_interactive).then(|| Self {
            unchecked: Value::from("silent"),
            in_session: true,
            command: pyrepr::repr(&bash.command),
            prefix: prefix(&bash.error_msg),
        })
    }

    /// The call without the check; `None` if its body is no object.
    pub(crate) fn without(&self, call: &Call, body: &[u8]) -> Option<Call> {
        let mut body: Map<String, Value> = serde_json::from_slice(body).ok()?;
        body.insert("check".to_owned(), self.unchecked.clone());
        let body = Bytes::from(serde_json::to_vec(&body).ok()?);
        let mut headers = call.headers.clone();
        headers.remove(header::CONTENT_LENGTH);
        let (name, method, uri) = (call.name, call.method.clone(), call.uri.clone());
        Some(Call {
            headers,
            allowed: call.allowed,
            again: call.again,
            has_output: call.has_output,
            ..request::with_bytes(name, method, uri, body)
        })
    }

    /// The answer, or the exception that it stands for.
    pub(crate) async fn judged(self, name: &'static str, answer: Answer) -> Result<Answer, Error> {
        let (status, bytes) = (answer.status, answer.bytes.clone());
        let raised = request::off_worker(bytes.len(), move || {
            if self.in_session {
                request::parse(name, status, &bytes).map(|seen| self.of_observation(&seen))
            } else {
                request::parse(name, status, &bytes).map(|seen| self.of_response(&seen))
            }
        });
        match raised.await? {
            None => Ok(answer),
            Some(error) => Err(Error::Remote(error)),
        }
    }

    fn of_response(&self, response: &CommandResponse) -> Option<RemoteError> {
        let code = response.exit_code.filter(|code| *code != 0)?;
        let (stdout, stderr) = (
            pyrepr::repr(&response.stdout),
            pyrepr::repr(&response.stderr),
        );
        let rest = format!("Stdout:\n{stdout}\nStderr:\n{stderr}");
        Some(self.non_zero(code, ". ", &rest))
    }

    fn of_observation(&self, seen: &BashObservation) -> Option<RemoteError> {
        match seen.exit_code {
            Some(0) => None,
            Some(code) => {
                let output = pyrepr::repr(&seen.output);
                Some(self.non_zero(code, ". Here is the output:\n", &output))
            }
            None => Some(RemoteError::new(
                &ExceptionClass::NoExitCode,
                "timeout while getting exit code",
            )),
        }
    }

    fn non_zero(&self, code: i64, middle: &str, rest: &str) -> RemoteError {
        let (prefix, command) = (&self.prefix, &self.command);
        RemoteError::new(
            &ExceptionClass::NonZeroExitCode,
            format!("{prefix}Command {command} failed with exit code {code}{middle}{rest}"),
        )
    }
}

fn prefix(error_msg: &str) -> String {
    match error_msg {
        "" => String::new(),
        text => format!("{text}: "),
    }
}
