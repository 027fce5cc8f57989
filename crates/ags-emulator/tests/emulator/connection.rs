//! Connections through the gateway that become something else, as websockets do.

use std::sync::Arc;

use ags_emulator::Emulator;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::common::{PORT, Rig};

/// Changes to a protocol that answers in capitals, whoever asks for it.
const CAPITALS: &str = r#"exec python3 -c '
import http.server
class Capitals(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.headers.get("Upgrade") != "capitals":
            self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers(); return
        self.send_response(101); self.send_header("Connection", "Upgrade"); self.send_header("Upgrade", "capitals"); self.end_headers()
        while line := self.rfile.readline():
            self.wfile.write(line.upper()); self.wfile.flush()
        self.close_connection = True
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Capitals).serve_forever()
'"#;

pub(crate) async fn connect(emulator: &Emulator, name: &str) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(emulator.ca_pem().as_bytes()).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let socket = TcpStream::connect(emulator.address()).await.unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(ServerName::try_from(name.to_owned()).unwrap(), socket)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_upgraded_connection_is_joined_to_the_inside() {
    let rig = Rig::new().await;
    let tool = rig.tool("capitals", CAPITALS).await;
    let id = rig.start(&tool).await.instance_id.unwrap();
    let token = rig.token(&id).await;
    let name = format!("{PORT}-{id}.localhost");
    let mut stream = BufReader::new(connect(&rig.emulator, &name).await);
    let request = |token: &str| {
        format!(
            "GET /ws HTTP/1.1\r\nHost: {name}\r\nX-Access-Token: {token}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: capitals\r\n\r\n"
        )
    };

    stream
        .write_all(request("sit_wrong").as_bytes())
        .await
        .unwrap();
    let mut head = String::new();
    stream.read_line(&mut head).await.unwrap();
    assert_eq!(head, "HTTP/1.1 401 Unauthorized\r\n");

    let mut stream = BufReader::new(connect(&rig.emulator, &name).await);
    stream
        .write_all(request(token.expose()).as_bytes())
        .await
        .unwrap();
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        stream.read_line(&mut head).await.unwrap();
    }
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.to_lowercase().contains("upgrade: capitals"), "{head}");
    for word in ["hello", "again"] {
        stream
            .write_all(format!("{word}\n").as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_line(&mut answer).await.unwrap();
        assert_eq!(answer, format!("{}\n", word.to_uppercase()));
    }
    // With the instance the connection ends.
    rig.emulator.kill_instance(&id);
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert_eq!(rest, b"");
    rig.emulator.shutdown().await;
}
