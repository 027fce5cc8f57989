//! The runtime against the real Python SWE-ReX 1.4.0 server.
//!
//! `SWEREX_PYTHON_SERVER` names its program; `cargo xtask test` sets it. Without it these tests say that they are skipped.
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

#[path = "python_server/server.rs"]
mod server;
#[path = "support/tree.rs"]
mod tree;

use std::{fs, time::Duration};

use server::Server;
use swerex_ags_runtime::{AgsRuntime, Error};
use swerex_proto::{
    BashAction, BashInterruptAction, Check, CloseBashSessionRequest, Command,
    CreateBashSessionRequest, ExceptionBody, ExceptionClass, ReadFileRequest, WriteFileRequest,
};
use tree::{Tree, large, mode, set_mode};

async fn session(runtime: &AgsRuntime) {
    let request = CreateBashSessionRequest {
        startup_timeout: 10.0,
        ..CreateBashSessionRequest::default()
    };
    runtime.create_session(&request.into()).await.unwrap();
}

async fn run(runtime: &AgsRuntime, command: &str) -> swerex_proto::BashObservation {
    let action = BashAction {
        check: Check::Silent,
        timeout: Some(20.0),
        ..BashAction::new(command)
    };
    runtime.run_in_session(&action.into()).await.unwrap()
}

fn class<T: std::fmt::Debug>(outcome: Result<T, Error>) -> ExceptionClass {
    let error = outcome.unwrap_err();
    match error.remote() {
        Some(remote) => remote.class(),
        None => panic!("no exception of the server's: {error:?}"),
    }
}

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
    assert_eq!(mode(&target), 0o700);

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
async fn every_exception_keeps_its_class() {
    let Some(server) = Server::start().await else {
        return;
    };
    let (runtime, home) = (server.runtime(), server.home());
    let path = |name: &str| home.join(name).to_str().unwrap().to_owned();
    let read = |name: &str| ReadFileRequest {
        path: path(name),
        ..ReadFileRequest::default()
    };
    let write = |name: &str| WriteFileRequest {
        path: path(name),
        content: String::new(),
    };
    fs::write(home.join("file"), [0xff]).unwrap();

    assert_eq!(
        class(runtime.read_file(&read("none")).await),
        ExceptionClass::FileNotFound
    );
    assert_eq!(
        class(runtime.read_file(&read(".")).await),
        ExceptionClass::IsADirectory
    );
    assert_eq!(
        class(runtime.read_file(&read("file/x")).await),
        ExceptionClass::NotADirectory
    );
    assert_eq!(
        class(runtime.read_file(&read("file")).await),
        ExceptionClass::UnicodeDecode
    );
    let unknown = ReadFileRequest {
        encoding: Some("klingon".to_owned()),
        ..read("file")
    };
    assert_eq!(
        class(runtime.read_file(&unknown).await),
        ExceptionClass::LookupError
    );
    assert_eq!(
        class(runtime.write_file(&write("file/x")).await),
        ExceptionClass::FileExists
    );
    assert_eq!(
        class(runtime.write_file(&write(".")).await),
        ExceptionClass::IsADirectory
    );
    fs::write(home.join("no program"), "text").unwrap();
    let runtime_ref = &runtime;
    let execute = |command: Command| async move { class(runtime_ref.execute(&command).await) };
    assert_eq!(
        execute(Command::argv(["no-such-program"])).await,
        ExceptionClass::FileNotFound
    );
    assert_eq!(
        execute(Command::argv([path("no program")])).await,
        ExceptionClass::PermissionError
    );
    assert_eq!(
        execute(Command::argv(["a\0b"])).await,
        ExceptionClass::ValueError
    );
    assert_eq!(
        execute(Command::argv(Vec::<String>::new())).await,
        ExceptionClass::IndexError
    );
    assert_eq!(
        execute(Command {
            check: true,
            ..Command::shell("exit 3")
        })
        .await,
        ExceptionClass::NonZeroExitCode
    );
    assert_eq!(
        execute(Command {
            timeout: Some(0.2),
            ..Command::shell("sleep 9")
        })
        .await,
        ExceptionClass::CommandTimeout
    );
    set_mode(&home.join("no program"), 0o755);
    assert_eq!(
        execute(Command::argv([path("no program")])).await,
        ExceptionClass::OsError
    );

    let act =
        |action: BashAction| async move { class(runtime_ref.run_in_session(&action.into()).await) };
    assert_eq!(
        act(BashAction::new("true")).await,
        ExceptionClass::SessionDoesNotExist
    );
    session(&runtime).await;
    let again = runtime
        .create_session(&CreateBashSessionRequest::default().into())
        .await;
    assert_eq!(class(again), ExceptionClass::SessionExists);
    assert_eq!(
        act(BashAction::new("if then")).await,
        ExceptionClass::BashIncorrectSyntax
    );
    assert_eq!(
        act(BashAction::new("false")).await,
        ExceptionClass::NonZeroExitCode
    );
    assert_eq!(
        act(BashAction {
            timeout: Some(0.3),
            ..BashAction::new("sleep 9")
        })
        .await,
        ExceptionClass::CommandTimeout
    );
    runtime
        .run_in_session(&BashInterruptAction::default().into())
        .await
        .unwrap();
    assert_eq!(run(&runtime, "echo well").await.output, "well\n");
    assert_eq!(
        act(BashAction::new("exit")).await,
        ExceptionClass::PexpectEof
    );

    let not_a_zip = tempfile::tempdir().unwrap();
    fs::write(not_a_zip.path().join("x"), "x").unwrap();
    let upload = runtime
        .upload(&not_a_zip.path().join("x"), &path("file/x/y"))
        .await;
    assert_eq!(class(upload), ExceptionClass::NotADirectory);
    assert!(matches!(
        runtime.upload(&home.join("none"), "/tmp/x").await,
        Err(Error::Local { .. })
    ));
}

/// The accidents of the original, too: whatever it raises has a class here.
#[tokio::test]
async fn rarer_exceptions_keep_their_classes() {
    let Some(server) = Server::start().await else {
        return;
    };
    let (runtime, home) = (&server.runtime(), server.home());
    let path = |name: &str| home.join(name).to_str().unwrap().to_owned();
    let act =
        |action: BashAction| async move { class(runtime.run_in_session(&action.into()).await) };
    let interrupt = |n_retry: i64| async move {
        let action = BashInterruptAction {
            n_retry,
            ..BashInterruptAction::default()
        };
        class(runtime.run_in_session(&action.into()).await)
    };

    fs::write(home.join("latin"), [0xe9]).unwrap();
    let surrogates = ReadFileRequest {
        path: path("latin"),
        errors: Some("surrogateescape".to_owned()),
        ..ReadFileRequest::default()
    };
    assert_eq!(
        class(runtime.read_file(&surrogates).await),
        ExceptionClass::UnicodeEncode
    );
    let too_long = Command {
        timeout: Some(1e300),
        ..Command::shell("true")
    };
    assert_eq!(
        class(runtime.execute(&too_long).await),
        ExceptionClass::OverflowError
    );

    fs::create_dir(home.join("taken")).unwrap();
    runtime
        .write_file(&WriteFileRequest {
            path: path("taken/temp_file_transfer"),
            content: String::new(),
        })
        .await
        .unwrap();
    let onto = runtime.upload(&home.join("latin"), &path("taken")).await;
    assert_eq!(class(onto), ExceptionClass::ShutilError);
    let not_a_zip = forwarded_upload(runtime, &path("unzipped")).await;
    assert_eq!(not_a_zip, ExceptionClass::BadZipFile);

    let impatient = CreateBashSessionRequest {
        startup_timeout: 0.0,
        session: "impatient".to_owned(),
        ..CreateBashSessionRequest::default()
    };
    assert_eq!(
        class(runtime.create_session(&impatient.into()).await),
        ExceptionClass::PexpectTimeout
    );
    session(runtime).await;
    let both = BashAction {
        is_interactive_command: true,
        is_interactive_quit: true,
        ..BashAction::new("true")
    };
    assert_eq!(act(both).await, ExceptionClass::AssertionError);
    let unreadable = BashAction {
        is_interactive_command: true,
        expect: vec!["(".to_owned()],
        ..BashAction::new("true")
    };
    assert_eq!(act(unreadable).await, ExceptionClass::RegexError);
    assert_eq!(interrupt(0).await, ExceptionClass::UnboundLocal);
    // The terminal's echo is between the server and the exit code.
    assert_eq!(
        act(BashAction::new("stty echo")).await,
        ExceptionClass::NoExitCode
    );
    runtime.close().await.unwrap();
    assert_eq!(
        act(BashAction::new("true")).await,
        ExceptionClass::RuntimeError
    );
}

/// An upload that says that it is a zip file and is none, which our own client never sends.
async fn forwarded_upload(runtime: &AgsRuntime, target: &str) -> ExceptionClass {
    let part = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let form = part("file\"; filename=\"x", "no zip")
        + &part("target_path", target)
        + &part("unzip", "true")
        + "--b--\r\n";
    let kind = http::HeaderValue::from_static("multipart/form-data; boundary=b");
    let headers = http::HeaderMap::from_iter([(http::header::CONTENT_TYPE, kind)]);
    let body = move || Ok(ags_http::body::full(form.clone()));
    let answer = runtime
        .forward("/upload", headers, body, Some(Duration::from_secs(60)))
        .await
        .unwrap();
    assert_eq!(answer.status(), 511);
    let bytes = ags_http::body::collect(answer.into_body(), 1 << 20)
        .await
        .unwrap();
    serde_json::from_slice::<ExceptionBody>(&bytes)
        .unwrap()
        .swerexception
        .class()
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
