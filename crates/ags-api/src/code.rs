//! What an error code means for the caller.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A code of API 3.0, such as `ResourceNotFound.SandboxInstance`, kept as the service wrote it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ErrorCode(String);

/// What a code means for the caller. Codes that nobody has documented are [`Other`](Self::Other) or
/// what their first part says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Too many calls a second; the request was not carried out.
    RateLimited,
    /// A quota of the account is used up.
    QuotaExceeded,
    /// An earlier request with the same `ClientToken` is still being carried out.
    InProgress,
    /// The resource does not exist, or no longer.
    NotFound,
    /// The request is wrong and will stay wrong.
    InvalidParameter,
    /// The caller is not known or not allowed.
    Auth(AuthKind),
    /// The resource is in use, or the `ClientToken` was used for another.
    Conflict,
    /// The action does not apply to the resource as it is now.
    Unsupported,
    /// Something inside the service.
    Internal,
    /// The resource, or something that the service needs, is not available now.
    Unavailable,
    /// Anything else.
    Other,
}

/// Why a caller was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthKind {
    /// The timestamp is more than five minutes off.
    SignatureExpired,
    /// The signature, or the header that carries it, is wrong.
    Signature,
    /// The secret id does not exist or is disabled.
    SecretId,
    /// The temporary session token is wrong or has expired.
    SessionToken,
    /// The caller is known and not allowed.
    Unauthorized,
    /// The service may not pull from the image's registry.
    Registry,
    /// Anything else.
    Other,
}

/// When the same request has a chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RetryAdvice {
    /// After a short pause; the client does so by itself.
    Soon,
    /// When something else has changed: an instance has stopped, a tool has become active. The client
    /// leaves that to its caller.
    Later,
    /// Never.
    Never,
}

impl ErrorCode {
    /// The image is still being pulled.
    pub(crate) const IMAGE_PREHEATING: &'static str = "ResourceUnavailable.ImagePreheating";

    /// Keeps `code`.
    #[must_use]
    pub fn new(code: impl Into<String>) -> Self {
        Self(code.into())
    }

    /// The code as the service wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it means.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        let (group, detail) = self.0.split_once('.').unwrap_or((&self.0, ""));
        match (group, detail) {
            ("RequestLimitExceeded", _) => ErrorKind::RateLimited,
            ("LimitExceeded" | "ResourceInsufficient", _) => ErrorKind::QuotaExceeded,
            ("FailedOperation", "RequestInProgress") => ErrorKind::InProgress,
            ("FailedOperation", "DuplicateRequest") | ("ResourceInUse", _) => ErrorKind::Conflict,
            ("FailedOperation", "DependencyUnavailable") | ("ResourceUnavailable", _) => {
                ErrorKind::Unavailable
            }
            ("ResourceNotFound", _) => ErrorKind::NotFound,
            (
                "InvalidParameter"
                | "InvalidParameterValue"
                | "MissingParameter"
                | "UnknownParameter"
                | "InvalidAction"
                | "InvalidRequest"
                | "NoSuchVersion"
                | "UnsupportedRegion"
                | "UnsupportedProtocol",
                _,
            ) => ErrorKind::InvalidParameter,
            ("AuthFailure", detail) => ErrorKind::Auth(match detail {
                "SignatureExpire" => AuthKind::SignatureExpired,
                "SignatureFailure" | "InvalidAuthorization" => AuthKind::Signature,
                "SecretIdNotFound" | "InvalidSecretId" => AuthKind::SecretId,
                "TokenFailure" => AuthKind::SessionToken,
                "UnauthorizedOperation" | "MFAFailure" => AuthKind::Unauthorized,
                "Registry" => AuthKind::Registry,
                _ => AuthKind::Other,
            }),
            ("UnauthorizedOperation", _) => ErrorKind::Auth(AuthKind::Unauthorized),
            ("UnsupportedOperation", _) => ErrorKind::Unsupported,
            ("InternalError", _) => ErrorKind::Internal,
            _ => ErrorKind::Other,
        }
    }

    /// When the same request, with the same `ClientToken`, has a chance.
    #[must_use]
    pub fn advice(&self) -> RetryAdvice {
        match (self.kind(), self.0.as_str()) {
            (ErrorKind::RateLimited | ErrorKind::InProgress | ErrorKind::Internal, _)
            | (_, "FailedOperation.DependencyUnavailable" | Self::IMAGE_PREHEATING) => {
                RetryAdvice::Soon
            }
            (
                _,
                "LimitExceeded.SandboxInstance"
                | "ResourceUnavailable.SandboxTool"
                | "ResourceInUse.SandboxTool",
            ) => RetryAdvice::Later,
            _ => RetryAdvice::Never,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl PartialEq<str> for ErrorCode {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for ErrorCode {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_that_decide_something() {
        use ErrorKind::*;
        use RetryAdvice::*;
        for (code, kind, advice) in [
            ("RequestLimitExceeded", RateLimited, Soon),
            ("RequestLimitExceeded.UinLimitExceeded", RateLimited, Soon),
            ("LimitExceeded.SandboxInstance", QuotaExceeded, Later),
            ("LimitExceeded.PausedInstance", QuotaExceeded, Never),
            ("LimitExceeded.APIKeyQuota", QuotaExceeded, Never),
            ("ResourceInsufficient", QuotaExceeded, Never),
            ("FailedOperation.RequestInProgress", InProgress, Soon),
            ("FailedOperation.DuplicateRequest", Conflict, Never),
            ("FailedOperation.DependencyUnavailable", Unavailable, Soon),
            ("FailedOperation.StorageMount", Other, Never),
            ("InternalError", Internal, Soon),
            ("InternalError.VPCServiceUnavailable", Internal, Soon),
            ("ResourceUnavailable.SandboxTool", Unavailable, Later),
            ("ResourceUnavailable.ImagePreheating", Unavailable, Soon),
            ("ResourceInUse.SandboxTool", Conflict, Later),
            ("ResourceNotFound.SandboxInstance", NotFound, Never),
            ("UnsupportedOperation.SandboxInstance", Unsupported, Never),
            ("InvalidParameterValue.SandboxTool", InvalidParameter, Never),
            (
                "AuthFailure.SignatureExpire",
                Auth(AuthKind::SignatureExpired),
                Never,
            ),
            (
                "AuthFailure.TokenFailure",
                Auth(AuthKind::SessionToken),
                Never,
            ),
            ("AuthFailure.SomethingNew", Auth(AuthKind::Other), Never),
            ("SomethingNew.Entirely", Other, Never),
            ("", Other, Never),
        ] {
            let code = ErrorCode::new(code);
            assert_eq!((code.kind(), code.advice()), (kind, advice), "{code}");
        }
    }

    #[test]
    fn every_documented_code_has_a_kind() {
        for code in crate::description::error_codes() {
            let kind = ErrorCode::new(*code).kind();
            assert!(
                kind != ErrorKind::Other || code.starts_with("FailedOperation"),
                "{code}"
            );
        }
    }
}
