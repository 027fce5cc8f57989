//! Where a running command's output is told besides being collected.

use std::{fmt, sync::Arc};

use swerex_proto::native::Stream;

use super::Log;

type Listener = Arc<dyn Fn(Stream, &[u8]) + Send + Sync>;

/// Hears what a command prints, piece by piece; pieces may end within a character. Telling never blocks.
#[derive(Clone, Default)]
pub(crate) struct Tap {
    listener: Option<Listener>,
    /// Keeps all that was not seen.
    exact: Option<Arc<Log>>,
}

impl Tap {
    pub(crate) fn new(listener: impl Fn(Stream, &[u8]) + Send + Sync + 'static) -> Self {
        Self {
            listener: Some(Arc::new(listener)),
            exact: None,
        }
    }

    /// Of a log that keeps all that was not seen: whoever tells more is to wait for [`room`](Self::room).
    pub(super) fn exact(log: &Arc<Log>) -> Self {
        let listener = Arc::clone(log);
        Self {
            exact: Some(Arc::clone(log)),
            ..Self::new(move |stream, bytes| listener.output(stream, bytes))
        }
    }

    /// Nobody listens.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// Whether everything that is told arrives, so that it need not be collected.
    pub(crate) fn is_exact(&self) -> bool {
        self.exact.is_some()
    }

    /// Returns when the listener has room for another piece.
    pub(crate) async fn room(&self) {
        if let Some(log) = &self.exact {
            log.room().await;
        }
    }

    /// Tells the listener, if there is one.
    pub(crate) fn tell(&self, stream: Stream, bytes: &[u8]) {
        if let Some(listener) = &self.listener
            && !bytes.is_empty()
        {
            listener(stream, bytes);
        }
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match (&self.listener, &self.exact) {
            (_, Some(_)) => "exact",
            (Some(_), None) => "heard",
            (None, None) => "unheard",
        };
        f.debug_tuple("Tap").field(&state).finish()
    }
}
