//! Tokens of the gateway: each for one instance, until it expires or is revoked.

use std::{collections::HashMap, fmt};

use ags_api::Secret;

use super::ids::secret;
use crate::clock::Moment;

/// The tokens that have been issued and are good.
#[derive(Default)]
pub(crate) struct Tokens {
    good: HashMap<String, Token>,
}

/// What a token opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) instance: String,
    pub(crate) expires: Moment,
    pub(crate) kind: TokenKind,
}

/// Which of the two it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// `Token`.
    Access,
    /// `TrafficToken`, for ports other than envd's.
    Traffic,
}

impl Tokens {
    pub(crate) fn issue(&mut self, instance: &str, expires: Moment, kind: TokenKind) -> Secret {
        let text = secret("sit_");
        self.good.insert(
            text.clone(),
            Token {
                instance: instance.to_owned(),
                expires,
                kind,
            },
        );
        Secret::new(text)
    }

    pub(crate) fn find(&self, text: &str) -> Option<&Token> {
        self.good.get(text)
    }

    pub(crate) fn revoke(&mut self, text: &str) {
        self.good.remove(text);
    }

    /// Drops every token of `instance`.
    pub(crate) fn forget(&mut self, instance: &str) {
        self.good.retain(|_, token| token.instance != instance);
    }

    /// Drops what has expired, so that a client that asks again and again fills nothing.
    pub(crate) fn sweep(&mut self, now: Moment) {
        self.good.retain(|_, token| token.expires > now);
    }

    pub(crate) fn len(&self) -> usize {
        self.good.len()
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Tokens({})", self.good.len())
    }
}
