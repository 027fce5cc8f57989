//! What several tests need: a client on doubles, answers, clocks, credentials.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test binary uses a part of it"
)]

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU32, Ordering::Relaxed},
};

use ags_api::{Client, ClientBuilder, Clock, CredentialError, CredentialSource};
use ags_http::{
    Body, BoxFuture, HttpService, TransportError,
    testing::{Recorded, Step, json},
};
use ags_sign::{
    Credential, Payload,
    verify::{self, Authorization, MAX_SKEW, ReceivedRequest, VerifyError},
};
use http::Response;

/// 2026-04-12 10:00:00 UTC, the time of the fake clock.
pub(crate) const NOW: i64 = 1_775_988_000;

/// Secret ids of [`Rotating`], with the number of the read behind it.
pub(crate) const ROTATED: &str = "AKIDrotated";

pub(crate) fn credential() -> Credential {
    Credential::new("AKIDEXAMPLE", "secret-key-of-the-tests").unwrap()
}

pub(crate) fn builder(http: impl HttpService + 'static) -> ClientBuilder {
    Client::builder(credential())
        .region("ap-chongqing")
        .http(Arc::new(http))
        .clock(FakeClock::default())
}

/// Checks a request as a server does that is reached as `host`.
pub(crate) fn verify(sent: &Recorded, host: &str) -> Result<(), VerifyError> {
    let header = |name: &str| {
        if name == "host" {
            Some(host)
        } else {
            Some(sent.header(name))
        }
    };
    let received = ReceivedRequest {
        method: sent.method.as_str(),
        path: sent.uri.path(),
        query: sent.uri.query().unwrap_or_default(),
        payload: Payload::Bytes(&sent.body),
        timestamp: sent.header("x-tc-timestamp"),
        header: &header,
    };
    let authorization = Authorization::parse(sent.header("authorization"))?;
    verify::verify(
        &authorization,
        &received,
        &credential(),
        Some("ags"),
        NOW,
        MAX_SKEW,
    )
}

/// A success without members.
pub(crate) fn ok() -> Step {
    Step::json(200, r#"{"Response": {"RequestId": "id-of-success"}}"#)
}

/// A refusal inside HTTP 200.
pub(crate) fn error(code: &str) -> Step {
    Step::Answer(answer(code).unwrap())
}

pub(crate) fn answer(code: &str) -> Result<Response<Body>, TransportError> {
    let body = serde_json::json!({"Response": {"Error": {"Code": code, "Message": "as scripted"}, "RequestId": format!("id-of-{code}")}});
    Ok(json(200, body.to_string()))
}

/// A clock that stands at [`NOW`], or moves on by a second each time it is read.
#[derive(Debug, Clone, Default)]
pub(crate) struct FakeClock {
    step: i64,
    reads: Arc<AtomicI64>,
}

impl FakeClock {
    pub(crate) fn ticking() -> Self {
        Self {
            step: 1,
            ..Self::default()
        }
    }
}

impl Clock for FakeClock {
    fn unix_seconds(&self) -> i64 {
        NOW + self.reads.fetch_add(self.step, Relaxed)
    }
}

/// A source that gives another temporary credential each time it is read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rotating {
    reads: Arc<AtomicU32>,
}

impl Rotating {
    pub(crate) fn reads(&self) -> u32 {
        self.reads.load(Relaxed)
    }
}

impl CredentialSource for Rotating {
    fn credential(&self) -> BoxFuture<'_, Result<Credential, CredentialError>> {
        let number = self.reads.fetch_add(1, Relaxed) + 1;
        Box::pin(async move {
            Ok(Credential::new(format!("{ROTATED}{number}"), "key")
                .unwrap()
                .with_token("token")
                .unwrap())
        })
    }
}
