//! What holds for every request: it verifies as signed, and as nothing else.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use ags_sign::{
    Credential, Method, Payload, SignableRequest, Signer, Timestamp,
    verify::{Authorization, MAX_SKEW, ReceivedRequest, VerifyError, verify},
};
use proptest::prelude::*;

/// A request as a server sees it.
#[derive(Clone, Debug)]
struct Message {
    method: String,
    path: String,
    query: String,
    host: String,
    kind: String,
    extra: String,
    body: Vec<u8>,
    timestamp: String,
    authorization: String,
}

impl Message {
    fn verify(&self, credential: &Credential, now: Timestamp) -> Result<(), VerifyError> {
        let received = ReceivedRequest {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            payload: Payload::Bytes(&self.body),
            timestamp: &self.timestamp,
            header: &|name| match name {
                "host" => Some(&self.host),
                "content-type" => Some(&self.kind),
                "x-extra" => Some(&self.extra),
                _ => None,
            },
        };
        let authorization = Authorization::parse(&self.authorization)?;
        verify(
            &authorization,
            &received,
            credential,
            Some("ags"),
            now,
            MAX_SKEW,
        )
    }
}

fn signed() -> impl Strategy<Value = (Message, Credential, Timestamp)> {
    let parts = (
        "[a-z0-9.:-]{1,20}",
        "/[!$&-.0-9A-Z_a-z~]{0,10}",
        "([a-z]=[%0-9A-F]{0,6}&?){0,3}",
        "[a-z/;= ]{1,12}[a-z]",
        "[a-z0-9]{1,9}",
    );
    let rest = (
        proptest::collection::vec(any::<u8>(), 0..60),
        1_i64..4_000_000_000,
        "[!-~]{1,40}",
        any::<bool>(),
    );
    (parts, rest).prop_map(
        |((host, path, query, kind, extra), (body, at, key, is_get))| {
            let credential = Credential::new("AKID1", key).unwrap();
            let method = if is_get { Method::Get } else { Method::Post };
            let kind = format!("a{kind}");
            let request =
                SignableRequest::new(method, &host, &path, &query, &kind, Payload::Bytes(&body))
                    .unwrap();
            let request = request.signed_header("X-Extra", &extra).unwrap();
            let signed = Signer::new(credential.clone(), "ags")
                .unwrap()
                .sign(&request, at);
            let authorization = signed.authorization().to_owned();
            let (method, timestamp) = (method.as_str().to_owned(), at.to_string());
            (
                Message {
                    method,
                    path,
                    query,
                    host,
                    kind,
                    extra,
                    body,
                    timestamp,
                    authorization,
                },
                credential,
                at,
            )
        },
    )
}

/// Replaces one byte of a text by another printable one.
fn change(text: &mut String, at: prop::sample::Index, by: u8) {
    if text.is_empty() {
        text.push(char::from(b'a' + by % 26));
        return;
    }
    let mut bytes = std::mem::take(text).into_bytes();
    let at = at.index(bytes.len());
    bytes[at] = b'!' + (bytes[at].wrapping_sub(b'!').wrapping_add(1 + by % 93)) % 94;
    *text = String::from_utf8(bytes).unwrap();
}

proptest! {
    #[test]
    fn what_is_signed_verifies((message, credential, at) in signed(), late in -300_i64..=300) {
        prop_assert_eq!(message.verify(&credential, at + late), Ok(()));
    }

    #[test]
    fn any_changed_byte_is_noticed(
        (message, credential, at) in signed(),
        part in 0_usize..8,
        place: prop::sample::Index,
        by: u8,
    ) {
        let mut other = message.clone();
        let mut key = "k".to_owned();
        match part {
            0 => change(&mut other.method, place, by),
            1 => change(&mut other.path, place, by),
            2 => change(&mut other.query, place, by),
            3 => change(&mut other.host, place, by),
            4 => change(&mut other.kind, place, by),
            5 => change(&mut other.extra, place, by),
            6 => other.timestamp = (at + 1 + i64::from(by)).to_string(),
            _ => match other.body.is_empty() {
                true => other.body.push(by),
                false => { let at = place.index(other.body.len()); other.body[at] ^= 1 | by; }
            },
        }
        prop_assert!(other.verify(&credential, at).is_err(), "{:?}", other);
        change(&mut key, place, by);
        let stranger = Credential::new("AKID1", format!("{key}another")).unwrap();
        prop_assert_eq!(message.verify(&stranger, at), Err(VerifyError::Mismatch));
    }

    #[test]
    fn a_changed_authorization_never_verifies((message, credential, at) in signed(), place: prop::sample::Index, by: u8) {
        let mut other = message.clone();
        change(&mut other.authorization, place, by);
        prop_assert!(other.verify(&credential, at).is_err(), "{}", other.authorization);
    }

    #[test]
    fn any_authorization_is_safe_to_parse(text in ".{0,200}") {
        drop(Authorization::parse(&text));
    }

    #[test]
    fn anything_like_an_authorization_is_safe(
        fields in proptest::collection::vec("(Credential|SignedHeaders|Signature|X)?=?[a-z0-9/;,= é]{0,70}", 0..5),
        timestamp in ".{0,24}",
        now: i64,
    ) {
        let (credential, authorization) = (Credential::new("a", "b").unwrap(), format!("TC3-HMAC-SHA256 {}", fields.join(", ")));
        if let Ok(authorization) = Authorization::parse(&authorization) {
            let received = ReceivedRequest {
                method: "POST", path: "/", query: "", payload: Payload::Unsigned, timestamp: &timestamp, header: &|_| Some(""),
            };
            prop_assert!(verify(&authorization, &received, &credential, None, now, Duration::MAX).is_err());
        }
    }
}
