//! Keeping in step with a shell: what it is told so that a command ends, looking at it when nothing comes, and interrupts.

use std::{io, os::unix::fs::FileExt, time::Duration};

use rustix::{
    io::Errno,
    process::{Pid, Signal, kill_process, kill_process_group},
};
use tokio::time::Instant;

use super::{
    MOMENT, Phase, Shell,
    phase::{Ask, Seen},
    state::State,
};
use crate::session::{
    prompt,
    script::{self, Paths, Way},
};

/// How many of them bash may take to start a process.
const MOMENTS: u32 = 30;

/// How long nothing may come from a shell that seems to wait before it is looked at: first, and at most.
pub(super) const FIRST_LOOK: Duration = Duration::from_millis(50);
pub(super) const LAST_LOOK: Duration = Duration::from_secs(1);

impl Shell {
    /// Types what runs a text.
    pub(super) fn evaluate(&self, state: &mut State, command: &str, way: Way) -> io::Result<()> {
        let line = self.paths.line(command, way, state.number(), state.last());
        if !line.text.is_empty() {
            self.text.set_len(0)?;
            self.text.write_all_at(&line.text, 0)?;
        }
        if line.is_told {
            state.expect_beginning(command.to_owned(), way);
        }
        self.terminal.type_now(line.typed.as_bytes());
        Ok(())
    }

    /// A prompt that could not be made invisible is printed before bash reads a command.
    pub(super) fn let_prompt_be_shown(&self, state: &mut State) {
        /// It takes some microseconds, on a machine that has time.
        const MOST: u32 = 200;
        for _ in 0..MOST {
            if self.reads_command() == Some(true) {
                break;
            }
            std::thread::sleep(MOMENT);
        }
        let mut printed = Vec::new();
        self.terminal.read(&mut printed);
        self.take_over(state, &mut printed);
    }

    /// Presses the interrupt key: a character, which a program in the foreground may want to have so.
    pub(in crate::session) fn press_interrupt(&self) {
        self.terminal.interrupt();
    }

    /// Whether pressing the key is a signal.
    pub(in crate::session) fn has_interrupt_key(&self) -> bool {
        self.terminal.has_interrupt()
    }

    /// Sends a signal to the foreground, and takes back what it has not read: the shell would take that for a command. Not every
    /// kernel makes signals of keys.
    pub(in crate::session) fn signal(&self, group: Pid, signal: Signal) {
        self.terminal.take_back();
        if kill_process_group(group, signal) == Err(Errno::PERM) && signal == Signal::INT {
            // It belongs to somebody else, and the key reaches it.
            self.terminal.interrupt();
        }
    }

    /// Takes back what was typed and nobody has read.
    pub(in crate::session) fn take_back(&self) {
        self.terminal.take_back();
    }

    /// Lets a shell go on that was stopped: no other signal would reach it.
    pub(in crate::session) fn wake(&self) {
        // It may be gone.
        let _ = kill_process(self.pid, Signal::CONT);
    }

    /// Whether bash reads a command at its prompt; `None` where the kernel does not say.
    pub(super) fn reads_command(&self) -> Option<bool> {
        prompt::reads_command(self.pid)
    }

    /// When a shell is looked at from which nothing has come since.
    pub(super) fn next_look(&self, last_news: Instant, pause: Duration) -> Option<Instant> {
        let state = self.state();
        match state.phase() {
            Phase::Running { .. } => Some(last_news + pause),
            Phase::Idle => state.idle_limit().map(|limit| last_news + limit / 2),
            Phase::Starting | Phase::Ended(_) => None,
        }
    }

    /// Looks at a shell from which nothing comes. A report can be lost, and what was typed with it; and a shell that waits too
    /// long for a command may end itself: whether it was kept from that.
    pub(super) fn look_for_end(&self, quiet: Duration) -> bool {
        let mut state = self.state();
        if self.has_news() {
            return false;
        }
        match state.phase() {
            Phase::Running { .. } => {}
            Phase::Idle => {
                state.nudge();
                self.tell(&mut state, Some(Ask::Settle));
                return true;
            }
            Phase::Starting | Phase::Ended(_) => return false,
        }
        let reads_command = self.reads_command();
        // Without a word of the kernel's it takes longer to believe.
        if reads_command.is_none() && quiet < LAST_LOOK {
            return false;
        }
        let seen = Seen {
            is_in_front: self.foreground() == Some(self.pid),
            reads_command,
            has_input: self.terminal.unread() > 0,
        };
        // What it said in the meantime counts.
        if self.has_news() {
            return false;
        }
        let ask = state.stuck(seen);
        self.tell(&mut state, ask);
        drop(state);
        self.changes.send_replace(());
        false
    }

    /// Does what brings a command to its end.
    pub(super) fn tell(&self, state: &mut State, ask: Option<Ask>) {
        let Some(ask) = ask else { return };
        let line = match ask {
            Ask::Settle => "\n".to_owned(),
            Ask::PlainInput => Paths::plain_input().to_owned(),
            Ask::Question {
                number,
                leave,
                is_hook_lost,
                takes_back,
            } => {
                if takes_back {
                    self.terminal.take_back();
                }
                let words = is_hook_lost.then(|| script::path(&self.startup));
                self.paths.question(number, leave, words.as_deref())
            }
            Ask::GiveUp => {
                self.terminal.take_back();
                let _ = kill_process(self.pid, Signal::INT);
                return;
            }
            Ask::Otherwise(command, way) => {
                // What cannot be written cannot be run: the command is over, unheard.
                let _ = self.evaluate(state, &command, way);
                return;
            }
            Ask::End => {
                let _ = kill_process(self.pid, Signal::KILL);
                return;
            }
        };
        self.terminal.type_now(line.as_bytes());
    }

    /// Interrupts in the given way what runs, unless it has come to its end: bash, at its prompt, would show the interrupt, and
    /// the next command's output would begin with that. A process that bash had just started when it was interrupted itself has
    /// the terminal still, and is interrupted all the same.
    ///
    /// While bash starts a process it gives the terminal away. An interrupt would find it without one, and end it: so it is met
    /// there only when it stays in the foreground itself.
    pub(in crate::session) async fn disturb(&self, way: impl Fn()) {
        let mut chances = MOMENTS;
        loop {
            {
                let state = self.state();
                let is_in_front = self.foreground() == Some(self.pid);
                let is_over = matches!(state.phase(), Phase::Ended(_))
                    || (is_in_front && !state.is_running());
                // No report is taken over as long as the state is locked.
                let has_news = self.has_news();
                if is_over && !has_news {
                    return;
                }
                if !has_news && (!is_in_front || chances == 0) {
                    way();
                    return;
                }
                if !has_news {
                    chances -= 1;
                }
            }
            tokio::time::sleep(MOMENT).await;
        }
    }
}
