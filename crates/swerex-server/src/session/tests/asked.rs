//! Texts that programs get which earlier commands have left waiting.

use super::*;

const NOT_RUN: &str = "the command was not run: it was typed to `";

impl Fixture {
    /// Runs a command that asks, until its time is up; the question comes with that.
    async fn ask(&self, command: &str, question: &str) {
        let mut limit = 0.5;
        loop {
            let exception = self.fail(within(limit, command)).await;
            assert_eq!(exception.class(), TIMEOUT, "{command}");
            let output = exception
                .info("output")
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned();
            if output.ends_with(question) {
                return;
            }
            // On a machine that is busy.
            self.interrupt().await.unwrap();
            limit *= 2.0;
        }
    }

    /// What a program makes of a text, which is told as such.
    async fn answer(&self, text: &str, program: &str) -> String {
        let seen = self.act(within(60.0, text)).await.unwrap();
        assert_eq!(seen.exit_code, None, "{seen:?}");
        assert!(
            seen.failure_reason
                .starts_with(&format!("{NOT_RUN}{program}`")),
            "{seen:?}"
        );
        seen.output
    }
}

#[tokio::test]
async fn an_answer_is_not_told_as_a_command_that_ran() {
    let fixture = Fixture::new().await;
    fixture
        .run("echo new > a; echo precious > b; alias cp='cp -i'")
        .await;
    fixture.ask("cp a b", "cp: overwrite 'b'? ").await;
    assert_eq!(
        fixture.answer("touch ran; exit_code=$?", "cp").await,
        "cp: overwrite 'b'? "
    );
    fixture.ask("cp a b", "? ").await;
    let action = BashAction {
        error_msg: "Oh".to_owned(),
        ..BashAction::new("n")
    };
    let exception = fixture.fail(action).await;
    assert_eq!(exception.class(), "swerex.exceptions.NoExitCodeError");
    assert_eq!(
        exception.info("output"),
        Some(&json!("cp: overwrite 'b'? "))
    );
    assert!(
        exception
            .message()
            .starts_with(&format!("Oh: Command 'n': {NOT_RUN}cp`")),
        "{}",
        exception.message()
    );
    assert_eq!(fixture.output("ls -1; cat b").await, "a\nb\nprecious\n");
    // One question after the other.
    fixture
        .ask(
            "read -p 'sure? ' x; read -sp 'really? ' y; echo; echo $x $y",
            "sure? ",
        )
        .await;
    assert_eq!(fixture.answer("yes", "bash").await, "sure? really? ");
    assert_eq!(
        fixture.answer("no", "bash").await,
        "sure? really? \nyes no\n"
    );
    fixture
        .ask("select x in a b; do echo got $x; break; done", "#? ")
        .await;
    assert_eq!(fixture.answer("2", "bash").await, "#? got b\n");
    assert_eq!(fixture.run("echo after").await, ("after\n".into(), 0));
}

#[tokio::test]
async fn nobody_answers_a_question_that_was_not_told() {
    let fixture = Fixture::new().await;
    let command =
        "until [ -e go ]; do sleep 0.01; done; read -n1 -p 'Continue? ' k; echo; echo got $k";
    assert_eq!(fixture.fail(within(0.0, command)).await.class(), TIMEOUT);
    let (exception, ()) = tokio::join!(fixture.fail(within(60.0, "touch ran")), async {
        fs::write(fixture.home().join("go"), "").unwrap();
    });
    assert_eq!(exception.class(), TIMEOUT);
    assert_eq!(exception.info("output"), Some(&json!("Continue? ")));
    let reason = exception.info("reason").unwrap().as_str().unwrap();
    assert!(
        reason.contains("not run, and not typed either: `bash`"),
        "{reason}"
    );
    assert_eq!(fixture.answer("y", "bash").await, "Continue? \ngot y\n");
    assert!(!fixture.home().join("ran").exists());
}

#[tokio::test]
async fn a_program_that_edits_lines_is_typed_to() {
    let fixture = Fixture::new().await;
    if fixture.run("python3 -c 'import readline, select'").await.1 != 0 {
        return;
    }
    fixture.ask("python3 -q", ">>> ").await;
    let answer = fixture.answer("print(6*7)", "python3").await;
    assert!(answer.ends_with("42\n>>> "), "{answer}");
    fixture.answer("exit()", "python3").await;
    let polls = [
        "import select; p = select.poll(); p.register(0, select.POLLIN); p.poll()",
        "import select; p = select.epoll(); p.register(0, select.EPOLLIN); p.poll()",
        "import select; select.select([0], [], [])",
    ];
    for poll in polls {
        let command =
            format!("python3 -c \"print('ask> ', end='', flush=True); {poll}; print(input())\"");
        fixture.ask(&command, "ask> ").await;
        let answer = fixture.answer("text", "python3").await;
        assert!(answer.ends_with("text\n"), "{answer}");
    }
    // The same calls for something else.
    let command =
        "python3 -c \"print('busy', end='', flush=True); import select; select.poll().poll()\"";
    fixture.ask(command, "busy").await;
    let exception = fixture.fail(within(0.5, "touch ran")).await;
    assert!(exception.info("reason").is_some());
    fixture.interrupt().await.unwrap();
    assert_eq!(fixture.output("ls").await, "");
}

#[tokio::test]
async fn a_line_arrives_whole_or_not_at_all() {
    let fixture = Fixture::new().await;
    let quit = |text: String| BashAction {
        is_interactive_quit: true,
        timeout: Some(60.0),
        ..BashAction::new(text)
    };
    let ask = |command: &str| BashAction {
        is_interactive_command: true,
        expect: vec!["ask> ".to_owned()],
        timeout: Some(60.0),
        ..BashAction::new(command)
    };
    let read = "read -r -p 'ask> ' x; echo ${#x}";
    fixture.act(ask(read)).await.unwrap();
    let exception = fixture.fail(quit("x".repeat(4095))).await;
    assert_eq!(exception.class(), "builtins.ValueError");
    assert!(
        exception
            .message()
            .contains("4094 bytes at most, and one has 4095"),
        "{}",
        exception.message()
    );
    let seen = fixture.act(quit("x".repeat(4094))).await.unwrap();
    assert_eq!(seen.output, "4094\n");
    // Without whole lines there is no limit.
    fixture
        .act(ask("stty -icanon; read -r -p 'ask> ' x; echo ${#x}"))
        .await
        .unwrap();
    let seen = fixture.act(quit("x".repeat(20_000))).await.unwrap();
    assert_eq!(seen.output, "20000\n");
}

#[tokio::test]
async fn commands_go_to_a_shell_within_the_shell() {
    let fixture = Fixture::new().await;
    for start in ["sh", "bash --norc"] {
        assert_eq!(fixture.run(start).await, (String::new(), 0), "{start}");
        for (command, output, code) in [
            ("echo inner; false", "inner\n", 1),
            ("echo $?; printf x", "1\nx", 0),
        ] {
            assert_eq!(
                fixture.run(command).await,
                (output.to_owned(), code),
                "{start}: {command}"
            );
        }
        let exception = fixture.fail(BashAction::new("(exit 4)")).await;
        assert_eq!(exception.class(), "swerex.exceptions.NonZeroExitCodeError");
        // What runs in it is interrupted, and not it.
        let late = fixture.fail(within(1.0, "sleep 600")).await;
        assert_eq!(late.class(), TIMEOUT, "{start}");
        fixture.interrupt().await.unwrap();
        assert_eq!(
            fixture.run("echo inner").await,
            ("inner\n".into(), 0),
            "{start}"
        );
        assert_eq!(fixture.run("exit 3").await.1, 3, "{start}");
        assert_eq!(fixture.run("echo back").await, ("back\n".into(), 0));
    }
    // A script that asks is none, whatever it asks.
    fixture
        .ask(
            "sh -c 'printf \"which number # \"; read x; echo got $x'",
            "# ",
        )
        .await;
    assert_eq!(fixture.answer("5", "sh").await, "which number # got 5\n");
}
