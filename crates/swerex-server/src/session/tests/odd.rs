//! Commands that change the shell under the server's feet.

use super::*;

#[tokio::test]
async fn nothing_a_command_sets_is_in_the_way() {
    let changes = [
        "PS1='$ ' PS2='more> ' PS0='ps0' PS4='# '",
        "PROMPT_COMMAND='echo pc'",
        "PROMPT_COMMAND=('echo pc' 'echo more'); ${nothing:?}",
        "unset PROMPT_COMMAND PS1 PS2 BASHOPTS IFS",
        "set -a",
        "set -u",
        "set -f",
        "set -C",
        "set -o posix",
        "echo 'set -o vi' > rc; . ./rc",
        "set -o history -o histexpand",
        "set +m",
        "set +H",
        "set -b",
        "shopt -s extglob xpg_echo dotglob",
        "shopt -u expand_aliases sourcepath",
        "IFS=123pcb",
        "alias eval=false builtin=false printf=false read=false set=false unset=false case=false",
        "eval() { echo bad; }; printf() { echo bad; }; read() { echo bad; }; set() { echo bad; }; unset() { echo bad; }",
        "exec 3>/dev/null 4</dev/null 5>&1 200>/dev/null 255>/dev/null",
        "exec {fd}>/dev/null",
        "exec 2>/dev/null",
        "trap 'x=1' DEBUG",
        "trap 'x=1' ERR; set -E",
        "trap 'x=1' RETURN EXIT; set -T",
        "trap '' INT HUP TERM",
        "trap 'x=1' CHLD; sleep 0",
        "cd / && readonly PWD",
        "LANG=C LC_ALL=C",
        "ulimit -n 64",
        "umask 777",
        "stty raw -opost echo",
        "stty echo",
        "stty intr x eof y",
        "stty min 255 time 0 -icanon",
        "PATH=/nowhere",
        "HOME=/nowhere; unset HOME",
        "enable -n echo",
        "set -- a b c",
        "REPLY=kept _=x",
        "TMOUT=100",
        "kill -CHLD $$; kill -WINCH $$",
        "disown -a; wait",
        "export PROMPT_COMMAND",
        "BASH_ENV=/nowhere ENV=/nowhere",
        "POSIXLY_CORRECT=1",
        "LINES=1 COLUMNS=1",
        "hash -r; hash -p /nowhere echo",
        "command_not_found_handle() { echo none; }",
        "(kill -INT $$)",
        "exec > >(cat >&2)",
        "echo trailing \\",
        "eval 'echo trailing \\'",
    ];
    for change in changes {
        let fixture = Fixture::new().await;
        let outcome = fixture.act(within(20.0, change)).await;
        assert!(outcome.is_ok(), "{change}: {outcome:?}");
        let next = fixture.act(within(20.0, "command echo one")).await;
        let next = next.unwrap_or_else(|error| panic!("{change}: {error:?}"));
        assert_eq!(next.exit_code, Some(0), "{change}");
        let again = fixture
            .act(within(20.0, "command printf 'a\\nb\\n'\n(exit 3)"))
            .await;
        let again = again.unwrap_or_else(|error| panic!("{change}: {error:?}"));
        assert_eq!(again.exit_code, Some(3), "{change}");
        // A hook of the user's prints what it likes after a command.
        if change.contains("'echo pc'") {
            assert!(next.output.starts_with("one\npc\n"), "{next:?}");
            assert!(again.output.starts_with("a\nb\npc\n"), "{again:?}");
        } else {
            assert_eq!(next.output, "one\n", "{change}");
            assert_eq!(again.output, "a\nb\n", "{change}");
        }
    }
}

#[tokio::test]
async fn output_belongs_to_its_command() {
    let fixture = Fixture::new().await;
    let lines = |prefix: &str| -> String { (1..=300).map(|n| format!("{prefix}{n}\n")).collect() };
    let cases = [
        (
            "for i in $(seq 300); do echo $i; done > >(while read l; do echo \"ts $l\"; done)",
            lines("ts "),
        ),
        ("seq 300 > >(sed s/^/E:/ | cat)", lines("E:")),
        ("echo hello 2>&1 > >(sleep 0.1; cat)", "hello\n".to_owned()),
        ("echo err 2> >(sed s/^/E:/ >&2) >&2", "E:err\n".to_owned()),
        (
            "f() { ls /dev/null > >(sleep 0.1; sed s/^/f:/); }",
            String::new(),
        ),
        ("f", "f:/dev/null\n".to_owned()),
        (
            "(echo deep | tee /dev/null) > >(tee >(cat >&2) >/dev/null)",
            "deep\n".to_owned(),
        ),
    ];
    for (command, output) in cases {
        assert_eq!(fixture.run(command).await, (output, 0), "{command}");
        assert_eq!(fixture.output("echo next").await, "next\n", "{command}");
    }
    let coprocess =
        "coproc { while read l; do echo \"got $l\" >&2; done; }; echo hi >&${COPROC[1]}";
    let (output, _) = fixture.run(coprocess).await;
    assert!(output.ends_with("got hi\n"), "{output}");
    fixture.run("exec > >(tee -a log) 2>&1").await;
    for number in 0..12 {
        assert_eq!(
            fixture.output(&format!("echo line-{number}")).await,
            format!("line-{number}\n")
        );
    }
}

#[tokio::test]
async fn tracing_shows_only_what_was_asked_for() {
    let fixture = Fixture::new().await;
    fixture.run("set -x").await;
    assert_eq!(fixture.output("echo hi").await, "+ echo hi\nhi\n");
    assert_eq!(
        fixture.output("echo a\necho b").await,
        "++ echo a\na\n++ echo b\nb\n"
    );
    assert_eq!(fixture.output("set +x").await, "+ set +x\n");
    assert_eq!(fixture.output("echo hi").await, "hi\n");
    assert_eq!(fixture.output("set -v").await, "");
    assert_eq!(fixture.output("echo hi").await, "echo hi\nhi\n");
    assert_eq!(fixture.output("echo ho").await, "echo ho\nho\n");
    assert_eq!(fixture.output("set +v").await, "set +v\n");
    assert_eq!(fixture.output("echo hi").await, "hi\n");
}

#[tokio::test]
async fn a_failure_ends_a_shell_that_wants_it_so() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.run("set -e").await, (String::new(), 0));
    assert_eq!(
        fixture.run("true; false || echo no").await,
        ("no\n".into(), 0)
    );
    assert_eq!(fixture.fail(silent("false")).await.class(), EOF);
}

#[tokio::test]
async fn children_do_not_report() {
    let fixture = Fixture::new().await;
    let command =
        "export PROMPT_COMMAND; printf 'echo in\\nexit 5\\n' | bash -i 2>/dev/null; echo $?";
    assert_eq!(fixture.output(command).await, "in\n5\n");
    assert_eq!(fixture.output("echo after").await, "after\n");
    assert_eq!(
        fixture
            .output("bash -c 'echo $PROMPT_COMMAND' | grep -c case; sh -c 'echo sub'")
            .await,
        "0\nsub\n"
    );
}

#[tokio::test]
async fn a_bash_that_replaces_the_shell_is_the_shell() {
    for (term, command) in [
        ("dumb", "exec bash"),
        ("xterm", "exec bash -l"),
        ("xterm", "exec bash --norc"),
    ] {
        let fixture = Fixture::with(&[("TERM", term)]).await;
        fs::write(fixture.home().join(".bashrc"), "echo from-rc\n").unwrap();
        fixture.run("export X=1; Y=2; cd /").await;
        let (_, code) = fixture.run(command).await;
        assert_eq!(code, 0, "{command}");
        assert_eq!(
            fixture.run("echo [$X] [$Y]; pwd; (exit 3)").await,
            ("[1] []\n/\n".into(), 3),
            "{command}"
        );
        assert_eq!(fixture.output("printf 'a\tb'").await, "a\tb");
    }
}

#[tokio::test]
async fn what_a_command_leaves_behind_is_what_bash_leaves() {
    let fixture = Fixture::new().await;
    let cases = [
        ("(exit 7)", "echo $?", "7\n"),
        ("nosuch", "echo $?", "127\n"),
        ("true | (exit 3) | true", "echo ${PIPESTATUS[@]}", "0 3 0\n"),
        ("echo last-word", "echo $_", "last-word\n"),
        ("(exit 4)", "true\n(exit 5)", ""),
        ("true\n(exit 5)", "echo $?", "5\n"),
        ("sleep 600 & kill $!; wait $!", "echo $?", "143\n"),
    ];
    for (first, then, output) in cases {
        fixture.run(first).await;
        assert_eq!(fixture.run(then).await.0, output, "{first}; {then}");
    }
    fixture.run("wait; sh -c 'kill -INT $$'").await;
    assert_eq!(fixture.output("echo $?").await, "130\n");
    fixture.run("trap 'echo failed: $BASH_COMMAND' ERR").await;
    assert_eq!(fixture.run("false").await, ("failed: false\n".into(), 1));
    assert_eq!(fixture.run("true").await, (String::new(), 0));
    fixture
        .run("trap - ERR; trap 'echo debug: $BASH_COMMAND' DEBUG")
        .await;
    assert_eq!(fixture.output("true").await, "debug: true\n");
}

#[tokio::test]
async fn no_name_of_the_users_is_in_the_way() {
    let changes = [
        "readonly IFS",
        "IFS=x; readonly IFS",
        "readonly PS0 PS1 PS2 MAILCHECK PROMPT_COMMAND REPLY",
        "PS1='$ '; readonly PS1",
        "eval() { echo mine; }; builtin() { echo mine; }",
        "eval() { :; }; builtin() { :; }; command() { :; }; set() { :; }; unset() { :; }; printf() { :; }",
        "PROMPT_COMMAND=(true); readonly PROMPT_COMMAND",
        "unset PROMPT_COMMAND; PS1='> '",
        "shopt -u promptvars",
        "PS2='more> '; shopt -u promptvars; trap 'x=1' INT",
    ];
    for change in changes {
        let fixture = Fixture::new().await;
        fixture.act(within(20.0, change)).await.unwrap();
        for (command, output, code) in [
            ("command_x=1; echo a 'b  c'; (exit 3)", "a b  c\n", 3),
            ("echo one\necho two\n(exit 4)", "one\ntwo\n", 4),
            ("false", "", 1),
        ] {
            let seen = fixture.act(within(20.0, command)).await;
            let seen = seen.unwrap_or_else(|error| panic!("{change}: {command}: {error:?}"));
            assert_eq!(
                (seen.output.as_str(), seen.exit_code),
                (output, Some(code)),
                "{change}: {command}"
            );
        }
    }
}

#[tokio::test]
async fn a_shell_that_ends_when_it_is_idle_lives() {
    let fixture = Fixture::new().await;
    fixture.run("readonly TMOUT=1").await;
    // The limit is bash's own, and a real second.
    tokio::time::sleep(Duration::from_millis(1_600)).await;
    assert_eq!(fixture.run("echo $TMOUT").await, ("1\n".into(), 0));
}

#[tokio::test]
async fn a_stopped_shell_goes_on_when_it_is_interrupted() {
    let fixture = Fixture::new().await;
    let late = fixture.fail(within(0.5, "kill -STOP $$; echo on")).await;
    assert_eq!(late.class(), TIMEOUT);
    fixture.interrupt().await.unwrap();
    assert_eq!(fixture.run("echo after").await, ("after\n".into(), 0));
}

#[tokio::test]
async fn what_bash_would_die_of_is_not_run() {
    let fixture = Fixture::new().await;
    fixture.run("kept=1").await;
    for text in [
        "$(".repeat(5_000) + &")".repeat(5_000),
        "\"$(echo '".repeat(100_000),
    ] {
        let refused = fixture.fail(silent(&format!("echo {text}"))).await;
        assert_eq!(
            refused.class(),
            "swerex.exceptions.BashIncorrectSyntaxError"
        );
        assert_eq!(fixture.output("echo $kept").await, "1\n");
    }
}
