//! The AGS gateway: where an instance's port is, and what the gateway's own answers mean.
//!
//! The gateway and the server behind it answer on one connection, and nothing marks whose answer it is. What tells them apart: the
//! server's errors are `{"detail": …}` (FastAPI's form) or a 511, and a native server marks all its answers; everything else with an
//! error status comes from the gateway.

use ags_http::text::clean;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::value::RawValue;
use swerex_proto::native;
use url::Url;

use crate::config::InvalidConfig;

/// The longest part of a foreign body that is kept as evidence, in characters.
const EVIDENCE: usize = 200;

/// The address of an instance's port: `https://{port}-{instance}.{domain}`.
///
/// `domain` is `{region}.tencentags.com`, with a port if it is not 443.
///
/// # Errors
/// [`InvalidConfig`] if the parts make no host name.
pub fn endpoint(port: u16, instance: &str, domain: &str) -> Result<Url, InvalidConfig> {
    let is_label = !instance.is_empty()
        && instance
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !is_label {
        return Err(InvalidConfig(format!(
            "the instance id `{instance}` cannot stand in a host name"
        )));
    }
    let text = format!("https://{port}-{instance}.{domain}");
    match Url::parse(&text) {
        Ok(url)
            if url.path() == "/"
                && url.query().is_none()
                && !domain.is_empty()
                && !domain.contains(['@', '/', '?', '#']) =>
        {
            Ok(url)
        }
        _ => Err(InvalidConfig(format!(
            "the domain `{domain}` should be a host name such as ap-chongqing.tencentags.com"
        ))),
    }
}

/// What an answer that is not a success means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The server's own: the call was looked at and refused.
    Refused(String),
    /// The server wants another key.
    WrongKey(String),
    /// The gateway wants another token; the call did not reach the server.
    WrongToken(String),
    /// There is no such instance.
    Expired(String),
    /// Come back later; the call was not carried out.
    Later,
    /// The gateway lost the server, before or after it carried the call out.
    Lost,
    /// Nothing that SWE-ReX or the gateway says.
    Strange(String),
}

/// Reads an answer with an error status other than 511. `through_gateway`: whether there is a gateway at all.
pub(crate) fn meaning(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    through_gateway: bool,
) -> Meaning {
    let is_servers = headers.contains_key(native::HEADER) || has_detail(body) || !through_gateway;
    let said = evidence(body);
    match status.as_u16() {
        401 | 403 if is_servers => Meaning::WrongKey(said),
        401 | 403 => Meaning::WrongToken(said),
        404 | 410 if !is_servers => Meaning::Expired(said),
        429 => Meaning::Later,
        // Whoever says when to come back has not begun.
        503 if headers.contains_key(header::RETRY_AFTER) => Meaning::Later,
        502..=504 => Meaning::Lost,
        400..=499 if is_servers => Meaning::Refused(said),
        _ => Meaning::Strange(said),
    }
}

/// What a body says, in a few words: JSON's `detail`, `message` or `error`, or the beginning of the text.
pub(crate) fn evidence(body: &[u8]) -> String {
    let member = Members::of(body).and_then(|members| {
        [members.detail, members.message, members.error]
            .into_iter()
            .flatten()
            .next()
    });
    match member.map(RawValue::get) {
        Some(raw) if raw.starts_with('"') && raw.len() <= LONGEST_SAID => {
            words(&serde_json::from_str::<String>(raw).unwrap_or_default())
        }
        Some(raw) => words(beginning(raw.as_bytes()).as_ref()),
        None => words(beginning(body).as_ref()),
    }
}

/// The longest text of a peer that is unescaped to be shown, in bytes.
const LONGEST_SAID: usize = 64 << 10;

/// The members of a body that say something. The others are passed over, whatever they hold.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

impl<'a> Members<'a> {
    fn of(body: &'a [u8]) -> Option<Self> {
        if !is_object(body) {
            return None;
        }
        serde_json::from_slice(body).ok()
    }
}

/// Whether it is FastAPI's form of an error. Of a long one only the beginning may be there.
fn has_detail(body: &[u8]) -> bool {
    /// How FastAPI begins.
    const DETAIL: &[u8] = br#"{"detail":"#;
    body.trim_ascii_start().starts_with(DETAIL)
        || Members::of(body).is_some_and(|members| members.detail.is_some())
}

fn is_object(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'{')
}

fn beginning(text: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(&text[..text.len().min(4 * EVIDENCE)])
}

fn words(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(EVIDENCE).collect();
    // With the mark that something is left out it is no longer than that.
    clean(&words.join(" "), EVIDENCE - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_peer_says_turns_no_line_round() {
        let said = evidence("{\"message\":\"user\\u202egnp.exe \\u001b]0;x\"}".as_bytes());
        assert_eq!(said, "usergnp.exe  ]0;x");
    }

    fn of(status: u16, body: &str) -> Meaning {
        meaning(
            StatusCode::from_u16(status).unwrap(),
            &HeaderMap::new(),
            body.as_bytes(),
            true,
        )
    }

    #[test]
    fn the_host_names_port_and_instance() {
        let url = endpoint(8000, "abc234", "ap-chongqing.tencentags.com").unwrap();
        assert_eq!(
            url.as_str(),
            "https://8000-abc234.ap-chongqing.tencentags.com/"
        );
        assert_eq!(
            endpoint(8000, "a", "localhost:8443").unwrap().port(),
            Some(8443)
        );
        assert!(endpoint(8000, "a.b", "x.com").is_err());
        for domain in ["", "a/b", "user@x", "x?y", "a b"] {
            assert!(
                endpoint(8000, "a", domain)
                    .unwrap_err()
                    .to_string()
                    .contains(&format!("`{domain}`")),
                "{domain}"
            );
        }
    }

    #[test]
    fn the_servers_404_is_not_the_gateways() {
        assert_eq!(
            of(404, r#"{"detail":"Not Found"}"#),
            Meaning::Refused("Not Found".to_owned())
        );
        assert_eq!(
            of(404, r#"{"message":"sandbox not found"}"#),
            Meaning::Expired("sandbox not found".to_owned())
        );
        assert_eq!(of(404, ""), Meaning::Expired(String::new()));
        assert_eq!(
            of(404, "<html>\n<p>404</p>"),
            Meaning::Expired("<html> <p>404</p>".to_owned())
        );
        let mut native = HeaderMap::new();
        native.insert(native::HEADER, "1".parse().unwrap());
        assert_eq!(
            meaning(StatusCode::NOT_FOUND, &native, b"", true),
            Meaning::Refused(String::new())
        );
        assert_eq!(
            meaning(StatusCode::NOT_FOUND, &HeaderMap::new(), b"", false),
            Meaning::Refused(String::new())
        );
    }

    #[test]
    fn the_servers_key_is_not_the_gateways_token() {
        assert_eq!(
            of(401, r#"{"detail":"Invalid API Key"}"#),
            Meaning::WrongKey("Invalid API Key".to_owned())
        );
        assert_eq!(
            of(403, r#"{"detail":"Not authenticated"}"#),
            Meaning::WrongKey("Not authenticated".to_owned())
        );
        assert_eq!(
            of(401, "unauthorized"),
            Meaning::WrongToken("unauthorized".to_owned())
        );
        assert_eq!(of(403, ""), Meaning::WrongToken(String::new()));
    }

    #[test]
    fn what_may_have_been_done_is_told_from_what_was_not() {
        assert_eq!(of(429, ""), Meaning::Later);
        assert_eq!(
            (of(502, ""), of(503, "{}"), of(504, "<html>")),
            (Meaning::Lost, Meaning::Lost, Meaning::Lost)
        );
        assert_eq!(of(500, "oops"), Meaning::Strange("oops".to_owned()));
        assert_eq!(
            of(422, r#"{"detail":[{"type":"missing"}]}"#),
            Meaning::Refused(r#"[{"type":"missing"}]"#.to_owned())
        );
    }

    proptest! {
        #[test]
        fn any_answer_has_a_meaning(status in 400_u16..600, body in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let status = StatusCode::from_u16(status).unwrap();
            drop(meaning(status, &HeaderMap::new(), &body, true));
            prop_assert!(evidence(&body).chars().count() <= EVIDENCE);
        }
    }
}
