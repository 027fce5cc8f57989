//! What a shell prints: whose it is, and what of it is bash's own.

use swerex_proto::native::Stream;

use super::State;
use crate::{
    events::Tap,
    session::{
        script::{MARK, Prompt},
        shell::phase::{Phase, Progress},
    },
};

impl State {
    /// Tells of what has not been handed out, from an offset on, and then, while a command runs, of what is printed. It tells of so much at a
    /// time; where it is to go on comes back, unless there is no more.
    pub(in crate::session) fn listen(&mut self, tap: &Tap, told: usize) -> Option<usize> {
        /// Bytes that are told at a time.
        const PIECE: usize = 256 * 1024;
        let piece = self.screen.piece(told, PIECE);
        tap.tell(Stream::Stdout, &piece.bytes);
        if !piece.is_last {
            return Some(piece.start + piece.bytes.len());
        }
        if matches!(self.phase, Phase::Running { .. }) {
            self.tap = tap.clone();
        }
        None
    }

    /// What is printed waits to be looked through, from there on; or not any more.
    pub(in crate::session) fn search(&mut self, from: Option<usize>) {
        self.searched = from;
    }

    /// Bytes that wait to be looked through.
    pub(in crate::session::shell) fn unsearched(&self) -> usize {
        self.searched
            .map_or(0, |from| self.screen.len().saturating_sub(from))
    }

    /// Nobody gets the output of a command that has ended by now.
    pub(in crate::session) fn forsake(&mut self, number: u64) {
        if self.done(number).is_some() {
            self.screen.take();
        }
    }

    pub(in crate::session::shell) fn print(&mut self, bytes: &[u8]) {
        if self.is_muted() {
            return;
        }
        self.screen.push(bytes);
        self.tap.tell(Stream::Stdout, bytes);
    }

    /// Takes out what `set -v` shows of the words at the prompt, which begin so.
    pub(in crate::session::shell) fn take_words_back(&mut self, words: &str) {
        self.take_back(words.as_bytes(), &[]);
    }

    /// The prompt that bash tells of is the user's, and is printed after a complaint.
    pub(in crate::session::shell) fn expect_mark(&mut self, prompt: Prompt) {
        self.unmarked = Some(prompt);
    }

    /// The complaint is there: takes it out, and what has come of the prompt.
    pub(in crate::session::shell) fn take_marked(&mut self) -> Option<Prompt> {
        let prompt = self.unmarked.take()?;
        self.take_back(MARK.as_bytes(), &[b"-bash: ", b"bash: "]);
        Some(prompt)
    }

    /// Takes out what was printed last, from this on, and what stands right before it.
    fn take_back(&mut self, from: &[u8], names: &[&[u8]]) {
        /// Prompts and words are shorter.
        const MOST: usize = 64 * 1024;
        let end = self.screen.len();
        let piece = self.screen.piece(end.saturating_sub(MOST), MOST);
        let Some(found) = memchr::memmem::rfind(&piece.bytes, from) else {
            return;
        };
        let before = &piece.bytes[..found];
        let name = names.iter().find(|name| before.ends_with(name));
        let start = piece.start + found - name.map_or(0, |name| name.len());
        let before = self.screen.take_before(start, end);
        self.screen.absorb(before);
    }

    /// Whether what is printed is bash's own: a prompt that could not be made invisible, or the server's words, which `set -v` shows.
    fn is_muted(&self) -> bool {
        match self.phase {
            Phase::Idle => self.has_visible_prompt,
            Phase::Running {
                progress: Progress::Settling(_) | Progress::Asked { .. },
                ..
            } => self.last.options.verbose,
            _ => false,
        }
    }
}
