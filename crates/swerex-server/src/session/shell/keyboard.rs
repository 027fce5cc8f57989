//! What is known of a shell's terminal by whoever types to it.

use std::{path::Path, sync::atomic::Ordering};

use super::Shell;

impl Shell {
    /// The name of the end that programs have.
    pub(in crate::session) fn terminal_name(&self) -> &Path {
        &self.terminal.name
    }

    /// Whether programs get whole lines, and no more than fits into one.
    pub(in crate::session) fn reads_whole_lines(&self) -> bool {
        self.terminal.reads_whole_lines()
    }

    /// Bytes that were typed and have not been read.
    pub(in crate::session) fn unread(&self) -> u64 {
        self.terminal.unread()
    }

    /// Remembers whether process substitutions print from now on: a function that uses one may be called at any time.
    pub(in crate::session) fn note_substitutions(&self, command: &str) {
        if command.contains(">(") {
            self.substitutes.store(true, Ordering::Relaxed);
        }
    }

    pub(in crate::session) fn has_substitutions(&self) -> bool {
        self.substitutes.load(Ordering::Relaxed)
    }

    /// Takes over what has been printed until now.
    pub(in crate::session) fn catch_up(&self) {
        let mut state = self.state();
        let mut printed = Vec::new();
        self.terminal.read(&mut printed);
        self.take_over(&mut state, &mut printed);
    }
}
