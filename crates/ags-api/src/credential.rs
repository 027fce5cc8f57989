//! Where the credential comes from.

use std::fmt;

use ags_http::BoxFuture;
use ags_sign::Credential;

/// Gives the client its credential.
///
/// A plain [`Credential`] is a source that never changes. A source of temporary credentials is read
/// when the client starts and once more when the service refuses the session token.
pub trait CredentialSource: Send + Sync + fmt::Debug {
    /// The credential to sign with now.
    ///
    /// # Errors
    /// Whatever keeps the source from having one.
    fn credential(&self) -> BoxFuture<'_, Result<Credential, CredentialError>>;
}

impl CredentialSource for Credential {
    fn credential(&self) -> BoxFuture<'_, Result<Self, CredentialError>> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }
}

impl<S: CredentialSource + ?Sized> CredentialSource for std::sync::Arc<S> {
    fn credential(&self) -> BoxFuture<'_, Result<Credential, CredentialError>> {
        (**self).credential()
    }
}

/// A source has no credential.
#[derive(Debug)]
pub struct CredentialError {
    problem: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl CredentialError {
    /// Says what is missing and what to do about it; it must not hold a secret.
    #[must_use]
    pub fn new(problem: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            source: None,
        }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for CredentialError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.problem)
    }
}

impl std::error::Error for CredentialError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
