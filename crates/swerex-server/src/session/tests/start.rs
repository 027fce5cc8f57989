//! Names of sessions, start-up files, and shells that end.

use super::*;

#[tokio::test]
async fn names() {
    let fixture = Fixture::new().await;
    let exception = fixture.create().await.unwrap_err();
    assert_eq!(exception.message(), "session default already exists");
    let exception = fixture
        .fail(BashAction {
            session: "it's".into(),
            ..BashAction::new("(")
        })
        .await;
    assert_eq!(exception.message(), "session \"it's\" does not exist");
    fixture.run("X=1").await;
    fixture.close().await;
    let exception = fixture.fail(BashAction::new("true")).await;
    assert_eq!(
        exception.class(),
        "swerex.exceptions.SessionDoesNotExistError"
    );
    fixture.create().await.unwrap();
    assert_eq!(fixture.output("echo [$X]").await, "[]\n");
    fixture.sessions.close_all().await;
    fixture.create().await.unwrap();
    fixture.sessions.shutdown().await;
    assert_eq!(
        fixture.create().await.unwrap_err().class(),
        "builtins.RuntimeError"
    );
}

#[tokio::test]
async fn a_shell_that_ends_says_so_and_can_be_made_again() {
    let fixture = Fixture::new().await;
    let ends = [
        ("echo bye; exit 3", "exited with code 3"),
        ("set -e\nfalse", "exited with code 1"),
        ("kill -9 $$", "killed by signal 9"),
        ("exec sh -c 'exit 4'", "exited with code 4"),
        ("exec sh", "became another program"),
    ];
    for (command, how) in ends {
        let exception = fixture.fail(silent(command)).await;
        assert_eq!(exception.class(), EOF, "{command}");
        assert!(
            exception.message().contains(how),
            "{command}: {}",
            exception.message()
        );
        let exception = fixture.fail(silent("echo x")).await;
        assert_eq!(exception.class(), EOF, "{command}");
        fixture.create().await.unwrap();
        assert_eq!(fixture.output("echo back").await, "back\n");
    }
}

#[tokio::test]
async fn startup_files() {
    let fixture = Fixture::empty(&[]);
    let file = |name: &str, text: &str| {
        let path = fixture.home().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    file(
        ".bashrc",
        "[ -z \"$PS1\" ] && return\nPS1='(env) > ' PROMPT_COMMAND='echo pc'; echo from-rc; A=1\n",
    );
    let create = |startup_source: &[&str], startup_timeout| {
        fixture.sessions.create(CreateBashSessionRequest {
            startup_source: startup_source
                .iter()
                .map(|file| (*file).to_owned())
                .collect(),
            startup_timeout,
            ..CreateBashSessionRequest::default()
        })
    };
    file("b", "B=$((A+1)); echo sourced-b\n");
    let one = file("o'ne", "echo sourced-one; PS2='more> ' PS0=ps0\n");
    let output = create(&[&one, "~/b", "/nonexistent/rc"], 5.0)
        .await
        .unwrap()
        .output;
    assert_eq!(
        output,
        "from-rc\npc\nsourced-one\nsourced-b\nbash: /nonexistent/rc: No such file or directory\npc\n"
    );
    assert_eq!(fixture.output("echo $A $B").await, "1 2\npc\n");
    fixture.close().await;

    let slow = file("slow", "sleep 600\n");
    let exception = create(&[&slow], 0.2).await.unwrap_err();
    assert_eq!(exception.class(), "pexpect.exceptions.TIMEOUT");
    let exits = file("exits", "echo last words; exit 4\n");
    let exception = create(&[&exits], 5.0).await.unwrap_err();
    assert_eq!(
        (exception.class(), exception.info("output")),
        (EOF, Some(&json!("from-rc\npc\nlast words\n")))
    );
    // Neither has left its name behind; and the default is no limit.
    let late = file("late", "sleep 1.2; echo late\n");
    let output = create(&[&late], DEFAULT_STARTUP_TIMEOUT)
        .await
        .unwrap()
        .output;
    assert_eq!(output, "from-rc\npc\nlate\npc\n");
}

#[tokio::test]
async fn a_shell_that_is_not_ready_can_be_closed() {
    let fixture = Fixture::empty(&[]);
    let rc = fixture.home().join(".bashrc");
    for with_all_others in [false, true] {
        // Nobody types anything.
        fs::write(&rc, "touch ~/begun; read x\n").unwrap();
        let closing = async {
            while !fixture.home().join("begun").exists() {
                tokio::task::yield_now().await;
            }
            if with_all_others {
                fixture.sessions.close_all().await;
            } else {
                fixture.close().await;
            }
            fs::write(&rc, "").unwrap();
            // The name is free while the first call still sees to its end.
            fixture.create().await.unwrap();
        };
        let (created, ()) = tokio::join!(fixture.create(), closing);
        assert_eq!(created.unwrap_err().class(), EOF);
        assert_eq!(fixture.output("echo fresh").await, "fresh\n");
        fixture.close().await;
        fs::remove_file(fixture.home().join("begun")).unwrap();
    }
}
