//! Who signs: `SecretId`, `SecretKey` and, for temporary credentials of STS, a session token.

use std::fmt;

use crate::error::InvalidCredential;

/// A credential whose parts can stand in a header.
///
/// Neither `SecretKey` nor token can be read back, displayed or serialised; `Debug` shows the `SecretId` only.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    secret_id: String,
    secret_key: String,
    token: Option<String>,
}

impl Credential {
    /// A credential of `SecretId` and `SecretKey`.
    ///
    /// # Errors
    /// [`InvalidCredential`] if one of them is empty or has a character that cannot stand in a header.
    pub fn new(
        secret_id: impl Into<String>,
        secret_key: impl Into<String>,
    ) -> Result<Self, InvalidCredential> {
        Ok(Self {
            secret_id: checked("SecretId", secret_id.into())?,
            secret_key: checked("SecretKey", secret_key.into())?,
            token: None,
        })
    }

    /// With the session token of STS, which goes out as `X-TC-Token`.
    ///
    /// # Errors
    /// [`InvalidCredential`] if it is empty or has a character that cannot stand in a header.
    pub fn with_token(mut self, token: impl Into<String>) -> Result<Self, InvalidCredential> {
        self.token = Some(checked("token", token.into())?);
        Ok(self)
    }

    /// The public half.
    pub fn secret_id(&self) -> &str {
        &self.secret_id
    }

    /// Whether it is temporary.
    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    pub(crate) fn secret_key(&self) -> &str {
        &self.secret_key
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("secret_id", &self.secret_id)
            .field("secret_key", &"..")
            .field("token", &self.token.as_ref().map(|_| ".."))
            .finish()
    }
}

fn checked(what: &'static str, value: String) -> Result<String, InvalidCredential> {
    if value.is_empty() {
        return Err(InvalidCredential::Empty { what });
    }
    match value.bytes().position(|byte| !byte.is_ascii_graphic()) {
        Some(at) => Err(InvalidCredential::Character { what, at }),
        None => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let credential = Credential::new("AKID1", "marker-key").unwrap();
        let credential = credential.with_token("marker-token").unwrap();
        let shown = format!("{credential:?} {credential:#?}");
        assert!(
            shown.contains("AKID1") && !shown.contains("marker"),
            "{shown}"
        );
        assert!(credential.has_token());
    }

    #[test]
    fn what_cannot_stand_in_a_header_is_refused_and_not_repeated() {
        let empty = Credential::new("", "k").unwrap_err();
        assert_eq!(empty.to_string(), "the SecretId is empty");
        let newline = Credential::new("AKID1", "marker\n").unwrap_err();
        assert_eq!(
            newline,
            InvalidCredential::Character {
                what: "SecretKey",
                at: 6
            }
        );
        assert!(!newline.to_string().contains("marker"));
        let token = Credential::new("a", "b")
            .unwrap()
            .with_token("ü")
            .unwrap_err();
        assert_eq!(
            token,
            InvalidCredential::Character {
                what: "token",
                at: 0
            }
        );
    }
}
