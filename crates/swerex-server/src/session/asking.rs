//! Programs that an earlier command has left waiting for input, and what they ask.
//!
//! What is sent next is typed to them, and told as that: it did not run as a command.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    call::{Event, Waiter},
    inner,
    input::{self, Foreground},
    shell::Shell,
};

/// Bytes at the end of the output that a question may take.
const QUESTION: usize = 4096;

/// How long nothing must have been printed before a program that may do something else, too, counts as one that asks.
const QUIET: Duration = Duration::from_millis(60);
/// The same where the kernel does not say what the program does.
const VERY_QUIET: Duration = Duration::from_millis(250);

/// The longest line of a terminal in whole lines, with its end; the kernel throws the rest away.
pub(super) const LONGEST_LINE: usize = 4095;

/// How often it is looked whether a program asks again: first, and at most.
const FIRST_LOOK: Duration = Duration::from_millis(20);
const LAST_LOOK: Duration = Duration::from_millis(500);

/// A text that is typed to a program, and is no command.
#[derive(Debug)]
pub(super) struct Typed {
    program: String,
    /// Something was printed before it, so it answers a question.
    is_answer: bool,
    /// Bytes of the output that came before it.
    before: usize,
    /// The prompt of the shell that runs it.
    prompt: Option<Vec<u8>>,
}

impl Typed {
    /// Before it is typed.
    pub(super) fn new(shell: &Shell) -> Self {
        // In a statement of its own, because the state is locked until its end.
        let printed = shell.state().screen.len();
        Self {
            program: shell.asker(),
            is_answer: printed > 0,
            before: 0,
            prompt: inner::is_at_prompt(shell).then(|| shell.question()),
        }
    }

    /// The prompt, if it is typed to a shell and so is a command after all.
    pub(super) fn prompt(&self) -> Option<&[u8]> {
        self.prompt.as_deref()
    }

    /// All that has been printed so far came before it.
    pub(super) fn comes_after(&mut self, printed: usize) {
        self.before = printed;
    }

    /// Why there is no exit code.
    pub(super) fn reason(&self) -> String {
        if self.prompt.is_some() {
            return format!(
                "the command was given to `{}`, a shell that an earlier command has started, and that has not told its exit code",
                self.program
            );
        }
        format!(
            "the command was not run: it was typed to `{}`, which an earlier command has started and which waited for input",
            self.program
        )
    }

    /// Its code, as far as it has one, from that of the earlier command. What reads without having said anything may be meant to
    /// read the next text; then that is SWE-ReX's answer.
    pub(super) fn code(&self, earlier: Option<i64>) -> Option<i64> {
        earlier.filter(|_| !self.is_answer)
    }

    /// Waits for the end of the earlier command; `None` if the program asks again before that.
    pub(super) async fn wait(
        &self,
        shell: &Shell,
        waiter: &mut Waiter<'_>,
        deadline: Option<Instant>,
    ) -> Option<Event> {
        if self.prompt.is_some() {
            return inner::wait(shell, waiter, deadline, self.before).await;
        }
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
            if watch.asks(shell) && watch.printed > self.before && shell.has_question() {
                return None;
            }
        }
    }
}

/// Looks again and again whether the foreground asks.
#[derive(Debug)]
pub(super) struct Watch {
    printed: usize,
    since: Instant,
}

impl Watch {
    pub(super) fn new(shell: &Shell) -> Self {
        shell.catch_up();
        Self {
            printed: shell.state().screen.len(),
            since: Instant::now(),
        }
    }

    /// Bytes that had been printed at the last look.
    pub(super) fn printed(&self) -> usize {
        self.printed
    }

    /// Whether it waits for somebody to type. One that reads does; one that can only be seen to wait for something does if the
    /// last line of the output is a question, and nothing follows it for a while.
    pub(super) fn asks(&mut self, shell: &Shell) -> bool {
        let does = shell.look();
        // What it has printed before is there.
        shell.catch_up();
        let printed = shell.state().screen.len();
        if printed != self.printed {
            self.printed = printed;
            self.since = Instant::now();
        }
        if shell.unread() > 0 {
            // What reads gets that first: bash, for one, the command that was typed last.
            return false;
        }
        match does {
            Foreground::Reads => true,
            Foreground::Polls => self.since.elapsed() >= QUIET && shell.has_question(),
            Foreground::Unknown => self.since.elapsed() >= VERY_QUIET && shell.has_question(),
            Foreground::Works => false,
        }
    }
}

impl Shell {
    /// The name of the program that would get what is typed.
    pub(super) fn asker(&self) -> String {
        let group = self.foreground();
        let reader =
            group.and_then(|group| input::find(group, self.terminal_name()).1.or(Some(group)));
        reader
            .and_then(input::name)
            .unwrap_or_else(|| "a program".to_owned())
    }

    /// Whether the output ends in the middle of a line, as questions do.
    pub(super) fn has_question(&self) -> bool {
        is_question(&self.last_words())
    }

    /// The last line that shows something: with its end, or without if it is not ended.
    pub(super) fn question(&self) -> Vec<u8> {
        last_line(&self.last_words()).to_vec()
    }

    fn last_words(&self) -> Vec<u8> {
        let state = self.state();
        let start = state.screen.len().saturating_sub(QUESTION);
        state.screen.piece(start, QUESTION).bytes
    }

    /// Whether a text gets through the terminal as it is now.
    pub(super) fn can_take(&self, text: &str) -> bool {
        !self.reads_whole_lines() || text.split('\n').all(|line| line.len() < LONGEST_LINE)
    }
}

fn last_line(text: &[u8]) -> &[u8] {
    let shown = text.trim_ascii_end().len();
    let start = memchr::memrchr(b'\n', &text[..shown]).map_or(0, |end| end + 1);
    &text[start..]
}

/// Whether there is something behind the last line's end, written there by going on and not by going to a place of the screen.
fn is_question(text: &[u8]) -> bool {
    let start = memchr::memrchr(b'\n', text).map_or(0, |end| end + 1);
    let mut rest = &text[start..];
    let mut is_shown = false;
    while let [first, more @ ..] = rest {
        rest = more;
        match (first, more) {
            (0x1b, [b'[', sequence @ ..]) => {
                let end = sequence
                    .iter()
                    .position(|byte| (0x40..=0x7e).contains(byte));
                let Some(end) = end else { return false };
                if matches!(sequence[end], b'H' | b'f' | b'd') {
                    return false;
                }
                rest = &sequence[end + 1..];
            }
            (0x1b, [b']', title @ ..]) => {
                let end = title.iter().position(|byte| matches!(byte, 0x07 | 0x5c));
                rest = end.map_or(&[], |end| &title[end + 1..]);
            }
            (0x1b, [_, sequence @ ..]) => rest = sequence,
            (byte, _) => is_shown |= !byte.is_ascii_whitespace() && !byte.is_ascii_control(),
        }
    }
    is_shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_a_line_without_an_end() {
        let questions: [&[u8]; 7] = [
            b"cp: overwrite 'b'? ",
            b"1) a\r\n2) b\r\n#? ",
            b"Password:",
            b"\x1b[?2004h>>> ",
            b"\x1b]0;title\x07\x1b[32muser\x1b[0m$ ",
            b"text\r\n\x1b[?2004h\x1b[?1h\x1b[?25l\x1b[1A\r\n>>> \x1b[4D\x1b[?25h\x1b[4C",
            "Fortfahren? [J/n] ✓".as_bytes(),
        ];
        for text in questions {
            assert!(is_question(text), "{}", String::from_utf8_lossy(text));
        }
        let others: [&[u8]; 6] = [
            b"",
            b"done\r\n",
            b"done\r\n\x1b[0m",
            b"done\r\n  ",
            b"~\r\n~\r\n\"file\" 3L, 7B\x1b[1;1H\x1b[?25h",
            b"\x1b[",
        ];
        for text in others {
            assert!(!is_question(text), "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn the_question_is_the_last_line_that_shows_something() {
        assert_eq!(last_line(b"a\r\nsure? "), b"sure? ");
        assert_eq!(last_line(b"a\r\nsure?\r\n"), b"sure?\r\n");
        assert_eq!(last_line(b"sure?\r\n\r\n"), b"sure?\r\n\r\n");
        assert_eq!(last_line(b"\r\n "), b"\r\n ");
        assert_eq!(last_line(b""), b"");
    }
}
