#![doc = include_str!("../README.md")]

mod canonical;
mod credential;
mod date;
mod error;
mod key;
mod request;
mod scope;
mod sign;
pub mod verify;

pub use canonical::{ALGORITHM, CanonicalRequest, StringToSign, UNSIGNED_PAYLOAD};
pub use credential::Credential;
pub use date::UtcDate;
pub use error::{InvalidCredential, InvalidRequest};
pub use request::{Method, Payload, SignableRequest};
pub use scope::{CredentialScope, TERMINATOR};
pub use sign::{Signature, Signed, Signer};

/// Seconds since 1970-01-01T00:00:00Z. This crate reads no clock: the caller says what time it is.
pub type Timestamp = i64;
