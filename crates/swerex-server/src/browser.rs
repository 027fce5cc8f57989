//! Web pages are not clients. Where there is no key, any page that a browser near the server shows could have it run commands: by a form or a script
//! of another site, or, with a name that was made to mean this machine, as if the page had come from here.

use std::net::IpAddr;

use http::{
    HeaderMap, HeaderName, StatusCode,
    header::{ACCEPT_LANGUAGE, HOST, ORIGIN, USER_AGENT},
    uri::Authority,
};

use crate::answer::Answer;

/// What a browser says of the page behind a request; scripts cannot change it.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Somebody has typed the address, and no page was asked.
const TYPED: &[u8] = b"none";

/// The answer to a request that a web page has made. No client of SWE-ReX is one.
pub(crate) fn refuse(headers: &HeaderMap) -> Result<(), Answer> {
    match culprit(headers) {
        None => Ok(()),
        Some(what) => Err(Answer::detail(
            StatusCode::FORBIDDEN,
            &format!("{what}: web pages are refused by a server without a key; start it with one"),
        )),
    }
}

/// How it shows that a page is behind it.
fn culprit(headers: &HeaderMap) -> Option<&'static str> {
    let host = headers.get(HOST).map(http::HeaderValue::as_bytes);
    let is_number = host.is_some_and(is_number);
    let sites = headers.get_all(SEC_FETCH_SITE);
    if sites.iter().any(|site| site != TYPED) {
        return Some("Sec-Fetch-Site");
    }
    let is_own = |origin: &[u8]| is_number && host.is_some_and(|host| is_at(origin, host));
    let mut origins = headers.get_all(ORIGIN).iter();
    if origins.any(|origin| !is_own(origin.as_bytes())) {
        return Some("Origin");
    }
    // Over plain HTTP a browser says neither when a page reads from what it takes for its own server. A name is all that such a page
    // has: an address would be another server's.
    if host.is_some() && !is_number && is_browser(headers) {
        return Some("a browser, and Host is a name");
    }
    None
}

/// Whether the address means one machine, whoever asks: a number, or `localhost`.
fn is_number(host: &[u8]) -> bool {
    let Ok(authority) = Authority::try_from(host) else {
        return false;
    };
    let host = authority.host();
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
}

/// Whether an origin is that of a page from this address.
fn is_at(origin: &[u8], host: &[u8]) -> bool {
    let schemes: [&[u8]; 2] = [b"http://", b"https://"];
    schemes
        .iter()
        .filter_map(|scheme| origin.strip_prefix(*scheme))
        .any(|authority| authority.eq_ignore_ascii_case(host))
}

/// Browsers say which languages their user reads; programs do not, or say that any will do.
fn is_browser(headers: &HeaderMap) -> bool {
    let has = |name: HeaderName, means: fn(&[u8]) -> bool| {
        let mut values = headers.get_all(name).iter();
        values.any(|value| means(value.as_bytes()))
    };
    has(ACCEPT_LANGUAGE, |languages| languages != b"*")
        || has(USER_AGENT, |agent| agent.starts_with(b"Mozilla/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(headers: &[(&'static str, &str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        match refuse(&headers) {
            Ok(()) => false,
            Err(answer) => {
                assert_eq!(answer.status, StatusCode::FORBIDDEN);
                true
            }
        }
    }

    #[test]
    fn programs_are_clients_wherever_they_ask() {
        let agents = [
            "Python/3.11 aiohttp/3.9.5",
            "python-requests/2.32",
            "Go-http-client/1.1",
            "node",
            "kube-probe/1.30",
        ];
        let hosts = [
            "127.0.0.1:8000",
            "[::1]:8000",
            "localhost:8000",
            "10.0.0.7",
            "swerex:8000",
            "8000-abc.ap-guangzhou.tencentags.com",
        ];
        for host in hosts {
            for agent in agents {
                assert!(!is_refused(&[("host", host), ("user-agent", agent)]));
            }
            // As node's own client does.
            let languages = [
                ("host", host),
                ("accept-language", "*"),
                ("sec-fetch-mode", "cors"),
            ];
            assert!(!is_refused(&languages), "{host}");
        }
        assert!(!is_refused(&[]));
    }

    #[test]
    fn pages_are_not() {
        let here = ("host", "127.0.0.1:8000");
        for site in ["cross-site", "same-site", "same-origin", "unheard-of"] {
            assert!(is_refused(&[here, ("sec-fetch-site", site)]), "{site}");
            assert!(
                is_refused(&[("host", "evil.example"), ("sec-fetch-site", site)]),
                "{site}"
            );
        }
        for origin in [
            "http://evil.example",
            "https://evil.example:8000",
            "http://127.0.0.1:3000",
            "http://127.0.0.1",
            "http://127.0.0.1:8000.evil.example",
            "http://localhost:8000",
            "file://",
            "null",
            "",
        ] {
            assert!(is_refused(&[here, ("origin", origin)]), "{origin}");
        }
        assert!(!is_refused(&[here, ("origin", "http://127.0.0.1:8000")]));
        let one_more = [
            here,
            ("origin", "http://127.0.0.1:8000"),
            ("origin", "http://evil.example"),
        ];
        let mut headers = HeaderMap::new();
        for (name, value) in one_more {
            headers.append(name, value.parse().unwrap());
        }
        assert!(refuse(&headers).is_err());
    }

    #[test]
    fn a_name_that_was_made_to_mean_this_machine() {
        let name = ("host", "rebound.evil.example:8000");
        let agent = (
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
        );
        assert!(is_refused(&[
            name,
            ("origin", "http://rebound.evil.example:8000")
        ]));
        assert!(is_refused(&[name, agent]));
        assert!(is_refused(&[name, ("accept-language", "de,en;q=0.5")]));
        // Somebody looks at the server.
        let typed = ("sec-fetch-site", "none");
        for host in ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"] {
            assert!(!is_refused(&[("host", host), agent, typed]), "{host}");
        }
    }
}
