//! Whom the client trusts, told, not told, and told to trust anyone.

use std::io::Write as _;

use ags_http::{BuildError, HttpClient, HttpVersions, ProxyConfig, Reached, TransportErrorKind};

use crate::support::{
    Authority, H1, H2, Log, Server, chain, client, fetch, get, impostor, ok, patience, serving,
};
use ags_http::HttpService;

async fn server(authority: &Authority, names: &[&str]) -> Server {
    Server::http(Some(serving(authority.issue(names), H1)), ok).await
}

#[tokio::test]
async fn an_unknown_issuer_is_refused_with_the_remedy() {
    let server = server(&Authority::new(), &["127.0.0.1"]).await;
    let strict = client().build().unwrap();
    let error = fetch(&strict, &server.https()).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Tls);
    assert_eq!(error.reached(), Reached::NotSent);
    assert!(error.is_permanent());
    let text = error.to_string();
    for part in [
        "127.0.0.1:",
        "issuer is not trusted",
        "ca_file",
        "SSL_CERT_FILE",
        "skip_ssl_verify",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(server.counts.requests(), 0);
}

#[tokio::test]
async fn the_flag_accepts_any_certificate_for_this_client_only() {
    let server = server(&Authority::new(), &["somewhere.else"]).await;
    let open = client().danger_skip_ssl_verify(true).build().unwrap();
    let strict = client().build().unwrap();
    assert!(open.skips_ssl_verify() && !strict.skips_ssl_verify());
    assert_eq!(fetch(&open, &server.https()).await.unwrap(), "ok");
    let refused = fetch(&strict, &server.https()).await.unwrap_err();
    assert_eq!(refused.kind(), TransportErrorKind::Tls);
    assert_eq!(fetch(&open, &server.https()).await.unwrap(), "ok");
    let later = client().build().unwrap();
    assert!(fetch(&later, &server.https()).await.is_err());
    assert!(
        rustls::crypto::CryptoProvider::get_default().is_none(),
        "nothing is installed for the process"
    );
}

#[tokio::test]
async fn the_ca_file_or_text_makes_it_trusted() {
    let authority = Authority::new();
    let server = server(&authority, &["127.0.0.1"]).await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(authority.pem().as_bytes()).unwrap();
    let by_file = client().ca_file(file.path()).build().unwrap();
    assert_eq!(fetch(&by_file, &server.https()).await.unwrap(), "ok");
    let by_text = client().ca_pem(authority.pem()).build().unwrap();
    assert_eq!(fetch(&by_text, &server.https()).await.unwrap(), "ok");
    let besides_native = client()
        .native_roots(true)
        .ca_file(file.path())
        .build()
        .unwrap();
    assert_eq!(fetch(&besides_native, &server.https()).await.unwrap(), "ok");
}

/// The variables are read once a process, and no test may change its own: the test runs itself again with each.
#[tokio::test]
async fn the_variables_of_other_programs_are_read_and_stale_ones_named() {
    const CASE: &str = "EDGE_CA_URL";
    if let Ok(url) = std::env::var(CASE) {
        let client = HttpClient::builder().proxy(ProxyConfig::None);
        match fetch(&client.build().unwrap(), &url).await {
            Ok(text) => assert_eq!(text, "ok"),
            Err(error) => println!("refused: {error}"),
        }
        return;
    }
    let authority = Authority::new();
    let server = server(&authority, &["127.0.0.1"]).await;
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir(at("certs")).unwrap();
    for file in ["ca.pem", "certs/0123abcd.0"] {
        std::fs::write(at(file), authority.pem()).unwrap();
    }
    // An issuer of the same name with another key.
    std::fs::write(at("other.pem"), Authority::new().pem()).unwrap();
    std::fs::write(at("empty.pem"), "nothing").unwrap();
    let all = [
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
        "GIT_SSL_CAINFO",
        "AWS_CA_BUNDLE",
    ];
    let asked = async |variables: &[(&str, &str)]| {
        let mut again = tokio::process::Command::new(std::env::current_exe().unwrap());
        let this = "trust::the_variables_of_other_programs_are_read_and_stale_ones_named";
        again.args(["--exact", this, "--nocapture"]);
        for name in all {
            again.env_remove(name);
        }
        again.env(CASE, server.https());
        again.envs(variables.iter().map(|(name, file)| (name, at(file))));
        let output = again.output().await.unwrap();
        assert!(output.status.success(), "{variables:?}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .find_map(|line| line.split_once("refused: "))
            .map(|(_, error)| error.to_owned())
    };
    for name in all {
        let place = if name == "SSL_CERT_DIR" {
            "certs"
        } else {
            "ca.pem"
        };
        assert_eq!(asked(&[(name, place)]).await, None, "{name}");
    }
    // They add to each other, and stale ones do no harm.
    let besides = [
        ("SSL_CERT_FILE", "other.pem"),
        ("REQUESTS_CA_BUNDLE", "certs"),
        ("CURL_CA_BUNDLE", "gone.pem"),
    ];
    assert_eq!(asked(&besides).await, None);
    let stale = asked(&[
        ("SSL_CERT_FILE", "gone.pem"),
        ("REQUESTS_CA_BUNDLE", "other.pem"),
        ("CURL_CA_BUNDLE", "empty.pem"),
    ]);
    let stale = stale.await.unwrap();
    for part in [
        "ca_file".to_owned(),
        format!("SSL_CERT_FILE={}, which cannot be read", at("gone.pem")),
        format!("REQUESTS_CA_BUNDLE={},", at("other.pem")),
        "its issuer has a new key".to_owned(),
        format!(
            "CURL_CA_BUNDLE={}, which holds no certificate",
            at("empty.pem")
        ),
    ] {
        assert!(stale.contains(&part), "{part}: {stale}");
    }
    let unset = asked(&[]).await.unwrap();
    assert!(unset.contains("in ca_file or SSL_CERT_FILE"), "{unset}");
    assert!(!unset.contains("looked for"), "{unset}");
}

#[tokio::test]
async fn another_name_is_refused() {
    let authority = Authority::new();
    let server = server(&authority, &["other.example"]).await;
    let trusting = client().ca_pem(authority.pem()).build().unwrap();
    let error = fetch(&trusting, &server.https()).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Tls);
    assert!(error.to_string().contains("for another name"), "{error}");
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    let identity = authority.issue_until(&["127.0.0.1"], 2020);
    let server = Server::http(Some(serving(identity, H1)), ok).await;
    let trusting = client().ca_pem(authority.pem()).build().unwrap();
    let error = fetch(&trusting, &server.https()).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Tls);
    assert!(error.to_string().contains("expired"), "{error}");
    let open = client().danger_skip_ssl_verify(true).build().unwrap();
    assert_eq!(fetch(&open, &server.https()).await.unwrap(), "ok");
}

#[tokio::test]
async fn a_forged_handshake_is_refused_even_with_the_flag() {
    let authority = Authority::new();
    let shown = authority.issue(&["127.0.0.1"]);
    let held = authority.issue(&["127.0.0.1"]);
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let forged = Server::http(Some(impostor(&shown, &held, version)), ok).await;
        let honest = Server::http(Some(impostor(&shown, &shown, version)), ok).await;
        let open = client().danger_skip_ssl_verify(true).build().unwrap();
        assert_eq!(fetch(&open, &honest.https()).await.unwrap(), "ok");
        let error = fetch(&open, &forged.https()).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Tls, "{version:?}");
        assert!(chain(&error).contains("BadSignature"), "{}", chain(&error));
        assert!(error.is_permanent());
        // What helps is looking for whoever stands in between, not looking less closely.
        let strict = client().ca_pem(authority.pem()).build().unwrap();
        let refused = fetch(&strict, &forged.https()).await.unwrap_err();
        for error in [error, refused] {
            let text = error.to_string();
            assert!(text.contains("in between"), "{text}");
            assert!(!text.contains("skip_ssl_verify"), "{text}");
        }
        assert_eq!(forged.counts.requests(), 0);
    }
}

#[tokio::test]
async fn the_flag_is_warned_of_once_a_client() {
    let server = server(&Authority::new(), &["127.0.0.1"]).await;
    let (log, _guard) = Log::capture();
    let strict = client().build().unwrap();
    assert!(fetch(&strict, &server.https()).await.is_err());
    assert!(!log.text().contains("skip_ssl_verify is set"));
    let open = client().danger_skip_ssl_verify(true).build().unwrap();
    let clone = open.clone();
    for _ in 0..3 {
        fetch(&open, &server.https()).await.unwrap();
        fetch(&clone, &server.https()).await.unwrap();
    }
    let text = log.text();
    let warnings: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("skip_ssl_verify is set"))
        .collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("WARN"));
}

#[tokio::test]
async fn the_version_is_negotiated_unless_it_is_fixed() {
    let authority = Authority::new();
    let both = Server::http(Some(serving(authority.issue(&["127.0.0.1"]), H2)), ok).await;
    let old = Server::http(Some(serving(authority.issue(&["127.0.0.1"]), &[])), ok).await;
    let any = client().ca_pem(authority.pem()).build().unwrap();
    let fixed = client()
        .ca_pem(authority.pem())
        .http_versions(HttpVersions::Http1)
        .build()
        .unwrap();
    for (client, server, version) in [
        (&any, &both, http::Version::HTTP_2),
        (&any, &old, http::Version::HTTP_11),
        (&fixed, &both, http::Version::HTTP_11),
    ] {
        let answer = client.call(get(&server.https()), patience()).await.unwrap();
        assert_eq!(answer.version(), version);
    }
}

#[tokio::test]
async fn a_plain_server_behind_https_is_told_from_a_bad_certificate() {
    let server = Server::http(None, ok).await;
    let strict = client().build().unwrap();
    let error = fetch(&strict, &server.https()).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Tls);
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
}

#[test]
fn an_unusable_ca_is_named() {
    let missing = client().ca_file("/no/such/ca.pem").build().unwrap_err();
    assert!(matches!(&missing, BuildError::CaFile { .. }));
    assert!(missing.to_string().contains("/no/such/ca.pem"));
    for pem in [
        "",
        "no PEM at all",
        "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let error = client().ca_pem(pem).build().unwrap_err();
        assert!(matches!(&error, BuildError::CaCertificates { .. }), "{pem}");
        assert!(error.to_string().contains("ca_pem"), "{error}");
    }
}
