//! What a key is good for: one day, one service.

use std::fmt;

use crate::date::UtcDate;

/// The fixed end of every scope.
pub const TERMINATOR: &str = "tc3_request";

/// `Display` is `date/service/tc3_request`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CredentialScope(String);

impl CredentialScope {
    pub(crate) fn new(date: UtcDate, service: &str) -> Self {
        Self(format!("{date}/{service}/{TERMINATOR}"))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CredentialScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
