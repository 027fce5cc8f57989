//! Where a running command's output is told besides being collected.

use std::{fmt, sync::Arc};

use swerex_proto::native::Stream;

type Listener = Arc<dyn Fn(Stream, &[u8]) + Send + Sync>;

/// Hears what a command prints, piece by piece; pieces may end within a character. Telling never blocks.
#[derive(Clone, Default)]
pub(crate) struct Tap(Option<Listener>);

impl Tap {
    pub(crate) fn new(listener: impl Fn(Stream, &[u8]) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    /// Nobody listens.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// Tells the listener, if there is one.
    pub(crate) fn tell(&self, stream: Stream, bytes: &[u8]) {
        if let Some(listener) = &self.0
            && !bytes.is_empty()
        {
            listener(stream, bytes);
        }
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.0.is_some() { "heard" } else { "unheard" };
        f.debug_tuple("Tap").field(&state).finish()
    }
}
