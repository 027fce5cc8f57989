//! The runtime against the real Python SWE-ReX 1.4.0 server.
//!
//! `SWEREX_PYTHON_SERVER` names its program; `cargo xtask test` sets it. Without it these tests say that they are skipped.
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

#[path = "support/exceptions.rs"]
mod exceptions;
#[path = "python_server/server.rs"]
mod server;
#[path = "support/tree.rs"]
mod tree;

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt as _, fs::symlink},
    path::Path,
    time::Duration,
};

use exceptions::{class, run, session};
use server::Server;
use swerex_ags_runtime::Error;
use swerex_proto::{
    CloseBashSessionRequest, Command, ExceptionClass, ReadFileRequest, WriteFileRequest,
};
use tree::{Tree, large, mode, modified, set_mode, set_modified, time};

#[tokio::test]
async fn a_session_keeps_its_state() {
    let Some(server) = Server::start().await else {
        return;
    };
    let runtime = server.runtime();
    session(&runtime).await;
    run(&runtime, "cd /tmp; export A=1; f() { echo \"f $1\"; }").await;
    let seen = run(&runtime, "pwd; echo $A; f x; (exit 3)").await;
    assert_eq!(
        (seen.output.as_str(), seen.exit_code),
        ("/tmp\n1\nf x\n", Some(3))
    );
    runtime
        .close_session(&CloseBashSessionRequest::default().into())
        .await
        .unwrap();
    let gone = runtime
        .close_session(&CloseBashSessionRequest::default().into())
        .await;
    assert_eq!(class(gone), ExceptionClass::SessionDoesNotExist);
    runtime.close().await.unwrap();
    assert!(
        runtime
            .is_alive(Duration::from_secs(5))
            .await
            .unwrap()
            .is_alive
    );
    assert!(!runtime.is_native());
}

#[tokio::test]
async fn files_of_every_kind_go_both_ways() {
    let Some(server) = Server::start().await else {
        return;
    };
    let (runtime, home) = (server.runtime(), server.home());
    let path = |name: &str| home.join(name).to_str().unwrap().to_owned();

    let written = WriteFileRequest {
        path: path("a/b/ü.txt"),
        content: "zwei\nZeilen\n".to_owned(),
    };
    runtime.write_file(&written).await.unwrap();
    let read = ReadFileRequest {
        path: path("a/b/ü.txt"),
        ..ReadFileRequest::default()
    };
    assert_eq!(
        runtime.read_file(&read).await.unwrap().content,
        "zwei\nZeilen\n"
    );

    let bytes: Vec<u8> = (0..5_000_000_u32).map(|n| (n * 7 % 256) as u8).collect();
    runtime
        .write_bytes(&path("deep/bytes"), &bytes[..300_000])
        .await
        .unwrap();
    assert_eq!(fs::read(home.join("deep/bytes")).unwrap(), bytes[..300_000]);
    let kept = home.join("deep/bytes");
    set_mode(&kept, 0o750);
    runtime
        .write_bytes(&path("deep/bytes"), b"\xff")
        .await
        .unwrap();
    assert_eq!(fs::read(&kept).unwrap(), b"\xff");
    assert_eq!(mode(&kept), 0o750);
    fs::write(home.join("bytes"), &bytes).unwrap();
    assert_eq!(
        runtime.read_bytes(&path("bytes"), 10 << 20).await.unwrap(),
        bytes
    );
    assert!(matches!(
        runtime.read_bytes(&path("bytes"), 1_000).await,
        Err(Error::Local { .. })
    ));
    assert_eq!(
        class(runtime.read_bytes(&path("none"), 1_000).await),
        ExceptionClass::NonZeroExitCode
    );
}

#[tokio::test]
async fn twenty_megabytes_and_a_tree_of_500_files_arrive_as_they_are() {
    let Some(server) = Server::start().await else {
        return;
    };
    let (runtime, home) = (server.runtime(), server.home());
    let here = tempfile::tempdir().unwrap();

    let large = large();
    fs::write(here.path().join("large"), &large).unwrap();
    set_modified(&here.path().join("large"), 7);
    set_mode(&here.path().join("large"), 0o700);
    let target = home.join("large");
    runtime
        .upload(&here.path().join("large"), target.to_str().unwrap())
        .await
        .unwrap();
    assert!(
        fs::read(&target).unwrap() == large,
        "20 MB came out different"
    );
    assert_eq!((mode(&target), modified(&target)), (0o700, time(7)));
    let down = here.path().join("down");
    runtime.download(&target, &down, &|_, _| {}).await.unwrap();
    assert_eq!((mode(&down), modified(&down)), (0o700, time(7)));

    let tree = Tree::new(here.path().join("tree"));
    let target = home.join("arrived here/tree");
    runtime
        .upload(tree.root(), target.to_str().unwrap())
        .await
        .unwrap();
    tree.assert_arrived(&target);
    let back = here.path().join("back");
    runtime
        .download(target.to_str().unwrap(), &back, &|_, _| {})
        .await
        .unwrap();
    tree.assert_arrived(&back);

    let nothing = here.path().join("nothing");
    fs::create_dir(&nothing).unwrap();
    let target = home.join("made/of nothing");
    runtime
        .upload(&nothing, target.to_str().unwrap())
        .await
        .unwrap();
    assert!(target.is_dir());
}

#[tokio::test]
async fn output_that_is_not_utf_8_is_shown_as_escapes() {
    let Some(server) = Server::start().await else {
        return;
    };
    let runtime = server.runtime();
    let answer = runtime
        .execute(&Command::shell(
            r"printf 'a\377b\n'; printf 'e\n' >&2; exit 4",
        ))
        .await
        .unwrap();
    assert_eq!(
        (
            answer.stdout.as_str(),
            answer.stderr.as_str(),
            answer.exit_code
        ),
        ("a\\xffb\n", "e\n", Some(4))
    );
    session(&runtime).await;
    assert_eq!(
        run(&runtime, r"printf 'a\377b\n'").await.output,
        "a\\xffb\n"
    );
}

#[tokio::test]
async fn frequent_exceptions_keep_their_classes() {
    let Some(server) = Server::start().await else {
        return;
    };
    exceptions::frequent(&server.runtime(), &server.home()).await;
}

/// The accidents of the original, too.
#[tokio::test]
async fn rare_exceptions_keep_their_classes() {
    let Some(server) = Server::start().await else {
        return;
    };
    exceptions::rare(&server.runtime(), &server.home()).await;
}

#[tokio::test]
async fn a_wrong_key_and_an_absent_server_are_told_apart() {
    let Some(server) = Server::start().await else {
        return;
    };
    let outsider = server.runtime_with_key("wrong");
    let refused = outsider.execute(&Command::shell("true")).await.unwrap_err();
    assert!(
        matches!(&refused, Error::Unauthorized { message, .. } if message.contains("Invalid API Key")),
        "{refused}"
    );
    assert!(
        matches!(
            outsider.wait_until_alive(Duration::from_secs(60)).await,
            Err(Error::Unauthorized { .. })
        ),
        "not waited for"
    );
    let runtime = server.runtime();
    drop(server);
    let absent = runtime
        .wait_until_alive(Duration::from_millis(50))
        .await
        .unwrap_err();
    assert!(
        matches!(&absent, Error::NotAlive { last, .. } if last.contains("127.0.0.1")),
        "{absent}"
    );
}

#[tokio::test]
async fn links_and_names_of_any_bytes_arrive_as_they_are() {
    let Some(server) = Server::start().await else {
        return;
    };
    let (runtime, home) = (server.runtime(), server.home());
    let here = tempfile::tempdir().unwrap();
    let root = here.path().join("tree");
    fs::create_dir_all(root.join("only a link")).unwrap();
    fs::write(here.path().join("secret"), "TOP-SECRET").unwrap();
    fs::write(root.join("file"), "x").unwrap();
    let links = [
        ("inner", "file"),
        ("dangling", "it's missing"),
        ("key", "../secret"),
        ("only a link/absolute", "/etc/hostname"),
    ];
    for (name, text) in links {
        symlink(text, root.join(name)).unwrap();
    }
    let made = std::process::Command::new("mkfifo")
        .arg(root.join("pipe"))
        .status();
    assert!(made.unwrap().success());
    let assert_arrived = |target: &Path| {
        for (name, text) in links {
            assert_eq!(fs::read_link(target.join(name)).unwrap(), Path::new(text));
        }
        assert_eq!(fs::read(target.join("file")).unwrap(), b"x");
    };
    for _ in 0..2 {
        let transferred = runtime.upload(&root, home.join("text")).await.unwrap();
        assert_eq!(transferred.skipped.len(), 1, "{transferred:?}");
        assert_arrived(&home.join("text"));
    }

    let odd = OsStr::from_bytes(b"na\xffme");
    let target = home.join("new").join(odd);
    runtime.upload(&root, &target).await.unwrap();
    assert_arrived(&target);
    fs::create_dir(root.join(odd)).unwrap();
    fs::write(root.join(odd).join(odd), "odd").unwrap();
    symlink(odd, root.join("to odd")).unwrap();
    for target in [home.join("text"), target.clone()] {
        runtime.upload(&root, &target).await.unwrap();
        assert_arrived(&target);
        assert_eq!(fs::read(target.join(odd).join(odd)).unwrap(), b"odd");
        assert_eq!(
            fs::read_link(target.join("to odd")).unwrap(),
            Path::new(odd)
        );
    }
    let back = here.path().join("back");
    let transferred = runtime.download(&target, &back, &|_, _| {}).await.unwrap();
    assert_eq!(transferred.skipped.len(), 2, "{transferred:?}");
    assert_eq!(fs::read(back.join(odd).join(odd)).unwrap(), b"odd");
    assert!(!back.join("key").is_symlink());

    let file = home.join(OsStr::from_bytes(b"dir\xfe/file\n\xfe"));
    runtime
        .upload(&root.join(odd).join(odd), &file)
        .await
        .unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"odd");
    runtime.write_bytes(&file, b"new").await.unwrap();
    assert_eq!(runtime.read_bytes(&file, 9).await.unwrap(), b"new");
    let came = here.path().join("came");
    runtime.download(&file, &came, &|_, _| {}).await.unwrap();
    assert_eq!(fs::read(&came).unwrap(), b"new");
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn what_cannot_be_read_is_named_and_the_rest_arrives() {
    let Some(server) = Server::start().await else {
        return;
    };
    let Some((root, unreadable)) = tree::partly_readable() else {
        return;
    };
    let (runtime, home) = (server.runtime(), server.home());
    let here = tempfile::tempdir().unwrap();
    let up = home.join("up");
    let sent = runtime.upload(root, &up).await.unwrap();
    let named: Vec<_> = sent.skipped.iter().map(|one| one.path.clone()).collect();
    assert_eq!((&named, sent.missing), (&unreadable, named.len() as u64));
    assert!(!fs::read(up.join("overcommit_memory")).unwrap().is_empty());
    // The sandbox's tar knows of no length but the system's, which is wrong here: what is not whole is missing.
    let down = here.path().join("down");
    let came = runtime.download(root, &down, &|_, _| {}).await.unwrap();
    let named: Vec<_> = came.skipped.iter().map(|one| one.path.clone()).collect();
    assert_eq!(came.missing, named.len() as u64);
    for entry in fs::read_dir(root).unwrap() {
        let name = std::path::PathBuf::from(entry.unwrap().file_name());
        let whole = fs::read(root.join(&name)).map_or(1, |content| content.len());
        let is_whole = fs::read(down.join(&name)).is_ok_and(|copy| copy.len() == whole);
        assert!(is_whole != named.contains(&name), "{name:?}");
    }
    // Among files that are as they seem only the unreadable ones are.
    let tree = here.path().join("tree");
    fs::create_dir(&tree).unwrap();
    fs::write(tree.join("one"), "x").unwrap();
    fs::write(tree.join("empty"), "").unwrap();
    fs::hard_link(tree.join("one"), tree.join("other")).unwrap();
    runtime.upload(&tree, home.join("tree")).await.unwrap();
    let back = here.path().join("back");
    let came = runtime.download(home.join("tree"), &back, &|_, _| {}).await;
    assert_eq!(came.unwrap(), swerex_ags_runtime::Transferred::default());
    assert_eq!(fs::read(back.join("other")).unwrap(), b"x");
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn files_of_the_kernel_are_read_to_their_end() {
    let Some(server) = Server::start().await else {
        return;
    };
    let (runtime, home) = (server.runtime(), server.home());
    let page = "/sys/kernel/mm/transparent_hugepage/enabled";
    for path in ["/proc/version", page] {
        let Ok(whole) = fs::read(path) else { continue };
        runtime
            .upload(Path::new(path), home.join("up"))
            .await
            .unwrap();
        assert_eq!(fs::read(home.join("up")).unwrap(), whole, "{path} up");
        let down = home.join("down");
        runtime.download(path, &down, &|_, _| {}).await.unwrap();
        assert_eq!(fs::read(&down).unwrap(), whole, "{path} down");
    }
}
