//! Programs that take over the terminal, and patterns.

use super::*;

fn expecting(command: &str, expect: &[&str]) -> BashAction {
    BashAction {
        is_interactive_command: true,
        expect: expect.iter().map(|pattern| (*pattern).to_owned()).collect(),
        timeout: Some(20.0),
        ..BashAction::new(command)
    }
}

fn quit(command: &str) -> BashAction {
    BashAction {
        is_interactive_quit: true,
        timeout: Some(20.0),
        ..BashAction::new(command)
    }
}

impl Fixture {
    /// Output, and what was seen.
    async fn see(&self, action: BashAction) -> (String, String) {
        let seen = self.act(action).await.unwrap();
        assert_eq!(seen.exit_code, Some(0));
        (seen.output, seen.expect_string)
    }
}

fn seen(output: &str, expect: &str) -> (String, String) {
    (output.to_owned(), expect.to_owned())
}

const REPL: &str = "sh -c 'while printf \"ask> \"; read x; do [ \"$x\" = q ] && break; echo \"you said $x\"; done'";

#[tokio::test]
async fn a_program_is_talked_to() {
    let fixture = Fixture::new().await;
    assert_eq!(
        fixture.see(expecting(REPL, &["ask> "])).await,
        seen("", "ask> ")
    );
    assert_eq!(
        fixture.see(expecting("one", &["ask> "])).await,
        seen("you said one", "ask> ")
    );
    // A plain command is for the program, too.
    let plain = fixture.act(within(60.0, "two")).await.unwrap();
    assert_eq!(
        (plain.output.as_str(), plain.exit_code),
        ("you said two\nask> ", None)
    );
    assert!(plain.failure_reason.contains("typed to `sh`"), "{plain:?}");
    assert_eq!(
        fixture.see(quit("q")).await,
        seen("you said two\nask> ", "SHELLPS1PREFIX")
    );
    assert_eq!(fixture.output("echo back").await, "back\n");
}

#[tokio::test]
async fn the_shell_is_talked_to_without_checks() {
    let fixture = Fixture::new().await;
    assert_eq!(
        fixture.see(expecting("false", &[])).await,
        seen("", "SHELLPS1PREFIX")
    );
    assert_eq!(
        fixture.see(expecting("echo 'x y'", &[])).await,
        seen("x y", "SHELLPS1PREFIX")
    );
    let (output, _) = fixture.see(expecting("echo )", &[])).await;
    assert!(
        output.contains("syntax error near unexpected token `)'"),
        "{output}"
    );
    let both = BashAction {
        is_interactive_quit: true,
        ..expecting("true", &[])
    };
    assert_eq!(fixture.fail(both).await.class(), "builtins.AssertionError");
}

#[tokio::test]
async fn the_first_match_wins_and_the_rest_stays() {
    let fixture = Fixture::new().await;
    let action = expecting("printf 'aaa bbb ccc'; read x", &["ccc", "b+"]);
    assert_eq!(fixture.see(action).await, seen("aaa", "b+"));
    assert_eq!(fixture.see(expecting("", &["c+"])).await, seen("", "c+"));
    assert_eq!(fixture.output("echo ok").await, "ok\n");
}

#[tokio::test]
async fn patterns_in_plain_commands() {
    let fixture = Fixture::new().await;
    let action = |command: &str, check| BashAction {
        check,
        expect: vec!["\\d+".to_owned()],
        ..BashAction::new(command)
    };
    let found = fixture
        .act(action("echo abc123def", Check::Ignore))
        .await
        .unwrap();
    assert_eq!(
        (
            found.output.as_str(),
            found.exit_code,
            found.expect_string.as_str()
        ),
        ("abc", None, "\\d+")
    );
    assert_eq!(fixture.output("echo ok").await, "def\nok\n");
    let found = fixture
        .act(action("echo abc123def; (exit 4)", Check::Silent))
        .await
        .unwrap();
    // What was matched is left out, as SWE-ReX does; nothing else is.
    assert_eq!(
        (found.output.as_str(), found.exit_code),
        ("abcdef\n", Some(4))
    );
    assert_eq!(fixture.output("echo ok").await, "ok\n");
    let exception = fixture
        .fail(action("echo 1; sleep 600", Check::Raise))
        .await;
    assert_eq!(exception.class(), "swerex.exceptions.NoExitCodeError");
    fixture.interrupt().await.unwrap();
    let none = fixture
        .act(action("echo none", Check::Silent))
        .await
        .unwrap();
    assert_eq!(
        (none.output.as_str(), none.expect_string.as_str()),
        ("none\n", "SHELLPS1PREFIX")
    );
}

#[tokio::test]
async fn a_bad_pattern_runs_nothing() {
    let fixture = Fixture::new().await;
    let exception = fixture.fail(expecting("touch ran", &["ok", "("])).await;
    assert_eq!(
        (exception.class(), exception.message()),
        (
            "re.error",
            "missing ), unterminated subpattern at position 0"
        )
    );
    let action = BashInterruptAction {
        expect: vec!["*".to_owned()],
        ..BashInterruptAction::default()
    };
    let exception = fixture.sessions.interrupt(action).await.unwrap_err();
    assert_eq!(exception.message(), "nothing to repeat at position 0");
    assert_eq!(fixture.output("ls").await, "");
}

#[tokio::test]
async fn what_is_never_seen_is_a_timeout() {
    let fixture = Fixture::new().await;
    let action = BashAction {
        timeout: Some(0.2),
        ..expecting("cat", &["WONTHITTHIS"])
    };
    let exception = fixture.fail(action).await;
    assert_eq!(
        (exception.class(), exception.message()),
        (
            TIMEOUT,
            "timeout after 0.2 seconds while running command 'cat'"
        )
    );
    fixture.interrupt().await.unwrap();
    assert_eq!(fixture.output("echo ok").await, "ok\n");
}

/// Whether a program is there; a machine without it shows nothing about it.
async fn has(fixture: &Fixture, program: &str) -> bool {
    fixture
        .run(&format!("{program} --version >/dev/null 2>&1"))
        .await
        .1
        == 0
}

#[tokio::test]
async fn python_with_line_editing() {
    for term in [None, Some(("TERM", "xterm-256color"))] {
        let fixture = Fixture::with(term.as_slice()).await;
        if !has(&fixture, "python3").await {
            return;
        }
        assert_eq!(
            fixture.see(expecting("python3 -q", &[">>> "])).await.1,
            ">>> "
        );
        assert_eq!(
            fixture
                .see(expecting("print('hello world')", &[">>> "]))
                .await,
            seen("hello world", ">>> ")
        );
        let slow = BashAction {
            timeout: Some(0.5),
            ..expecting("import time; time.sleep(600)", &[])
        };
        assert_eq!(fixture.fail(slow).await.class(), TIMEOUT);
        let action = BashInterruptAction {
            expect: vec![">>> ".to_owned()],
            timeout: 5.0,
            ..BashInterruptAction::default()
        };
        let stopped = fixture.sessions.interrupt(action).await.unwrap();
        assert!(stopped.output.contains("KeyboardInterrupt"), "{stopped:?}");
        assert_eq!(fixture.see(quit("quit()")).await.1, "SHELLPS1PREFIX");
        assert_eq!(fixture.output("echo back").await, "back\n");
    }
}

#[tokio::test]
async fn full_screen_programs_come_and_go() {
    let fixture = Fixture::with(&[("TERM", "xterm")]).await;
    fs::write(fixture.home().join("file"), "first line\n".repeat(100)).unwrap();
    if has(&fixture, "less").await {
        assert_eq!(
            fixture.see(expecting("less file", &["file"])).await.1,
            "file"
        );
        assert_eq!(fixture.see(quit("q")).await.1, "SHELLPS1PREFIX");
        assert_eq!(fixture.run("echo ok").await, ("ok\n".into(), 0));
    }
    if has(&fixture, "vim").await {
        let started = expecting("vim -u NONE -i NONE file", &["first line"]);
        assert_eq!(fixture.see(started).await.1, "first line");
        assert_eq!(
            fixture.see(quit("\u{1b}:s/first/new/\n:wq")).await.1,
            "SHELLPS1PREFIX"
        );
        assert_eq!(
            fixture
                .output("head -1 file; stty -a | grep -o -e '-echo '")
                .await,
            "new line\n-echo \n"
        );
    }
}

#[tokio::test]
async fn gdb_is_talked_to() {
    let fixture = Fixture::new().await;
    if !has(&fixture, "gdb").await {
        return;
    }
    fixture.see(expecting("gdb -q -nx", &["\\(gdb\\) "])).await;
    assert_eq!(
        fixture.see(expecting("p 1+1", &["\\(gdb\\) "])).await,
        seen("$1 = 2", "\\(gdb\\) ")
    );
    assert_eq!(fixture.see(quit("quit")).await, seen("", "SHELLPS1PREFIX"));
    assert_eq!(fixture.output("echo back").await, "back\n");
}
