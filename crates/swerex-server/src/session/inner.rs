//! Shells within the shell: `sh`, `bash --norc`, `su`, `newgrp`, `sudo -s`, `ssh`.
//!
//! The command that starts one is over, for whoever waits for it, when the inner shell is at its prompt. Commands are typed to it
//! then, as at a keyboard, until it ends; each is over when the prompt is there again, and its exit code is asked for with one more line.

use std::time::Duration;

use rustix::process::Pid;
use tokio::time::Instant;

use super::{
    asking::Watch,
    call::{Event, Waiter},
    input, made_of,
    pattern::Patterns,
    shell::Shell,
};
use crate::{output::Capture, process::processes};

/// How often it is looked: first, and at most.
const FIRST_LOOK: Duration = Duration::from_millis(20);
const LAST_LOOK: Duration = Duration::from_millis(500);

/// How long an inner shell may take to tell a code.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tells the last code, and leaves it as it is.
const ASK_CODE: &str = " sh -c 'echo \"$0\"; exit \"$0\"' $?";

/// Names of shells that read commands.
const SHELLS: [&str; 9] = [
    "sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "yash", "rbash",
];

/// Options of shells that take the next word.
const WITH_WORD: [&str; 6] = ["-o", "+o", "-O", "+O", "--rcfile", "--init-file"];

/// Programs that stand for a shell elsewhere.
const RELAYS: [&str; 5] = ["ssh", "docker", "podman", "kubectl", "nerdctl"];

/// Waits for something to happen; `None` if an inner shell is at its prompt before that. `printed` is what had been printed before.
pub(super) async fn wait(
    shell: &Shell,
    waiter: &mut Waiter<'_>,
    deadline: Option<Instant>,
    printed: usize,
) -> Option<Event> {
    let mut pause = FIRST_LOOK;
    let mut watch = Watch::new(shell);
    loop {
        let look = Instant::now() + pause;
        pause = (pause * 2).min(LAST_LOOK);
        let until = deadline.map_or(look, |deadline| deadline.min(look));
        match waiter.wait(Some(until)).await {
            Event::Late if deadline.is_none_or(|deadline| Instant::now() < deadline) => {}
            event => return Some(event),
        }
        if shell.foreground() != Some(shell.pid)
            && watch.asks(shell)
            && watch.printed() > printed
            && is_at_prompt(shell)
        {
            return None;
        }
    }
}

/// Whether what waits for input is an inner shell, at its prompt and not within a command.
pub(super) fn is_at_prompt(shell: &Shell) -> bool {
    let group = shell.foreground().filter(|group| *group != shell.pid);
    let Some(group) = group else {
        return false;
    };
    let reader = input::find(group, shell.terminal_name()).1;
    shell.has_question()
        && ends_as_prompt(&shell.question())
        && reader.is_some_and(|reader| is_shell(reader) || stands_for_shell(reader))
}

/// The code of the last command of the inner shell; `None` if it does not tell. What it prints meanwhile is taken out.
pub(super) async fn code(shell: &Shell, number: u64) -> Option<i64> {
    let none = Patterns::default();
    let mut waiter = Waiter::new(shell, number, &none);
    let deadline = Instant::now() + PATIENCE;
    // The prompt of before.
    shell.take_output();
    let typing = tokio::time::timeout_at(deadline, shell.type_line(ASK_CODE));
    typing.await.ok()?.ok()?;
    let event = wait(shell, &mut waiter, Some(deadline), 0).await;
    drop(waiter);
    let prompt = shell.question();
    let told = shell.take_output();
    if event.is_none() {
        // It stays, for whoever looks for it next.
        shell.state().screen.push(&prompt);
    }
    let told = made_of(told, |text| text).await;
    // A shell that edits lines shows what was typed, too.
    told.lines().rev().find_map(|line| line.trim().parse().ok())
}

/// The output without the prompt at its end, and without the line's end that an inner shell shows which edits lines.
pub(super) async fn without_prompt(screen: Capture, prompt: &[u8], is_edited: bool) -> String {
    let mut shown = Capture::new(prompt.len());
    shown.push(prompt);
    let prompt = made_of(shown, |text| text).await;
    made_of(screen, move |text| {
        let start = text.rfind('\n').map_or(0, |end| end + 1);
        let kept = match text.strip_suffix(&prompt) {
            Some(kept) if !prompt.is_empty() => kept,
            _ => &text[..start],
        };
        let begin = if is_edited {
            kept.strip_prefix("\r\n")
                .or_else(|| kept.strip_prefix('\n'))
        } else {
            None
        };
        begin.unwrap_or(kept).to_owned()
    })
    .await
}

/// A prompt, and not that for the rest of a command.
fn ends_as_prompt(line: &[u8]) -> bool {
    let mut plain = Vec::new();
    let mut rest = line;
    while let [first, more @ ..] = rest {
        rest = more;
        match (first, more) {
            (0x1b, [b'[', sequence @ ..]) => {
                let end = sequence
                    .iter()
                    .position(|byte| (0x40..=0x7e).contains(byte));
                rest = end.map_or(&[], |end| &sequence[end + 1..]);
            }
            (byte, _) => plain.push(*byte),
        }
    }
    matches!(plain.trim_ascii_end().last(), Some(b'$' | b'#' | b'%'))
}

/// Whether it is a shell that reads its commands from where a person types them.
fn is_shell(pid: Pid) -> bool {
    let words = input::words(pid);
    let words = String::from_utf8_lossy(&words);
    is_interactive(words.trim_end_matches('\0').split('\0'))
}

fn is_interactive<'a>(mut words: impl Iterator<Item = &'a str>) -> bool {
    let name = words.next().unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or_default();
    let mut name = name.strip_prefix('-').unwrap_or(name);
    if name == "busybox" {
        name = words.next().unwrap_or_default();
    }
    if !SHELLS.contains(&name) {
        return false;
    }
    let mut is_value = false;
    for word in words {
        if is_value {
            is_value = false;
        } else if WITH_WORD.contains(&word) {
            is_value = true;
        } else if word.starts_with("--") {
            // Such as `--norc`.
        } else if !word.starts_with(['-', '+']) || word.contains('c') {
            // A script, or a text.
            return false;
        }
    }
    true
}

/// Whether a program hands on what is typed: to a shell on another terminal below it, or on another machine.
fn stands_for_shell(pid: Pid) -> bool {
    if input::name(pid).is_some_and(|name| RELAYS.contains(&name.as_str())) {
        return true;
    }
    let all = processes();
    let mut family = vec![pid];
    let mut next = 0;
    while let Some(parent) = family.get(next).copied() {
        next += 1;
        let children = all.iter().filter(|process| process.parent == Some(parent));
        family.extend(children.map(|process| process.pid));
    }
    family.iter().skip(1).any(|pid| is_shell(*pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_that_read_from_a_terminal() {
        let cases = [
            ("sh", true),
            ("-bash", true),
            ("/bin/bash --norc", true),
            ("bash --rcfile file -i", true),
            ("bash -o vi +O extglob", true),
            ("busybox sh", true),
            ("busybox cat", false),
            ("zsh -l", true),
            ("sh -c text", false),
            ("bash -lc text", false),
            ("bash file", false),
            ("bash --norc file argument", false),
            ("python3", false),
            ("", false),
        ];
        for (words, expected) in cases {
            assert_eq!(is_interactive(words.split(' ')), expected, "{words}");
        }
    }

    #[test]
    fn prompts_are_told_from_questions() {
        for prompt in [
            "# ",
            "$ ",
            "user@host:~$ ",
            "bash-5.2#",
            "\x1b[32mhost\x1b[0m% \x1b[K",
        ] {
            assert!(ends_as_prompt(prompt.as_bytes()), "{prompt}");
        }
        for other in ["> ", "sure? ", "Password: ", ">>> ", ""] {
            assert!(!ends_as_prompt(other.as_bytes()), "{other}");
        }
    }
}
