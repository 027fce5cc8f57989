//! Strings that must not be shown.

use std::fmt;

use serde::{Deserialize, Serializer};

/// A token, a key or another string that must not be shown.
///
/// It has no `Display` and no `Serialize`, and its `Debug` says `[redacted]`. The one place where it is
/// serialised is the member of a request or reply of [`model`](crate::model) that holds it: a client
/// must send it and a server (the emulator) must answer it. So do not print serialised replies of
/// token actions.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps `value`.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The string itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

/// Writes a secret member of a request or reply.
#[expect(clippy::ref_option, reason = "the signature is serde's")]
pub(crate) fn on_the_wire<S: Serializer>(
    secret: &Option<Secret>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => serializer.serialize_some(secret.expose()),
        None => serializer.serialize_none(),
    }
}
