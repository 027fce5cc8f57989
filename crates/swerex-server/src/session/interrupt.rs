//! Interrupting what runs in a session, while it runs.
//!
//! First an interrupt, as often as was asked for; then the foreground processes are killed. A shell that minds neither, because
//! it is busy itself and ignores interrupts, stays.

use std::time::Duration;

use rustix::process::Signal;
use swerex_proto::{BashInterruptAction, BashObservation};
use tokio::time::Instant;

use super::{
    PROMPT,
    call::{Event, Waiter},
    inner, made_of,
    outcome::{ended, observation, strip},
    pattern::Patterns,
    shell::{End, Keeper, Phase, Shell},
};
use crate::{exception::PyException, output::Capture};

/// How long killing may take, and how often it is done meanwhile: what is killed may be followed by the next of a loop.
const LIMIT: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(50);

/// The most attempts with the key.
const MOST_ATTEMPTS: i64 = 1000;

/// An interrupt that has been checked.
pub(super) struct Request {
    patterns: Patterns,
    attempts: i64,
    pause: Duration,
}

impl Request {
    pub(super) fn new(action: &BashInterruptAction) -> Result<Self, PyException> {
        if let Some(bad) = PyException::bad_timeout(action.timeout) {
            return Err(bad);
        }
        Ok(Self {
            patterns: Patterns::new(&action.expect)?,
            attempts: action.n_retry.min(MOST_ATTEMPTS),
            pause: Duration::try_from_secs_f64(action.timeout.max(0.0)).unwrap_or(LIMIT * 3600),
        })
    }
}

/// Interrupts the command that runs. Its output goes to the call that waits for it, or else comes back from here.
pub(super) async fn interrupt(
    shell: &Shell,
    request: &Request,
) -> Result<BashObservation, PyException> {
    let nothing = || observation(String::new(), Some(0), PROMPT.to_owned());
    let found = find(shell);
    let (number, is_awaited) = match found {
        Found::Command { number, is_awaited } => (number, is_awaited),
        Found::Nothing => return Ok(nothing()),
        Found::End(end) => return Err(ended(shell, end).await),
    };
    let _attention = shell.attend();
    let mut end = if is_awaited {
        Awaited::Elsewhere(number)
    } else {
        Awaited::Here(Waiter::new(shell, number, &request.patterns))
    };
    let event = insist(shell, request, &mut end).await;
    drop(end);
    match event {
        None if inner::is_at_prompt(shell) => {
            let prompt = shell.question();
            let screen = shell.take_output();
            // It stays, for the next text that the inner shell gets.
            shell.state().screen.push(&prompt);
            let output = inner::without_prompt(screen, &prompt, true).await;
            Ok(observation(
                output.trim().to_owned(),
                Some(0),
                PROMPT.to_owned(),
            ))
        }
        None => {
            shell.take_back();
            Err(PyException::pexpect_timeout("Failed to interrupt session"))
        }
        Some(Event::Seen { pattern, before }) => {
            let output = stripped(before).await;
            Ok(observation(output, Some(0), pattern))
        }
        Some(Event::Ended(end)) => Err(ended(shell, end).await),
        Some(Event::Lost) => Ok(nothing()),
        Some(_) => {
            let output = stripped(shell.take_output()).await;
            Ok(observation(output, Some(0), PROMPT.to_owned()))
        }
    }
}

/// What there is to interrupt.
enum Found {
    Command { number: u64, is_awaited: bool },
    Nothing,
    End(End),
}

/// Marks the command that runs as interrupted, and takes it over if nobody waits for it.
fn find(shell: &Shell) -> Found {
    let mut state = shell.state();
    let is_awaited = match state.phase() {
        Phase::Ended(end) => return Found::End(*end),
        Phase::Idle | Phase::Starting => return Found::Nothing,
        Phase::Running { keeper, .. } => *keeper == Keeper::Waiting,
    };
    state.mark_interrupted();
    if !is_awaited {
        state.keep(Keeper::Waiting);
    }
    Found::Command {
        number: state.number(),
        is_awaited,
    }
}

async fn stripped(screen: Capture) -> String {
    made_of(screen, |mut text| {
        strip(&mut text);
        text
    })
    .await
}

/// Where the end of the command is waited for.
enum Awaited<'a> {
    /// By another call, which gets the output.
    Elsewhere(u64),
    Here(Waiter<'a>),
}

impl Awaited<'_> {
    async fn wait(&mut self, shell: &Shell, until: Instant) -> Option<Event> {
        let number = match self {
            Self::Elsewhere(number) => *number,
            Self::Here(waiter) => {
                return match waiter.wait(Some(until)).await {
                    Event::Late => None,
                    event => Some(event),
                };
            }
        };
        let mut changes = shell.changes();
        loop {
            changes.borrow_and_update();
            if !is_awaited(shell, number) {
                return Some(Event::Lost);
            }
            tokio::time::timeout_at(until, changes.changed())
                .await
                .ok()?
                .ok()?;
        }
    }
}

/// Whether that command runs and somebody waits for it.
fn is_awaited(shell: &Shell, number: u64) -> bool {
    let state = shell.state();
    let is_awaited = matches!(
        state.phase(),
        Phase::Running {
            keeper: Keeper::Waiting,
            ..
        }
    );
    is_awaited && state.number() == number
}

/// An interrupt, then force, until something happens.
///
/// It is a signal: what is typed is one only where the terminal makes one of it. A program that takes the key for a character
/// gets that first.
async fn insist(shell: &Shell, request: &Request, end: &mut Awaited<'_>) -> Option<Event> {
    shell.wake();
    for attempt in 0..request.attempts {
        let way = || match shell.foreground() {
            Some(group) if attempt > 0 || shell.has_interrupt_key() => {
                shell.signal(group, Signal::INT);
            }
            _ => shell.press_interrupt(),
        };
        shell.disturb(way).await;
        let event = end.wait(shell, Instant::now() + request.pause).await;
        // A shell within the shell is not what was to be interrupted.
        if event.is_some() || inner::is_at_prompt(shell) {
            return event;
        }
    }
    let deadline = Instant::now() + LIMIT;
    while Instant::now() < deadline {
        let force = || {
            if let Some(group) = shell.foreground() {
                // The shell is not killed, but the next round of its loop may be where it can be interrupted.
                let is_shell = group == shell.pid;
                shell.signal(group, if is_shell { Signal::INT } else { Signal::KILL });
            }
        };
        shell.disturb(force).await;
        let event = end.wait(shell, Instant::now() + PAUSE).await;
        if event.is_some() {
            return event;
        }
        let interrupt = || {
            if let Some(group) = shell.foreground() {
                shell.signal(group, Signal::INT);
            }
        };
        shell.disturb(interrupt).await;
    }
    None
}
