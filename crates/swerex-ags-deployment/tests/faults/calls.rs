//! Every fault that a repeat mends × every call of the runtime: the command runs exactly once.

use std::{fs, path::Path, sync::Arc, time::Duration};

use swerex_ags_deployment::TencentAgsDeployment;
use swerex_ags_runtime::AgsRuntime;
use swerex_proto::{
    BashAction, CloseBashSessionRequest, Command, CreateBashSessionRequest, ReadFileRequest,
    WriteFileRequest,
};

use crate::lab::{LONG, Lab, shell};

/// Faults of one request through the gateway. In a command's own time none is told from a slow one.
const FAULTS: [&str; 12] = [
    "reset",
    "reset,after",
    "truncate=0",
    "truncate=20",
    "status=502",
    "status=502,after",
    "status=503,retry-after=0",
    "status=504,after",
    "status=429,retry-after=0",
    "stale-token",
    "delay=50ms",
    "reset,after,times=3",
];

/// A call of the runtime, as one who works with it makes it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Method {
    WaitUntilAlive,
    CreateSession,
    RunInSession,
    RunLongInSession,
    CloseSession,
    Execute,
    ExecuteLong,
    ExecuteHeard,
    ReadFile,
    WriteFile,
    ReadBytes,
    WriteBytes,
    UploadFile,
    UploadDirectory,
    DownloadFile,
    DownloadDirectory,
    Close,
}

use Method::*;

/// Each with the path that it asks for.
const METHODS: [(Method, &str); 17] = [
    (WaitUntilAlive, "/is_alive"),
    (CreateSession, "/create_session"),
    (RunInSession, "/run_in_session"),
    (RunLongInSession, "/native/run_in_session"),
    (CloseSession, "/close_session"),
    (Execute, "/execute"),
    (ExecuteLong, "/native/execute"),
    (ExecuteHeard, "/native/execute"),
    (ReadFile, "/read_file"),
    (WriteFile, "/write_file"),
    (ReadBytes, "/native/file"),
    (WriteBytes, "/native/file"),
    (UploadFile, "/native/file"),
    (UploadDirectory, "/native/tar"),
    (DownloadFile, "/native/file"),
    (DownloadDirectory, "/native/tar"),
    (Close, "/close"),
];

/// One call and everything that must come of it.
async fn make(method: Method, runtime: &AgsRuntime, lab: &Lab, what: &str) {
    let counter = format!("count {what}").replace('/', "_");
    let count = format!("echo once >> '{}'; echo done", lab.path(&counter));
    let (file, tree) = (lab.path("file"), lab.directory.path().join("tree"));
    let action = |timeout: f64| BashAction {
        timeout: Some(timeout),
        ..BashAction::new(count.as_str())
    };
    let mut once = true;
    match method {
        RunInSession | RunLongInSession => {
            let timeout = if method == RunInSession { 10.0 } else { 100.0 };
            let request = action(timeout).into();
            let observed = runtime.run_in_session(&request).await;
            assert_eq!(observed.or_fail(what).output, "done\n", "{what}");
        }
        Execute | ExecuteLong | ExecuteHeard => {
            let timeout = if method == Execute { 10.0 } else { 100.0 };
            let command = Command {
                timeout: Some(timeout),
                ..Command::shell(count.as_str())
            };
            let answer = if method == ExecuteHeard {
                let heard = std::sync::Mutex::new(Vec::new());
                let hear = |_, bytes: &[u8]| heard.lock().unwrap().extend_from_slice(bytes);
                let answer = runtime.execute_heard(&command, &hear).await;
                assert_eq!(*heard.lock().unwrap(), b"done\n", "{what}: each piece once");
                answer
            } else {
                runtime.execute(&command).await
            };
            assert_eq!(answer.or_fail(what).stdout, "done\n", "{what}");
        }
        _ => once = false,
    }
    match method {
        WaitUntilAlive => runtime.wait_until_alive(LONG).await.or_fail(what),
        CreateSession => {
            let request = CreateBashSessionRequest {
                session: what.to_owned(),
                startup_timeout: 10.0,
                ..CreateBashSessionRequest::default()
            };
            runtime
                .create_session(&request.into())
                .await
                .map(drop)
                .or_fail(what);
        }
        CloseSession => {
            let request = CloseBashSessionRequest {
                session: "default".to_owned(),
            };
            runtime
                .close_session(&request.into())
                .await
                .map(drop)
                .or_fail(what);
            // The next call finds it again.
            session(runtime).await;
        }
        ReadFile => {
            fs::write(&file, "text").unwrap();
            let request = ReadFileRequest {
                path: file.clone(),
                encoding: None,
                errors: None,
            };
            let read = runtime.read_file(&request).await;
            assert_eq!(read.or_fail(what).content, "text", "{what}");
        }
        WriteFile => {
            let request = WriteFileRequest {
                path: file.clone(),
                content: what.to_owned(),
            };
            runtime.write_file(&request).await.map(drop).or_fail(what);
            assert_eq!(fs::read_to_string(&file).unwrap(), what);
        }
        ReadBytes => {
            fs::write(&file, [0, 255, 10]).unwrap();
            let read = runtime.read_bytes(&file, 1 << 20).await;
            assert_eq!(read.or_fail(what), [0, 255, 10], "{what}");
        }
        WriteBytes => {
            let written = runtime.write_bytes(&file, what.as_bytes()).await;
            written.or_fail(what);
            assert_eq!(fs::read_to_string(&file).unwrap(), what);
        }
        UploadFile => {
            let target = lab.path("uploaded");
            let uploaded = runtime.upload(&tree.join("one"), &target).await;
            uploaded.map(drop).or_fail(what);
            assert_eq!(
                fs::read(&target).unwrap(),
                fs::read(tree.join("one")).unwrap()
            );
        }
        UploadDirectory => {
            let target = lab.directory.path().join(format!("to {counter}"));
            let uploaded = runtime.upload(&tree, target.to_str().unwrap()).await;
            uploaded.map(drop).or_fail(what);
            same(&tree, &target, what);
        }
        DownloadFile | DownloadDirectory => {
            let source = if method == DownloadFile {
                tree.join("one")
            } else {
                tree.clone()
            };
            let target = lab.directory.path().join(format!("from {counter}"));
            let downloaded = runtime
                .download(source.to_str().unwrap(), &target, &|_, _| {})
                .await;
            downloaded.or_fail(what);
            if method == DownloadFile {
                assert_eq!(fs::read(&target).unwrap(), fs::read(&source).unwrap());
            } else {
                same(&source, &target, what);
            }
        }
        Close => {
            runtime.close().await.map(drop).or_fail(what);
            session(runtime).await;
        }
        _ => {}
    }
    assert_eq!(lab.lines(&counter), usize::from(once), "{what}");
}

/// Names the case in which a call failed.
trait OrFail<T> {
    fn or_fail(self, what: &str) -> T;
}

impl<T> OrFail<T> for Result<T, swerex_ags_runtime::Error> {
    fn or_fail(self, what: &str) -> T {
        self.unwrap_or_else(|error| panic!("{what}: {error:?}"))
    }
}

fn same(one: &Path, other: &Path, what: &str) {
    for name in ["one", "deep/two"] {
        assert_eq!(
            fs::read(one.join(name)).unwrap(),
            fs::read(other.join(name)).unwrap(),
            "{what}: {name}"
        );
    }
}

async fn session(runtime: &AgsRuntime) {
    let request = CreateBashSessionRequest {
        startup_timeout: 20.0,
        ..CreateBashSessionRequest::default()
    };
    runtime.create_session(&request.into()).await.unwrap();
}

/// A sandbox with a session, and a directory to copy.
async fn furnished(lab: &Lab) -> TencentAgsDeployment {
    let deployment = lab.started().await;
    let tree = lab.directory.path().join("tree");
    fs::create_dir_all(tree.join("deep")).unwrap();
    fs::write(tree.join("one"), vec![7; 300_000]).unwrap();
    fs::write(tree.join("deep/two"), "two").unwrap();
    session(deployment.runtime().unwrap()).await;
    deployment
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_survives_every_fault_and_is_carried_out_once() {
    let lab = Arc::new(Lab::new().await);
    let mut deployment = furnished(&lab).await;
    let runtime = deployment.runtime().unwrap().clone();
    for (method, path) in METHODS {
        for fault in FAULTS {
            let what = format!("{path}:{fault}");
            lab.arm(&what);
            let what = format!("{method:?} {what}");
            make(method, &runtime, &lab, &what).await;
            lab.consumed(&what);
        }
    }
    deployment.stop().await.unwrap();
    lab.nothing_runs("every call").await;
}

#[tokio::test]
async fn what_is_asked_of_a_hanging_gateway_ends_by_its_deadline() {
    let mut lab = Lab::new().await;
    lab.config.runtime_timeout = Duration::from_millis(500);
    let deployment = lab.started().await;
    let runtime = deployment.runtime().unwrap();
    let counter = lab.path("counter");
    lab.arm("/execute:hang,after");
    let command = Command {
        timeout: Some(0.5),
        ..Command::shell(format!("echo once >> '{counter}'"))
    };
    let begun = std::time::Instant::now();
    let error = runtime.execute(&command).await.unwrap_err();
    assert!(
        error.is_transport_timeout() && error.may_be_done(),
        "{error:?}"
    );
    assert!(begun.elapsed() < LONG / 4, "{:?}", begun.elapsed());
    lab.consumed("hang");
    assert_eq!(lab.lines("counter"), 1);
    // The sandbox is as good as before.
    shell(runtime, "true").await;
    drop(deployment);
    lab.nothing_runs("hang").await;
}
