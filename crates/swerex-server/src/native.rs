//! What SWE-ReX lacks: bytes of files in ranges, directories as archives, commands that tell what they print.

mod archive;
mod content;
mod query;
mod range;

pub(crate) use archive::{pack, unpack};
pub(crate) use content::{read, receive, store};
pub(crate) use query::{Query, missing};

use swerex_proto::{native::Capabilities, route::VERSION};

use crate::exception::PyException;

/// Why a body was not taken.
pub(crate) enum Stopped {
    /// The rest of it did not come.
    Aborted,
    Exception(PyException),
}

impl From<PyException> for Stopped {
    fn from(exception: PyException) -> Self {
        Self::Exception(exception)
    }
}

/// What this server can.
pub(crate) fn capabilities() -> Capabilities {
    Capabilities {
        server: "swerex-server".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: VERSION.to_owned(),
        revision: swerex_proto::native::REVISION,
    }
}
