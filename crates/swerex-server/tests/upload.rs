//! Uploads: archives with modes and links, hostile ones, and memory that stays bounded.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::Path,
};

use serde_json::json;
use support::{Remote, Reply, Request, TOKEN, multipart, send};
use zip::{ZipWriter, write::SimpleFileOptions};

fn upload(server: &Remote, content: Vec<u8>, target: &Path, unzip: bool) -> Reply {
    let field = |name: &str| vec![format!("Content-Disposition: form-data; name=\"{name}\"")];
    let file = vec!["Content-Disposition: form-data; name=\"file\"; filename=\"x\"".to_owned()];
    let parts = [
        (file, content),
        (
            field("target_path"),
            target.to_string_lossy().as_bytes().to_vec(),
        ),
        (field("unzip"), unzip.to_string().into_bytes()),
    ];
    let request = Request::new("POST", "/upload")
        .header("Content-Type", "multipart/form-data; boundary=B")
        .body(multipart("B", &parts));
    send(server.address, &request).unwrap()
}

/// An archive of files and links with their modes, made by a library that is not ours.
fn archive(entries: &[(&str, u32, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, mode, content) in entries {
        let options = SimpleFileOptions::default().unix_permissions(mode & 0o777);
        if mode & 0o170_000 == 0o120_000 {
            writer.add_symlink(*name, *content, options).unwrap();
        } else if name.ends_with('/') {
            writer.add_directory(*name, options).unwrap();
        } else {
            writer.start_file(*name, options).unwrap();
            writer.write_all(content.as_bytes()).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_new_directory_keeps_modes_and_links() {
    let server = Remote::plain();
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("new");
    let bytes = archive(&[
        ("bin/", 0o750, ""),
        ("bin/run.sh", 0o755, "#!/bin/sh\n"),
        ("secret", 0o600, "s"),
        ("link", 0o120_777, "bin/run.sh"),
        ("bin/up", 0o120_777, "../secret"),
    ]);
    let reply = upload(&server, bytes, &target, true);
    assert_eq!((reply.status, reply.json()), (200, json!({})));
    let mode = |name: &str| target.join(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode("bin"), mode("bin/run.sh"), mode("secret")),
        (0o750, 0o755, 0o600)
    );
    assert_eq!(fs::read(target.join("link")).unwrap(), b"#!/bin/sh\n");
    assert_eq!(fs::read(target.join("bin/up")).unwrap(), b"s");
}

#[test]
fn nothing_leaves_the_target() {
    let server = Remote::plain();
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("victim"), b"safe").unwrap();
    let out_of_it = [
        archive(&[("l", 0o120_777, "/etc")]),
        archive(&[("a/l", 0o120_777, "../../victim")]),
        archive(&[("a/b", 0o120_777, "."), ("l", 0o120_777, "a/b/../../..")]),
    ];
    for (index, bytes) in out_of_it.into_iter().enumerate() {
        let target = home.path().join(format!("t{index}"));
        let reply = upload(&server, bytes, &target, true);
        assert_eq!(reply.status, 511);
        assert_eq!(
            reply.json()["swerexception"]["class_path"],
            "builtins.ValueError"
        );
        assert!(!target.join("l").exists() && !target.join("a/l").exists());
    }
    // A file cannot be written through a link of the same archive.
    let bytes = archive(&[
        ("d", 0o120_777, "e"),
        ("d/f", 0o644, "x"),
        ("e/", 0o755, ""),
    ]);
    upload(&server, bytes, &home.path().join("through"), true);
    assert!(!home.path().join("through/e/f").exists());
    assert_eq!(fs::read(home.path().join("victim")).unwrap(), b"safe");
}

#[test]
fn nothing_is_written_through_a_link_that_is_there_and_leads_out() {
    use std::os::unix::fs::symlink;

    let server = Remote::plain();
    let home = tempfile::tempdir().unwrap();
    let (outside, target) = (home.path().join("outside"), home.path().join("t"));
    fs::create_dir(&outside).unwrap();
    fs::create_dir_all(target.join("real")).unwrap();
    fs::write(outside.join("victim"), b"safe").unwrap();
    symlink(&outside, target.join("out")).unwrap();
    symlink("out/victim", target.join("file")).unwrap();
    symlink("real", target.join("stays")).unwrap();
    for name in ["out/victim", "out/new", "out/d/", "file"] {
        let reply = upload(&server, archive(&[(name, 0o644, "x")]), &target, true);
        assert_eq!(reply.status, 511, "{name}");
        let class = &reply.json()["swerexception"]["class_path"];
        assert_eq!(class, "builtins.ValueError", "{name}");
    }
    assert_eq!(fs::read(outside.join("victim")).unwrap(), b"safe");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    // Within the target links are followed, as by Python.
    let reply = upload(&server, archive(&[("stays/f", 0o644, "x")]), &target, true);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(fs::read(target.join("real/f")).unwrap(), b"x");
}

/// The directory for temporary files takes 64 kB; another place takes the upload.
#[test]
fn an_upload_that_the_temporary_directory_has_no_room_for_arrives() {
    let home = tempfile::tempdir().unwrap();
    let small = home.path().join("small");
    fs::create_dir(&small).unwrap();
    let mounted = |script: &str| {
        let mut program = std::process::Command::new("unshare");
        let script = format!("mount -t tmpfs -o size=64k none \"$TMPDIR\" && {script}");
        program
            .args([
                "--user",
                "--map-root-user",
                "--mount",
                "sh",
                "-c",
                &script,
                "sh",
            ])
            .env("TMPDIR", &small);
        program
    };
    if !mounted("true")
        .output()
        .is_ok_and(|tried| tried.status.success())
    {
        println!("SKIPPED: this system mounts nothing for its users");
        return;
    }
    let program = env!("CARGO_BIN_EXE_swerex-remote");
    let server = Remote::launch(mounted(&format!("exec '{program}' \"$@\"")));
    let content: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    let target = home.path().join("arrived");
    let reply = upload(&server, content.clone(), &target, false);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(fs::read(&target).unwrap() == content);
}

#[test]
fn a_large_upload_takes_little_memory() {
    const SIZE: usize = 200 * 1024 * 1024;
    const MOST: u64 = 32 * 1024 * 1024;
    let server = Remote::plain();
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("large");
    let head = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n";
    let tail = format!(
        "\r\n--B\r\nContent-Disposition: form-data; name=\"target_path\"\r\n\r\n{}\r\n--B--\r\n",
        target.display()
    );
    let mut stream = TcpStream::connect(server.address).unwrap();
    let length = head.len() + SIZE + tail.len();
    write!(
        stream,
        "POST /upload HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: {TOKEN}\r\ncontent-type: multipart/form-data; boundary=B\r\ncontent-length: {length}\r\n\r\n{head}"
    )
    .unwrap();
    let chunk = vec![b'\r'; 1024 * 1024];
    for _ in 0..SIZE / chunk.len() {
        stream.write_all(&chunk).unwrap();
    }
    stream.write_all(tail.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(target.metadata().unwrap().len(), SIZE as u64);
    let peak = server.peak_memory();
    assert!(peak < MOST, "{peak} bytes");
}

#[test]
fn a_broken_upload_leaves_nothing_behind() {
    let server = Remote::plain();
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("file");
    let mut stream = TcpStream::connect(server.address).unwrap();
    write!(
        stream,
        "PUT /native/file?path={} HTTP/1.1\r\nhost: x\r\nx-api-key: {TOKEN}\r\ncontent-length: 100\r\n\r\nhalf",
        target.display()
    )
    .unwrap();
    stream.shutdown(std::net::Shutdown::Both).unwrap();
    drop(stream);
    // The server has noticed once it answers others and the scratch file is gone.
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        send(server.address, &Request::new("GET", "/is_alive")).unwrap();
        let left = fs::read_dir(home.path()).unwrap().count();
        if left == 0 {
            break;
        }
        assert!(
            std::time::Instant::now() < patience,
            "a scratch file is left"
        );
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(!target.exists());
}
