//! Commands on the real system, and what CPython says of those that cannot be started.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path};

use rustix::process::Pid;
use swerex_proto::native::Stream;

use super::*;
use crate::process::{Process, Running};

fn surroundings() -> Surroundings {
    Surroundings {
        directory: std::env::current_dir().unwrap(),
        environment: None,
        running: Running::default(),
    }
}

async fn run(command: Command) -> Result<CommandResponse, PyException> {
    execute(command, &surroundings(), Tap::none()).await
}

async fn stdout(command: Command) -> String {
    run(command).await.unwrap().stdout
}

async fn refused(command: Command) -> (String, String) {
    let exception = run(command).await.unwrap_err();
    (exception.class().to_owned(), exception.message().to_owned())
}

fn program(text: &str) -> Command {
    Command {
        command: CommandLine::Shell(text.to_owned()),
        ..Command::default()
    }
}

fn error(class: &str, message: &str) -> (String, String) {
    (format!("builtins.{class}"), message.to_owned())
}

#[tokio::test]
async fn streams_and_codes() {
    let response = run(Command::shell("echo hi; echo err >&2; exit 3"))
        .await
        .unwrap();
    assert_eq!(
        response,
        CommandResponse {
            stdout: "hi\n".into(),
            stderr: "err\n".into(),
            exit_code: Some(3)
        }
    );
    let response = run(Command::shell("kill -9 $$")).await.unwrap();
    assert_eq!(response.exit_code, Some(-9));
    let merged = Command {
        merge_output_streams: true,
        ..Command::shell("echo out; echo err >&2; echo out2")
    };
    assert_eq!(stdout(merged).await, "out\nerr\nout2\n");
    assert_eq!(stdout(Command::shell("yes | head -2")).await, "y\ny\n");
    assert_eq!(stdout(Command::shell("cat; tty")).await, "not a tty\n");
}

#[tokio::test]
async fn words_reach_the_program_as_they_are() {
    assert_eq!(
        stdout(Command::argv(["echo", "a b", "$HOME", "*"])).await,
        "a b $HOME *\n"
    );
    let listed = Command {
        shell: true,
        ..Command::argv(["echo $0 $1", "zero", "one"])
    };
    assert_eq!(stdout(listed).await, "zero one\n");
    assert_eq!(stdout(Command::shell("echo $0")).await, "/bin/sh\n");
}

#[tokio::test]
async fn the_environment_is_replaced_whole() {
    let with = |env: &[(&str, &str)], argv: &[&str]| Command {
        env: Some(
            env.iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
        ),
        ..Command::argv(argv.iter().copied())
    };
    assert_eq!(stdout(with(&[], &["/usr/bin/env"])).await, "");
    assert_eq!(stdout(with(&[("A", "1")], &["env"])).await, "A=1\n");
    assert_eq!(
        refused(with(&[("PATH", "/nowhere")], &["env"])).await,
        error(
            "FileNotFoundError",
            "[Errno 2] No such file or directory: 'env'"
        )
    );
    assert_eq!(
        refused(with(&[("A=B", "1")], &["env"])).await,
        error("ValueError", "illegal environment variable name")
    );
    assert_eq!(
        refused(with(&[("A", "\0")], &["env"])).await,
        error("ValueError", "embedded null byte")
    );
}

#[tokio::test]
async fn what_cannot_be_started() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str, mode: u32| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let plain = file("plain", "echo hi\n", 0o644);
    let bare = file("bare", "echo hi\n", 0o755);
    let orphan = file("orphan", "#!/nowhere/sh\n", 0o755);
    let cases = [
        (
            program("echo hi"),
            error(
                "FileNotFoundError",
                "[Errno 2] No such file or directory: 'echo hi'",
            ),
        ),
        (
            program(""),
            error("PermissionError", "[Errno 13] Permission denied: ''"),
        ),
        (
            program("/tmp"),
            error("PermissionError", "[Errno 13] Permission denied: '/tmp'"),
        ),
        (
            program(&plain),
            error(
                "PermissionError",
                &format!("[Errno 13] Permission denied: '{plain}'"),
            ),
        ),
        (
            program(&bare),
            error("OSError", &format!("[Errno 8] Exec format error: '{bare}'")),
        ),
        (
            program(&orphan),
            error(
                "FileNotFoundError",
                &format!("[Errno 2] No such file or directory: '{orphan}'"),
            ),
        ),
        (
            program("/etc/passwd/x"),
            error(
                "NotADirectoryError",
                "[Errno 20] Not a directory: '/etc/passwd/x'",
            ),
        ),
        (
            Command::default(),
            error("IndexError", "list index out of range"),
        ),
        (
            Command::argv(["echo", "a\0b"]),
            error("ValueError", "embedded null byte"),
        ),
        (
            Command::shell("x".repeat(3 << 20)),
            error("OSError", "[Errno 7] Argument list too long: '/bin/sh'"),
        ),
    ];
    for (command, expected) in cases {
        assert_eq!(refused(command).await, expected);
    }
}

#[tokio::test]
async fn directories() {
    let at = |cwd: &str| Command {
        cwd: Some(cwd.to_owned()),
        ..Command::argv(["pwd"])
    };
    assert_eq!(stdout(at("/usr")).await, "/usr\n");
    let missing = "[Errno 2] No such file or directory: ";
    assert_eq!(
        refused(at("/nonexistent")).await,
        error("FileNotFoundError", &format!("{missing}'/nonexistent'"))
    );
    assert_eq!(
        refused(at("")).await,
        error("FileNotFoundError", &format!("{missing}''"))
    );
    assert_eq!(
        refused(at("/etc/passwd")).await,
        error(
            "NotADirectoryError",
            "[Errno 20] Not a directory: '/etc/passwd'"
        )
    );
    let here = tempfile::tempdir().unwrap();
    let script = here.path().join("script");
    fs::write(&script, "#!/bin/sh\necho $0 ran in $PWD\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    for (name, path, known_as) in [
        ("./script", "/bin", "./script"),
        ("script", "/nowhere:.", "./script"),
        ("script", "", "./script"),
    ] {
        let relative = Command {
            cwd: here.path().to_str().map(str::to_owned),
            env: Some([("PATH".to_owned(), path.to_owned())].into()),
            ..program(name)
        };
        assert_eq!(
            stdout(relative).await,
            format!("{known_as} ran in {}\n", here.path().display())
        );
    }
}

#[tokio::test]
async fn a_failure_is_told_with_all_output() {
    let command = Command {
        check: true,
        error_msg: "Setup failed".into(),
        ..Command::shell("echo o; echo e >&2; exit 7")
    };
    assert_eq!(
        refused(command).await,
        (
            "swerex.exceptions.NonZeroExitCodeError".into(),
            "Setup failed: Command 'echo o; echo e >&2; exit 7' failed with exit code 7. Stdout:\n'o\\n'\nStderr:\n'e\\n'".into()
        )
    );
}

/// Every process of the tree writes its number, also one in a session of its own and one that does not mind TERM.
const FAMILY: &str = "echo $$; setsid sh -c 'echo $$ > \"$1/setsid\"; sleep 600' sh \"$1\" & \
    (trap '' TERM; sh -c 'echo $$ > \"$1/deaf\"; sleep 600' sh \"$1\") & \
    until [ -s \"$1/setsid\" ] && [ -s \"$1/deaf\" ]; do sleep 0.01; done; echo ready; sleep 600";

/// Waits until those have ended; what has been killed takes a moment to.
async fn are_gone(directory: &Path) {
    const PATIENCE: Duration = Duration::from_secs(10);
    let gone = async {
        for name in ["setsid", "deaf"] {
            let text = fs::read_to_string(directory.join(name)).unwrap();
            let pid = Pid::from_raw(text.trim().parse().unwrap()).unwrap();
            while Process::look(pid).is_some_and(|process| process.is_alive()) {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
}

fn family(directory: &Path, timeout: Option<f64>) -> Command {
    Command {
        timeout,
        shell: true,
        ..Command::argv([FAMILY, "sh", directory.to_str().unwrap()])
    }
}

#[tokio::test]
async fn a_timeout_ends_the_whole_tree_and_keeps_its_output() {
    let directory = tempfile::tempdir().unwrap();
    let exception = run(family(directory.path(), Some(3.0))).await.unwrap_err();
    assert_eq!(exception.class(), "swerex.exceptions.CommandTimeoutError");
    assert_eq!(
        exception.message(),
        "Timeout (3.0s) exceeded while running command"
    );
    let said = exception.info("stdout").unwrap().as_str().unwrap();
    assert!(said.ends_with("\nready\n"), "{said}");
    are_gone(directory.path()).await;
}

#[tokio::test]
async fn what_has_more_time_to_end_ends_by_itself() {
    let slow = "trap 'sleep 0.5; echo saved; exit' TERM; while :; do sleep 0.01; done";
    for (grace, said) in [(Duration::from_secs(60), "saved\n"), (Duration::ZERO, "")] {
        let surroundings = Surroundings {
            running: Running::with_grace(grace),
            ..surroundings()
        };
        let command = Command {
            timeout: Some(0.3),
            ..Command::shell(slow)
        };
        let late = execute(command, &surroundings, Tap::none()).await;
        let late = late.unwrap_err();
        assert_eq!(late.info("stdout").unwrap().as_str(), Some(said));
    }
}

#[tokio::test]
async fn dropping_the_future_kills_the_whole_tree() {
    let directory = tempfile::tempdir().unwrap();
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let tap = Tap::new(move |_, bytes: &[u8]| {
        if bytes.ends_with(b"ready\n") {
            let _ = told.send(());
        }
    });
    let surroundings = surroundings();
    tokio::select! {
        outcome = execute(family(directory.path(), None), &surroundings, tap) => panic!("{outcome:?}"),
        _ = heard.recv() => {}
    }
    are_gone(directory.path()).await;
}

#[tokio::test]
async fn the_end_of_the_server_is_the_end_of_commands() {
    let surroundings = surroundings();
    let running = surroundings.running.clone();
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let tap = Tap::new(move |_, _| {
        let _ = told.send(());
    });
    let command = Command::shell("echo ready; sleep 600");
    let (outcome, ()) = tokio::join!(execute(command, &surroundings, tap), async {
        heard.recv().await;
        running.kill();
    });
    assert_eq!(outcome.unwrap().exit_code, Some(-9));
}

#[tokio::test]
async fn a_background_process_does_not_hold_the_answer() {
    let directory = tempfile::tempdir().unwrap();
    let go = directory.path().join("go");
    let done = directory.path().join("done");
    // It writes after the answer, and lives to tell.
    let script = "{ until [ -e \"$1\" ]; do sleep 0.01; done; echo late && echo fine > \"$2\"; } & echo started";
    let command = Command {
        shell: true,
        ..Command::argv([script, "sh", go.to_str().unwrap(), done.to_str().unwrap()])
    };
    assert_eq!(stdout(command).await, "started\n");
    fs::write(&go, "").unwrap();
    while !done.exists() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn times_that_no_clock_has() {
    let with = |timeout: f64| Command {
        timeout: Some(timeout),
        ..Command::argv(["true"])
    };
    assert_eq!(
        refused(with(f64::NAN)).await,
        error("ValueError", "cannot convert float NaN to integer")
    );
    assert_eq!(
        refused(with(f64::INFINITY)).await,
        error("OverflowError", "cannot convert float infinity to integer")
    );
    assert_eq!(run(with(1e300)).await.unwrap().exit_code, Some(0));
    // Over before they begin, however quick the command is.
    for (seconds, shown) in [
        (-1.0, "-1.0"),
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (f64::NEG_INFINITY, "-inf"),
    ] {
        let (class, message) = refused(with(seconds)).await;
        assert_eq!(class, "swerex.exceptions.CommandTimeoutError");
        let expected = format!("Timeout ({shown}s) exceeded while running command");
        assert_eq!(message, expected);
    }
}

#[tokio::test]
async fn output_is_told_while_it_comes() {
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let tap = Tap::new(move |stream, bytes: &[u8]| {
        let _ = told.send((stream, bytes.to_vec()));
    });
    let response = execute(
        Command::shell("echo out; echo err >&2"),
        &surroundings(),
        tap,
    )
    .await
    .unwrap();
    let mut seen = BTreeMap::new();
    while let Some((stream, bytes)) = heard.recv().await {
        let place = seen
            .entry(stream == Stream::Stderr)
            .or_insert_with(Vec::new);
        place.extend(bytes);
    }
    assert_eq!(seen[&false], response.stdout.as_bytes());
    assert_eq!(seen[&true], response.stderr.as_bytes());
}
