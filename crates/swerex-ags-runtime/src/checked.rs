//! Commands whose failure is to be an exception, on a Python server: it remembers the answer of its last call, but no exceptions, so a lost one
//! could not be asked for. The server is told not to raise, and the exception is made here.

use std::borrow::Cow;

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

/// Of longer output head and tail are told, in bytes of each: spelled out as Python does it, it would be several times as long.
const SHOWN: usize = 512 << 10;

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
            pyrepr::repr(&ends(&response.stdout)),
            pyrepr::repr(&ends(&response.stderr)),
        );
        let rest = format!("Stdout:\n{stdout}\nStderr:\n{stderr}");
        Some(self.non_zero(code, ". ", &rest))
    }

    fn of_observation(&self, seen: &BashObservation) -> Option<RemoteError> {
        match seen.exit_code {
            Some(0) => None,
            Some(code) => {
                let output = pyrepr::repr(&ends(&seen.output));
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

/// Head and tail of what is long.
fn ends(text: &str) -> Cow<'_, str> {
    if text.len() <= 2 * SHOWN {
        return text.into();
    }
    let boundary = |near: usize| (near..=text.len()).find(|at| text.is_char_boundary(*at));
    let head_ends = boundary(SHOWN).unwrap_or_default();
    let tail_begins = boundary(text.len() - SHOWN).unwrap_or(text.len());
    let (head, tail) = (&text[..head_ends], &text[tail_begins..]);
    let left_out = tail_begins - head_ends;
    format!("{head}\n[{left_out} bytes left out]\n{tail}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exception_tells_both_ends_of_a_long_output() {
        let checked = Checked::of_action(&swerex_proto::BashAction::new("x").into()).unwrap();
        let seen = BashObservation {
            output: format!("begin{}end", "é".repeat(2 * SHOWN)),
            exit_code: Some(7),
            ..BashObservation::default()
        };
        let error = checked.of_observation(&seen).unwrap();
        assert!(
            error
                .message
                .starts_with("Command 'x' failed with exit code 7. Here is the output:\n'beginé")
        );
        assert!(error.message.ends_with("éend'"));
        assert!(error.message.contains(" bytes left out]\\n"));
        assert!(error.message.len() < 2 * SHOWN + 200);
    }

    #[test]
    fn only_a_failure_that_is_to_be_an_exception_is_one() {
        let command = |check| Command {
            check,
            ..Command::shell("x")
        };
        assert!(Checked::of_command(&command(false)).is_none());
        let checked = Checked::of_command(&command(true)).unwrap();
        let mut response = CommandResponse {
            exit_code: Some(0),
            ..CommandResponse::default()
        };
        assert_eq!(checked.of_response(&response), None);
        response.exit_code = Some(3);
        let error = checked.of_response(&response).unwrap();
        assert_eq!(error.class(), ExceptionClass::NonZeroExitCode);
        let mut typed = swerex_proto::BashAction::new("x");
        typed.is_interactive_command = true;
        assert!(Checked::of_action(&typed.into()).is_none());
    }
}
