//! Running a command in a session.

use std::time::Duration;

use swerex_proto::{BashAction, BashObservation, Check, native::MAX_OUTPUT};
use tokio::time::Instant;

use super::{
    PROMPT,
    asking::Typed,
    bashlex,
    call::{Event, Waiter},
    inner,
    input::Foreground,
    made_of,
    outcome::{ended, observation, replaced, strip, strip_start},
    pattern::Patterns,
    send::{Sent, misunderstood, send},
    settling,
    shell::{Done, Refusal, Replaced, Shell},
    syntax, text,
};
use crate::{
    events::Tap,
    exception::PyException,
    heavy,
    output::{Capture, Source, Written},
    pyrepr, room,
};

/// What a limit of exactly -1 means to pexpect.
const PEXPECTS_OWN: Duration = Duration::from_secs(30);

/// How long the end of a command may take after a pattern was seen, if its code is asked for.
const AFTER_PATTERN: Duration = Duration::from_secs(1);

/// How long a new bash may take to say that it is at its prompt.
const ADOPTION: Duration = Duration::from_secs(5);

/// An action that has been checked, as far as that is possible without the shell.
pub(super) struct Request {
    pub(super) action: BashAction,
    patterns: Patterns,
    limit: Option<Duration>,
}

impl Request {
    pub(super) fn new(action: BashAction) -> Result<Self, PyException> {
        if action.is_interactive_command && action.is_interactive_quit {
            return Err(PyException::new("builtins.AssertionError", ""));
        }
        if action.command.contains('\0') {
            return Err(PyException::embedded_null());
        }
        if let Some(bad) = action.timeout.and_then(PyException::bad_timeout) {
            return Err(bad);
        }
        let patterns = Patterns::new(&action.expect)?;
        let limit = match action.timeout {
            // pexpect compares it with exactly this number.
            Some(-1.0) => Some(PEXPECTS_OWN),
            // What no clock can hold is never over.
            Some(seconds) => Duration::try_from_secs_f64(seconds.max(0.0)).ok(),
            None => None,
        };
        Ok(Self {
            action,
            patterns,
            limit,
        })
    }

    pub(super) fn is_interactive(&self) -> bool {
        self.action.is_interactive_command || self.action.is_interactive_quit
    }

    /// The time is up. What has been printed so far comes with it.
    pub(super) async fn late(&self, screen: Capture) -> PyException {
        let command = self.action.command.clone();
        let seconds = pyrepr::float(self.action.timeout.unwrap_or_default());
        heavy::weighed(screen.size() + command.len(), move || {
            let command = pyrepr::repr(&command);
            let output = screen.into_text(Source::Terminal, Written::Plainly);
            PyException::command_timeout(format!(
                "timeout after {seconds} seconds while running command {command}"
            ))
            .with_info("output", output)
        })
        .await
    }
}

/// Runs it; only one call at a time may do so.
pub(super) async fn run(
    shell: &Shell,
    request: &Request,
    tap: Tap,
) -> Result<BashObservation, PyException> {
    // A limit beyond the clock's end is none.
    let deadline = request
        .limit
        .and_then(|limit| Instant::now().checked_add(limit));
    let _attention = shell.attend();
    let Sent { number, typed } = send(shell, request, tap, deadline).await?;
    let mut waiter = Waiter::new(shell, number, &request.patterns);
    let mut event = match &typed {
        Some(typed) => typed.wait(shell, &mut waiter, deadline).await,
        None if request.is_interactive() => Some(waiter.wait(deadline).await),
        None => inner::wait(shell, &mut waiter, deadline, 0).await,
    };
    if let Some(Event::Replaced(Replaced::Bash)) = event {
        event = Some(adopt(shell, &mut waiter).await?);
    }
    let event = match event {
        None if typed.as_ref().is_none_or(|typed| typed.prompt().is_some()) => {
            drop(waiter);
            return within(shell, request, number, typed).await;
        }
        // It asks again. What it asks stays, for the next text that it gets.
        None => {
            let screen = shell.output().await;
            drop(waiter);
            return conclude(request, typed, screen, String::new(), None).await;
        }
        Some(Event::Late) => {
            // Before it is nobody's.
            let screen = shell.output().await;
            drop(waiter);
            shell.state().forsake(number);
            let late = request.late(screen).await;
            return Err(match typed {
                Some(typed) => late.with_info("reason", typed.reason()),
                None => late,
            });
        }
        Some(Event::Ended(end)) => return Err(ended(shell, end).await),
        Some(Event::Replaced(_)) => return Err(replaced(shell).await),
        Some(Event::Lost) => {
            return Err(PyException::eof(
                "the session was taken over by another call",
            ));
        }
        Some(event @ (Event::Done(_) | Event::Seen { .. })) => event,
    };
    drop(waiter);
    if let Event::Done(_) = event {
        settling::settle(shell).await;
    }
    if request.is_interactive() {
        return interactive(shell, request, number, event).await;
    }
    // What ends an inner shell is a command, and its code is that of the shell.
    let typed = typed.filter(|typed| typed.prompt().is_none());
    normal(shell, request, number, typed, event).await
}

/// Goes on with the bash that the shell has become. What that says while it is asked is its prompt, and the question.
async fn adopt(shell: &Shell, waiter: &mut Waiter<'_>) -> Result<Event, PyException> {
    let before = shell.take_output();
    shell
        .adopt()
        .await
        .map_err(|error| PyException::os_bare(&error))?;
    let event = waiter.wait(Some(Instant::now() + ADOPTION)).await;
    if let Event::Done(_) = event {
        let mut state = shell.state();
        state.screen.take();
        state.screen.absorb(before);
    }
    Ok(match event {
        Event::Late => Event::Replaced(Replaced::Other),
        event => event,
    })
}

async fn normal(
    shell: &Shell,
    request: &Request,
    number: u64,
    typed: Option<Typed>,
    event: Event,
) -> Result<BashObservation, PyException> {
    let action = &request.action;
    let (screen, prompt_or_pattern, code) = match event {
        Event::Seen { pattern, before } => {
            let mut screen = before;
            let code = match action.check {
                Check::Ignore => None,
                _ if typed.is_some() => None,
                Check::Silent | Check::Raise => {
                    let done = code_after_pattern(shell, number).await?;
                    done.map(|(code, rest)| {
                        screen.absorb(rest);
                        code
                    })
                }
            };
            (screen, pattern, code)
        }
        Event::Done(done) => {
            let screen = shell.take_output();
            if typed.is_none()
                && let Some(refused) = refused(shell, action, done).await
            {
                return Err(refused);
            }
            let command = action.command.clone();
            let prompt = move || bashlex::prompt(&command).to_owned();
            let prompt = heavy::weighed(action.command.len(), prompt).await;
            (screen, prompt, Some(done.code))
        }
        _ => return Err(PyException::eof("the session has no shell")),
    };
    conclude(request, typed, screen, prompt_or_pattern, code).await
}

/// An inner shell is at its prompt: it has been started, or has run the command.
async fn within(
    shell: &Shell,
    request: &Request,
    number: u64,
    typed: Option<Typed>,
) -> Result<BashObservation, PyException> {
    let now = shell.question();
    let screen = shell.take_output();
    // The prompt stays, for whoever looks for it next.
    shell.state().screen.push(&now);
    let prompt = typed.as_ref().and_then(Typed::prompt).unwrap_or_default();
    let is_edited = typed.is_some() && shell.look() == Foreground::Polls;
    let output = inner::without_prompt(screen, prompt, is_edited).await;
    let code = match typed {
        // A shell begins with that.
        None => Some(0),
        Some(_) => inner::code(shell, number).await,
    };
    let mut screen = Capture::new(MAX_OUTPUT);
    screen.push(output.as_bytes());
    let typed = typed.filter(|_| code.is_none());
    conclude(request, typed, screen, PROMPT.to_owned(), code).await
}

/// The answer, as the caller wants codes.
async fn conclude(
    request: &Request,
    typed: Option<Typed>,
    screen: Capture,
    expect_string: String,
    code: Option<i64>,
) -> Result<BashObservation, PyException> {
    let action = &request.action;
    let code = match &typed {
        Some(typed) => typed.code(code),
        None => code,
    };
    let exit_code = match (action.check, code) {
        (Check::Ignore, _) => None,
        (Check::Silent, code) => code,
        (Check::Raise, Some(0)) => Some(0),
        (Check::Raise, code) => return Err(failed(action, typed, screen, code).await),
    };
    let output = text(screen).await;
    Ok(BashObservation {
        failure_reason: typed.map_or_else(String::new, |typed| typed.reason()),
        ..observation(output, exit_code, expect_string)
    })
}

/// The code is another than 0, or not known.
async fn failed(
    action: &BashAction,
    typed: Option<Typed>,
    screen: Capture,
    code: Option<i64>,
) -> PyException {
    let command = action.command.clone();
    let prefix = match action.error_msg.as_str() {
        "" => String::new(),
        text => format!("{text}: "),
    };
    heavy::weighed(screen.size() + command.len(), move || {
        let command = pyrepr::repr(&command);
        let exception = match (code, &typed) {
            (Some(code), _) => {
                let mut message = room::text(command.len() + screen.size());
                message += &format!(
                    "{prefix}Command {command} failed with exit code {code}. Here is the output:\n"
                );
                let output = screen.into_text(Source::Terminal, Written::Quoted);
                pyrepr::push_repr(&mut message, &output);
                PyException::non_zero_exit_code(message)
            }
            (None, Some(typed)) => {
                let mut message = room::text(command.len() + screen.size());
                message += &format!(
                    "{prefix}Command {command}: {}. Here is the output:\n",
                    typed.reason()
                );
                let output = screen.into_text(Source::Terminal, Written::Plainly);
                pyrepr::push_repr(&mut message, &output);
                PyException::no_exit_code(message).with_info("output", output)
            }
            (None, None) => PyException::no_exit_code(format!(
                "{prefix}the exit code of {command} is not known: it still runs"
            ))
            .with_info(
                "output",
                screen.into_text(Source::Terminal, Written::Plainly),
            ),
        };
        match typed {
            Some(typed) => exception.with_info("reason", typed.reason()),
            None => exception,
        }
    })
    .await
}

/// The code of a command in whose output a pattern was seen, and what it printed after that.
async fn code_after_pattern(
    shell: &Shell,
    number: u64,
) -> Result<Option<(i64, Capture)>, PyException> {
    let none = Patterns::default();
    let mut waiter = Waiter::new(shell, number, &none);
    match waiter.wait(Some(Instant::now() + AFTER_PATTERN)).await {
        Event::Done(Done { code, .. }) => Ok(Some((code, shell.take_output()))),
        Event::Ended(end) => Err(ended(shell, end).await),
        _ => {
            waiter.forget();
            Ok(None)
        }
    }
}

/// Why bash ran nothing of a line, if it did not. Asked on its own it says what it did not understand, and where.
async fn refused(shell: &Shell, action: &BashAction, done: Done) -> Option<PyException> {
    let command = action.command.as_str();
    let extglob = shell.state().options().extglob;
    let complaint = match done.refusal {
        Refusal::None => return None,
        Refusal::Unheard => {
            return Some(PyException::new(
                "builtins.RuntimeError",
                "the command was not run: the shell has functions called eval, builtin, command and . in place of bash's own",
            ));
        }
        Refusal::Possible if action.is_interactive_quit || action.is_interactive_command => {
            return None;
        }
        Refusal::Possible => {
            syntax::complaint(&shell.bash, &shell.environment, command, extglob).await?
        }
        Refusal::Unfinished => {
            let asked = syntax::complaint(&shell.bash, &shell.environment, command, extglob).await;
            match asked {
                Some(complaint) => complaint,
                None => "bash: syntax error: unexpected end of file\n".to_owned(),
            }
        }
    };
    Some(misunderstood(command, complaint).await)
}

async fn interactive(
    shell: &Shell,
    request: &Request,
    number: u64,
    event: Event,
) -> Result<BashObservation, PyException> {
    let (screen, expect_string) = match event {
        Event::Seen { pattern, before } => (before, pattern),
        _ => (shell.take_output(), PROMPT.to_owned()),
    };
    if !request.action.is_interactive_quit {
        let command = request.action.command.clone();
        let output = made_of(screen, move |mut output| {
            strip_start(&mut output);
            if output.starts_with(command.as_str()) {
                output.drain(..command.len());
            }
            strip(&mut output);
            output
        });
        return Ok(observation(output.await, Some(0), expect_string));
    }
    if expect_string != PROMPT {
        let none = Patterns::default();
        let mut waiter = Waiter::new(shell, number, &none);
        if let Event::Late = waiter.wait(Some(Instant::now() + AFTER_PATTERN)).await {
            waiter.forget();
            return Err(PyException::pexpect_timeout(
                "Timeout exceeded. The program was told to quit and still runs",
            ));
        }
    }
    Ok(observation(text(screen).await, Some(0), expect_string))
}
