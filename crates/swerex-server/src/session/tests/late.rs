//! Commands that take longer than they may, and what is left of them.

use std::time::Duration;

use super::*;

/// Gives up on a command when it has printed something.
async fn start(fixture: &Fixture, command: &str) {
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let tap = Tap::new(move |_, _| {
        let _ = told.send(());
    });
    tokio::select! {
        outcome = fixture.sessions.run(silent(command), tap) => panic!("{outcome:?}"),
        _ = heard.recv() => {}
    }
}

#[tokio::test]
async fn a_timeout_has_the_output_so_far() {
    let fixture = Fixture::new().await;
    let exception = fixture.fail(within(1.0, "echo \"it's\"; sleep 600")).await;
    assert_eq!(exception.class(), TIMEOUT);
    assert_eq!(
        exception.message(),
        "timeout after 1.0 seconds while running command 'echo \"it\\'s\"; sleep 600'"
    );
    assert_eq!(exception.info("output"), Some(&json!("it's\n")));
    let seen = fixture.interrupt().await.unwrap();
    assert_eq!(
        (
            seen.output.as_str(),
            seen.exit_code,
            seen.expect_string.as_str()
        ),
        ("it's", Some(0), "SHELLPS1PREFIX")
    );
    assert_eq!(fixture.output("echo after").await, "after\n");
    assert_eq!(
        fixture.fail(within(0.0, "sleep 600")).await.class(),
        TIMEOUT
    );
    fixture.interrupt().await.unwrap();
}

#[tokio::test]
async fn the_next_commands_output_is_its_own() {
    let fixture = Fixture::new().await;
    start(
        &fixture,
        "echo begin; until [ -e go ]; do sleep 0.01; done; echo end",
    )
    .await;
    let exception = fixture.fail(within(0.1, "touch ran")).await;
    assert_eq!(exception.class(), TIMEOUT);
    assert!(exception.info("reason").is_some());
    let (next, ()) = tokio::join!(fixture.output("echo next"), async {
        fs::write(fixture.home().join("go"), "").unwrap();
    });
    assert_eq!(next, "next\n");
    assert!(!fixture.home().join("ran").exists());
}

#[tokio::test]
async fn a_command_that_reads_takes_the_next_one() {
    let fixture = Fixture::new().await;
    start(&fixture, "echo ask; read x; echo got $x").await;
    let seen = fixture.act(silent("hello")).await.unwrap();
    assert_eq!(
        (seen.output.as_str(), seen.exit_code),
        ("ask\ngot hello\n", None)
    );
    start(&fixture, "echo ask; cat").await;
    let exception = fixture.fail(within(2.0, "hello")).await;
    assert_eq!(exception.info("output"), Some(&json!("ask\nhello\n")));
    fixture.interrupt().await.unwrap();
    assert_eq!(fixture.output("echo after").await, "after\n");
}

#[tokio::test]
async fn calls_on_a_session_queue() {
    let fixture = Fixture::new().await;
    let (first, second) = tokio::join!(
        fixture.output("sleep 0.3; echo 1"),
        fixture.act(within(0.2, "echo 2"))
    );
    // The time in the queue does not count.
    assert_eq!(
        (first.as_str(), second.unwrap().output.as_str()),
        ("1\n", "2\n")
    );
}

#[tokio::test]
async fn an_interrupt_overtakes() {
    let fixture = Fixture::new().await;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let tap = Tap::new(move |_, _| {
        let _ = told.send(());
    });
    let (run, interrupt) = tokio::join!(
        fixture
            .sessions
            .run(silent("echo begin; sleep 600; echo no"), tap),
        async {
            heard.recv().await;
            fixture.interrupt().await.unwrap()
        }
    );
    let run = run.unwrap();
    assert_eq!((run.output.trim_end(), run.exit_code), ("begin", Some(130)));
    assert_eq!(
        (interrupt.output.as_str(), interrupt.exit_code),
        ("", Some(0))
    );
    assert_eq!(fixture.run("echo after").await, ("after\n".into(), 0));
}

#[tokio::test]
async fn an_idle_session_is_not_hurt_by_an_interrupt() {
    let fixture = Fixture::new().await;
    for _ in 0..5 {
        assert_eq!(fixture.interrupt().await.unwrap().exit_code, Some(0));
        assert_eq!(fixture.run("echo fine").await, ("fine\n".into(), 0));
    }
}

#[tokio::test]
async fn what_does_not_mind_the_key_is_killed() {
    let fixture = Fixture::new().await;
    start(
        &fixture,
        "sh -c 'trap \"\" INT TSTP TERM; echo deaf; sleep 600'",
    )
    .await;
    let seen = fixture.interrupt().await.unwrap();
    assert!(seen.output.starts_with("deaf"), "{seen:?}");
    assert_eq!(fixture.run("echo after").await, ("after\n".into(), 0));
    // A terminal without keys for signals.
    start(&fixture, "stty raw; echo raw; sleep 600").await;
    fixture.interrupt().await.unwrap();
    assert_eq!(fixture.run("echo after").await, ("after\n".into(), 0));
    // The shell itself is busy.
    start(&fixture, "echo loop; while :; do :; done").await;
    fixture.interrupt().await.unwrap();
    assert_eq!(fixture.run("echo after").await, ("after\n".into(), 0));
    // No attempts with the key.
    start(&fixture, "echo begin; sleep 600").await;
    let force = BashInterruptAction {
        n_retry: 0,
        ..BashInterruptAction::default()
    };
    fixture.sessions.interrupt(force).await.unwrap();
    assert_eq!(fixture.run("echo after").await, ("after\n".into(), 0));
}

#[tokio::test]
async fn what_cannot_be_interrupted_says_so() {
    let fixture = Fixture::new().await;
    start(&fixture, "trap '' INT; echo deaf; while :; do :; done").await;
    let exception = fixture.interrupt().await.unwrap_err();
    assert_eq!(
        (exception.class(), exception.message()),
        ("pexpect.exceptions.TIMEOUT", "Failed to interrupt session")
    );
    fixture.close().await;
}

#[tokio::test]
async fn a_flood_is_interrupted() {
    let fixture = Fixture::new().await;
    let exception = fixture.fail(within(0.3, "yes abcdefghijklmnop")).await;
    assert_eq!(exception.class(), TIMEOUT);
    let seen = fixture.interrupt().await.unwrap();
    assert!(seen.output.starts_with("abcdefghijklmnop\nabc"));
    assert_eq!(fixture.output("echo after").await, "after\n");
}

#[tokio::test]
async fn closing_overtakes_and_ends_what_runs() {
    let fixture = Fixture::new().await;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let tap = Tap::new(move |_, _| {
        let _ = told.send(());
    });
    let command = "sleep 600 & echo $! > job; (trap '' HUP; echo $BASHPID > nohup; exec sleep 600) & sleep 0.2; \
        (trap : HUP; echo $BASHPID > deaf; while :; do sleep 1; done) & sleep 0.2; echo ready; sleep 600";
    let (run, ()) = tokio::join!(fixture.sessions.run(silent(command), tap), async {
        // The numbers of the jobs are printed, too.
        while !fixture.home().join("deaf").exists() {
            heard.recv().await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        fixture.close().await;
    });
    assert_eq!(run.unwrap_err().class(), EOF);
    let is_alive = |name: &str| {
        let pid: i32 = fs::read_to_string(fixture.home().join(name))
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        let process = crate::process::Process::look(rustix::process::Pid::from_raw(pid).unwrap());
        process.is_some_and(|process| process.is_alive())
    };
    assert!(!is_alive("job"));
    assert!(!is_alive("deaf"));
    // It was told so.
    assert!(is_alive("nohup"));
    fixture.create().await.unwrap();
    fixture
        .run("nohup sleep 600 >/dev/null & echo $! > nohup2")
        .await;
    fixture.sessions.shutdown().await;
    assert!(!is_alive("nohup2"));
}

#[tokio::test]
async fn jobs_are_told_of_as_bash_does() {
    let fixture = Fixture::new().await;
    let (started, _) = fixture.run("sleep 600 & echo started").await;
    let pid = started
        .strip_prefix("[1] ")
        .and_then(|rest| rest.strip_suffix("\nstarted\n"))
        .unwrap();
    assert_eq!(
        fixture.output("jobs").await,
        "[1]+  Running                 sleep 600 &\n"
    );
    assert_eq!(
        fixture
            .output(&format!("kill {pid}; wait {pid}; echo y"))
            .await,
        "[1]+  Terminated              sleep 600\ny\n"
    );
    assert_eq!(fixture.output("jobs").await, "");
    fixture
        .run("(until [ -e go ]; do sleep 0.01; done; echo late; touch gone) &")
        .await;
    fs::write(fixture.home().join("go"), "").unwrap();
    while !fixture.home().join("gone").exists() {
        tokio::task::yield_now().await;
    }
    let (output, _) = fixture.run("sleep 0.1; echo w").await;
    assert!(
        output.starts_with("late\n") && output.contains("[1]+  Done ") && output.contains("w\n"),
        "{output}"
    );
    assert_eq!(fixture.output("echo clean").await, "clean\n");
}

/// More than the kernel and the server keep for nobody.
#[tokio::test]
async fn a_background_flood_waits_for_a_reader() {
    let fixture = Fixture::new().await;
    fixture
        .run("(head -c 40000000 /dev/zero; touch done) &")
        .await;
    fixture.run("until [ -e done ]; do sleep 0.01; done").await;
    assert_eq!(
        fixture.output("echo after").await.lines().last(),
        Some("after")
    );
}

/// Looking for this in a line takes the square of its length.
#[tokio::test]
async fn a_pattern_that_takes_long_holds_nobody_up() {
    let fixture = Fixture::new().await;
    let endless = BashAction {
        expect: vec!["(?=a)(a|aa)+b".to_owned()],
        timeout: Some(0.5),
        ..BashAction::new("head -c 6000 /dev/zero | tr '\\0' a; sleep 600")
    };
    let mut most = Duration::ZERO;
    let beats = async {
        let mut last = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(Duration::from_millis(1)).await;
            most = most.max(last.elapsed());
            last = tokio::time::Instant::now();
        }
    };
    let exception = tokio::select! {
        exception = fixture.fail(endless) => exception,
        () = beats => unreachable!("they have no end"),
    };
    assert_eq!(exception.class(), TIMEOUT);
    // One thread does all of this but the search.
    assert!(most < Duration::from_millis(500), "{most:?}");
    fixture.interrupt().await.unwrap();
}

#[tokio::test]
async fn keys_that_are_pressed_on_and_on_are_not_seen_by_the_next_command() {
    let fixture = Fixture::new().await;
    for _ in 0..40 {
        start(&fixture, "echo begun; sleep 600").await;
        let hasty = BashInterruptAction {
            timeout: 0.0005,
            n_retry: 100,
            ..BashInterruptAction::default()
        };
        fixture.sessions.interrupt(hasty).await.unwrap();
        assert_eq!(fixture.run("echo after").await, ("after\n".into(), 0));
    }
}

/// Callers that run commands and others that interrupt, at any moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_interleaving_of_commands_and_interrupts_ends_a_session() {
    let fixture = Fixture::new().await;
    let commands = [
        ("echo N", "N\n"),
        ("echo N\ntrue", "N\n"),
        ("/bin/echo N", "N\n"),
        ("sleep 0.002; echo N", "N\n"),
    ];
    let mut random = fastrand::Rng::with_seed(10);
    let mut other = fastrand::Rng::with_seed(24);
    let interrupts = async {
        loop {
            let hasty = BashInterruptAction {
                timeout: f64::from(other.u32(0..20)) / 1_000.0,
                n_retry: 3,
                ..BashInterruptAction::default()
            };
            // It may find nothing, or a command that is over by then.
            let _ = fixture.sessions.interrupt(hasty).await;
            tokio::time::sleep(Duration::from_micros(other.u64(0..2_000))).await;
        }
    };
    let runs = async {
        for round in 0..600 {
            let (command, expected) = commands[random.usize(0..commands.len())];
            let command = command.replace('N', &round.to_string());
            let seen = fixture.act(within(20.0, &command)).await;
            let seen = seen.unwrap_or_else(|error| panic!("{round}: {command}: {error:?}"));
            let expected = expected.replace('N', &round.to_string());
            // What was not interrupted has run.
            if seen.exit_code == Some(0) {
                assert!(seen.output.contains(&expected), "{command}: {seen:?}");
            }
        }
    };
    tokio::select! {
        () = runs => {}
        () = interrupts => {}
    }
    assert_eq!(fixture.run("echo after").await, ("after\n".into(), 0));
}
