//! A planted secret is looked for wherever the crate writes.

use ags_http::{HttpService, ProxyConfig, ProxyRules, body};
use http::{HeaderValue, Request};

use crate::support::{Authority, H1, H2, Log, Server, chain, client, ok, patience, serving};

const MARKER: &str = "planted-marker-5e1f";

#[tokio::test]
async fn no_log_line_at_any_level_holds_one() {
    let (log, _guard) = Log::capture();
    for alpn in [H1, H2] {
        let authority = Authority::new();
        let server = Server::http(Some(serving(authority.issue(&["127.0.0.1"]), alpn)), ok).await;
        let proxies = ProxyRules::default().http(format!("http://user:{MARKER}@127.0.0.1:1"));
        let client = client()
            .ca_pem(authority.pem())
            .proxy(ProxyConfig::Explicit(proxies))
            .build()
            .unwrap();
        let mut secret = HeaderValue::from_static(MARKER);
        secret.set_sensitive(true);
        for url in [server.https(), server.plain()] {
            let request = Request::post(url)
                .header("authorization", secret.clone())
                .header("x-access-token", secret.clone())
                .body(body::full(MARKER))
                .unwrap();
            match client.call(request, patience()).await {
                Ok(answer) => {
                    body::collect(answer.into_body(), 99).await.unwrap();
                }
                Err(error) => assert!(!chain(&error).contains(MARKER), "{}", chain(&error)),
            }
        }
        assert!(!format!("{client:?}").contains(MARKER));
    }
    let text = log.text();
    assert!(text.contains("connected"), "something is logged");
    let leaks: Vec<&str> = text.lines().filter(|line| line.contains(MARKER)).collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
}
