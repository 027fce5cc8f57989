//! Any request is answered, whatever it holds, and never by a panic.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

use std::io::{Cursor, Write};

use bytes::Bytes;
use http::{HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use proptest::prelude::*;
use swerex_server::{Server, ServerConfig};
use tokio::runtime::Runtime;
use zip::{ZipWriter, write::SimpleFileOptions};

const PATHS: &[&str] = &[
    "/",
    "/is_alive",
    "/create_session",
    "/run_in_session",
    "/close_session",
    "/execute",
    "/read_file",
    "/write_file",
    "/upload",
    "/close",
    "/native/capabilities",
    "/native/file?path=%2Fdev%2Fnull%2Fx",
    "/native/file?offset=x&path=",
    "/native/tar",
    "/native/execute",
    "/native/run_in_session",
    "/native/terminal",
    "/native/terminal?terminal=%ff&offset=99999999999999999999",
    "/native/terminal?terminal=x&offset=0",
    "/native/terminal/size?terminal=x",
    "/nope/",
    "/%",
];

/// Pieces of bodies that mean something somewhere; none of them runs or writes anything.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\ud800",
    "\\u00",
    "null",
    "true",
    "NaN",
    "1e999",
    "-0",
    "\"command\"",
    "\"session_type\"",
    "\"action_type\"",
    "\"bash\"",
    "\"path\"",
    "\"timeout\"",
    "\"rows\"",
    "\"cols\":0",
    "\"env\"",
    "--B",
    "\r\n",
    "--",
    "Content-Disposition: form-data; name=\"file\"; filename=\"x\"",
    "Content-Disposition: form-data; name=\"unzip\"",
    "Content-Disposition: form-data; name=\"\"",
    "PK\u{5}\u{6}",
    "\u{feff}",
    "\0",
    "é",
];

fn body() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn every_request_has_an_answer(
        method in prop::sample::select(&["GET", "POST", "PUT", "HEAD", "OPTIONS", "BREW"][..]),
        path in prop::sample::select(PATHS),
        content_type in prop_oneof![
            Just("application/json".to_owned()),
            Just("multipart/form-data; boundary=B".to_owned()),
            "[ -~]{0,40}",
        ],
        other in prop::collection::vec(any::<u8>(), 0..20),
        body in body(),
    ) {
        let runtime = Runtime::new().unwrap();
        let server = Server::new(ServerConfig::with_token("t"));
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-api-key", "t")
            .header("content-type", content_type);
        if let Ok(value) = HeaderValue::from_bytes(&other) {
            for name in ["x-request-id", "range", "last-event-id", "host"] {
                request = request.header(name, value.clone());
            }
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let text = runtime.block_on(async {
            let answer = server.handle(request).await;
            let text = answer.into_body().collect().await.unwrap().to_bytes();
            server.close().await;
            String::from_utf8_lossy(&text).into_owned()
        });
        prop_assert!(!text.contains("internal error"), "{text}");
    }
}

/// An archive with a directory, a file and a link.
fn zip_archive() -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    writer.add_directory("d", options).unwrap();
    writer.start_file("d/file", options).unwrap();
    writer.write_all(&[b'x'; 300]).unwrap();
    writer.add_symlink("link", "d/file", options).unwrap();
    writer.finish().unwrap().into_inner()
}

/// What PAX and GNU have for long names, a directory, a file, both kinds of links.
const TAR_KINDS: &[(&str, u8, &str)] = &[
    ("d/", b'5', ""),
    ("@PaxHeader", b'x', ""),
    ("d/file", b'0', ""),
    ("@LongLink", b'L', ""),
    ("link", b'2', "d/file"),
    ("hard", b'1', "d/other/one"),
];

const TAR_CONTENT: &[u8] = b"20 path=d/other/one\n";

/// As POSIX writes it down; each entry holds twenty bytes, those of an extended header among them.
fn tar_archive() -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, kind, link) in TAR_KINDS {
        let mut block = [0_u8; 512];
        let mut put =
            |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
        let size = if matches!(kind, b'x' | b'0' | b'L') {
            20
        } else {
            0
        };
        put(0, name);
        put(100, "0000644\0");
        put(124, &format!("{size:011o}\0"));
        put(136, "00000000000\0");
        put(157, link);
        put(257, "ustar\0");
        put(263, "00");
        block[156] = *kind;
        archive.extend_from_slice(&block);
        if size > 0 {
            let mut content = [0_u8; 512];
            content[..TAR_CONTENT.len()].copy_from_slice(TAR_CONTENT);
            archive.extend_from_slice(&content);
        }
    }
    archive.extend_from_slice(&[0; 1024]);
    seal(&mut archive);
    archive
}

/// Puts the sums of headers right.
fn seal(archive: &mut [u8]) {
    let blocks = archive.as_chunks_mut::<512>().0;
    for block in blocks
        .iter_mut()
        .filter(|block| &block[257..262] == b"ustar")
    {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
}

fn form(target: &str, file: &[u8]) -> Vec<u8> {
    let field = |name: &str| format!("\r\n--B\r\nContent-Disposition: form-data; name=\"{name}\"");
    let head = format!(
        "{}\r\n\r\ntrue{}\r\n\r\n{target}{}; filename=\"x\"\r\n\r\n",
        field("unzip"),
        field("target_path"),
        field("file")
    );
    [head.as_bytes(), file, b"\r\n--B--\r\n"].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    /// Archives of which a few bytes are others, through the whole server.
    #[test]
    fn no_archive_is_a_panic_or_leaves_its_target(
        is_zip in any::<bool>(),
        is_sealed in any::<bool>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..5),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut archive = if is_zip { zip_archive() } else { tar_archive() };
        for (at, byte) in damage {
            *at.get_mut(&mut archive) = byte;
        }
        if is_sealed && !is_zip {
            seal(&mut archive);
        }
        if let Some(cut) = cut {
            archive.truncate(cut.index(archive.len()));
        }
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("target");
        let target = target.to_str().unwrap();
        let request = if is_zip {
            Request::post("/upload")
                .header("content-type", "multipart/form-data; boundary=B")
                .body(form(target, &archive))
        } else {
            Request::put(format!("/native/tar?path={target}")).body(archive)
        };
        let request = request.unwrap().map(|body| Full::new(Bytes::from(body)));
        let runtime = Runtime::new().unwrap();
        let (status, text) = runtime.block_on(async {
            let server = Server::new(ServerConfig::default());
            let answer = server.handle(request).await;
            let status = answer.status().as_u16();
            let text = answer.into_body().collect().await.unwrap().to_bytes();
            (status, String::from_utf8_lossy(&text).into_owned())
        });
        prop_assert!(matches!(status, 200 | 511), "{status} {text}");
        prop_assert!(!text.contains("internal error"), "{text}");
        let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        prop_assert!(left.iter().all(|name| name == "target"), "{left:?}");
    }
}

/// The archives themselves are good.
#[test]
fn what_is_damaged_was_whole() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::new(ServerConfig::default());
    let runtime = Runtime::new().unwrap();
    let answered = |request: Request<Full<Bytes>>| {
        let answer = runtime.block_on(server.handle(request));
        assert_eq!(answer.status(), 200);
    };
    let (zip, tar) = (home.path().join("zip"), home.path().join("tar"));
    let form = form(zip.to_str().unwrap(), &zip_archive());
    let upload = Request::post("/upload").header("content-type", "multipart/form-data; boundary=B");
    answered(upload.body(Full::new(Bytes::from(form))).unwrap());
    let put = Request::put(format!("/native/tar?path={}", tar.display()));
    answered(put.body(Full::new(Bytes::from(tar_archive()))).unwrap());
    assert_eq!(std::fs::read(zip.join("link")).unwrap(), [b'x'; 300]);
    assert_eq!(std::fs::read(tar.join("hard")).unwrap(), TAR_CONTENT);
}
