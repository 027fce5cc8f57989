//! Commands that end with the client that asked for them, as those of `docker exec` do here.
//!
//! A SWE-ReX server lets a command run on when its client hangs up. So the command gets a mark in its environment, which its children
//! inherit; when the client is gone first, everything with that mark is killed. A Python server serves nobody until the command has ended,
//! so there it goes on.

use swerex_ags_runtime::{AgsRuntime, Error};
use swerex_proto::{Command, CommandLine, CommandResponse};
use tokio::runtime::Handle;
use uuid::Uuid;

/// The endpoint's path, beyond those of SWE-ReX. Body and answer are those of `execute`; the command is a list of arguments.
pub(crate) const PATH: &str = "/execute_attached";

/// The variable that is the mark.
const MARK: &str = "SWEREX_AGS_EXEC";

/// Kills everything with the mark `$0`.
const END: &str = include_str!("end_marked.sh");

/// Runs a command to its end, or to that of this future.
pub(super) async fn execute(
    runtime: &AgsRuntime,
    mut command: Command,
) -> Result<CommandResponse, Error> {
    let mark = format!("{MARK}={}", Uuid::new_v4().simple());
    if let CommandLine::Argv(argv) = &mut command.command {
        argv.splice(0..0, ["env".to_owned(), mark.clone()]);
    }
    let mut leash = Leash {
        runtime: Some(runtime.clone()),
        mark,
    };
    let outcome = runtime.execute(&command).await;
    if matches!(outcome, Ok(_) | Err(Error::Remote(_))) {
        leash.runtime = None;
    }
    outcome
}

/// Ends the command unless it has ended.
struct Leash {
    runtime: Option<AgsRuntime>,
    mark: String,
}

impl Drop for Leash {
    fn drop(&mut self) {
        let (Some(runtime), Ok(tasks)) = (self.runtime.take(), Handle::try_current()) else {
            return;
        };
        if !runtime.is_native() {
            tracing::info!("a command goes on without its client");
            return;
        }
        let end = Command {
            command: CommandLine::Argv(["sh", "-c", END, &self.mark].map(str::to_owned).to_vec()),
            timeout: Some(60.0),
            ..Command::default()
        };
        // The end of the sandbox ends it too, so nobody waits for this.
        tasks.spawn(async move {
            match runtime.execute(&end).await {
                Ok(_) => tracing::info!("a command was ended with its client"),
                Err(error) => tracing::debug!(%error, "a command was not ended with its client"),
            }
        });
    }
}
