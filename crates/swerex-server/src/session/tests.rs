//! Sessions on the real bash.

use std::{fs, path::Path};

use proptest::prelude::*;
use serde_json::json;
use swerex_proto::{Check, DEFAULT_STARTUP_TIMEOUT};

use super::*;
use crate::process::Running;

mod asked;
mod interactive;
mod late;
mod odd;
mod start;

/// Sessions of a server of their own, which has one session already.
struct Fixture {
    sessions: Sessions,
    home: tempfile::TempDir,
}

impl Fixture {
    /// Without a session.
    fn empty(variables: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut environment = vec![
            ("HOME".into(), home.path().into()),
            ("PATH".into(), std::env::var_os("PATH").unwrap()),
            ("LANG".into(), "C.UTF-8".into()),
        ];
        for (name, value) in variables {
            environment.push((name.into(), value.into()));
        }
        let sessions = Sessions::new(Surroundings {
            directory: home.path().to_owned(),
            environment: Some(environment.into()),
            running: Running::default(),
        });
        Self { sessions, home }
    }

    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn with(variables: &[(&str, &str)]) -> Self {
        let fixture = Self::empty(variables);
        fixture.create().await.unwrap();
        fixture
    }

    async fn create(&self) -> Result<String, PyException> {
        let request = CreateBashSessionRequest::default();
        let response = self.sessions.create(request).await?;
        Ok(response.output)
    }

    async fn act(&self, action: BashAction) -> Result<BashObservation, PyException> {
        self.sessions.run(action, Tap::none()).await
    }

    /// Output and code.
    async fn run(&self, command: &str) -> (String, i64) {
        let seen = self.act(silent(command)).await.unwrap();
        (seen.output, seen.exit_code.unwrap())
    }

    /// Output of a command that succeeds.
    async fn output(&self, command: &str) -> String {
        self.act(BashAction::new(command))
            .await
            .unwrap_or_else(|error| panic!("{command:?}: {error:?}"))
            .output
    }

    /// Class and message.
    async fn fail(&self, action: BashAction) -> PyException {
        self.act(action).await.unwrap_err()
    }

    async fn close(&self) {
        self.sessions
            .close(CloseBashSessionRequest::default())
            .await
            .unwrap();
    }

    async fn interrupt(&self) -> Result<BashObservation, PyException> {
        self.sessions
            .interrupt(BashInterruptAction::default())
            .await
    }

    fn home(&self) -> &Path {
        self.home.path()
    }
}

fn silent(command: &str) -> BashAction {
    BashAction {
        check: Check::Silent,
        ..BashAction::new(command)
    }
}

fn within(timeout: f64, command: &str) -> BashAction {
    BashAction {
        timeout: Some(timeout),
        ..silent(command)
    }
}

const TIMEOUT: &str = "swerex.exceptions.CommandTimeoutError";
const EOF: &str = "pexpect.exceptions.EOF";

#[tokio::test]
async fn output_and_codes() {
    let fixture = Fixture::new().await;
    let cases = [
        ("echo 'hello world'", "hello world\n", 0),
        ("false", "", 1),
        ("(exit 9)", "", 9),
        ("doesntexist", "bash: doesntexist: command not found\n", 127),
        ("/etc/passwd", "bash: /etc/passwd: Permission denied\n", 126),
        ("sh -c 'kill -9 $$'", "Killed\n", 137),
        (
            "return 5",
            "bash: return: can only `return' from a function or sourced script\n",
            2,
        ),
        ("echo ${x?gone}; echo no", "bash: x: gone\n", 1),
        ("(exit 5)", "", 5),
        ("echo $?", "5\n", 0),
        ("", "", 0),
        ("\n\n \n", "", 0),
        ("# echo hi", "", 0),
        ("echo a; echo b >&2; echo c", "a\nb\nc\n", 0),
        ("printf x", "x", 0),
        ("printf 'a\\rb\\r\\nc\\n'", "a\rb\r\nc\n", 0),
        ("printf '\\377 \\303'; printf '\\251\\n'", "\\xff é\n", 0),
        ("yes | head -2", "y\ny\n", 0),
        ("echo $-", "himBHs\n", 0),
        (
            "stty size; echo $COLUMNS $LINES $TERM",
            "24 80\n80 24 dumb\n",
            0,
        ),
        ("stty -a | grep -o -e '-echo '", "-echo \n", 0),
        (
            "git config --get core.pager; echo $PAGER $GIT_PAGER",
            "cat cat\n",
            0,
        ),
    ];
    for (command, output, code) in cases {
        assert_eq!(
            fixture.run(command).await,
            (output.to_owned(), code),
            "{command}"
        );
    }
}

#[tokio::test]
async fn commands_arrive_as_they_are_written() {
    let fixture = Fixture::new().await;
    fs::write(fixture.home().join("only-file"), "").unwrap();
    let cases = [
        ("printf '%s' 'a\tb' | od -An -c", "   a  \\t   b\n"),
        ("echo \"x !echo y\"", "x !echo y\n"),
        (
            "cat > Makefile <<'EOF'\nall:\n\techo hi\nEOF\ncat Makefile",
            "all:\n\techo hi\n",
        ),
        ("cat <<EOF > f\n$((1+1))\n\nb\nEOF\ncat f", "2\n\nb\n"),
        ("cat <<EOF | tr a-z A-Z\nabc\nEOF", "ABC\n"),
        (
            "while read l; do echo \"<$l>\"; done <<EOF\n1\n2\nEOF",
            "<1>\n<2>\n",
        ),
        ("cat <<A; cat <<B\na\nA\nb\nB", "a\nb\n"),
        ("echo a \\\n b", "a b\n"),
        ("echo a && \\\n echo b", "a\nb\n"),
        ("echo ok \\", "ok\n"),
        ("echo a\\", "a\n"),
        ("echo a\necho b \\", "a\nb\n"),
        ("alias hi='echo hello'\nhi", "hello\n"),
        (
            "shopt -s extglob\ncase abc in +([a-c])) echo yes;; esac",
            "yes\n",
        ),
        ("case abc in @(abc|x)) echo still;; esac", "still\n"),
        ("f() {\n echo in f $1\n}\nf x", "in f x\n"),
        (
            "echo ctrl\u{1}\u{15}\u{7f}\u{1b}\u{8}a | od -An -tx1",
            " 63 74 72 6c 01 15 7f 1b 08 61 0a\n",
        ),
        (
            "echo '\u{1}\u{1}\u{7f}\u{7f}' | od -An -tx1",
            " 01 01 7f 7f 0a\n",
        ),
        (
            "printf '%s|' \"a\r\nb\" | od -An -c",
            "   a  \\r  \\n   b   |\n",
        ),
        ("echo 'héllo ☃ 日本 🦖'", "héllo ☃ 日本 🦖\n"),
        (
            "echo SHELLPS1PREFIX UNIQUESTRING29234",
            "SHELLPS1PREFIX UNIQUESTRING29234\n",
        ),
        (
            "echo 'it'\"'\"'s' \"$(echo \"a b\")\" `echo c`",
            "it's a b c\n",
        ),
    ];
    for (command, output) in cases {
        assert_eq!(fixture.output(command).await, output, "{command}");
    }
    let long = format!("echo {} | wc -c", "abcdefghi ".repeat(20_000));
    assert_eq!(fixture.output(&long).await, "200000\n");
    let lines = "echo abcdefghi\n".repeat(14_000);
    assert_eq!(fixture.output(&lines).await, "abcdefghi\n".repeat(14_000));
}

#[tokio::test]
async fn everything_that_was_printed_is_there() {
    let fixture = Fixture::new().await;
    for round in 0..20 {
        let expected: String = (1..=2000 + round).map(|line| format!("{line}\n")).collect();
        assert_eq!(
            fixture.output(&format!("seq 1 {}", 2000 + round)).await,
            expected
        );
    }
}

#[tokio::test]
async fn state_stays() {
    let fixture = Fixture::new().await;
    fixture
        .run("cd /usr && X='a b' && f() { echo \"f:$1\"; }; alias hi='echo hi'; set -o pipefail")
        .await;
    assert_eq!(
        fixture.run("pwd; echo \"$X\"; f 1; hi; false | true").await,
        ("/usr\na b\nf:1\nhi\n".into(), 1)
    );
    fixture.run("export Y=2").await;
    assert_eq!(fixture.output("sh -c 'echo $Y'").await, "2\n");
    // Nothing of the server's is in reach.
    assert_eq!(fixture.output("compgen -v | grep -i swerex; compgen -A function | grep -i swerex; env | grep -i -e swerex -e PROMPT; true").await, "");
    assert_eq!(
        fixture
            .output("ls -l /proc/$$/fd /proc/self/fd | grep -e memfd -e ptmx; true")
            .await,
        ""
    );
    assert_eq!(
        fixture
            .output("history; fc -l 2>&1 | grep -c PROMPT; true")
            .await,
        "0\n"
    );
}

#[tokio::test]
async fn syntax_errors_run_nothing() {
    let fixture = Fixture::new().await;
    let line = |text: &str| format!("bash: line {text}\n");
    let cases = [
        (
            "echo )",
            line("1: syntax error near unexpected token `)'") + &line("1: `echo )'"),
        ),
        (
            "touch ran; (a",
            line("2: syntax error: unexpected end of file"),
        ),
        (
            "touch ran\nfor",
            line("2: syntax error near unexpected token `newline'") + &line("2: `for'"),
        ),
        (
            "touch ran\nif true; then echo x",
            line("3: syntax error: unexpected end of file"),
        ),
        (
            "touch ran\ntouch 'ran",
            line("2: unexpected EOF while looking for matching `''"),
        ),
        (
            "touch ran\nSOUNIQUEEOF\n(x",
            line("4: syntax error: unexpected end of file"),
        ),
        (
            "touch ran\nls !(a)",
            line("2: syntax error near unexpected token `('") + &line("2: `ls !(a)'"),
        ),
    ];
    for check in [Check::Silent, Check::Raise, Check::Ignore] {
        for (command, stderr) in &cases {
            let action = BashAction {
                check,
                ..BashAction::new(*command)
            };
            let exception = fixture.fail(action).await;
            assert_eq!(
                exception.class(),
                "swerex.exceptions.BashIncorrectSyntaxError",
                "{command}"
            );
            assert_eq!(
                exception.info("bash_stderr"),
                Some(&json!(stderr)),
                "{command}"
            );
            assert!(!fixture.home().join("ran").exists(), "{command}");
        }
    }
    assert_eq!(fixture.output("echo ok").await, "ok\n");
}

#[tokio::test]
async fn checks() {
    let fixture = Fixture::new().await;
    let exception = fixture.fail(BashAction::new("echo out; false")).await;
    assert_eq!(exception.class(), "swerex.exceptions.NonZeroExitCodeError");
    assert_eq!(
        exception.message(),
        "Command 'echo out; false' failed with exit code 1. Here is the output:\n'out\\n'"
    );
    let exception = fixture
        .fail(BashAction {
            error_msg: "Oh".into(),
            ..BashAction::new("false")
        })
        .await;
    assert_eq!(
        exception.message(),
        "Oh: Command 'false' failed with exit code 1. Here is the output:\n''"
    );
    let seen = fixture
        .act(BashAction {
            check: Check::Ignore,
            ..BashAction::new("false")
        })
        .await
        .unwrap();
    assert_eq!(
        (seen.exit_code, seen.expect_string.as_str()),
        (None, "SHELLPS1PREFIX")
    );
    let exception = fixture.fail(BashAction::new("echo \0b")).await;
    assert_eq!(
        (exception.class(), exception.message()),
        ("builtins.ValueError", "embedded null byte")
    );
    let exception = fixture.fail(within(f64::NAN, "true")).await;
    assert_eq!(exception.class(), "builtins.ValueError");
}

#[tokio::test]
async fn output_is_the_same_with_a_terminal_type() {
    for term in ["xterm-256color", "dumb", "vt100"] {
        let fixture = Fixture::with(&[("TERM", term), ("PAGER", "more")]).await;
        assert_eq!(fixture.run("echo hi; false").await, ("hi\n".into(), 1));
        assert_eq!(
            fixture.output("echo $TERM $PAGER $GIT_PAGER").await,
            format!("{term} more cat\n")
        );
    }
}

#[tokio::test]
async fn sessions_do_not_wait_for_each_other() {
    let fixture = Fixture::new().await;
    let other = CreateBashSessionRequest {
        session: "other".into(),
        ..CreateBashSessionRequest::default()
    };
    fixture.sessions.create(other).await.unwrap();
    let go = fixture.home().join("go");
    let wait = format!(
        "until [ -e {} ]; do sleep 0.01; done; echo went",
        go.display()
    );
    let (first, second) = tokio::join!(
        fixture.output(&wait),
        fixture.act(BashAction {
            session: "other".into(),
            ..silent("touch go")
        })
    );
    assert_eq!(
        (first.as_str(), second.unwrap().exit_code),
        ("went\n", Some(0))
    );
}

/// What becomes of a terminal's stream.
fn shown_as(bytes: &[u8]) -> String {
    let mut screen = Capture::new(bytes.len() * 10);
    screen.push(bytes);
    screen.into_text(Source::Terminal, Written::Plainly)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever a command is and prints, the next one is understood.
    #[test]
    fn no_command_and_no_output_confuses_a_session(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        text in "[ -~\n\t\r\u{1}\u{7f}é]{0,40}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let fixture = Fixture::new().await;
            let octal: String = bytes.iter().map(|byte| format!("\\{byte:03o}")).collect();
            let output = fixture.output(&format!("printf '{octal}'")).await;
            let ended: Vec<u8> = bytes
                .iter()
                .flat_map(|byte| if *byte == b'\n' { vec![b'\r', b'\n'] } else { vec![*byte] })
                .collect();
            assert_eq!(output, shown_as(&ended));
            // It may name no program, and must not wait for input.
            let quoted = text.replace('\'', "'\\''");
            let shown = fixture.output(&format!("printf %s '{quoted}'")).await;
            assert_eq!(shown, shown_as(text.replace('\n', "\r\n").as_bytes()));
            let _ = fixture.act(within(0.5, &format!(": {text}"))).await;
            let _ = fixture.interrupt().await;
            let next = fixture.act(within(20.0, "echo next")).await;
            // Only by ending the shell can it have been in vain. What it left in the background may still print.
            if let Ok(next) = next {
                assert!(next.output.contains("next\n"), "{next:?}");
            }
        });
    }
}
