//! Commands that end with the client that asked for them, as those of `docker exec` do here.
//!
//! A SWE-ReX server lets a command run on when its client hangs up. So the command gets a mark in its environment, which its children
//! inherit; when the client is gone first, everything with that mark is killed. A Python server serves nobody while a command runs: there
//! the command runs in the background, and is asked for again and again.
//!
//! The answer is a stream of events, as a native server tells them, so that neither side needs memory for a long output.

mod telling;

use std::time::Duration;

use ags_http::Body;
use http::Response;
use swerex_ags_runtime::{AgsRuntime, Error, Sink};
use swerex_proto::{Command, CommandLine, CommandResponse, native::Stream};
use tokio::runtime::Handle;
use uuid::Uuid;

use super::reply;
use telling::{Step, Telling};

/// The endpoint's path, beyond those of SWE-ReX. The body is that of `execute`, and the command a list of arguments. The answer is
/// `application/x-ndjson`: [`Event`](swerex_proto::native::Event)s; [`AgsRuntime::execute_attached`] reads it.
pub(crate) const PATH: &str = "/execute_attached";

/// The variable that is the mark.
const MARK: &str = "SWEREX_AGS_EXEC";

/// Ends everything with the mark `$0`, and removes the directory `$1`; `$2` says how often it is looked for what may yet have to start, `$3` how many
/// looks after TERM it is killed.
const END: &str = include_str!("attached/end.sh");

/// Runs `$2` … in the background, its output in the directory `$1`; `$0` is `merged` if there is one stream.
const BEGIN: &str = include_str!("attached/begin.sh");

/// Waits a moment for what [`BEGIN`] began in `$0`, and prints its output and code if it has ended.
const LOOK: &str = include_str!("attached/look.sh");

/// How long it is from one of these looks to the next.
const LOOKS_EVERY: Duration = Duration::from_millis(200);

/// How long a script may take besides what it waits for.
const SCRIPT_TIMEOUT: Duration = Duration::from_secs(60);

/// What stands between output and code.
const SEPARATOR: char = '\u{1e}';

/// How long others have the server between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Runs a command to its end, or to that of the answer's body.
///
/// # Errors
/// It failed before anything was heard of it.
pub(super) async fn execute(
    runtime: AgsRuntime,
    command: Command,
) -> Result<Response<Body>, Error> {
    let mut telling = Telling::new(|sink| Box::pin(run(runtime, command, sink)));
    match telling.step().await {
        Step::End(Err(error)) => Err(error),
        first => Ok(reply::events(telling.into_body(first))),
    }
}

async fn run(
    runtime: AgsRuntime,
    mut command: Command,
    mut sink: impl Sink,
) -> Result<CommandResponse, Error> {
    let leash = Leash::new(&runtime);
    let directory = leash.directory.clone();
    if let CommandLine::Argv(argv) = &mut command.command {
        *argv = leash.marked(std::mem::take(argv));
    }
    let outcome = match &command.command {
        CommandLine::Argv(argv) if !runtime.is_native() => {
            let argv = argv.clone();
            in_background(&runtime, command, argv, &directory, &mut sink).await
        }
        _ => runtime.execute_streamed(&command, sink).await,
    };
    if matches!(outcome, Ok(_) | Err(Error::Remote(_))) {
        leash.let_go();
    }
    outcome
}

async fn in_background(
    runtime: &AgsRuntime,
    command: Command,
    argv: Vec<String>,
    directory: &str,
    sink: &mut impl Sink,
) -> Result<CommandResponse, Error> {
    let streams = if command.merge_output_streams {
        "merged"
    } else {
        "two"
    };
    let mut begin = script(BEGIN, &[streams, directory]);
    if let CommandLine::Argv(words) = &mut begin.command {
        words.extend(argv);
    }
    begin.cwd.clone_from(&command.cwd);
    let begun = runtime.execute(&begin).await?;
    if begun.exit_code != Some(0) {
        // Nothing was begun: there is no place for its output.
        return runtime.execute_streamed(&command, sink).await;
    }
    let look = script(LOOK, &[directory]);
    loop {
        let mut seen = runtime.execute(&look).await?;
        if let Some(at) = seen.stdout.rfind(SEPARATOR) {
            seen.exit_code = seen.stdout[at + SEPARATOR.len_utf8()..].parse().ok();
            seen.stdout.truncate(at);
            for (stream, text) in [
                (Stream::Stdout, std::mem::take(&mut seen.stdout)),
                (Stream::Stderr, std::mem::take(&mut seen.stderr)),
            ] {
                if !text.is_empty() {
                    sink.take(stream, text.into())
                        .await
                        .map_err(Error::Output)?;
                }
            }
            return Ok(seen);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn script(text: &str, words: &[&str]) -> Command {
    let argv = ["sh", "-c", text].into_iter().chain(words.iter().copied());
    Command {
        command: CommandLine::Argv(argv.map(str::to_owned).collect()),
        timeout: Some(SCRIPT_TIMEOUT.as_secs_f64()),
        ..Command::default()
    }
}

/// Ends a command unless it has ended.
#[derive(Debug)]
pub(crate) struct Leash {
    runtime: Option<AgsRuntime>,
    mark: String,
    directory: String,
    /// How long what does not end has from TERM to KILL.
    grace: Duration,
}

/// What a command has from TERM to KILL, unless somebody says otherwise.
pub(crate) const DEFAULT_KILL_GRACE: Duration = LOOKS_EVERY;

/// How often it is looked for a command that has begun, as far as anybody knows.
const FEW_LOOKS: &str = "3";

/// How often for one of which that is not known.
const LOOKS: &str = "25";

impl Leash {
    /// On a command of a native server, which is given the mark.
    pub(crate) fn on(
        runtime: &AgsRuntime,
        mut command: Command,
        grace: Duration,
    ) -> (Command, Self) {
        let mut leash = Self::new(runtime);
        leash.grace = grace;
        let argv = match command.command {
            CommandLine::Shell(line) if command.shell => {
                command.shell = false;
                ["/bin/sh", "-c", &line].map(str::to_owned).to_vec()
            }
            CommandLine::Shell(program) => vec![program],
            CommandLine::Argv(argv) if command.shell => {
                command.shell = false;
                let words = ["/bin/sh", "-c"].map(str::to_owned);
                words.into_iter().chain(argv).collect()
            }
            CommandLine::Argv(argv) => argv,
        };
        command.command = CommandLine::Argv(leash.marked(argv));
        (command, leash)
    }

    fn new(runtime: &AgsRuntime) -> Self {
        let id = Uuid::new_v4().simple();
        Self {
            runtime: Some(runtime.clone()),
            mark: format!("{MARK}={id}"),
            directory: format!("/tmp/.swerex-ags-{id}"),
            grace: DEFAULT_KILL_GRACE,
        }
    }

    /// What ends it, by so many looks for a beginning.
    fn end(&self, looks: &str) -> Command {
        let grace = self.grace.as_millis().div_ceil(LOOKS_EVERY.as_millis());
        let mut end = script(
            END,
            &[&self.mark, &self.directory, looks, &grace.to_string()],
        );
        end.timeout = Some(SCRIPT_TIMEOUT.saturating_add(self.grace).as_secs_f64());
        end
    }

    fn marked(&self, argv: Vec<String>) -> Vec<String> {
        let mut words = vec!["env".to_owned(), self.mark.clone()];
        if argv.first().is_some_and(|program| program.contains('=')) {
            // To `env` such a program would be one more variable.
            words.extend(["/bin/sh", "-c", "exec \"$@\"", "sh"].map(str::to_owned));
        }
        words.extend(argv);
        words
    }

    /// How long it may take to end before it is killed.
    pub(crate) fn grace(&self) -> Duration {
        self.grace
    }

    /// It has ended by itself.
    pub(crate) fn let_go(mut self) {
        self.runtime = None;
    }

    /// Ends it now; returns when it has ended.
    pub(crate) async fn pull(mut self) {
        if let Some(runtime) = self.runtime.take() {
            let end = self.end(FEW_LOOKS);
            told(runtime.execute(&end).await);
        }
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        let (Some(runtime), Ok(tasks)) = (self.runtime.take(), Handle::try_current()) else {
            return;
        };
        let end = self.end(LOOKS);
        // The end of the sandbox ends it too, so nobody waits for this.
        tasks.spawn(async move { told(runtime.execute(&end).await) });
    }
}

fn told(outcome: Result<CommandResponse, Error>) {
    match outcome {
        Ok(_) => tracing::info!("a command was ended with its client"),
        Err(error) => tracing::debug!(%error, "a command was not ended with its client"),
    }
}
