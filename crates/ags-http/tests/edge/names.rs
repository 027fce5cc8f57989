//! How a host's name becomes an address, and what cannot be dialled at all.

use std::sync::Arc;

use ags_http::{HttpService, Reached, TransportErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Authority, Counts, H2, Server, client, fetch, get, ok, patience, serving};

#[tokio::test]
async fn names_below_localhost_are_this_machine() {
    let authority = Authority::new();
    let names = ["8000-ins-1.localhost", "localhost"];
    let server = Server::http(Some(serving(authority.issue(&names), H2)), ok).await;
    let client = client().ca_pem(authority.pem()).build().unwrap();
    for name in names {
        let url = server.url("https", name);
        assert_eq!(fetch(&client, &url).await.unwrap(), "ok", "{url}");
    }
    let other = server.url("https", "8000-ins-2.localhost");
    let error = fetch(&client, &other).await.unwrap_err();
    assert_eq!(
        error.kind(),
        TransportErrorKind::Tls,
        "the name is checked as ever"
    );
}

#[tokio::test]
async fn a_server_on_the_other_loopback_is_found_too() {
    let handle = |mut stream: Box<dyn crate::support::Stream>| -> crate::support::Pending<()> {
        Box::pin(async move {
            let mut head = [0; 1024];
            let _ = stream.read(&mut head).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                .await;
        })
    };
    let counts = Arc::new(Counts::default());
    let Ok(server) = Server::streams_at("[::1]:0", None, counts, handle).await else {
        return; // A machine without IPv6.
    };
    let client = client().build().unwrap();
    let url = server.url("http", "anything.localhost");
    assert_eq!(fetch(&client, &url).await.unwrap(), "ok");
}

#[tokio::test]
async fn a_name_without_address_is_told_from_a_host_that_is_down() {
    let client = client().build().unwrap();
    // Longer than a label may be: no name server is asked.
    let url = format!("http://{}.invalid/", "x".repeat(64));
    let error = fetch(&client, &url).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Resolve);
    assert_eq!(error.reached(), Reached::NotSent);
    assert!(error.to_string().contains(".invalid:80"), "{error}");
}

#[tokio::test]
async fn what_is_not_an_address_is_refused() {
    let client = client().build().unwrap();
    for url in [
        "/only/a/path",
        "ftp://example.com/",
        "https://user:word@example.com/",
    ] {
        let error = client.call(get(url), patience()).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Invalid, "{url}");
        assert_eq!(error.reached(), Reached::NotSent);
        assert!(error.is_permanent());
    }
}
