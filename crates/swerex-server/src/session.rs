//! Named bash sessions, each a shell on a terminal of its own.

use swerex_proto::{
    BashAction, BashInterruptAction, BashObservation, CloseBashSessionRequest,
    CloseBashSessionResponse, CreateBashSessionRequest, CreateBashSessionResponse,
};

use crate::{events::Tap, exception::PyException, work::Surroundings};

/// The sessions of a server; clones are the same sessions.
#[derive(Clone, Debug)]
pub(crate) struct Sessions {}

impl Sessions {
    /// No session yet.
    pub(crate) fn new(_surroundings: Surroundings) -> Self {
        Self {}
    }

    /// Starts a shell and waits for its first prompt. A failed start leaves no name behind.
    pub(crate) async fn create(
        &self,
        _request: CreateBashSessionRequest,
    ) -> Result<CreateBashSessionResponse, PyException> {
        Err(PyException::new("builtins.NotImplementedError", "create"))
    }

    /// Runs a command when those that came before it are done. Dropping the future stops waiting, not the command.
    pub(crate) async fn run(
        &self,
        _action: BashAction,
        _tap: Tap,
    ) -> Result<BashObservation, PyException> {
        Err(PyException::new("builtins.NotImplementedError", "run"))
    }

    /// Interrupts what runs, at once.
    pub(crate) async fn interrupt(
        &self,
        _action: BashInterruptAction,
    ) -> Result<BashObservation, PyException> {
        Err(PyException::new(
            "builtins.NotImplementedError",
            "interrupt",
        ))
    }

    /// Ends a shell, at once, and frees its name.
    pub(crate) async fn close(
        &self,
        request: CloseBashSessionRequest,
    ) -> Result<CloseBashSessionResponse, PyException> {
        Err(PyException::session_does_not_exist(&request.session))
    }

    /// Ends every shell and frees the names; the server goes on.
    pub(crate) async fn close_all(&self) {}

    /// Ends every shell and everything that came of it, within a second; nothing can be created afterwards.
    pub(crate) async fn shutdown(&self) {}
}
