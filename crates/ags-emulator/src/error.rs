//! Why an emulator did not start.

use std::{error::Error, fmt, io, net::SocketAddr, path::Path};

/// Why an emulator did not start.
#[derive(Debug)]
pub struct StartError {
    what: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl StartError {
    pub(crate) fn invalid(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            source: None,
        }
    }

    pub(crate) fn because(
        what: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            what: what.into(),
            source: Some(source.into()),
        }
    }

    pub(crate) fn certificate(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::because("the emulator's certificate cannot be made", source)
    }

    pub(crate) fn listen(address: SocketAddr, source: io::Error) -> Self {
        Self::because(
            format!(
                "cannot listen on {address}; choose another address or port 0 for any free one"
            ),
            source,
        )
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        Self::because(format!("cannot write {}", path.display()), source)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.what)
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}
