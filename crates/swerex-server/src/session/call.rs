//! Waiting for what runs in a shell: its end, a pattern in its output, or a moment.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    pattern::{Match, Patterns, Stream},
    shell::{Done, End, Keeper, Phase, Replaced, Shell},
};
use crate::output::{Capture, Piece};

/// Bytes that are looked through at a time.
const PIECE: usize = 1024 * 1024;

/// How often it is looked whether a shell has become another program: first, and at most.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const LAST_LOOK: Duration = Duration::from_secs(2);

/// What came first.
#[derive(Debug)]
pub(super) enum Event {
    /// The command is over.
    Done(Done),
    /// A pattern was seen. The output up to it is taken out, and what follows stays.
    Seen { pattern: String, before: Capture },
    /// The time is up.
    Late,
    /// The shell is gone.
    Ended(End),
    /// The shell has become another program, which waits for somebody to type.
    Replaced(Replaced),
    /// Another call has taken the output over.
    Lost,
}

/// Somebody who waits for one command. When dropped, nobody does, and the command goes on.
pub(super) struct Waiter<'a> {
    shell: &'a Shell,
    number: u64,
    patterns: &'a Patterns,
    stream: Stream,
    is_over: bool,
}

impl<'a> Waiter<'a> {
    /// For the command of that number, which is running.
    pub(super) fn new(shell: &'a Shell, number: u64, patterns: &'a Patterns) -> Self {
        if !patterns.is_empty() {
            shell.state().search(Some(0));
        }
        Self {
            shell,
            number,
            patterns,
            stream: Stream::default(),
            is_over: false,
        }
    }

    /// Waits until something happens; `None` is no limit.
    pub(super) async fn wait(&mut self, deadline: Option<Instant>) -> Event {
        let mut changes = self.shell.changes();
        let mut pause = FIRST_LOOK;
        let mut next_look = Instant::now() + pause;
        loop {
            changes.borrow_and_update();
            let look = self.look();
            let seen = match deadline {
                // A search may take longer than there is time.
                Some(deadline) => tokio::time::timeout_at(deadline, look).await,
                None => Ok(look.await),
            };
            match seen {
                Ok(Some(event)) => return event,
                Ok(None) => {}
                Err(_) => return Event::Late,
            }
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Event::Late;
            }
            if next_look <= now {
                if let Some(replaced) = self.shell.replaced() {
                    return Event::Replaced(replaced);
                }
                pause = (pause * 2).min(LAST_LOOK);
                next_look = now + pause;
            }
            let until = deadline.map_or(next_look, |deadline| deadline.min(next_look));
            // Without a change it is time for one of the two.
            let _ = tokio::time::timeout_at(until, changes.changed()).await;
        }
    }

    /// Somebody else waits from now on.
    pub(super) fn forget(mut self) {
        self.is_over = true;
    }

    async fn look(&mut self) -> Option<Event> {
        loop {
            let looked = self.look_at_piece().await;
            if let Looked::At(event) = looked {
                return event;
            }
        }
    }

    async fn look_at_piece(&mut self) -> Looked {
        let (done, ended, new) = {
            let mut state = self.shell.state();
            let done = state.done(self.number);
            let ended = match state.phase() {
                Phase::Ended(end) => Some(*end),
                _ => None,
            };
            let is_end = done.is_some() || ended.is_some();
            let taken = self.stream.taken();
            let has_new = is_end || taken < state.screen.len();
            let new = (has_new && !self.patterns.is_empty()).then(|| {
                let piece = state.screen.piece(taken, PIECE);
                state.search(Some(piece.start));
                piece
            });
            (done, ended, new)
        };
        let is_end = done.is_some() || ended.is_some();
        let has_more = new.as_ref().is_some_and(|piece| !piece.is_last);
        let found = match new {
            Some(piece) => self.search(piece, is_end).await,
            None => None,
        };
        let mut state = self.shell.state();
        let is_lost = ended.is_none() && state.number() != self.number;
        if let Some(found) = found.filter(|_| !is_lost) {
            let Match {
                pattern,
                start,
                end,
            } = found;
            let before = state.screen.take_before(start, end);
            state.keep(Keeper::Next);
            self.is_over = true;
            return Looked::At(Some(Event::Seen { pattern, before }));
        }
        if has_more && !is_lost {
            return Looked::AtAPart;
        }
        // What has happened since it was looked is for the next look: there may be output before it.
        let event = match (ended, done) {
            (Some(end), _) => Event::Ended(end),
            (None, Some(done)) => Event::Done(done),
            (None, None) if is_lost => Event::Lost,
            (None, None) => return Looked::At(None),
        };
        self.is_over = true;
        Looked::At(Some(event))
    }

    /// Looks for the patterns where it holds nobody up: some take long to be looked for.
    async fn search(&mut self, new: Piece, is_end: bool) -> Option<Match> {
        let is_end = new.is_cut || (new.is_last && is_end);
        let patterns = self.patterns.clone();
        let mut stream = std::mem::take(&mut self.stream);
        // Gone when nobody waits for it any more.
        let waiting = Arc::new(());
        let wanted = Arc::downgrade(&waiting);
        let searched = tokio::task::spawn_blocking(move || {
            let is_wanted = || wanted.strong_count() > 0;
            let found = stream.search(&patterns, new.start, &new.bytes, is_end, is_wanted);
            (stream, found)
        });
        // It fails where the server ends.
        let (stream, found) = searched.await.ok()?;
        drop(waiting);
        self.stream = stream;
        self.shell.searched();
        found
    }
}

/// What looking has found.
enum Looked {
    /// Of all that has been printed.
    At(Option<Event>),
    /// Nothing, and there is more to be looked through.
    AtAPart,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut state = self.shell.state();
        if !self.patterns.is_empty() {
            state.search(None);
            self.shell.searched();
        }
        if !self.is_over && state.number() == self.number {
            state.keep(Keeper::Nobody);
        }
    }
}
