//! The one room that prints: results to stdout, notes to stderr, as text or as JSON.
//!
//! Whatever it prints is made plain here (see [`plain`]), since any of it may hold words of a peer. Only a command's own output goes out as it
//! is, by [`Output::command_stdout`] and [`Output::command_stderr`]; `cargo xtask tidy` knows who may call them.

use std::{
    fmt::Write as _,
    io::{self, BufWriter, IsTerminal as _, Read, Write},
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use clap::ValueEnum;
use indicatif::MultiProgress;
use rustix::fs::OFlags;
use serde::Serialize;
use serde_json::Value;

use crate::{
    plain::{self, Json, one_line},
    report::Failure,
    table::table,
};

/// What results look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// One line of JSON a result, for programs; errors are one line of JSON on stderr
    Json,
}

/// Bytes for stderr that are held back at most; what comes after them is dropped.
const MAX_HELD: usize = 64 * 1024;

/// Where results, notes and progress go. Clones share the terminal.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    format: Format,
    quiet: bool,
    live: MultiProgress,
    /// What stderr is to show later, while the terminal is somebody else's.
    held: Arc<Mutex<Option<Vec<u8>>>>,
}

/// Holds stderr back as long as it lives.
#[derive(Debug)]
pub(crate) struct Held<'a>(&'a Output);

impl Output {
    pub(crate) fn new(format: Format, quiet: bool) -> Self {
        Self {
            format,
            quiet,
            live: MultiProgress::new(),
            held: Arc::default(),
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// What draws on the terminal while something is under way; printing pauses it.
    pub(crate) fn live(&self) -> &MultiProgress {
        &self.live
    }

    /// A result: its text for people, or `json` for programs.
    pub(crate) fn result(
        &self,
        text: impl FnOnce() -> String,
        json: &Value,
    ) -> Result<(), Failure> {
        if self.is_json() {
            self.json(json)
        } else {
            self.page(&text())
        }
    }

    /// A text of lines, whatever the format.
    pub(crate) fn page(&self, text: &str) -> Result<(), Failure> {
        let mut out = plain::lines(text);
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        self.print(out.as_bytes()).map_err(Failure::stdout)
    }

    /// A line of text, whatever the format.
    pub(crate) fn line(&self, text: &str) -> Result<(), Failure> {
        self.page(&one_line(text))
    }

    /// A line of JSON, whatever the format. It is written as it is made.
    pub(crate) fn json(&self, json: &impl Serialize) -> Result<(), Failure> {
        let write = || {
            let mut out = Json(BufWriter::new(io::stdout().lock()));
            serde_json::to_writer(&mut out, json)?;
            write_all(out, b"\n")
        };
        self.live.suspend(write).map_err(Failure::stdout)
    }

    /// A list: a table for people, or `json` for programs. An empty one says so on stderr.
    pub(crate) fn table(
        &self,
        head: &[&str],
        rows: &[Vec<String>],
        json: &Value,
    ) -> Result<(), Failure> {
        if rows.is_empty() && !self.is_json() {
            self.note("nothing to list");
            return Ok(());
        }
        self.result(|| table(head, rows, width()), json)
    }

    /// What a command printed, as it is.
    pub(crate) fn command_stdout(&self, bytes: &[u8]) -> Result<(), Failure> {
        self.print(bytes).map_err(Failure::stdout)
    }

    /// As [`command_stdout`](Self::command_stdout), with the bare error.
    pub(crate) fn print(&self, bytes: &[u8]) -> io::Result<()> {
        self.live.suspend(|| write_all(io::stdout().lock(), bytes))
    }

    /// The terminal that results go to, for [`tty`](crate::tty) to tidy up.
    pub(crate) fn screen(&self) -> io::Result<OwnedFd> {
        io::stdout().as_fd().try_clone_to_owned()
    }

    /// Before something is made whose name goes to stdout: that there is one.
    pub(crate) fn is_there(&self) -> Result<(), Failure> {
        if is_missing(io::stdout().as_fd()) {
            let closed = Failure::failed("stdout is closed, so nobody would learn the id");
            return Err(
                closed.hint("nothing was made; a shell's `>/dev/null` says that nobody is to")
            );
        }
        Ok(())
    }

    /// All that `from` gives, as it is.
    pub(crate) fn copy(&self, mut from: impl Read) -> Result<(), Failure> {
        let copied = self.live.suspend(|| {
            let mut out = io::stdout().lock();
            io::copy(&mut from, &mut out).and_then(|_| out.flush())
        });
        copied.map_err(Failure::stdout)
    }

    /// Gives the terminal to a program that draws on all of it: notes and the log wait until that is over.
    pub(crate) fn hold(&self) -> Held<'_> {
        if io::stderr().is_terminal() {
            *self.held() = Some(Vec::new());
        }
        Held(self)
    }

    /// Whether it is somebody else's now.
    pub(crate) fn is_held(&self) -> bool {
        self.held().is_some()
    }

    fn held(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a command printed to its stderr, as it is.
    pub(crate) fn command_stderr(&self, bytes: &[u8]) {
        if let Some(held) = &mut *self.held() {
            let room = MAX_HELD.saturating_sub(held.len()).min(bytes.len());
            held.extend_from_slice(&bytes[..room]);
            return;
        }
        // Nothing is left to say it with if stderr is closed.
        let _ = self.live.suspend(|| write_all(io::stderr().lock(), bytes));
    }

    /// A remark for people, on stderr; not with `--quiet`.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.remark(text);
        }
    }

    /// Something that a person should know even with `--quiet`.
    pub(crate) fn warn(&self, text: &str) {
        self.remark(&format!("warning: {text}"));
    }

    /// A line on stderr, whatever the flags.
    pub(crate) fn remark(&self, text: &str) {
        self.command_stderr(format!("{}\n", one_line(text)).as_bytes());
    }

    /// What stands before the place where a person types.
    pub(crate) fn prompt(&self, text: &str) {
        self.command_stderr(format!("{} ", one_line(text)).as_bytes());
    }

    /// What a person types begins on a line of its own.
    pub(crate) fn newline(&self) {
        self.command_stderr(b"\n");
    }

    /// A line of the log, without what its values could do to a terminal: see [`log`](crate::log).
    pub(crate) fn logged(&self, line: &[u8]) {
        self.command_stderr(line);
    }

    /// Why it failed, on one line of stderr.
    pub(crate) fn failure(&self, failure: &Failure) {
        if self.is_json() {
            let line = plain::json(&failure.json().to_string());
            self.command_stderr(format!("{line}\n").as_bytes());
        } else {
            self.remark(&format!("error: {}", failure.text()));
        }
    }

    /// Asks a person on the terminal; `None` if there is none to ask.
    pub(crate) fn ask(&self, question: &str) -> Option<bool> {
        if self.is_json() || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return None;
        }
        self.prompt(&format!("{} [y/N]", one_line(question)));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).ok()?;
        Some(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let held = self.0.held().take();
        self.0.command_stderr(&held.unwrap_or_default());
    }
}

/// Whether results go to a terminal.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether stdout and stderr are one and the same: then what comes on both is to come in order.
pub(crate) fn is_one_stream() -> bool {
    let of = |stream: BorrowedFd<'_>| {
        let stat = rustix::fs::fstat(stream);
        stat.map(|stat| (stat.st_dev, stat.st_ino)).ok()
    };
    let (out, err) = (of(io::stdout().as_fd()), of(io::stderr().as_fd()));
    out.is_some() && out == err
}

/// Whether a program was started without this stream. Rust's start-up has put `/dev/null` in its place then, open both ways. A shell's
/// `>/dev/null` is for writing alone; some programs give their children one that cannot be told from none.
fn is_missing(stream: BorrowedFd<'_>) -> bool {
    let null = rustix::fs::stat("/dev/null").map(|null| null.st_rdev);
    let is_null = rustix::fs::fstat(stream)
        .is_ok_and(|there| null == Ok(there.st_rdev) && there.st_rdev != 0);
    is_null && rustix::fs::fcntl_getfl(stream).is_ok_and(|flags| flags.contains(OFlags::RDWR))
}

/// Whether progress may be drawn: stderr is a terminal that can.
pub(crate) fn draws() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

fn write_all(mut to: impl Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes)?;
    to.flush()
}

/// Lines and columns of the terminal that results go to, as far as it says.
pub(crate) fn size() -> Option<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_row > 0 && size.ws_col > 0).then_some((size.ws_row, size.ws_col))
}

/// How many columns the terminal has that results go to; `None` if they go elsewhere.
fn width() -> Option<u16> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(size.ws_col)
}

/// JSON for people: `Key: value` lines, lists and structures indented.
pub(crate) fn tree(value: &Value) -> String {
    let mut text = String::new();
    grow(value, 0, &mut text);
    text
}

fn grow(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                if is_leaf(value) {
                    let _ = writeln!(text, "{indent}{}: {}", one_line(name), leaf(value));
                } else {
                    let _ = writeln!(text, "{indent}{}:", one_line(name));
                    grow(value, depth + 1, text);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                if is_leaf(item) {
                    let _ = writeln!(text, "{indent}- {}", leaf(item));
                } else {
                    let mut inner = String::new();
                    grow(item, depth + 1, &mut inner);
                    // The first member stands beside the dash.
                    let _ = write!(text, "{indent}- {}", inner.trim_start());
                }
            }
        }
        leaf_value => {
            let _ = writeln!(text, "{indent}{}", leaf(leaf_value));
        }
    }
}

fn is_leaf(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    }
}

fn leaf(value: &Value) -> String {
    match value {
        Value::String(text) => one_line(text),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_stream_that_leads_nowhere_on_purpose_is_there() {
        let is_missing = |path: &str, is_read: bool| {
            let file = OpenOptions::new().read(is_read).write(true).open(path);
            is_missing(file.unwrap().as_fd())
        };
        assert!(!is_missing("/dev/null", false) && !is_missing("/dev/zero", true));
        assert!(is_missing("/dev/null", true), "as Rust's start-up opens it");
    }

    #[test]
    fn json_for_people() {
        let value =
            json!({"A": 1, "B": {"C": "x", "N": null}, "L": ["p", {"q": 1, "r": []}], "E": {}});
        assert_eq!(
            tree(&value),
            "A: 1\nB:\n  C: x\nE: {}\nL:\n  - p\n  - q: 1\n    r: []\n"
        );
    }
}
