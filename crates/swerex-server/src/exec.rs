//! One command outside of sessions, with the semantics of Python's `subprocess.run`.

use swerex_proto::{Command, CommandResponse};

use crate::{events::Tap, exception::PyException, work::Surroundings};

/// Runs a command to its end. Dropping the future ends the command's whole tree of processes.
pub(crate) async fn execute(
    _request: Command,
    _surroundings: &Surroundings,
    _tap: Tap,
) -> Result<CommandResponse, PyException> {
    Err(PyException::new("builtins.NotImplementedError", "execute"))
}
