//! A shell on a terminal in the sandbox, shown on the terminal here: keys go there as they are, and what is printed comes back as it is.

use std::{
    io::Read as _,
    sync::{Arc, OnceLock},
};

use rustix::process::Signal;
use swerex_ags_runtime::{Terminal, TerminalEvent, TerminalInput};
use swerex_proto::native::{TerminalRequest, TerminalSize};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{Notify, mpsc},
};

use super::escape::{Escapes, HELP, Meant};
use crate::{
    commands::run::exit_code,
    context::Context,
    output::Output,
    report::{Failure, Outcome},
    sandbox::Sandbox,
    tty::{self, Guard},
};

/// Starts bash with its own files and then those that are named, which no flag of its own does. `~/` is the home.
const SOURCING: &str = r#"for f; do
case $f in '~/'*) f=$HOME/${f#'~/'} ;; esac
set -- "$@" "$f"; shift
done
exec bash --rcfile <(echo '[ ! -f ~/.bashrc ] || . ~/.bashrc'; printf '. %q\n' "$@") -i"#;

/// Bytes that are read from the keyboard at once: as many as a terminal gives.
const PIECE: usize = 4096;

/// Pieces that may wait for a sandbox that does not answer; `~.` behind them is not seen any more.
const WAITING: usize = 1024;

/// The exit codes of a shell that was left, and of one that was told to quit.
const LEFT: u8 = 130;
const QUIT: u8 = 131;

/// Opens a shell and stays with it until its end. `opened` is told its keyboard.
pub(super) async fn converse(
    sandbox: &Sandbox,
    source: &[String],
    context: &Context,
    opened: &OnceLock<TerminalInput>,
) -> Outcome {
    let terminal = sandbox.runtime.open_terminal(&request(source)).await?;
    let input = opened.get_or_init(|| terminal.input());
    let short: String = sandbox.instance_id.chars().take(8).collect();
    let output = &context.output;
    output.note(&format!(
        "a terminal in {short}; ~. at the beginning of a line leaves it"
    ));
    exit_code(Some(attended(terminal, input, output).await?))
}

fn request(source: &[String]) -> TerminalRequest {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let command = (!source.is_empty()).then(|| {
        let words = ["bash", "-c", SOURCING, "bash"].map(str::to_owned);
        words.into_iter().chain(source.iter().cloned()).collect()
    });
    let colours = variable("COLORTERM").map(|value| ("COLORTERM".to_owned(), value));
    TerminalRequest {
        term: variable("TERM"),
        lang: ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(variable),
        command,
        env: colours.into_iter().collect(),
        ..TerminalRequest::new(size())
    }
}

fn size() -> TerminalSize {
    let (rows, cols) = tty::size();
    TerminalSize { rows, cols }
}

/// Passes everything on, both ways, until one side has had enough; the exit code of the other. The terminal is as it was afterwards, also where
/// this is dropped.
async fn attended(
    terminal: Terminal,
    input: &TerminalInput,
    output: &Output,
) -> Result<i64, Failure> {
    let unusable = |error| Failure::because("the terminal cannot be used", &error);
    let mut quit = signal(SignalKind::quit()).map_err(unusable)?;
    let _held = output.hold();
    let screen = output.screen().map_err(unusable)?;
    let raw = Guard::raw(std::io::stdin(), screen).map_err(unusable)?;
    let (keys, left) = keyboard(output.clone());
    tokio::select! {
        outcome = watch(terminal, output) => outcome,
        failure = pass_on(keys, input) => Err(failure),
        failure = follow_size(input, &raw) => Err(failure),
        () = left.notified() => Err(Failure::interrupted(LEFT, "~.")),
        _ = quit.recv() => Err(Failure::interrupted(QUIT, "SIGQUIT")),
    }
}

/// Shows what is printed, until the program ends.
async fn watch(mut terminal: Terminal, output: &Output) -> Result<i64, Failure> {
    loop {
        match terminal.next().await? {
            TerminalEvent::Output(bytes) => {
                let output = output.clone();
                // A terminal that is stopped holds up nothing else.
                let show = move || tty::show(&bytes, |bytes| output.command_stdout(bytes));
                let shown = tokio::task::spawn_blocking(show).await;
                shown.unwrap_or_else(|error| Err(Failure::of(&error)))?;
            }
            TerminalEvent::Ended { exit_code } => return Ok(exit_code),
        }
    }
}

/// Types what comes from the keyboard, all that has come at once.
async fn pass_on(mut keys: mpsc::Receiver<Vec<u8>>, input: &TerminalInput) -> Failure {
    let mut pieces = Vec::new();
    while keys.recv_many(&mut pieces, WAITING).await > 0 {
        if let Err(error) = input.write(&pieces.concat()).await {
            return error.into();
        }
        pieces.clear();
    }
    // Nobody can type any more; the program may still have something to say.
    std::future::pending().await
}

/// Keeps the size there as it is here; takes the terminal again after this process was stopped.
async fn follow_size(input: &TerminalInput, raw: &Guard) -> Failure {
    let listen =
        |kind| signal(kind).map_err(|error| Failure::because("cannot listen for signals", &error));
    let signals = (
        listen(SignalKind::window_change()),
        listen(SignalKind::from_raw(Signal::CONT.as_raw())),
    );
    let (mut changed, mut continued) = match signals {
        (Ok(changed), Ok(continued)) => (changed, continued),
        (Err(failure), _) | (_, Err(failure)) => return failure,
    };
    // It may have changed before it was listened for.
    loop {
        if let Err(error) = input.resize(size()).await {
            tracing::debug!(%error, "the size was not told");
        }
        tokio::select! {
            _ = changed.recv() => {}
            _ = continued.recv() => if let Err(error) = raw.again() {
                return Failure::because("the terminal cannot be used", &error);
            },
        }
    }
}

/// What is typed; and who hears that it is to be left. A read cannot be given up, so a thread does it; the process does not wait for it.
fn keyboard(output: Output) -> (mpsc::Receiver<Vec<u8>>, Arc<Notify>) {
    let (sender, keys) = mpsc::channel(WAITING);
    let left = Arc::new(Notify::new());
    let leaving = Arc::clone(&left);
    std::thread::spawn(move || {
        let (mut escapes, mut piece) = (Escapes::default(), [0; PIECE]);
        let mut stdin = std::io::stdin().lock();
        while let Ok(length @ 1..) = stdin.read(&mut piece) {
            let (passed, meant) = escapes.take(&piece[..length]);
            if !passed.is_empty() && sender.blocking_send(passed).is_err() {
                return;
            }
            match meant {
                None => {}
                Some(Meant::Help) => {
                    // Whoever cannot be shown it needs no help.
                    let _ = tty::show(HELP.as_bytes(), |help| output.command_stdout(help));
                }
                Some(Meant::Leave) => return leaving.notify_one(),
            }
        }
    });
    (keys, left)
}
