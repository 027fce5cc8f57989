//! What `run` and `docker exec` print: every byte, as it comes, in little memory, for as long as somebody reads it.

use std::{path::Path, process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use swerex_proto::native::MAX_OUTPUT;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::{
    docker::{docker, harbour, said},
    support::{Lab, PATIENCE, Said},
};

/// The output that must not cost its size; without optimizations, less of it takes as long.
const LONG: usize = if cfg!(debug_assertions) {
    128 << 20
} else {
    400 << 20
};
/// How long it may take on a machine that does much else.
const LONG_PATIENCE: Duration = Duration::from_secs(600);
/// What it is made of, again and again.
const BLOCK: usize = 1 << 20;
/// Peak memory of a client.
const MOST: usize = 64 << 20;

/// A block of text, or of bytes of every value that are no text.
fn block(is_text: bool) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    let letter = |byte: u8| if byte < 40 { b'\n' } else { b' ' + byte % 94 };
    let bytes = std::iter::repeat_with(|| if is_text { letter(next()) } else { next() });
    bytes.take(BLOCK).collect()
}

/// Prints the file so many times, and waits for another one to be there.
fn script(block: &Path, times: usize, gate: &Path) -> String {
    let (block, gate) = (block.display(), gate.display());
    format!(
        "i=0; while [ $i -lt {times} ]; do cat {block} || exit 9; i=$((i+1)); done; until [ -e {gate} ]; do sleep 0.02; done; exit 7"
    )
}

/// The most memory that a process has had.
fn peak(child: &Child) -> usize {
    let status = format!("/proc/{}/status", child.id().unwrap());
    let status = std::fs::read_to_string(status).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let number: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    number << 10
}

fn spawn(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

async fn ended(child: Child) -> Said {
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output());
    Said::of(output.await.unwrap().unwrap())
}

/// Runs a command with a long output and looks at each byte of it.
async fn is_exact(lab: &Lab, is_text: bool, command: impl Fn(&str) -> Command) {
    let (source, gate) = (lab.path("block"), lab.path("gate"));
    let block = block(is_text);
    std::fs::write(&source, &block).unwrap();
    let mut child = spawn(command(&script(&source, LONG / BLOCK, &gate)));
    let mut out = child.stdout.take().unwrap();
    let (mut piece, mut seen) = (vec![0; 256 << 10], 0);
    while seen < LONG {
        let read = tokio::time::timeout(LONG_PATIENCE, out.read(&mut piece));
        let read = read.await.unwrap().unwrap();
        assert!(
            read > 0,
            "it ended after {seen} bytes: {:?}",
            ended(child).await
        );
        let mut rest = &piece[..read];
        while !rest.is_empty() {
            let at = seen % BLOCK;
            let now = rest.len().min(BLOCK - at);
            assert!(
                rest[..now] == block[at..at + now],
                "another byte after {seen}"
            );
            (seen, rest) = (seen + now, &rest[now..]);
        }
    }
    let peak = peak(&child);
    std::fs::write(&gate, "").unwrap();
    assert_eq!(
        tokio::time::timeout(PATIENCE, out.read(&mut piece))
            .await
            .unwrap()
            .unwrap(),
        0
    );
    let said = ended(child).await;
    assert_eq!((said.code, said.err.as_str()), (Some(7), ""));
    assert!(peak <= MOST, "{} MiB", peak >> 20);
    std::fs::remove_file(&gate).unwrap();
}

#[tokio::test]
async fn an_output_of_any_length_is_exact_and_costs_little() {
    let lab = harbour().await;
    let id = lab.up().await;
    is_exact(&lab, true, |script| {
        lab.command(&["-q", "run", "-i", &id, "--", script])
    })
    .await;
    lab.run(&["down", &id, "--yes"]).await;
    let run = [
        "run",
        "-d",
        "-q",
        "--name",
        "c",
        "python:3.11",
        "sleep",
        "2h",
    ];
    assert!(said(&lab, &run).await.status.success());
    is_exact(&lab, false, |script| {
        docker(&lab, &["exec", "c", "sh", "-c", script])
    })
    .await;
    assert!(said(&lab, &["kill", "c"]).await.status.success());
    lab.nothing_runs().await;
}

#[tokio::test]
async fn in_json_head_and_tail_are_kept_in_little_memory() {
    let lab = Lab::new().await;
    let (source, gate) = (lab.path("block"), lab.path("gate"));
    std::fs::write(&gate, "").unwrap();
    let id = lab.up().await;
    for (long, short, is_text) in [("stdout", "stderr", true), ("stderr", "stdout", false)] {
        let block = block(is_text);
        std::fs::write(&source, &block).unwrap();
        let line = script(&source, 3 * MAX_OUTPUT / BLOCK, &gate);
        let (to_long, to_short) = if is_text { (1, 2) } else { (2, 1) };
        let line =
            format!("exec 3>&{to_long}; echo short >&{to_short}; echo begin >&3; ({line}) >&3");
        let mut child = spawn(lab.command(&["-q", "-o", "json", "run", "-i", &id, "--", &line]));
        let mut out = child.stdout.take().unwrap();
        // It has everything when it has written the first byte of it, and cannot write all.
        let mut json = vec![0];
        let first = tokio::time::timeout(LONG_PATIENCE, out.read_exact(&mut json));
        first.await.unwrap().unwrap();
        let peak = peak(&child);
        out.read_to_end(&mut json).await.unwrap();
        let said = ended(child).await;
        assert_eq!((said.code, said.err.as_str()), (Some(7), ""), "{said:?}");
        let json: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["exit_code"], 7);
        assert_eq!(json["instance_id"], id.as_str());
        assert_eq!(json[short], "short\n");
        let text = json[long].as_str().unwrap();
        assert!(text.starts_with("begin\n") && text.contains(" bytes left out ...]\n"));
        let made = serde_json::to_string(text).unwrap().len();
        assert!(
            made <= MAX_OUTPUT + 2 && made > MAX_OUTPUT / 4 * 3,
            "{made}"
        );
        let end = String::from_utf8_lossy(&block[BLOCK - 40..]).into_owned();
        assert!(!is_text || text.ends_with(&end));
        assert!(peak <= MOST, "{} MiB", peak >> 20);
    }
    lab.run(&["down", &id, "--yes"]).await;
    lab.nothing_runs().await;
}

#[tokio::test]
async fn bytes_are_bytes_and_come_when_they_are_printed() {
    let lab = harbour().await;
    let id = lab.up().await;
    let run = [
        "run",
        "-d",
        "-q",
        "--name",
        "c",
        "python:3.11",
        "sleep",
        "2h",
    ];
    assert!(said(&lab, &run).await.status.success());
    for is_docker in [false, true] {
        let command = |line: &str| match is_docker {
            true => docker(&lab, &["exec", "c", "sh", "-c", line]),
            false => lab.command(&["-q", "run", "-i", &id, "--", line]),
        };
        let raw = command(r"printf '\377\376\200abc\0\033[1m\r\n'; printf 'err\351' >&2; exit 3");
        let raw = spawn(raw).wait_with_output().await.unwrap();
        assert_eq!(raw.stdout, b"\xff\xfe\x80abc\0\x1b[1m\r\n");
        assert_eq!(
            (raw.stderr.as_slice(), raw.status.code()),
            (&b"err\xe9"[..], Some(3))
        );

        let gate = lab.path(if is_docker { "gate1" } else { "gate2" });
        let line = format!(
            "echo first; until [ -e {} ]; do sleep 0.02; done; echo second",
            gate.display()
        );
        let mut child = spawn(command(&line));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let next = tokio::time::timeout(PATIENCE, lines.next_line());
        assert_eq!(next.await.unwrap().unwrap().as_deref(), Some("first"));
        std::fs::write(&gate, "").unwrap();
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("second"));
        assert_eq!(ended(child).await.code, Some(0));
    }
    assert!(said(&lab, &["kill", "c"]).await.status.success());
    lab.run(&["down", &id, "--yes"]).await;
    lab.nothing_runs().await;
}

#[tokio::test]
async fn what_was_printed_before_the_time_was_up_stays() {
    let lab = Lab::new().await;
    let said = lab
        .run(&["-q", "run", "-t", "1s", "--", "echo 41 passed; sleep 600"])
        .await;
    assert!(said.error(1).contains("imeout"), "{said:?}");
    assert_eq!(said.out, "41 passed\n");
    lab.nothing_runs().await;
}

/// Whether a process with this word on its command line lives.
fn lives(word: &str) -> bool {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let mut lines = all.filter_map(|one| std::fs::read(one.path().join("cmdline")).ok());
    lines.any(|line| {
        line.split(|byte| *byte == 0)
            .any(|one| one == word.as_bytes())
    })
}

async fn until_gone(word: &str) {
    let gone = async {
        while lives(word) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
}

#[tokio::test]
async fn a_reader_that_has_had_enough_ends_the_command() {
    let lab = harbour().await;
    let id = lab.up().await;
    let run = [
        "run",
        "-d",
        "-q",
        "--name",
        "c",
        "python:3.11",
        "sleep",
        "2h",
    ];
    assert!(said(&lab, &run).await.status.success());
    let word = format!("word-{}", std::process::id());
    let run = lab.command(&["-q", "run", "-i", &id, "--", "yes", &word]);
    let exec = docker(&lab, &["exec", "c", "yes", &word]);
    for (command, code) in [(run, 1), (exec, 141)] {
        let mut child = spawn(command);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let next = tokio::time::timeout(PATIENCE, lines.next_line());
        assert_eq!(next.await.unwrap().unwrap().as_deref(), Some(&*word));
        drop(lines);
        let said = ended(child).await;
        assert_eq!((said.code, said.err.as_str()), (Some(code), ""));
        until_gone(&word).await;
    }
    assert!(said(&lab, &["kill", "c"]).await.status.success());
    lab.run(&["down", &id, "--yes"]).await;
    lab.nothing_runs().await;
}

#[tokio::test]
async fn an_interrupt_ends_the_command_in_a_sandbox_that_stays() {
    let lab = Lab::new().await;
    let id = lab.up().await;
    let word = format!("{}.5", 1000 + std::process::id());
    let line = format!("sleep {word} & echo sleeping; wait");
    let mut child = spawn(lab.command(&["-q", "run", "-i", &id, "--", &line]));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let next = tokio::time::timeout(PATIENCE, lines.next_line());
    assert_eq!(next.await.unwrap().unwrap().as_deref(), Some("sleeping"));
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let said = ended(child).await;
    assert!(
        said.error(130).starts_with("interrupted by ctrl-c"),
        "{said:?}"
    );
    assert!(!lives(&word), "it has ended before the program has");
    lab.run(&["down", &id, "--yes"]).await;
    lab.nothing_runs().await;
}
