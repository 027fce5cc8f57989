//! Through a SOCKS proxy: by name and by address, with and without a password, and what it may say.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use ags_http::{
    HttpClientBuilder, ProxyConfig, ProxyRules, Reached, TransportError, TransportErrorKind,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::TcpStream,
};

use crate::support::{Authority, H2, Log, Server, chain, client, fetch, ok, serving};

/// What the double does.
#[derive(Clone, Copy)]
struct Manner {
    /// User and password that it wants.
    wants: Option<(&'static str, &'static str)>,
    /// What it says to a request for a way: 0 for yes.
    reply: u8,
}

const OPEN: Manner = Manner {
    wants: None,
    reply: 0,
};

/// What a proxy was asked for: `host:port`, and whether by name.
type Asked = Arc<Mutex<Vec<String>>>;

/// A SOCKS 4, 4a and 5 proxy that leads everywhere to `to`.
async fn proxy(manner: Manner, to: SocketAddr) -> (Server, Asked) {
    let asked = Asked::default();
    let seen = asked.clone();
    let server = Server::raw(move |stream| {
        let seen = seen.clone();
        async move {
            // A client that goes away is what some tests want.
            let _ = serve(stream, manner, to, &seen).await;
        }
    })
    .await;
    (server, asked)
}

async fn serve(
    mut stream: TcpStream,
    manner: Manner,
    to: SocketAddr,
    asked: &Asked,
) -> std::io::Result<()> {
    if stream.read_u8().await? == 4 {
        return serve4(stream, to, asked).await;
    }
    let count = stream.read_u8().await?;
    let methods = bytes(&mut stream, count).await?;
    // As the standard says: one of those that were offered, else none. Who wants no password takes any.
    let suits = |method: &&u8| **method == 2 || (**method == 0 && manner.wants.is_none());
    let Some(&method) = methods.iter().find(suits) else {
        stream.write_all(&[5, 0xff]).await?;
        return Ok(());
    };
    stream.write_all(&[5, method]).await?;
    if method == 2 {
        assert_eq!(stream.read_u8().await?, 1);
        let count = stream.read_u8().await?;
        let user = bytes(&mut stream, count).await?;
        let count = stream.read_u8().await?;
        let password = bytes(&mut stream, count).await?;
        let right = manner.wants.is_none_or(|(name, word)| {
            (name.as_bytes(), word.as_bytes()) == (user.as_slice(), password.as_slice())
        });
        stream.write_all(&[1, u8::from(!right)]).await?;
    }
    assert_eq!(bytes(&mut stream, 3).await?, [5, 1, 0]);
    let target = match stream.read_u8().await? {
        1 => Ipv4Addr::from(stream.read_u32().await?).to_string(),
        3 => {
            let count = stream.read_u8().await?;
            String::from_utf8(bytes(&mut stream, count).await?).unwrap() + " (name)"
        }
        _ => Ipv6Addr::from(stream.read_u128().await?).to_string(),
    };
    let port = stream.read_u16().await?;
    asked.lock().unwrap().push(format!("{target}:{port}"));
    stream
        .write_all(&[5, manner.reply, 0, 1, 0, 0, 0, 0, 0, 0])
        .await?;
    let mut host = TcpStream::connect(to).await?;
    copy_bidirectional(&mut stream, &mut host).await?;
    Ok(())
}

async fn serve4(mut stream: TcpStream, to: SocketAddr, asked: &Asked) -> std::io::Result<()> {
    assert_eq!(stream.read_u8().await?, 1);
    let port = stream.read_u16().await?;
    let address = stream.read_u32().await?;
    while stream.read_u8().await? != 0 {}
    let mut target = Ipv4Addr::from(address).to_string();
    if address < 256 {
        let mut name = Vec::new();
        loop {
            match stream.read_u8().await? {
                0 => break,
                letter => name.push(letter),
            }
        }
        target = String::from_utf8(name).unwrap() + " (name)";
    }
    asked.lock().unwrap().push(format!("{target}:{port}"));
    stream.write_all(&[0, 90, 0, 0, 0, 0, 0, 0]).await?;
    let mut host = TcpStream::connect(to).await?;
    copy_bidirectional(&mut stream, &mut host).await?;
    Ok(())
}

async fn bytes(stream: &mut TcpStream, count: u8) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::from(count)];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

fn through(address: String) -> HttpClientBuilder {
    client()
        .danger_skip_ssl_verify(true)
        .proxy(ProxyConfig::Explicit(ProxyRules::all(address)))
}

async fn host() -> Server {
    Server::http(Some(serving(Authority::new().issue(&["any"]), H2)), ok).await
}

#[tokio::test]
async fn names_are_resolved_here_or_there_as_the_scheme_says() {
    let (host, plain) = (host().await, Server::http(None, ok).await);
    for (scheme, url, asked_for) in [
        (
            "socks5h",
            "https://ins.sandbox.example/",
            "ins.sandbox.example (name):443",
        ),
        (
            "socks",
            "https://ins.sandbox.example:8443/",
            "ins.sandbox.example (name):8443",
        ),
        (
            "socks4a",
            "https://ins.sandbox.example/",
            "ins.sandbox.example (name):443",
        ),
        ("socks5", "https://ins.localhost:8443/", "127.0.0.1:8443"),
        ("socks4", "https://ins.localhost:8443/", "127.0.0.1:8443"),
        ("socks5", "https://192.0.2.7/", "192.0.2.7:443"),
        ("socks5h", "https://[2001:db8::7]:9/", "2001:db8::7:9"),
        (
            "socks5h",
            "http://plain.example/",
            "plain.example (name):80",
        ),
    ] {
        let end = if url.starts_with("https") {
            &host
        } else {
            &plain
        };
        let (proxy, asked) = proxy(OPEN, end.address).await;
        let client = through(format!("{scheme}://{}", proxy.address))
            .build()
            .unwrap();
        for _ in 0..2 {
            assert_eq!(fetch(&client, url).await.unwrap(), "ok", "{scheme} {url}");
        }
        let asked = asked.lock().unwrap().clone();
        assert_eq!(asked, [asked_for], "{scheme} {url}");
    }
}

async fn refused(address: String) -> TransportError {
    let client = through(address).build().unwrap();
    let error = fetch(&client, "https://ins.sandbox.example/")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Proxy, "{error:?}");
    assert_eq!(error.reached(), Reached::NotSent);
    let everything = format!("{}\n{client:?}", chain(&error));
    assert!(!everything.contains("hunt"), "{everything}");
    error
}

#[tokio::test]
async fn user_and_password_are_decoded_sent_and_kept_to_itself() {
    let host = host().await;
    let manner = Manner {
        wants: Some(("us er", "hunt@er#2")),
        ..OPEN
    };
    let (log, _guard) = Log::capture();
    let (proxy, asked) = proxy(manner, host.address).await;
    let at = proxy.address;
    for address in [
        format!("socks5h://us%20er:hunt%40er%232@{at}"),
        format!("socks5h://us er:hunt@er#2@{at}"),
    ] {
        let client = through(address).build().unwrap();
        let answer = fetch(&client, "https://ins.sandbox.example/").await;
        assert_eq!(answer.unwrap(), "ok");
    }
    assert_eq!(asked.lock().unwrap().len(), 2);
    let without = refused(format!("socks5h://{at}")).await;
    assert!(
        without
            .to_string()
            .contains(&format!("write socks5h://user:password@{at}")),
        "{without}"
    );
    let wrong = refused(format!("socks5h://us er:hunter3@{at}")).await;
    assert!(wrong.to_string().contains("does not take"), "{wrong}");
    let long = refused(format!("socks5h://u:hunt{}@{at}", "x".repeat(300))).await;
    assert!(long.to_string().contains("255 bytes"), "{long}");
    for error in [without, wrong, long] {
        assert!(error.is_permanent(), "{error}");
    }
    assert!(!log.text().contains("hunt"), "a password is logged");
}

#[tokio::test]
async fn what_goes_wrong_is_told() {
    let host = host().await;
    let manner = Manner { reply: 5, ..OPEN };
    let (refusing, _) = proxy(manner, host.address).await;
    let silent = Server::raw(|_stream| async {}).await;
    let babbling = Server::raw(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.read_u8().await;
    })
    .await;
    for (address, part) in [
        (refusing.address.to_string(), "connection refused"),
        (silent.address.to_string(), "opens no way"),
        (babbling.address.to_string(), "failed parsing"),
        ("127.0.0.1:1".to_owned(), "cannot be reached"),
    ] {
        let error = refused(format!("socks5h://user:hunter2@{address}")).await;
        let text = error.to_string();
        assert!(text.contains(part), "{text}");
        assert!(text.contains(&format!("socks5h://{address}")), "{text}");
        assert!(text.contains("ins.sandbox.example:443"), "{text}");
        assert!(!error.is_permanent(), "{text}");
    }
}
