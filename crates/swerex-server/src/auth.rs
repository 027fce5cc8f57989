//! The key that every request must show.

use std::fmt;

use http::HeaderMap;
use subtle::ConstantTimeEq;
use swerex_proto::route::X_API_KEY;

use crate::answer::Answer;

/// The key that clients send in `X-API-Key`. Neither printed nor compared in a way that tells how much of it was right.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthToken(Box<str>);

impl AuthToken {
    /// `None` for the empty token, which switches authentication off.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Option<Self> {
        let token = token.into();
        (!token.is_empty()).then(|| Self(token.into_boxed_str()))
    }

    /// The answer to a request without the right key.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Answer> {
        let given = headers
            .get(X_API_KEY)
            .map(http::HeaderValue::as_bytes)
            .unwrap_or_default();
        if given.is_empty() {
            return Err(Answer::not_authenticated());
        }
        if bool::from(given.ct_eq(self.0.as_bytes())) {
            Ok(())
        } else {
            Err(Answer::detail(
                http::StatusCode::UNAUTHORIZED,
                "Invalid API Key",
            ))
        }
    }
}

impl fmt::Debug for AuthToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthToken(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: Option<&str>) -> u16 {
        let mut headers = HeaderMap::new();
        if let Some(given) = given {
            headers.insert("x-api-key", given.parse().unwrap());
        }
        let token = AuthToken::new("right").unwrap();
        token
            .check(&headers)
            .map_or_else(|answer| answer.status.as_u16(), |()| 200)
    }

    #[test]
    fn only_the_exact_key() {
        assert_eq!(check(Some("right")), 200);
        assert_eq!(check(Some("righ")), 401);
        assert_eq!(check(Some("Right")), 401);
        assert_eq!(check(Some("right ")), 401);
        assert_eq!(check(Some("")), 401);
        assert_eq!(check(None), 401);
        assert_eq!(AuthToken::new(""), None);
    }

    #[test]
    fn never_shown() {
        assert_eq!(
            format!("{:?}", AuthToken::new("s3cret")),
            "Some(AuthToken(redacted))"
        );
    }
}
