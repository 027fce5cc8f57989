//! What is seen on a terminal: drawings are taken away, tables fit, and nobody is drawn for without one.

use std::{os::fd::AsFd as _, process::Stdio};

use pty_process::{Pts, Pty, Size};
use tokio::io::AsyncReadExt as _;

use crate::support::Lab;

const WIDTH: u16 = 60;

/// A terminal for programs to write to, and what they wrote.
struct Terminal {
    pty: Pty,
    pts: Pts,
}

impl Terminal {
    fn new() -> Self {
        let (pty, pts) = pty_process::open().unwrap();
        pty.resize(Size::new(40, WIDTH)).unwrap();
        Self { pty, pts }
    }

    fn end(&self) -> Stdio {
        self.pts.as_fd().try_clone_to_owned().unwrap().into()
    }

    /// All that was written, once nobody can write any more.
    async fn written(mut self) -> String {
        drop(self.pts);
        let mut bytes = Vec::new();
        // A terminal whose last writer is gone ends with an error.
        drop(self.pty.read_to_end(&mut bytes).await);
        String::from_utf8(bytes).unwrap()
    }
}

/// What is left to see of what was written, line by line: text, line ends, and the few commands that drawings use.
fn seen(written: &str) -> Vec<String> {
    let (mut lines, mut row, mut column) = (vec![Vec::new()], 0_usize, 0_usize);
    let mut letters = written.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{1b}' => {
                let mut count = String::new();
                let command = loop {
                    match letters.next().unwrap() {
                        '[' => {}
                        digit if digit.is_ascii_digit() => count.push(digit),
                        command => break command,
                    }
                };
                let count = count.parse().unwrap_or(1_usize);
                match command {
                    'A' => row = row.saturating_sub(count),
                    'B' => row += count,
                    'K' => lines[row].clear(),
                    _ => {}
                }
            }
            letter => {
                let line: &mut Vec<char> = &mut lines[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = letter;
                column += 1;
            }
        }
        while lines.len() <= row {
            lines.push(Vec::new());
        }
    }
    let shown = |line: Vec<char>| line.into_iter().collect::<String>().trim_end().to_owned();
    lines.into_iter().map(shown).collect()
}

#[tokio::test]
async fn what_is_drawn_fits_and_is_taken_away() {
    let delay = std::time::Duration::from_millis(300);
    let lab = Lab::with(|builder| builder.start_delay(delay)).await;
    let terminal = Terminal::new();
    let mut command = lab.command(&["run", "--", "echo out"]);
    command
        .env("TERM", "xterm")
        .stdout(Stdio::piped())
        .stderr(terminal.end());
    let child = command.spawn().unwrap();
    drop(command);
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.stdout, b"out\n");
    let written = terminal.written().await;
    assert!(written.contains("starting an instance"), "{written:?}");
    assert!(written.contains("running the command"), "{written:?}");
    for drawn in written.split(['\r', '\n']) {
        let plain = seen(drawn);
        let length = plain[0].chars().count();
        assert!(length <= usize::from(WIDTH), "{drawn:?}");
    }
    let left: Vec<String> = seen(&written);
    assert!(left.iter().all(String::is_empty), "{left:?}");
}

#[tokio::test]
async fn a_transfer_is_drawn_with_what_it_is_and_how_far() {
    let lab = Lab::new().await;
    let id = lab.up().await;
    std::fs::write(lab.path("large"), vec![7_u8; 20_000_000]).unwrap();
    let to = format!("{id}:{}", lab.path("copy").display());
    let terminal = Terminal::new();
    let mut command = lab.command(&["cp", "large", &to]);
    command.env("TERM", "xterm").stderr(terminal.end());
    assert!(command.status().await.unwrap().success());
    drop(command);
    let written = terminal.written().await;
    assert!(written.contains("large → "), "{written:?}");
    assert!(written.contains("/19.07 MiB"), "{written:?}");
    let left: Vec<String> = seen(&written);
    let left: Vec<&String> = left.iter().filter(|line| !line.is_empty()).collect();
    assert!(
        left.len() == 1 && left[0].starts_with("copied large → "),
        "{left:?}"
    );
    lab.json(&["down", &id, "--yes"]).await;
    lab.nothing_runs().await;
}

#[tokio::test]
async fn a_table_fits_the_terminal_and_is_whole_for_programs() {
    let lab = Lab::new().await;
    let id = lab.up().await;
    let terminal = Terminal::new();
    let mut command = lab.command(&["ps"]);
    command.stdout(terminal.end());
    assert!(command.status().await.unwrap().success());
    drop(command);
    let written = terminal.written().await;
    for line in written.lines() {
        assert!(
            line.trim_end().chars().count() <= usize::from(WIDTH),
            "{line}"
        );
    }
    assert!(
        written.contains(&id) && !written.contains('\u{1b}'),
        "{written:?}"
    );
    let piped = lab.run(&["ps"]).await.out;
    assert_eq!(piped.lines().count(), 2, "{piped}");
    lab.json(&["down", &id, "--yes"]).await;
    lab.nothing_runs().await;
}
