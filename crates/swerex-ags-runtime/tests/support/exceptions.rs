//! Whatever the Python server raises has a class here.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use swerex_ags_runtime::{AgsRuntime, Error};
use swerex_proto::{
    BashAction, BashInterruptAction, Check, Command, CreateBashSessionRequest, ExceptionBody,
    ExceptionClass, ReadFileRequest, WriteFileRequest,
};

pub(crate) async fn session(runtime: &AgsRuntime) {
    let request = CreateBashSessionRequest {
        startup_timeout: 10.0,
        ..CreateBashSessionRequest::default()
    };
    runtime.create_session(&request.into()).await.unwrap();
}

pub(crate) async fn run(runtime: &AgsRuntime, command: &str) -> swerex_proto::BashObservation {
    let action = BashAction {
        check: Check::Silent,
        timeout: Some(20.0),
        ..BashAction::new(command)
    };
    runtime.run_in_session(&action.into()).await.unwrap()
}

pub(crate) fn class<T: std::fmt::Debug>(outcome: Result<T, Error>) -> ExceptionClass {
    let error = outcome.unwrap_err();
    match error.remote() {
        Some(remote) => remote.class(),
        None => panic!("no exception of the server's: {error:?}"),
    }
}

/// What agents meet. It leaves a session behind that has ended.
pub(crate) async fn frequent(runtime: &AgsRuntime, home: &Path) {
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
    let execute = |command: Command| async move { class(runtime.execute(&command).await) };
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
        |action: BashAction| async move { class(runtime.run_in_session(&action.into()).await) };
    assert_eq!(
        act(BashAction::new("true")).await,
        ExceptionClass::SessionDoesNotExist
    );
    session(runtime).await;
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
    assert_eq!(run(runtime, "echo well").await.output, "well\n");
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
pub(crate) async fn rare(runtime: &AgsRuntime, home: &Path) {
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

    fs::write(home.join("slow.sh"), "sleep 9").unwrap();
    let impatient = CreateBashSessionRequest {
        startup_source: vec![path("slow.sh")],
        startup_timeout: 0.2,
        session: "impatient".to_owned(),
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
    let body = swerex_ags_runtime::Forwarded::Whole(form.into());
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
