//! What the bridge needs of a sandbox, and who starts one.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use ags_http::{Body, BoxFuture, text::with_causes};
use swerex_ags_runtime::Error;

use super::address::Address;

/// A running sandbox that takes calls.
pub(crate) trait Sandbox: Send + Sync + fmt::Debug {
    /// Passes a call on; its path is the endpoint's. The answer streams.
    fn call(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, CallFailed>>;

    /// Whether it takes calls right now.
    fn is_alive(&self) -> BoxFuture<'_, bool>;

    /// Stops it; may be called more than once.
    fn stop(&self) -> BoxFuture<'_, Result<(), String>>;
}

/// Starts sandboxes. Dropping the future gives the start up and leaves nothing running.
pub(crate) trait Starter: Send + Sync + fmt::Debug {
    /// `stage` is told how far it is.
    fn start(
        &self,
        address: &Address,
        stage: Stage,
    ) -> BoxFuture<'static, Result<Arc<dyn Sandbox>, StartProblem>>;
}

/// How far a start is, in words; clones are of the same start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stage(Arc<Mutex<String>>);

impl Stage {
    pub(crate) fn set(&self, words: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }

    pub(crate) fn get(&self) -> String {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Why no sandbox came up, in words for the agent's user: the stage, the cause and the request id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StartProblem(pub(crate) String);

/// Why a call has no answer from the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CallFailed {
    /// The sandbox no longer exists.
    Gone(String),
    /// The agent's own request broke off, or is none.
    Broken(String),
    /// The call failed on its way; whether it was carried out is said in the text.
    Unreachable(String),
}

impl From<&Error> for CallFailed {
    fn from(error: &Error) -> Self {
        let why = with_causes(error);
        match error {
            Error::BrokenRequest { .. } => Self::Broken(why),
            error if error.is_environment_expired() => Self::Gone(why),
            _ => Self::Unreachable(why),
        }
    }
}
