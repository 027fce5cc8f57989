//! What can be wrong with an input. Signing itself cannot fail.

use std::fmt;

/// Why a credential cannot be used. Values are not repeated: they are secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidCredential {
    /// `what` is empty.
    Empty {
        /// `SecretId`, `SecretKey` or `token`.
        what: &'static str,
    },
    /// `what` has a character that cannot stand in a header; often a newline from the file it was read from.
    Character {
        /// `SecretId`, `SecretKey` or `token`.
        what: &'static str,
        /// Where the character stands, in bytes from the beginning.
        at: usize,
    },
}

/// Why a request cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidRequest {
    pub(crate) part: &'static str,
    pub(crate) value: String,
    pub(crate) reason: &'static str,
}

impl InvalidRequest {
    pub(crate) fn new(part: &'static str, value: &str, reason: &'static str) -> Self {
        Self {
            part,
            value: value.to_owned(),
            reason,
        }
    }

    /// The part that is wrong: `host`, `path`, `query`, `content type`, `header name`, `header value`, `service`.
    pub fn part(&self) -> &'static str {
        self.part
    }
}

impl fmt::Display for InvalidCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty { what } => write!(f, "the {what} is empty"),
            Self::Character { what, at } => write!(
                f,
                "the {what} has a blank or control or non-ASCII character at byte {at}: remove it"
            ),
        }
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            part,
            value,
            reason,
        } = self;
        write!(f, "the {part} `{}` {reason}", value.escape_debug())
    }
}

impl std::error::Error for InvalidCredential {}
impl std::error::Error for InvalidRequest {}
