//! What a fleet or a pool could not give.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use crate::error::StartFailed;

/// A sandbox of a fleet that did not start. Nothing of it is left running, or is being stopped.
#[derive(Debug)]
pub struct MemberFailed {
    pub(super) index: usize,
    pub(super) error: StartFailed,
}

impl MemberFailed {
    /// Which configuration it was for, counted from 0 in the order that they were given in.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Why it did not start.
    pub fn error(&self) -> &StartFailed {
        &self.error
    }

    /// The error alone.
    pub fn into_error(self) -> StartFailed {
        self.error
    }
}

impl fmt::Display for MemberFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sandbox {} of the fleet did not start", self.index)
    }
}

impl Error for MemberFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

/// A pool that had no sandbox to give.
#[derive(Clone, Debug)]
pub struct TakeFailed {
    /// How long was waited; `None` if the pool is closed.
    pub(super) waited: Option<Duration>,
    /// Many may wait for the same start.
    pub(super) last: Option<Arc<StartFailed>>,
}

impl TakeFailed {
    /// Whether the pool is closed: waiting longer does not help.
    pub fn is_closed(&self) -> bool {
        self.waited.is_none()
    }

    /// Why the last start failed, if none has succeeded since.
    pub fn last(&self) -> Option<&StartFailed> {
        self.last.as_deref()
    }
}

impl fmt::Display for TakeFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.waited, &self.last) {
            (None, _) => f.write_str("the pool is closed"),
            (Some(waited), None) => write!(
                f,
                "no sandbox was ready after {:.1} s: they are still starting",
                waited.as_secs_f64()
            ),
            (Some(waited), Some(_)) => write!(
                f,
                "no sandbox was ready after {:.1} s: starts fail",
                waited.as_secs_f64()
            ),
        }
    }
}

impl Error for TakeFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.last.as_deref().map(|last| last as _)
    }
}
