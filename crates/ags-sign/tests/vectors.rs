//! Signatures made by others: the vendor's SDK and the vendor's documentation.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use ags_sign::{
    Credential, Method, Payload, SignableRequest, Signer,
    verify::{Authorization, MAX_SKEW, ReceivedRequest, VerifyError, verify},
};
use serde_json::Value;

/// Made by the vendor's SDK; see fixtures/tc3/README.md.
const VECTORS: &str = include_str!("../../../fixtures/tc3/vectors.json");

fn vectors() -> Vec<Value> {
    let file: Value = serde_json::from_str(VECTORS).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} in {value}"))
}

fn is_unsigned(vector: &Value) -> bool {
    vector["headers"].get("X-TC-Content-SHA256").is_some()
}

fn payload(vector: &Value) -> Payload<'_> {
    if is_unsigned(vector) {
        Payload::Unsigned
    } else {
        Payload::Bytes(text(vector, "body").as_bytes())
    }
}

fn credential(vector: &Value) -> Credential {
    let credential =
        Credential::new(text(vector, "secret_id"), text(vector, "secret_key")).unwrap();
    match vector["token"].as_str() {
        Some(token) => credential.with_token(token).unwrap(),
        None => credential,
    }
}

fn request(vector: &Value) -> SignableRequest<'_> {
    let method = match text(vector, "method") {
        "POST" => Method::Post,
        "GET" => Method::Get,
        other => panic!("{other}"),
    };
    let headers = &vector["headers"];
    let (host, kind) = (text(headers, "Host"), text(headers, "Content-Type"));
    SignableRequest::new(
        method,
        host,
        text(vector, "uri"),
        text(vector, "query"),
        kind,
        payload(vector),
    )
    .unwrap()
}

#[test]
fn every_stage_is_the_vendors() {
    assert_eq!(vectors().len(), 6);
    for vector in vectors() {
        let name = text(&vector, "name");
        let signer = Signer::new(credential(&vector), "ags").unwrap();
        let signed = signer.sign(&request(&vector), vector["timestamp"].as_i64().unwrap());
        assert_eq!(
            signed.canonical_request().to_string(),
            text(&vector, "canonical_request"),
            "{name}"
        );
        assert_eq!(
            signed.string_to_sign().to_string(),
            text(&vector, "string_to_sign"),
            "{name}"
        );
        for (header, value, _) in signed.headers() {
            assert_eq!(value, text(&vector["headers"], header), "{name}: {header}");
        }
        let sent: Vec<&str> = signed.headers().map(|(header, ..)| header).collect();
        for header in [
            "Authorization",
            "X-TC-Timestamp",
            "X-TC-Token",
            "X-TC-Content-SHA256",
        ] {
            assert_eq!(
                sent.contains(&header),
                vector["headers"].get(header).is_some(),
                "{name}: {header}"
            );
        }
    }
}

#[test]
fn the_vendors_signatures_verify() {
    for vector in vectors() {
        let at = vector["timestamp"].as_i64().unwrap();
        let headers = &vector["headers"];
        let authorization = Authorization::parse(text(headers, "Authorization")).unwrap();
        let received = ReceivedRequest {
            method: text(&vector, "method"),
            path: text(&vector, "uri"),
            query: text(&vector, "query"),
            payload: payload(&vector),
            timestamp: text(headers, "X-TC-Timestamp"),
            header: &|name| {
                headers
                    .as_object()?
                    .iter()
                    .find(|(there, _)| there.eq_ignore_ascii_case(name))?
                    .1
                    .as_str()
            },
        };
        let check = |now, service| {
            verify(
                &authorization,
                &received,
                &credential(&vector),
                service,
                now,
                MAX_SKEW,
            )
        };
        assert_eq!(check(at, Some("ags")), Ok(()));
        assert_eq!(check(at + 300, None), Ok(()));
        assert_eq!(
            check(at + 301, Some("ags")),
            Err(VerifyError::Expired { ahead: -301 })
        );
        assert_eq!(
            check(at - 301, Some("ags")),
            Err(VerifyError::Expired { ahead: 301 })
        );
        assert_eq!(check(at, Some("cvm")), Err(VerifyError::Service));
        let other = Credential::new(text(&vector, "secret_id"), "another").unwrap();
        let mismatch = verify(&authorization, &received, &other, None, at, Duration::ZERO);
        assert_eq!(mismatch, Err(VerifyError::Mismatch));
    }
}

/// The documentation's example with a third signed header; computed with Python's hmac, see fixtures/tc3/README.md.
#[test]
fn an_extra_signed_header() {
    let credential = Credential::new(
        "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
        "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
    )
    .unwrap();
    let body = br#"{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}"#;
    let (host, kind) = ("cvm.tencentcloudapi.com", "application/json; charset=utf-8");
    let request =
        SignableRequest::new(Method::Post, host, "/", "", kind, Payload::Bytes(body)).unwrap();
    let request = request
        .signed_header("X-TC-Action", "describeinstances")
        .unwrap();
    let signed = Signer::new(credential, "cvm")
        .unwrap()
        .sign(&request, 1_551_113_065);
    let expected = "644be983de9a8a3f00db8eadaba61467c3b429e2215758ba897b738ca469fd26";
    assert_eq!(signed.signature().to_string(), expected);
    assert!(
        signed
            .authorization()
            .contains("SignedHeaders=content-type;host;x-tc-action,")
    );
}

/// What the vendor's vectors have none of: a GET, a body that is not signed, another service with a port, a day far ahead. Computed with
/// Python's hmac, see fixtures/tc3/README.md.
#[test]
fn a_get_an_unsigned_body_and_another_service() {
    let published = |method, query, kind, payload| {
        let key = "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE";
        let credential = Credential::new("AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", key).unwrap();
        let host = "cvm.tencentcloudapi.com";
        let request = SignableRequest::new(method, host, "/", query, kind, payload).unwrap();
        let signed = Signer::new(credential, "cvm")
            .unwrap()
            .sign(&request, 1_551_113_065);
        signed.signature().to_string()
    };
    let form = "application/x-www-form-urlencoded";
    assert_eq!(
        published(Method::Get, "Limit=10&Offset=0", form, Payload::Bytes(b"")),
        "9867b291561db17491c01f0d7f06be3ccd45e91ecd3ce5434330e00ece036f64"
    );
    let json = "application/json; charset=utf-8";
    assert_eq!(
        published(Method::Post, "", json, Payload::Unsigned),
        "046973eb8aff090a93ae075243c90c0b1df77954c7e4f0821f4750e2d49fc193"
    );

    let key = "EXAMPLEsecretEXAMPLEsecret000001";
    let signer = Signer::new(Credential::new("AKID1", key).unwrap(), "sts").unwrap();
    let (host, kind) = ("sts.tencentcloudapi.com:8443", "application/json");
    let body = Payload::Bytes(b"{}");
    let request = SignableRequest::new(Method::Post, host, "/", "", kind, body).unwrap();
    assert_eq!(
        signer.sign(&request, 4_102_444_799).signature().to_string(),
        "f7ffd206234e3c8bf524154ac269e233b4bc187caa28a39cb2e0e07f516641f7"
    );
}

#[test]
fn a_key_is_derived_anew_when_the_day_changes() {
    let day = |name: &str| {
        vectors()
            .into_iter()
            .find(|vector| vector["name"] == name)
            .unwrap()
    };
    let (first, second) = (day("start"), day("utc-next-day"));
    let signer = Signer::new(credential(&first), "ags").unwrap();
    for vector in [&first, &second, &first] {
        let signed = signer.sign(&request(vector), vector["timestamp"].as_i64().unwrap());
        assert_eq!(
            signed.authorization(),
            text(&vector["headers"], "Authorization")
        );
    }
}
