//! The other side: checking a signature that was received.
//!
//! ```
//! use std::time::Duration;
//! use ags_sign::{Credential, Method, Payload, SignableRequest, Signer};
//! use ags_sign::verify::{Authorization, MAX_SKEW, ReceivedRequest, verify};
//!
//! let credential = Credential::new("AKID1", "secret")?;
//! let body = br#"{"Limit":1}"#;
//! let request = SignableRequest::new(Method::Post, "localhost", "/", "", "application/json", Payload::Bytes(body))?;
//! let signed = Signer::new(credential.clone(), "ags")?.sign(&request, 1_767_225_600);
//!
//! let authorization = Authorization::parse(signed.authorization())?;
//! assert_eq!(authorization.secret_id(), "AKID1"); // the server looks its key up
//! let received = ReceivedRequest {
//!     method: "POST", path: "/", query: "", payload: Payload::Bytes(body), timestamp: "1767225600",
//!     header: &|name| match name { "content-type" => Some("application/json"), "host" => Some("localhost"), _ => None },
//! };
//! verify(&authorization, &received, &credential, Some("ags"), 1_767_225_700, MAX_SKEW)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::{fmt, time::Duration};

use ring::hmac;

use crate::{
    Timestamp,
    canonical::{ALGORITHM, Stages},
    credential::Credential,
    date::UtcDate,
    key::derive,
    request::{CONTENT_TYPE, HOST, Payload},
    scope::{CredentialScope, TERMINATOR},
};

/// How far a timestamp may be off, either way.
pub const MAX_SKEW: Duration = Duration::from_secs(300);

/// The headers that every signature must cover.
const REQUIRED: [&str; 2] = [CONTENT_TYPE, HOST];

/// A parsed `Authorization` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    secret_id: String,
    date: String,
    service: String,
    signed_headers: Vec<String>,
    signature: [u8; 32],
}

/// A request as it arrived.
#[derive(Clone, Copy)]
pub struct ReceivedRequest<'a> {
    /// The method as in the request line.
    pub method: &'a str,
    /// The path as in the request line, without the query.
    pub path: &'a str,
    /// The query as in the request line, without `?`.
    pub query: &'a str,
    /// The body, or [`Payload::Unsigned`] if `X-TC-Content-SHA256` says so.
    pub payload: Payload<'a>,
    /// The value of `X-TC-Timestamp`.
    pub timestamp: &'a str,
    /// Gives a header's value by its lower-case name.
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
}

/// Why a signature is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// The `Authorization` header is not of the scheme's form.
    Malformed(&'static str),
    /// `X-TC-Timestamp` is no number of seconds.
    Timestamp,
    /// The timestamp is too far from the server's time.
    Expired {
        /// Seconds by which the request's time is ahead of the server's.
        ahead: i64,
    },
    /// The scope's date is not the timestamp's.
    Date,
    /// The scope names another service.
    Service,
    /// The scope's SecretId is not the credential's.
    SecretId,
    /// A signed header is missing from the request, or a header that must be signed is not.
    Header(String),
    /// The signature is another one.
    Mismatch,
}

impl Authorization {
    /// Parses the value of `Authorization`. Any text is safe to give.
    ///
    /// # Errors
    /// [`VerifyError::Malformed`] says what is missing.
    pub fn parse(text: &str) -> Result<Self, VerifyError> {
        let fields = text
            .strip_prefix(ALGORITHM)
            .filter(|rest| rest.starts_with(' '))
            .ok_or(VerifyError::Malformed(
                "it does not begin with `TC3-HMAC-SHA256 `",
            ))?;
        let (mut credential, mut headers, mut signature) = (None, None, None);
        for field in fields.split(',') {
            let (name, value) = field
                .trim()
                .split_once('=')
                .ok_or(VerifyError::Malformed("a part of it is not `Name=value`"))?;
            let place = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut headers,
                "Signature" => &mut signature,
                _ => return Err(VerifyError::Malformed("it has an unknown part")),
            };
            if place.replace(value).is_some() {
                return Err(VerifyError::Malformed("it has a part twice"));
            }
        }
        let credential = credential.ok_or(VerifyError::Malformed("it has no Credential"))?;
        let headers = headers.ok_or(VerifyError::Malformed("it has no SignedHeaders"))?;
        let signature = signature.ok_or(VerifyError::Malformed("it has no Signature"))?;
        let parts: Vec<&str> = credential.split('/').collect();
        let [secret_id, date, service, TERMINATOR] = parts.as_slice() else {
            return Err(VerifyError::Malformed(
                "its Credential is not `SecretId/date/service/tc3_request`",
            ));
        };
        if secret_id.is_empty() || service.is_empty() {
            return Err(VerifyError::Malformed("its Credential has an empty part"));
        }
        Ok(Self {
            secret_id: (*secret_id).to_owned(),
            date: (*date).to_owned(),
            service: (*service).to_owned(),
            signed_headers: signed_headers(headers)?,
            signature: unhex(signature).ok_or(VerifyError::Malformed(
                "its Signature is not 64 lower-case hexadecimal digits",
            ))?,
        })
    }

    /// Who says to have signed.
    pub fn secret_id(&self) -> &str {
        &self.secret_id
    }

    /// The service that the scope names.
    pub fn service(&self) -> &str {
        &self.service
    }
}

/// Checks a signature: time first, then scope, then the signature itself in constant time.
///
/// `service`: the one that is served, or `None` for any. `now` is the server's time and `skew` how far the request's may be off.
///
/// # Errors
/// The first [`VerifyError`] that applies.
pub fn verify(
    authorization: &Authorization,
    request: &ReceivedRequest<'_>,
    credential: &Credential,
    service: Option<&str>,
    now: Timestamp,
    skew: Duration,
) -> Result<(), VerifyError> {
    let is_canonical = request.timestamp.bytes().all(|b| b.is_ascii_digit())
        && !request.timestamp.starts_with('0');
    let at: Timestamp = request
        .timestamp
        .parse()
        .ok()
        .filter(|_| is_canonical)
        .ok_or(VerifyError::Timestamp)?;
    let ahead = at.saturating_sub(now);
    if ahead.unsigned_abs() > skew.as_secs() {
        return Err(VerifyError::Expired { ahead });
    }
    let date = UtcDate::of(at);
    if authorization.date != date.to_string() {
        return Err(VerifyError::Date);
    }
    if service.is_some_and(|service| service != authorization.service) {
        return Err(VerifyError::Service);
    }
    if authorization.secret_id != credential.secret_id() {
        return Err(VerifyError::SecretId);
    }
    let headers = authorization
        .signed_headers
        .iter()
        .map(|name| match (request.header)(name) {
            Some(value) => Ok((name.as_str(), value.trim_matches([' ', '\t']))),
            None => Err(VerifyError::Header(name.clone())),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let scope = CredentialScope::new(date, &authorization.service);
    let stages = Stages::new(
        [request.method, request.path, request.query],
        headers.into_iter(),
        request.payload,
        scope.as_str(),
        at,
    );
    let text = stages.string_to_sign().0;
    let key = derive(credential, date, &authorization.service);
    hmac::verify(&key, text.as_bytes(), &authorization.signature).map_err(|_| VerifyError::Mismatch)
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => write!(f, "the Authorization header is malformed: {why}"),
            Self::Timestamp => f.write_str("X-TC-Timestamp is missing or no number of seconds"),
            Self::Expired { ahead } => {
                write!(f, "the request's time is {ahead} s ahead of the server's")
            }
            Self::Date => {
                f.write_str("the date in Credential is not the UTC date of X-TC-Timestamp")
            }
            Self::Service => f.write_str("the Credential is for another service"),
            Self::SecretId => f.write_str("the SecretId is unknown"),
            Self::Header(name) => write!(f, "the header `{name}` must be sent and signed"),
            Self::Mismatch => f.write_str("the signature is not the one of this request"),
        }
    }
}

impl std::error::Error for VerifyError {}

impl fmt::Debug for ReceivedRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &self.query)
            .field("timestamp", &self.timestamp)
            .finish_non_exhaustive()
    }
}

/// Lower-case names in ascending order, the required ones among them.
fn signed_headers(text: &str) -> Result<Vec<String>, VerifyError> {
    let names: Vec<&str> = text.split(';').collect();
    let is_name = |name: &&str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase())
    };
    if !names.iter().all(is_name) || !names.is_sorted_by(|a, b| a < b) {
        return Err(VerifyError::Malformed(
            "its SignedHeaders are not lower-case names in ascending order",
        ));
    }
    match REQUIRED.iter().find(|required| !names.contains(required)) {
        Some(missing) => Err(VerifyError::Header((*missing).to_owned())),
        None => Ok(names.into_iter().map(str::to_owned).collect()),
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let value = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}
