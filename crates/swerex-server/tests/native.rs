//! What our server adds: bytes of files in ranges, directories as archives, events of a running command.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    process::Command,
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use support::{Remote, Request, send};

fn file(method: &str, path: &Path, more: &str) -> Request {
    Request::new(
        method,
        &format!("/native/file?path={}{more}", path.display()),
    )
}

#[test]
fn capabilities_are_told() {
    let server = Remote::plain();
    let reply = send(server.address, &Request::new("GET", "/native/capabilities")).unwrap();
    assert_eq!(reply.json()["protocol"], "1.4.0");
    assert_eq!(reply.json()["revision"], 3);
}

#[test]
fn bytes_of_a_file_there_and_back() {
    let server = Remote::plain();
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("new/bytes");
    let bytes: Vec<u8> = (0..=255).cycle().take(1_000_000).collect();

    let put = send(
        server.address,
        &file("PUT", &path, "&mode=750&modified=1000000000").body(bytes.clone()),
    )
    .unwrap();
    assert_eq!((put.status, put.json()), (200, json!({"size": 1_000_000})));
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o750);
    assert_eq!(path.metadata().unwrap().mtime(), 1_000_000_000);
    let wrong = file("PUT", &path, "&modified=yesterday").body("x");
    assert_eq!(send(server.address, &wrong).unwrap().status, 422);

    let get = send(server.address, &file("GET", &path, "")).unwrap();
    assert_eq!(get.header("content-type"), Some("application/octet-stream"));
    assert_eq!(get.header("content-length"), Some("1000000"));
    assert!(get.body == bytes);

    let part = file("GET", &path, "").header("Range", "bytes=255-258");
    let part = send(server.address, &part).unwrap();
    assert_eq!(part.status, 206);
    assert_eq!(part.header("content-range"), Some("bytes 255-258/1000000"));
    assert_eq!(part.body, [255, 0, 1, 2]);
    let beyond = file("GET", &path, "").header("Range", "bytes=1000000-");
    assert_eq!(send(server.address, &beyond).unwrap().status, 416);

    // A replaced file keeps its mode; a broken transfer is taken up at its offset.
    send(server.address, &file("PUT", &path, "").body("abc")).unwrap();
    let more = send(server.address, &file("PUT", &path, "&offset=3").body("def")).unwrap();
    assert_eq!(more.json(), json!({"size": 6}));
    assert_eq!(fs::read(&path).unwrap(), b"abcdef");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o750);
}

/// Files of the kernel say to be empty, or to have a page.
#[test]
#[cfg(target_os = "linux")]
fn files_are_as_long_as_they_are() {
    let server = Remote::plain();
    let page = "/sys/kernel/mm/transparent_hugepage/enabled";
    for path in ["/proc/version", "/proc/kallsyms", page] {
        let Ok(whole) = fs::read(path) else { continue };
        let get = send(server.address, &file("GET", Path::new(path), "")).unwrap();
        assert_eq!(get.status, 200);
        assert!(get.body == whole, "{path}: {} bytes", get.body.len());
        let part = file("GET", Path::new(path), "").header("Range", "bytes=3-4095");
        let part = send(server.address, &part).unwrap();
        assert_eq!(part.status, 206);
        assert!(part.body == whole[3..whole.len().min(4096)], "{path}");
    }
}

#[test]
fn nothing_that_is_sent_runs_as_somebody_else() {
    let server = Remote::plain();
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("program");
    for more in ["&mode=7755", "&mode=6755&offset=0"] {
        send(server.address, &file("PUT", &path, more).body("x")).unwrap();
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o755, "{more}");
    }
}

#[test]
fn paths_are_bytes() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let server = Remote::plain();
    let home = tempfile::tempdir().unwrap();
    let at = |method: &str, what: &str| {
        let home = home.path().display();
        Request::new(method, &format!("/native/{what}?path={home}/d%fe/na%ffme"))
    };
    let put = send(server.address, &at("PUT", "file").body("x")).unwrap();
    assert_eq!(put.status, 200, "{}", put.text());
    let path = home.path().join(OsStr::from_bytes(b"d\xfe/na\xffme"));
    assert_eq!(fs::read(&path).unwrap(), b"x");
    let get = send(server.address, &at("GET", "file")).unwrap();
    assert_eq!(get.body, b"x");
    let refused = send(server.address, &at("GET", "tar")).unwrap();
    assert_eq!(refused.status, 511);
    let message = &refused.json()["swerexception"]["message"];
    assert!(
        message.as_str().unwrap().contains(r"na\\xffme"),
        "{message}"
    );
}

#[test]
fn what_cannot_be_read_is_an_exception() {
    let server = Remote::plain();
    let class = |request: &Request| {
        let reply = send(server.address, request).unwrap();
        assert_eq!(reply.status, 511, "{}", reply.text());
        reply.json()["swerexception"]["class_path"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let home = tempfile::tempdir().unwrap();
    let fifo = home.path().join("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(
        class(&file("GET", Path::new("/nope"), "")),
        "builtins.FileNotFoundError"
    );
    assert_eq!(
        class(&file("GET", home.path(), "")),
        "builtins.IsADirectoryError"
    );
    assert_eq!(
        class(&file("PUT", home.path(), "").body("x")),
        "builtins.IsADirectoryError"
    );
    assert_eq!(
        class(&file("GET", Path::new("/dev/zero"), "")),
        "builtins.OSError"
    );
    for (path, body) in [
        ("/read_file", json!({"path": fifo})),
        ("/write_file", json!({"path": fifo, "content": "x"})),
        ("/read_file", json!({"path": "/dev/zero"})),
    ] {
        assert_eq!(
            class(&Request::new("POST", path).json(&body)),
            "builtins.OSError"
        );
    }
    let missing = send(server.address, &Request::new("GET", "/native/file")).unwrap();
    assert_eq!(missing.status, 422);
    assert_eq!(missing.json()["detail"][0]["loc"], json!(["query", "path"]));
}

#[test]
fn a_directory_as_an_archive_that_tar_itself_reads_and_writes() {
    let server = Remote::plain();
    let home = tempfile::tempdir().unwrap();
    let (from, to) = (home.path().join("from"), home.path().join("to"));
    let long = "n".repeat(180);
    fs::create_dir_all(from.join("empty")).unwrap();
    fs::create_dir_all(from.join(&long)).unwrap();
    fs::write(from.join(&long).join("file"), b"long").unwrap();
    fs::write(from.join("run.sh"), b"#!/bin/sh\n").unwrap();
    fs::set_permissions(from.join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("run.sh", from.join("link")).unwrap();
    fs::hard_link(from.join("run.sh"), from.join("same")).unwrap();
    let tar = |path: &Path, args: &[&str]| {
        let done = Command::new("tar")
            .arg("-C")
            .arg(path)
            .args(args)
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        done.stdout
    };

    let request = Request::new("GET", &format!("/native/tar?path={}", from.display()));
    let reply = send(server.address, &request).unwrap();
    assert_eq!(reply.header("content-type"), Some("application/x-tar"));
    let archive = home.path().join("archive.tar");
    fs::write(&archive, &reply.body).unwrap();
    fs::create_dir(&to).unwrap();
    tar(&to, &["-xf", archive.to_str().unwrap()]);
    assert!(to.join("empty").is_dir());
    assert_eq!(fs::read(to.join(&long).join("file")).unwrap(), b"long");
    assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("run.sh"));
    let inode = |path: &Path| path.metadata().unwrap().ino();
    assert_eq!(inode(&to.join("same")), inode(&to.join("run.sh")));
    assert_eq!(
        to.join("run.sh").metadata().unwrap().permissions().mode() & 0o777,
        0o755
    );

    for format in ["gnu", "pax", "ustar"] {
        // The oldest of them has no room for long names.
        let which = if format == "ustar" { "run.sh" } else { "." };
        let body = tar(&from, &["-c", &format!("--format={format}"), which]);
        let back = home.path().join(format);
        let request = Request::new("PUT", &format!("/native/tar?path={}", back.display()));
        let reply = send(server.address, &request.body(body)).unwrap();
        assert_eq!((reply.status, reply.json()), (200, json!({})), "{format}");
        assert_eq!(
            back.join("run.sh").metadata().unwrap().permissions().mode() & 0o777,
            0o755
        );
        if which == "." {
            assert_eq!(inode(&back.join("same")), inode(&back.join("run.sh")));
            assert_eq!(fs::read(back.join(&long).join("file")).unwrap(), b"long");
            assert_eq!(
                fs::read_link(back.join("link")).unwrap(),
                Path::new("run.sh")
            );
        }
    }
}

/// Who does not ask to be told what is missing gets no archive that is not whole.
#[test]
#[cfg(target_os = "linux")]
fn an_archive_is_whole_or_says_what_is_missing() {
    let root = Path::new("/proc/sys/vm");
    let is_partly_readable = fs::read_dir(root)
        .is_ok_and(|names| names.flatten().any(|entry| fs::read(entry.path()).is_err()));
    if !is_partly_readable {
        return;
    }
    let server = Remote::plain();
    let get = |more: &str| {
        let path = format!("/native/tar?path={}{more}", root.display());
        send(server.address, &Request::new("GET", &path))
    };
    let is_whole = get("").is_some_and(|reply| reply.body.ends_with(&[0; 1024]));
    assert!(!is_whole, "the body breaks off");
    let told = get("&partial").unwrap();
    assert!(told.body.ends_with(&[0; 1024]));
    let blocks = told.body.chunks(512);
    let is_mark =
        |block: &&[u8]| block.get(156) == Some(&b'U') && block.get(257..262) == Some(b"ustar");
    assert!(blocks.filter(is_mark).count() > 0);
}

fn events(body: &str) -> Vec<Value> {
    body.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What was printed to stdout, as the events tell it.
fn printed(events: &[Value]) -> String {
    let pieces = events.iter().filter(|event| event["event"] == "output");
    let bytes: Vec<u8> = pieces
        .flat_map(|event| {
            BASE64_STANDARD
                .decode(event["data"].as_str().unwrap())
                .unwrap()
        })
        .collect();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_running_command_tells_what_it_prints_and_can_be_taken_up_again() {
    let server = Remote::plain();
    let home = tempfile::tempdir().unwrap();
    let count = home.path().join("count");
    let script = format!(
        "echo run >> {0}; echo one; sleep 1; echo two; wc -l < {0}",
        count.display()
    );
    let request = Request::new("POST", "/native/execute")
        .header("X-Request-ID", "events")
        .json(&json!({"command": script, "shell": true}));
    let mut lost = request.clone();
    lost.patience = Some(Duration::from_millis(300));
    assert!(send(server.address, &lost).is_none());

    let reply = send(
        server.address,
        &request.clone().header("Last-Event-ID", "0"),
    )
    .unwrap();
    assert_eq!(reply.header("content-type"), Some("application/x-ndjson"));
    let told = events(&reply.text());
    assert_eq!(printed(&told), "one\ntwo\n1\n");
    let last = told.last().unwrap();
    assert_eq!(
        (&last["event"], &last["status"]),
        (&json!("result"), &json!(200))
    );
    assert_eq!(
        last["body"],
        json!({"stdout": "one\ntwo\n1\n", "stderr": "", "exit_code": 0})
    );

    let after = request.header(
        "Last-Event-ID",
        &(last["id"].as_u64().unwrap() - 1).to_string(),
    );
    let rest = events(&send(server.address, &after).unwrap().text());
    assert_eq!(rest, vec![last.clone()]);
    assert_eq!(fs::read_to_string(&count).unwrap(), "run\n");
}

#[test]
fn a_session_tells_what_it_prints() {
    let server = Remote::plain();
    let create = Request::new("POST", "/create_session").json(&json!({"session_type": "bash"}));
    assert_eq!(send(server.address, &create).unwrap().status, 200);
    let run = Request::new("POST", "/native/run_in_session")
        .json(&json!({"action_type": "bash", "command": "echo hello; false", "check": "silent"}));
    let told = events(&send(server.address, &run).unwrap().text());
    assert!(printed(&told).contains("hello"), "{told:?}");
    let last = told.last().unwrap();
    assert_eq!(last["body"]["output"], "hello\n");
    assert_eq!(last["body"]["exit_code"], 1);
}

#[test]
fn floods_on_terminals_that_nobody_reads_cost_little() {
    let server = Remote::plain();
    let open = |name: &str| {
        let words = json!({"rows": 24, "cols": 80, "command": ["yes"]});
        let request = Request::new("POST", "/native/terminal").header("X-Request-ID", name);
        // The stream ends when as much is on the way as may be.
        let told = send(server.address, &request.json(&words)).unwrap().text();
        assert_eq!(events(&told).last().unwrap()["event"], "pause");
    };
    open("first");
    let before = server.peak_memory();
    for number in 0..32 {
        open(&number.to_string());
    }
    let each = (server.peak_memory() - before) / 32;
    assert!(each < 1 << 20, "{each} bytes each");
    let close = send(server.address, &Request::new("POST", "/close")).unwrap();
    assert_eq!(close.status, 200);
}
