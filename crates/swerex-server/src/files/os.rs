//! What the operating system refuses, as Python says it.

use std::io;

use crate::{exception::PyException, pyrepr::repr};

/// `[Errno N] Text: 'path'`, as the class that Python has for the number.
pub(crate) fn os_error(error: &io::Error, path: &str) -> PyException {
    PyException::os(error, path)
}

/// Runs file work off the threads that serve connections.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PyException> + Send + 'static,
) -> Result<T, PyException> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(failed) => match failed.try_into_panic() {
            // The answer to a panic is made at one place, where the handler was called.
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(PyException::new(
                "builtins.RuntimeError",
                "the server is shutting down",
            )),
        },
    }
}

/// What no open file is made for: a terminal, a pipe, a disk.
pub(crate) fn special(path: &str) -> PyException {
    PyException::new(
        "builtins.OSError",
        format!(
            "[Errno 22] Invalid argument: {} is neither a regular file nor a directory",
            repr(path)
        ),
    )
}
