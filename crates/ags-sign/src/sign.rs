//! Signing: a checked request, a time, and out come the headers to send.

use std::fmt;

use ring::hmac;

use crate::{
    Timestamp,
    canonical::{
        ALGORITHM, CanonicalRequest, Stages, StringToSign, UNSIGNED_PAYLOAD, push, push_hex,
    },
    credential::Credential,
    error::InvalidRequest,
    key::KeyCache,
    request::{Payload, SignableRequest},
};

/// How many digits a signature has.
const DIGITS: usize = 64;

/// Signs requests to one service with one credential. Cheap to share by reference between threads.
#[derive(Debug)]
pub struct Signer {
    credential: Credential,
    service: String,
    keys: KeyCache,
}

/// The last stage: the signature. `Display` is its 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature<'a>(&'a str);

/// What signing a request gives: headers to send with it, and the stages that led there.
#[derive(Clone)]
pub struct Signed {
    /// After both stages its buffer holds the value of `Authorization`, which ends with the signature.
    stages: Stages,
    token: Option<String>,
    is_unsigned: bool,
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
        let scope = day.scope.as_str();
        let lines = [request.method.as_str(), request.path, request.query];
        let mut stages = Stages::new(lines, request.headers(), request.payload, scope, at);
        let tag = hmac::sign(&day.key, stages.string_to_sign().0.as_bytes());
        let secret_id = self.credential.secret_id();
        let fields = [ALGORITHM, " Credential=", secret_id, "/", scope];
        push(&mut stages.text, &fields);
        push(&mut stages.text, &[", SignedHeaders="]);
        stages.push_signed_headers();
        push(&mut stages.text, &[", Signature="]);
        push_hex(&mut stages.text, tag.as_ref());
        Signed {
            stages,
            token: self.credential.token().map(str::to_owned),
            is_unsigned: request.payload == Payload::Unsigned,
        }
    }
}

impl Signed {
    /// The value of `Authorization`.
    pub fn authorization(&self) -> &str {
        &self.stages.text[self.stages.end()..]
    }

    /// The headers to send besides those that were signed: name, value, and whether the value is to be kept out of logs.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str, bool)> {
        let fixed = [
            ("Authorization", self.authorization(), true),
            ("X-TC-Timestamp", self.stages.timestamp(), false),
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
    pub fn canonical_request(&self) -> CanonicalRequest<'_> {
        self.stages.canonical_request()
    }

    /// Stage 2.
    pub fn string_to_sign(&self) -> StringToSign<'_> {
        self.stages.string_to_sign()
    }

    /// The last stage.
    pub fn signature(&self) -> Signature<'_> {
        let authorization = self.authorization();
        Signature(&authorization[authorization.len() - DIGITS..])
    }
}

impl fmt::Display for Signature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed")
            .field("string_to_sign", &self.string_to_sign())
            .finish_non_exhaustive()
    }
}
