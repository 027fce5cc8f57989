//! The runtime against the real Python SWE-ReX 1.4.0 server.
//!
//! `SWEREX_PYTHON_SERVER` names its program; `cargo xtask test` sets it. Without it these tests say that they are skipped.
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

#[path = "python_server/server.rs"]
mod server;

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, time::Duration};

use server::Server;
use swerex_ags_runtime::{AgsRuntime, Error};
use swerex_proto::{
    BashAction, BashInterruptAction, Check, CloseBashSessionRequest, Command,
    CreateBashSessionRequest, ExceptionClass, ReadFileRequest, WriteFileRequest,
};

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
    outcome.unwrap_err().remote().unwrap().class()
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

    let large: Vec<u8> = (0..20_u32 << 20)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    fs::write(here.path().join("large"), &large).unwrap();
    fs::set_permissions(here.path().join("large"), fs::Permissions::from_mode(0o700)).unwrap();
    let target = home.join("large");
    runtime
        .upload(&here.path().join("large"), target.to_str().unwrap())
        .await
        .unwrap();
    assert!(
        fs::read(&target).unwrap() == large,
        "20 MB came out different"
    );
    assert_eq!(
        fs::metadata(&target).unwrap().permissions().mode() & 0o777,
        0o700
    );

    let tree = here.path().join("tree");
    let mut expected = BTreeMap::new();
    for number in 0..500_u32 {
        let name = format!("d{}/e {}/f'{number}.txt", number % 7, number % 3);
        let file = tree.join(&name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, number.to_string()).unwrap();
        let mode = [0o644, 0o755, 0o600, 0o444][number as usize % 4];
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        expected.insert(name, (number.to_string(), mode));
    }
    fs::create_dir(tree.join("empty")).unwrap();
    let target = home.join("arrived here/tree");
    runtime
        .upload(&tree, target.to_str().unwrap())
        .await
        .unwrap();
    for (name, (content, mode)) in &expected {
        let file = target.join(name);
        assert_eq!(&fs::read_to_string(&file).unwrap(), content);
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            *mode,
            "{name}"
        );
    }
    assert!(target.join("empty").is_dir());
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
    fs::set_permissions(home.join("no program"), fs::Permissions::from_mode(0o755)).unwrap();
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
