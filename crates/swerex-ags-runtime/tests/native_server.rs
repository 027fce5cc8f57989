//! The runtime against our native server: what is beyond the protocol.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

#[path = "native_server/server.rs"]
mod server;
#[path = "support/tree.rs"]
mod tree;

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt as _, fs::symlink},
    path::Path,
    sync::{Arc, Mutex, atomic::Ordering},
};

use server::Server;
use swerex_ags_runtime::{AgsRuntime, Error, Sink};
use swerex_proto::{BashAction, Command, CreateBashSessionRequest, ExceptionClass, native::Stream};
use tree::{Tree, large, mode, modified, set_mode, set_modified, time};

fn class<T: std::fmt::Debug>(outcome: Result<T, Error>) -> ExceptionClass {
    let error = outcome.unwrap_err();
    match error.remote() {
        Some(remote) => remote.class(),
        None => panic!("no exception of the server's: {error:?}"),
    }
}

async fn heard(runtime: &AgsRuntime, command: &Command) -> (Vec<u8>, Vec<u8>, Option<i64>) {
    let pieces = Mutex::new((Vec::new(), Vec::new()));
    let answer = runtime
        .execute_heard(command, &|stream, bytes: &[u8]| {
            let mut pieces = pieces.lock().unwrap();
            match stream {
                Stream::Stdout => pieces.0.extend_from_slice(bytes),
                Stream::Stderr => pieces.1.extend_from_slice(bytes),
            }
        })
        .await
        .unwrap();
    let (stdout, stderr) = pieces.into_inner().unwrap();
    assert_eq!(
        answer.stdout.is_empty(),
        stdout.is_empty(),
        "the answer has all of it, too"
    );
    (stdout, stderr, answer.exit_code)
}

/// Compares what comes with what should, and keeps none of it.
struct Expecting {
    next: u32,
    rest: Vec<u8>,
}

impl Sink for Expecting {
    async fn take(&mut self, _: Stream, piece: bytes::Bytes) -> std::io::Result<()> {
        self.rest.extend_from_slice(&piece);
        let whole = self.rest.iter().rposition(|byte| *byte == b'\n');
        let rest = self.rest.split_off(whole.map_or(0, |end| end + 1));
        for line in std::mem::replace(&mut self.rest, rest).split_inclusive(|byte| *byte == b'\n') {
            self.next += 1;
            assert_eq!(line, format!("{}\n", self.next).as_bytes());
        }
        Ok(())
    }
}

#[tokio::test]
async fn output_of_any_length_is_handed_over_whole() {
    let server = Server::start().await;
    let (runtime, _) = server.lossy(3).await;
    // A server that tells no exact output has an answer of limited length.
    let lines = if runtime.has_exact_output() {
        3_000_000
    } else {
        300_000
    };
    let mut sink = Expecting {
        next: 0,
        rest: Vec::new(),
    };
    let command = Command::shell(format!("seq {lines}; exit 4"));
    let said = runtime.execute_streamed(&command, &mut sink).await.unwrap();
    assert_eq!((said.stdout.as_str(), said.exit_code), ("", Some(4)));
    assert_eq!((sink.next, sink.rest.len()), (lines, 0));

    let checked = Command {
        check: true,
        ..Command::shell("exit 4")
    };
    let failed = runtime.execute_streamed(&checked, &mut sink).await;
    assert_eq!(class(failed), ExceptionClass::NonZeroExitCode);
}

#[tokio::test]
async fn what_a_command_prints_is_heard_as_it_is() {
    let server = Server::start().await;
    let runtime = server.runtime().await;
    let command = Command::shell(r"printf 'a\377b'; printf 'e' >&2; exit 4");
    assert_eq!(
        heard(&runtime, &command).await,
        (b"a\xffb".to_vec(), b"e".to_vec(), Some(4))
    );
}

#[tokio::test]
async fn a_lost_stream_is_taken_up_again_and_the_command_runs_once() {
    let server = Server::start().await;
    let (lossy, cuts) = server.lossy(3).await;
    let command = Command {
        cwd: Some(server.home().to_str().unwrap().to_owned()),
        ..Command::shell("echo run >> runs; for n in 1 2 3 4 5 6 7 8; do echo $n; sleep 0.05; done")
    };
    let expected = b"1\n2\n3\n4\n5\n6\n7\n8\n".to_vec();
    assert_eq!(
        heard(&lossy, &command).await,
        (expected, Vec::new(), Some(0)),
        "nothing twice, nothing left out"
    );
    assert_eq!(cuts[0].load(Ordering::SeqCst), 0, "every loss was met");
    assert_eq!(
        fs::read_to_string(server.home().join("runs")).unwrap(),
        "run\n"
    );
}

#[tokio::test]
async fn a_followed_command_fails_as_any_other() {
    let server = Server::start().await;
    let runtime = server.runtime().await;
    let check = |script: &str| Command {
        check: true,
        ..Command::shell(script)
    };
    assert_eq!(
        class(runtime.execute(&check("exit 3")).await),
        ExceptionClass::NonZeroExitCode
    );
    let absent = Command::argv(["no-such-program"]);
    assert_eq!(
        class(runtime.execute(&absent).await),
        ExceptionClass::FileNotFound
    );
    let late = Command {
        timeout: Some(0.1),
        ..Command::shell("echo so far; sleep 60")
    };
    let error = runtime.execute_heard(&late, &|_, _: &[u8]| {}).await;
    assert_eq!(class(error), ExceptionClass::CommandTimeout);
}

#[tokio::test]
async fn a_session_without_a_timeout_is_followed_and_keeps_its_state() {
    let server = Server::start().await;
    let runtime = server.runtime().await;
    let request = CreateBashSessionRequest {
        startup_timeout: 10.0,
        ..CreateBashSessionRequest::default()
    };
    runtime.create_session(&request.into()).await.unwrap();
    let run = async |command: &str| {
        runtime
            .run_in_session(&BashAction::new(command).into())
            .await
            .unwrap()
    };
    run("cd /tmp; A=1").await;
    let seen = run("pwd; echo $A").await;
    assert_eq!(
        (seen.output.as_str(), seen.exit_code),
        ("/tmp\n1\n", Some(0))
    );
    let failed = runtime
        .run_in_session(&BashAction::new("(exit 3)").into())
        .await;
    assert_eq!(class(failed), ExceptionClass::NonZeroExitCode);
}

#[tokio::test]
async fn bytes_of_files_go_both_ways() {
    let server = Server::start().await;
    let runtime = server.runtime().await;
    let path = |name: &str| server.home().join(name).to_str().unwrap().to_owned();
    let bytes: Vec<u8> = (0..9_000_000_u32).map(|n| (n * 7 % 256) as u8).collect();

    runtime
        .write_bytes(&path("deep/er/ü &+%"), &bytes)
        .await
        .unwrap();
    let written = server.home().join("deep/er/ü &+%");
    assert!(fs::read(&written).unwrap() == bytes);
    let read = runtime
        .read_bytes(&path("deep/er/ü &+%"), 10 << 20)
        .await
        .unwrap();
    assert!(read == bytes);
    assert_eq!(
        runtime
            .read_piece(&path("deep/er/ü &+%"), 8_999_998, 9)
            .await
            .unwrap(),
        bytes[8_999_998..]
    );

    set_mode(&written, 0o640);
    runtime
        .write_bytes(&path("deep/er/ü &+%"), b"")
        .await
        .unwrap();
    assert_eq!(
        (fs::read(&written).unwrap().len(), mode(&written)),
        (0, 0o640)
    );
    assert_eq!(
        runtime.read_bytes(&path("deep/er/ü &+%"), 9).await.unwrap(),
        b""
    );
    let version = fs::read("/proc/version").unwrap();
    assert_eq!(
        runtime.read_bytes("/proc/version", 1 << 20).await.unwrap(),
        version,
        "its size is 0, but it is not empty"
    );

    assert_eq!(
        class(runtime.read_bytes(&path("none"), 9).await),
        ExceptionClass::FileNotFound
    );
    assert_eq!(
        class(runtime.write_bytes(&path("deep"), b"x").await),
        ExceptionClass::IsADirectory
    );
}

#[tokio::test]
async fn files_and_trees_arrive_with_modes_and_links() {
    let server = Server::start().await;
    let runtime = server.runtime().await;
    let here = tempfile::tempdir().unwrap();

    let large = large();
    fs::write(here.path().join("large"), &large).unwrap();
    set_modified(&here.path().join("large"), 7);
    set_mode(&here.path().join("large"), 0o700);
    let target = server.home().join("new/large");
    let told = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&told);
    runtime
        .upload_told(
            &here.path().join("large"),
            target.to_str().unwrap(),
            Arc::new(move |done, total| notes.lock().unwrap().push((done, total))),
        )
        .await
        .unwrap();
    assert!(fs::read(&target).unwrap() == large);
    assert_eq!((mode(&target), modified(&target)), (0o700, time(7)));
    let down = here.path().join("down");
    runtime.download(&target, &down, &|_, _| {}).await.unwrap();
    assert_eq!((mode(&down), modified(&down)), (0o700, time(7)));
    let size = large.len() as u64;
    assert_eq!(told.lock().unwrap().last(), Some(&(size, size)));

    let tree = Tree::new(here.path().join("tree"));
    symlink("d0", tree.root().join("link")).unwrap();
    let target = server.home().join("arrived here/tree");
    // The second time into a directory that is there.
    for _ in 0..2 {
        runtime
            .upload(tree.root(), target.to_str().unwrap())
            .await
            .unwrap();
        tree.assert_arrived(&target);
        assert_eq!(fs::read_link(target.join("link")).unwrap(), Path::new("d0"));
    }
    let back = here.path().join("back");
    runtime
        .download(target.to_str().unwrap(), &back, &|_, _| {})
        .await
        .unwrap();
    tree.assert_arrived(&back);
    assert_eq!(fs::read_link(back.join("link")).unwrap(), Path::new("d0"));

    let nothing = here.path().join("nothing");
    fs::create_dir(&nothing).unwrap();
    let target = server.home().join("made/of nothing");
    runtime
        .upload(&nothing, target.to_str().unwrap())
        .await
        .unwrap();
    assert!(target.is_dir());
    let onto_file = server.home().join("new/large");
    let refused = runtime
        .upload(tree.root(), onto_file.to_str().unwrap())
        .await;
    assert!(refused.unwrap_err().remote().is_some());
}

/// A directory with names and links of every kind, and what cannot be sent.
fn odd_tree(root: &Path) {
    let odd = OsStr::from_bytes(b"na\xffme");
    fs::create_dir_all(root.join(odd)).unwrap();
    fs::write(root.join(odd).join(odd), "odd").unwrap();
    fs::create_dir(root.join("pkg")).unwrap();
    fs::write(root.join("pkg/real"), "x").unwrap();
    let secret = root.parent().unwrap().join("secret");
    fs::write(&secret, "TOP-SECRET").unwrap();
    symlink("real", root.join("pkg/inner")).unwrap();
    symlink("missing", root.join("dangling")).unwrap();
    symlink("self", root.join("self")).unwrap();
    symlink(&secret, root.join("key")).unwrap();
    symlink("../secret", root.join("up")).unwrap();
    symlink(odd, root.join("to odd")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(root.join("pipe"))
        .status();
    assert!(made.unwrap().success());
}

const LINKS: [&str; 6] = ["pkg/inner", "dangling", "self", "key", "up", "to odd"];

#[tokio::test]
async fn links_go_up_as_links_and_names_are_bytes() {
    let server = Server::start().await;
    let runtime = server.runtime().await;
    let here = tempfile::tempdir().unwrap();
    let root = here.path().join("tree");
    odd_tree(&root);
    let target = server.home().join(OsStr::from_bytes(b"arri\xffved"));
    // The second time over what is there.
    for _ in 0..2 {
        let transferred = runtime.upload(&root, &target).await.unwrap();
        let skipped: Vec<&Path> = transferred
            .skipped
            .iter()
            .map(|one| one.path.as_path())
            .collect();
        assert_eq!(skipped, [Path::new("pipe")]);
        for name in LINKS {
            let text = |root: &Path| fs::read_link(root.join(name)).unwrap();
            assert_eq!(text(&target), text(&root), "{name}");
        }
        let odd = OsStr::from_bytes(b"na\xffme");
        assert_eq!(fs::read(target.join(odd).join(odd)).unwrap(), b"odd");
    }
    // Nothing is written through a link that is there and leads out.
    let outside = server.home().join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, target.join("made")).unwrap();
    fs::create_dir(root.join("made")).unwrap();
    fs::write(root.join("made/f"), "x").unwrap();
    let refused = runtime.upload(&root, &target).await;
    assert_eq!(class(refused), ExceptionClass::ValueError);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);

    // Back, without what leads out of it.
    let back = here.path().join("back");
    let transferred = runtime.download(&target, &back, &|_, _| {}).await.unwrap();
    let mut skipped: Vec<_> = transferred
        .skipped
        .iter()
        .map(|one| one.path.display().to_string())
        .collect();
    skipped.sort();
    assert_eq!(skipped, ["key", "made", "up"]);
    assert_eq!(
        fs::read_link(back.join("to odd"))
            .unwrap()
            .as_os_str()
            .as_bytes(),
        b"na\xffme"
    );

    // Files alone, and a link that the user names.
    let file = root
        .join(OsStr::from_bytes(b"na\xffme"))
        .join(OsStr::from_bytes(b"na\xffme"));
    let there = server.home().join(OsStr::from_bytes(b"dir\xfe/file\xfe"));
    runtime.upload(&file, &there).await.unwrap();
    assert_eq!(fs::read(&there).unwrap(), b"odd");
    assert_eq!(runtime.read_bytes(&there, 9).await.unwrap(), b"odd");
    runtime.write_bytes(&there, b"new").await.unwrap();
    let home = here.path().join(OsStr::from_bytes(b"home\xff"));
    runtime.download(&there, &home, &|_, _| {}).await.unwrap();
    assert_eq!(fs::read(&home).unwrap(), b"new");
    let lone = server.home().join("lone");
    runtime.upload(&root.join("key"), &lone).await.unwrap();
    assert_eq!(fs::read(&lone).unwrap(), b"TOP-SECRET");
}

#[tokio::test]
async fn files_with_several_names_and_holes_stay_so() {
    use std::os::unix::fs::MetadataExt as _;

    let server = Server::start().await;
    let runtime = server.runtime().await;
    let home = tempfile::tempdir().unwrap();
    let (root, here) = (home.path().join("tree"), home.path().join("holes"));
    fs::create_dir_all(root.join("d")).unwrap();
    fs::write(root.join("one"), "x".repeat(100_000)).unwrap();
    fs::hard_link(root.join("one"), root.join("d/other")).unwrap();
    symlink("one", root.join("link")).unwrap();
    fs::hard_link(root.join("link"), root.join("d/link")).unwrap();
    let holes = fs::File::create(root.join("holes")).unwrap();
    holes.set_len(50 << 20).unwrap();
    let (up, down) = (server.home().join("up"), home.path().join("down"));
    let lone = server.home().join("lone");
    // The second time over what is there, of which the names are not one.
    for _ in 0..2 {
        runtime.upload(&root, &up).await.unwrap();
        runtime.download(&up, &down, &|_, _| {}).await.unwrap();
        runtime.upload(&root.join("holes"), &lone).await.unwrap();
        runtime.download(&lone, &here, &|_, _| {}).await.unwrap();
        for copy in [&up, &down] {
            let metadata = |name: &str| fs::symlink_metadata(copy.join(name)).unwrap();
            assert_eq!(metadata("one").ino(), metadata("d/other").ino());
            assert_eq!(fs::read(copy.join("d/other")).unwrap(), [b'x'; 100_000]);
            assert_eq!(
                fs::read_link(copy.join("d/link")).unwrap(),
                Path::new("one")
            );
            let alone = [&lone, &here].map(|path| fs::metadata(path).unwrap());
            for holes in [&metadata("holes"), &alone[0], &alone[1]] {
                assert_eq!(holes.len(), 50 << 20);
                assert!(holes.blocks() < 1000, "{}", holes.blocks());
            }
            fs::remove_file(copy.join("d/other")).unwrap();
            fs::write(copy.join("d/other"), "mine").unwrap();
        }
    }
    // Names that are one there, and no more here.
    runtime.upload(&root, &up).await.unwrap();
    fs::remove_file(root.join("d/other")).unwrap();
    fs::write(root.join("d/other"), "other").unwrap();
    runtime.upload(&root, &up).await.unwrap();
    runtime.download(&up, &down, &|_, _| {}).await.unwrap();
    for copy in [&up, &down] {
        assert_eq!(fs::read(copy.join("d/other")).unwrap(), b"other");
        assert_eq!(fs::read(copy.join("one")).unwrap(), [b'x'; 100_000]);
    }
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn what_cannot_be_read_is_named_and_the_rest_arrives() {
    let Some((root, unreadable)) = tree::partly_readable() else {
        return;
    };
    let server = Server::start().await;
    let runtime = server.runtime().await;
    let here = tempfile::tempdir().unwrap();
    let (up, down) = (server.home().join("up"), here.path().join("down"));
    let sent = runtime.upload(root, &up).await.unwrap();
    let came = runtime.download(root, &down, &|_, _| {}).await.unwrap();
    for (told, copy) in [(sent, &up), (came, &down)] {
        let mut named: Vec<_> = told.skipped.iter().map(|one| one.path.clone()).collect();
        named.sort();
        assert_eq!((&named, told.missing), (&unreadable, named.len() as u64));
        assert!(told.skipped[0].to_string().contains("cannot be read: "));
        let all = fs::read_dir(root).unwrap().count();
        assert_eq!(fs::read_dir(copy).unwrap().count(), all - named.len());
        let file = copy.join("overcommit_memory");
        assert!(!fs::read(file).unwrap().is_empty());
    }
    let mut strict = swerex_ags_runtime::DownloadOptions::default();
    strict.strict = true;
    let none = here.path().join("none");
    let refused = runtime.download_with(root, &none, &strict, &|_, _| {});
    let refused = refused.await.unwrap_err();
    assert!(matches!(refused, Error::LeftOut(_)), "{refused:?}");
    assert_eq!(fs::read_dir(here.path()).unwrap().count(), 1);
}

/// Files whose metadata say nothing of their length, or something wrong: the kernel's.
#[tokio::test]
#[cfg(target_os = "linux")]
async fn files_are_as_long_as_they_are() {
    let server = Server::start().await;
    let runtime = server.runtime().await;
    let here = tempfile::tempdir().unwrap();
    let page = "/sys/kernel/mm/transparent_hugepage/enabled";
    let mut directories = vec!["/proc/sys/kernel/random"];
    directories.extend(
        Path::new(page)
            .exists()
            .then_some("/sys/kernel/mm/transparent_hugepage"),
    );
    for path in ["/proc/version", "/proc/kallsyms", page] {
        let Ok(whole) = fs::read(path) else { continue };
        let (up, down) = (server.home().join("up"), here.path().join("down"));
        runtime.upload(Path::new(path), &up).await.unwrap();
        assert!(fs::read(&up).unwrap() == whole, "{path} up");
        runtime.download(path, &down, &|_, _| {}).await.unwrap();
        assert!(fs::read(&down).unwrap() == whole, "{path} down");
    }
    for (number, directory) in directories.into_iter().enumerate() {
        let up = server.home().join(number.to_string());
        runtime.upload(Path::new(directory), &up).await.unwrap();
        let down = here.path().join(number.to_string());
        runtime
            .download(directory, &down, &|_, _| {})
            .await
            .unwrap();
        for copy in [up, down] {
            for entry in fs::read_dir(directory).unwrap() {
                let name = entry.unwrap().file_name();
                // A new one each time it is read.
                let (old, new) = (directory, copy.join(&name));
                let old = fs::read(Path::new(old).join(&name)).unwrap_or_default();
                if new.is_file() {
                    assert_eq!(fs::read(new).unwrap().len(), old.len(), "{name:?}");
                }
            }
        }
    }
}
