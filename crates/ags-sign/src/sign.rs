//! Signing: a checked request, a time, and out come the headers to send.

use std::fmt;

use ring::hmac;

use crate::{
    Timestamp,
    canonical::{ALGORITHM, CanonicalRequest, StringToSign, UNSIGNED_PAYLOAD, push_hex},
    credential::Credential,
    error::InvalidRequest,
    key::KeyCache,
    request::{Payload, SignableRequest},
};

/// Signs requests to one service with one credential. Cheap to share by reference between threads.
#[derive(Debug)]
pub struct Signer {
    credential: Credential,
    service: String,
    keys: KeyCache,
}

/// The last stage: the signature. `Display` is its 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature(pub(crate) String);

/// What signing a request gives: headers to send with it, and the stages that led there.
#[derive(Clone)]
pub struct Signed {
    authorization: String,
    timestamp: String,
    token: Option<String>,
    is_unsigned: bool,
    canonical_request: CanonicalRequest,
    string_to_sign: StringToSign,
    signature: Signature,
}

impl Signer {
    /// A signer for `service`, the first label of the service's host: `ags`, `cvm`, `sts`.
    ///
    /// # Errors
    /// [`InvalidRequest`] if `service` is not of ASCII letters, digits and `-`.
    pub fn new(credential: Credential, service: &str) -> Result<Self, InvalidRequest> {
        if service.is_empty()
            || !service
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        {
            return Err(InvalidRequest::new(
                "service",
                service,
                "should be a name such as `ags`",
            ));
        }
        Ok(Self {
            credential,
            service: service.to_owned(),
            keys: KeyCache::default(),
        })
    }

    /// The credential it signs with.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Signs `request` as sent at `at`. The service refuses times that are more than 300 s off.
    pub fn sign(&self, request: &SignableRequest<'_>, at: Timestamp) -> Signed {
        let day = self.keys.get(&self.credential, at, &self.service);
        let timestamp = at.to_string();
        let canonical_request = CanonicalRequest::of(request);
        let string_to_sign = StringToSign::new(&canonical_request, &day.scope, &timestamp);
        let signature = Signature::new(&day.key, &string_to_sign);
        let parts = [
            ALGORITHM,
            " Credential=",
            self.credential.secret_id(),
            "/",
            &day.scope,
            ", SignedHeaders=",
            canonical_request.signed_headers(),
            ", Signature=",
            &signature.0,
        ];
        let authorization = parts.concat();
        Signed {
            authorization,
            timestamp,
            token: self.credential.token().map(str::to_owned),
            is_unsigned: request.payload == Payload::Unsigned,
            canonical_request,
            string_to_sign,
            signature,
        }
    }
}

impl Signature {
    fn new(key: &hmac::Key, string_to_sign: &StringToSign) -> Self {
        let mut digits = String::with_capacity(64);
        push_hex(
            &mut digits,
            hmac::sign(key, string_to_sign.as_bytes()).as_ref(),
        );
        Self(digits)
    }
}

impl Signed {
    /// The value of `Authorization`.
    pub fn authorization(&self) -> &str {
        &self.authorization
    }

    /// The headers to send besides those that were signed: name, value, and whether the value is to be kept out of logs.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str, bool)> {
        let fixed = [
            ("Authorization", self.authorization.as_str(), true),
            ("X-TC-Timestamp", self.timestamp.as_str(), false),
        ];
        let token = self
            .token
            .as_deref()
            .map(|token| ("X-TC-Token", token, true));
        let unsigned = self
            .is_unsigned
            .then_some(("X-TC-Content-SHA256", UNSIGNED_PAYLOAD, false));
        fixed.into_iter().chain(token).chain(unsigned)
    }

    /// Stage 1.
    pub fn canonical_request(&self) -> &CanonicalRequest {
        &self.canonical_request
    }

    /// Stage 2.
    pub fn string_to_sign(&self) -> &StringToSign {
        &self.string_to_sign
    }

    /// The last stage.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed")
            .field("timestamp", &self.timestamp)
            .field("string_to_sign", &self.string_to_sign)
            .finish_non_exhaustive()
    }
}
