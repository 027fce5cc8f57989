//! The one room that prints: results to stdout, notes to stderr, as text or as JSON.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal as _, Read, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use clap::ValueEnum;
use indicatif::MultiProgress;
use serde_json::Value;

use crate::{report::Failure, table::table};

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
        let mut out = if self.is_json() {
            json.to_string()
        } else {
            text()
        };
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        self.stdout(out.as_bytes())
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

    /// Bytes as they are.
    pub(crate) fn stdout(&self, bytes: &[u8]) -> Result<(), Failure> {
        self.live
            .suspend(|| write_all(io::stdout().lock(), bytes))
            .map_err(Failure::stdout)
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

    /// A command's own error output, as it is.
    pub(crate) fn stderr(&self, bytes: &[u8]) {
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
            self.stderr(format!("{}\n", one_line(text)).as_bytes());
        }
    }

    /// Something that a person should know even with `--quiet`.
    pub(crate) fn warn(&self, text: &str) {
        self.stderr(format!("warning: {}\n", one_line(text)).as_bytes());
    }

    /// Why it failed, on one line of stderr.
    pub(crate) fn failure(&self, failure: &Failure) {
        let line = if self.is_json() {
            failure.json().to_string()
        } else {
            one_line(&format!("error: {}", failure.text()))
        };
        self.stderr(format!("{line}\n").as_bytes());
    }

    /// Asks a person on the terminal; `None` if there is none to ask.
    pub(crate) fn ask(&self, question: &str) -> Option<bool> {
        if self.is_json() || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return None;
        }
        self.stderr(format!("{} [y/N] ", one_line(question)).as_bytes());
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).ok()?;
        Some(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let held = self.0.held().take();
        self.0.stderr(&held.unwrap_or_default());
    }
}

/// Whether progress may be drawn: stderr is a terminal that can.
pub(crate) fn draws() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

fn write_all(mut to: impl Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes)?;
    to.flush()
}

/// How many columns the terminal has that results go to; `None` if they go elsewhere.
fn width() -> Option<u16> {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok()?;
    (size.ws_col > 0).then_some(size.ws_col)
}

/// Text from elsewhere on one line, without what a terminal would act on.
pub(crate) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.trim_end().chars() {
        match letter {
            '\n' | '\t' => out.push(' '),
            '\r' => {}
            letter if letter.is_control() => out.extend(letter.escape_default()),
            letter => out.push(letter),
        }
    }
    out
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
                    let _ = writeln!(text, "{indent}{name}: {}", leaf(value));
                } else {
                    let _ = writeln!(text, "{indent}{name}:");
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
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_shown_instead() {
        assert_eq!(one_line("a\x1b[31mb\nc\r\n"), "a\\u{1b}[31mb c");
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
