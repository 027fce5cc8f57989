//! Giving a text to a session: to its shell, or to what an earlier command has left waiting for input.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    asking::{self, Typed, Watch},
    call::Waiter,
    input::Foreground,
    outcome::ended,
    pattern::Patterns,
    run::Request,
    shell::{Keeper, Phase, Shell},
    syntax,
};
use crate::{
    events::Tap,
    exception::PyException,
    heavy,
    output::{Source, Written},
    pyrepr,
};

/// How often it is looked what an earlier command does that still runs: first, and at most.
const FIRST_LOOK: Duration = Duration::from_millis(20);
const LAST_LOOK: Duration = Duration::from_millis(500);

/// What became of a text.
pub(super) struct Sent {
    /// Of the shell's command.
    pub(super) number: u64,
    /// Where the text is none, but was typed to what that command left waiting.
    pub(super) typed: Option<Typed>,
}

/// Gives the command to the shell, or to what runs in it.
pub(super) async fn send(
    shell: &Shell,
    request: &Request,
    tap: Tap,
    deadline: Option<Instant>,
) -> Result<Sent, PyException> {
    let command = request.action.command.as_str();
    let none = Patterns::default();
    if is_free(shell, request, deadline).await? {
        if !request.is_interactive() && syntax::needs_asking(command) {
            let extglob = shell.state().options().extglob;
            let complaint =
                syntax::complaint(&shell.bash, &shell.environment, command, extglob).await;
            if let Some(complaint) = complaint {
                return Err(misunderstood(command, complaint).await);
            }
        }
        shell.note_substitutions(command);
        let number = shell
            .run(command)
            .map_err(|error| PyException::os_bare(&error))?;
        // Whoever hangs up meanwhile leaves it behind.
        let waiter = Waiter::new(shell, number, &none);
        listen(shell, &tap).await;
        waiter.forget();
        return Ok(Sent {
            number,
            typed: None,
        });
    }
    if !shell.can_take(command) {
        return Err(too_long(shell, command));
    }
    let mut typed = (!request.is_interactive()).then(|| Typed::new(shell));
    let question = shell.question();
    let number = {
        let mut state = shell.state();
        if let Phase::Running {
            keeper: Keeper::Nobody,
            ..
        } = state.phase()
            && !request.is_interactive()
        {
            // The rest was told with the timeout.
            state.screen.take();
            if typed.as_ref().is_none_or(|typed| typed.prompt().is_none()) {
                state.screen.push(&question);
            }
        }
        if let Some(typed) = &mut typed {
            typed.comes_after(state.screen.len());
        }
        state.keep(Keeper::Waiting).then(|| state.number())
    };
    let Some(number) = number else {
        // It has ended since it was looked, and bash would take the text for a command.
        return Box::pin(send(shell, request, tap, deadline)).await;
    };
    let waiter = Waiter::new(shell, number, &none);
    listen(shell, &tap).await;
    let typing = shell.type_line(command);
    let outcome = match deadline {
        Some(deadline) => tokio::time::timeout_at(deadline, typing).await,
        None => Ok(typing.await),
    };
    let outcome = match outcome {
        Ok(Ok(())) => Ok(Sent { number, typed }),
        Ok(Err(error)) => Err(PyException::os_bare(&error)),
        Err(_) => Err(request.late(shell.output().await).await),
    };
    if outcome.is_ok() {
        waiter.forget();
    }
    outcome
}

/// Tells of what is printed from now on, and before that of what nobody has got.
async fn listen(shell: &Shell, tap: &Tap) {
    let mut told = 0;
    loop {
        let more = shell.state().listen(tap, told);
        let Some(more) = more else {
            return;
        };
        told = more;
        tokio::task::yield_now().await;
    }
}

/// Waits until the shell can take a command (true) or what runs in it waits for input (false).
async fn is_free(
    shell: &Shell,
    request: &Request,
    deadline: Option<Instant>,
) -> Result<bool, PyException> {
    let mut changes = shell.changes();
    let mut pause = FIRST_LOOK;
    let mut watch = Watch::new(shell);
    let told = shell.state().screen.len();
    loop {
        changes.borrow_and_update();
        let phase = shell.state().phase().clone();
        match phase {
            Phase::Ended(end) => return Err(ended(shell, end).await),
            Phase::Idle => return Ok(true),
            Phase::Running { .. } if request.is_interactive() => return Ok(false),
            Phase::Running { keeper, .. } => {
                if keeper == Keeper::Next {
                    if shell.look() != Foreground::Works && shell.unread() == 0 {
                        return Ok(false);
                    }
                } else if watch.asks(shell) {
                    if told < shell.state().screen.len() && shell.has_question() {
                        return Err(unheard(shell, request).await);
                    }
                    return Ok(false);
                }
            }
            Phase::Starting => {}
        }
        let now = Instant::now();
        if deadline.is_some_and(|deadline| deadline <= now) {
            return Err(request.late(shell.output().await).await.with_info(
                "reason",
                "the command was not run: an earlier one still runs",
            ));
        }
        let look = now + pause;
        pause = (pause * 2).min(LAST_LOOK);
        let until = deadline.map_or(look, |deadline| deadline.min(look));
        let _ = tokio::time::timeout_at(until, changes.changed()).await;
    }
}

/// A question came after the text was sent, so that cannot be meant for it.
async fn unheard(shell: &Shell, request: &Request) -> PyException {
    let program = shell.asker();
    let command = request.action.command.clone();
    let screen = shell.output().await;
    heavy::weighed(screen.size() + command.len(), move || {
        let command = pyrepr::repr(&command);
        let reason = format!(
            "the command was not run, and not typed either: `{program}`, which an earlier one has started, asks for input by now; \
             answer it with the next command, or interrupt it"
        );
        PyException::command_timeout(format!("{command}: {reason}"))
            .with_info("reason", reason)
            .with_info(
                "output",
                screen.into_text(Source::Terminal, Written::Plainly),
            )
    })
    .await
}

/// The terminal would lose the rest of the line.
fn too_long(shell: &Shell, text: &str) -> PyException {
    let longest = text.split('\n').map(str::len).max().unwrap_or_default();
    PyException::new(
        "builtins.ValueError",
        format!(
            "the text was not typed: `{}` reads whole lines from its terminal, which take {} bytes at most, and one has {longest}; \
             write it to a file and let the program read that, or send shorter lines",
            shell.asker(),
            asking::LONGEST_LINE - 1,
        ),
    )
}

/// What bash complains of.
pub(super) async fn misunderstood(command: &str, complaint: String) -> PyException {
    let command = command.to_owned();
    heavy::weighed(command.len() + complaint.len(), move || {
        PyException::bash_syntax(&command, &complaint)
    })
    .await
}
