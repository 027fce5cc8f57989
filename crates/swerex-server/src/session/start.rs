//! The start of a session: bash with its own start-up files, then the client's.

use std::{sync::Arc, time::Duration};

use swerex_proto::DEFAULT_STARTUP_TIMEOUT;
use tokio::time::Instant;

use super::{
    call::{Event, Waiter},
    hangup,
    outcome::ended,
    pattern::Patterns,
    script,
    shell::{Phase, Shell},
    text,
};
use crate::{config::DEFAULT_KILL_GRACE, exception::PyException, work::Surroundings};

/// How long start-up files may take where the client does not insist. SWE-ReX's clients send its default of one second whether
/// they mean it or not, and the files of conda, nvm or pyenv take longer than that.
const PATIENCE: Duration = Duration::from_secs(60);

/// A shell that is being made ready; it is ended when this is dropped before that.
pub(super) struct Start(Option<Arc<Shell>>);

impl Start {
    pub(super) fn new(surroundings: &Surroundings) -> Result<Self, PyException> {
        match Shell::start(surroundings) {
            Ok(shell) => Ok(Self(Some(shell))),
            Err(error) => Err(PyException::os(&error, "bash")),
        }
    }

    /// Waits for the prompt, has the files read, and waits again; what comes back is all that was printed.
    ///
    /// Bash's own start-up files have their own time. The limit counts for the client's, and its default is no limit.
    pub(super) async fn finish(
        &mut self,
        files: &[String],
        limit: f64,
    ) -> Result<String, PyException> {
        if let Some(bad) = PyException::bad_timeout(limit) {
            return Err(bad);
        }
        if files.iter().any(|file| file.contains('\0')) {
            return Err(PyException::embedded_null());
        }
        let Some(shell) = &self.0 else {
            return Ok(String::new());
        };
        let _attention = shell.attend();
        first_prompt(shell).await?;
        if !files.is_empty() {
            // Only the default itself is not meant.
            let limit = if limit == DEFAULT_STARTUP_TIMEOUT {
                PATIENCE
            } else {
                Duration::try_from_secs_f64(limit.max(0.0)).unwrap_or(PATIENCE)
            };
            let number = shell
                .run(&script::source(files))
                .map_err(|error| PyException::os_bare(&error))?;
            let none = Patterns::default();
            let mut waiter = Waiter::new(shell, number, &none);
            match waiter.wait(Some(Instant::now() + limit)).await {
                Event::Done(_) => {}
                Event::Ended(end) => return Err(ended(shell, end).await),
                _ => return Err(late(shell, limit).await),
            }
        }
        Ok(text(shell.take_output()).await)
    }

    pub(super) fn into_shell(mut self) -> Arc<Shell> {
        #[expect(
            clippy::expect_used,
            reason = "it is only taken out here, and this is the end of it"
        )]
        self.0.take().expect("a start has its shell")
    }
}

impl Drop for Start {
    fn drop(&mut self) {
        if let Some(shell) = self.0.take() {
            shell.kill();
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move { hangup::hang_up(&shell, DEFAULT_KILL_GRACE).await });
            }
        }
    }
}

async fn first_prompt(shell: &Shell) -> Result<(), PyException> {
    let mut changes = shell.changes();
    let deadline = Instant::now() + PATIENCE;
    loop {
        changes.borrow_and_update();
        let phase = shell.state().phase().clone();
        match phase {
            Phase::Ended(end) => return Err(ended(shell, end).await),
            Phase::Starting => {}
            _ => return Ok(()),
        }
        if tokio::time::timeout_at(deadline, changes.changed())
            .await
            .is_err()
        {
            return Err(late(shell, PATIENCE).await);
        }
    }
}

async fn late(shell: &Shell, limit: Duration) -> PyException {
    let output = text(shell.take_output()).await;
    PyException::pexpect_timeout(format!(
        "Timeout exceeded. The start-up files took longer than {} seconds",
        limit.as_secs_f64()
    ))
    .with_info("output", output)
}
