//! What is known of a shell, as it follows from what it prints and reports. No I/O.

use std::{os::unix::process::ExitStatusExt, process::ExitStatus};

use swerex_proto::native::{MAX_OUTPUT, Stream};

use crate::{
    events::Tap,
    output::Capture,
    session::script::{Options, Report},
};

/// The code of a command that was interrupted before it began.
const INTERRUPTED: i64 = 130;

/// Where a shell is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::session) enum Phase {
    /// It reads its start-up files.
    Starting,
    /// It waits for a command.
    Idle,
    /// It runs one.
    Running {
        keeper: Keeper,
        /// It has understood the first line.
        is_begun: bool,
        code: Option<i64>,
        is_interrupted: bool,
        /// How it has ended; bash is asked to settle.
        end: Option<Done>,
    },
    /// It is gone.
    Ended(End),
}

/// Whose the output of a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Keeper {
    /// Somebody waits for the command.
    Waiting,
    /// Nobody does any more: the next command's output is its own.
    Nobody,
    /// The next call's: what was expected has been seen, and the rest stays.
    Next,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) struct Done {
    pub(in crate::session) code: i64,
    /// Bash did not understand its first line, and ran nothing.
    pub(in crate::session) is_refused: bool,
}

/// How a shell ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum End {
    Exited(i32),
    Killed(i32),
    Unknown,
}

impl End {
    pub(super) fn of(status: Option<ExitStatus>) -> Self {
        match status {
            None => Self::Unknown,
            Some(status) => match (status.code(), status.signal()) {
                (Some(code), _) => Self::Exited(code),
                (None, Some(signal)) => Self::Killed(signal),
                (None, None) => Self::Unknown,
            },
        }
    }
}

/// All of it.
#[derive(Debug)]
pub(in crate::session) struct State {
    phase: Phase,
    /// What has been printed and not been handed out.
    pub(in crate::session) screen: Capture,
    options: Options,
    /// Of the last command.
    number: u64,
    done: Option<Done>,
    tap: Tap,
    /// Up to where the output has been looked through, if somebody looks for something in it.
    searched: Option<usize>,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            phase: Phase::Starting,
            screen: Capture::new(MAX_OUTPUT),
            options: Options::default(),
            number: 0,
            done: None,
            tap: Tap::none(),
            searched: None,
        }
    }

    pub(in crate::session) fn phase(&self) -> &Phase {
        &self.phase
    }

    pub(in crate::session) fn options(&self) -> Options {
        self.options
    }

    /// Whether a command runs, and its end has not been reported.
    pub(super) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running { end: None, .. })
    }

    /// The last command's number.
    pub(in crate::session) fn number(&self) -> u64 {
        self.number
    }

    /// How that command ended; `None` while it runs.
    pub(in crate::session) fn done(&self, number: u64) -> Option<Done> {
        self.done
            .filter(|_| self.number == number && self.phase == Phase::Idle)
    }

    /// A command is typed; what comes back is its number.
    pub(super) fn begin(&mut self) -> u64 {
        self.number += 1;
        self.done = None;
        self.phase = Phase::Running {
            keeper: Keeper::Waiting,
            is_begun: false,
            code: None,
            is_interrupted: false,
            end: None,
        };
        self.tap = Tap::none();
        self.number
    }

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
    pub(super) fn unsearched(&self) -> usize {
        self.searched
            .map_or(0, |from| self.screen.len().saturating_sub(from))
    }

    /// Hands the output of what runs to somebody else; whether there was anything running.
    pub(in crate::session) fn keep(&mut self, to: Keeper) -> bool {
        if to != Keeper::Waiting {
            self.tap = Tap::none();
        }
        match &mut self.phase {
            Phase::Running { keeper, .. } => {
                *keeper = to;
                true
            }
            _ => false,
        }
    }

    /// Nobody gets the output of a command that has ended by now.
    pub(in crate::session) fn forsake(&mut self, number: u64) {
        if self.done(number).is_some() {
            self.screen.take();
        }
    }

    pub(in crate::session) fn mark_interrupted(&mut self) {
        if let Phase::Running { is_interrupted, .. } = &mut self.phase {
            *is_interrupted = true;
        }
    }

    pub(super) fn print(&mut self, bytes: &[u8]) {
        self.screen.push(bytes);
        self.tap.tell(Stream::Stdout, bytes);
    }

    /// Takes a report over; whether bash is to be asked to settle, for the command of the present number.
    ///
    /// After an interrupt it may still have one to see to, and would throw the next command away; and of jobs it tells only when
    /// it reads a line.
    pub(super) fn hear(&mut self, report: Report) -> bool {
        match (report, &mut self.phase) {
            (Report::Prompt { options, .. }, Phase::Starting) => {
                self.options = options;
                self.phase = Phase::Idle;
                false
            }
            (Report::Begun(number), Phase::Running { is_begun, end, .. })
                if number == self.number =>
            {
                *is_begun = true;
                // It had only looked like the end.
                *end = None;
                false
            }
            (Report::Code(number, heard, options), Phase::Running { code, .. })
                if number == self.number =>
            {
                code.get_or_insert(heard);
                self.options = options;
                false
            }
            (Report::Settled(number), Phase::Running { end: Some(end), .. })
                if number == self.number =>
            {
                let end = *end;
                self.finish(end);
                false
            }
            (
                Report::Prompt {
                    code,
                    options,
                    has_jobs,
                },
                Phase::Running { .. },
            ) => self.prompt(code, options, has_jobs),
            _ => false,
        }
    }

    fn prompt(&mut self, last: i64, options: Options, has_jobs: bool) -> bool {
        let Phase::Running {
            is_begun,
            code,
            is_interrupted,
            end,
            ..
        } = &mut self.phase
        else {
            return false;
        };
        if end.is_some() {
            // Only an interrupt comes between a question and its answer.
            return *is_interrupted;
        }
        let is_read = *is_begun || code.is_some();
        if !is_read && !*is_interrupted {
            // The prompt before the command, and not the one after it.
            return false;
        }
        self.options.extglob = options.extglob;
        if code.is_none() {
            self.options = options;
        }
        let done = Done {
            code: code.unwrap_or(if is_read { last } else { INTERRUPTED }),
            is_refused: !*is_begun && !*is_interrupted,
        };
        if has_jobs || *is_interrupted {
            *end = Some(done);
            return true;
        }
        self.finish(done);
        false
    }

    fn finish(&mut self, done: Done) {
        let is_unwanted = matches!(
            self.phase,
            Phase::Running {
                keeper: Keeper::Nobody,
                ..
            }
        );
        self.done = Some(done);
        self.phase = Phase::Idle;
        self.tap = Tap::none();
        if is_unwanted {
            self.screen.take();
        }
    }

    pub(super) fn end(&mut self, end: End) {
        self.phase = Phase::Ended(end);
        self.tap = Tap::none();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prompt(code: i64, has_jobs: bool) -> Report {
        Report::Prompt {
            code,
            options: Options::default(),
            has_jobs,
        }
    }

    fn printed(state: &State) -> Vec<u8> {
        state.screen.piece(0, usize::MAX).bytes
    }

    fn idle() -> State {
        let mut state = State::new();
        assert!(!state.hear(prompt(0, false)));
        assert_eq!(*state.phase(), Phase::Idle);
        state
    }

    #[test]
    fn a_command_has_its_own_code() {
        let mut state = idle();
        let number = state.begin();
        // A prompt of before the command was read.
        state.hear(prompt(0, false));
        assert_eq!(state.done(number), None);
        for report in [
            Report::Begun(number),
            Report::Code(number, 7, Options::default()),
            prompt(0, false),
        ] {
            assert_eq!(state.done(number), None);
            state.hear(report);
        }
        let done = Done {
            code: 7,
            is_refused: false,
        };
        assert_eq!(state.done(number), Some(done));
    }

    #[test]
    fn a_command_that_returns_to_the_prompt_has_the_prompts_code() {
        let mut state = idle();
        let number = state.begin();
        state.hear(Report::Begun(number));
        state.hear(prompt(130, false));
        assert_eq!(state.done(number).unwrap().code, 130);
    }

    #[test]
    fn jobs_are_told_of_before_the_end() {
        let mut state = idle();
        let number = state.begin();
        state.hear(Report::Begun(number));
        state.hear(Report::Code(number, 3, Options::default()));
        assert!(state.hear(prompt(0, true)));
        assert_eq!(state.done(number), None);
        state.print(b"[1]+  Done\r\n");
        assert!(!state.hear(Report::Settled(number)));
        assert!(!state.hear(prompt(0, true)));
        assert_eq!(state.done(number).unwrap().code, 3);
        assert_eq!(printed(&state), b"[1]+  Done\r\n");
    }

    #[test]
    fn an_interrupt_that_is_left_over_does_not_take_the_next_command() {
        let mut state = idle();
        let number = state.begin();
        state.hear(Report::Begun(number));
        state.mark_interrupted();
        assert!(state.hear(prompt(130, false)));
        // The question itself was thrown away.
        assert!(state.hear(prompt(130, false)));
        assert_eq!(state.done(number), None);
        state.hear(Report::Settled(number));
        assert_eq!(state.done(number).unwrap().code, 130);
    }

    #[test]
    fn a_prompt_of_before_is_not_the_end_of_what_has_not_begun() {
        let mut state = idle();
        let number = state.begin();
        state.mark_interrupted();
        assert!(state.hear(prompt(0, false)));
        state.hear(Report::Begun(number));
        state.hear(Report::Settled(number));
        assert_eq!(state.done(number), None);
        state.hear(Report::Code(number, 4, Options::default()));
        assert!(state.hear(prompt(0, false)));
        state.hear(Report::Settled(number));
        assert_eq!(state.done(number).unwrap().code, 4);
    }

    #[test]
    fn a_line_that_bash_does_not_understand_is_refused() {
        let mut state = idle();
        let number = state.begin();
        state.hear(Report::Code(number, 2, Options::default()));
        state.hear(prompt(0, false));
        let done = Done {
            code: 2,
            is_refused: true,
        };
        assert_eq!(state.done(number), Some(done));
    }

    #[test]
    fn output_that_nobody_waits_for_is_not_the_next_commands() {
        let mut state = idle();
        let number = state.begin();
        state.hear(Report::Begun(number));
        state.print(b"begin");
        state.keep(Keeper::Nobody);
        state.print(b"end");
        state.hear(prompt(0, false));
        state.print(b"late");
        assert_eq!(printed(&state), b"late");
    }

    #[test]
    fn output_of_a_command_that_ends_as_its_time_is_up_is_not_the_next_commands() {
        let mut state = idle();
        let number = state.begin();
        state.hear(Report::Begun(number));
        state.print(b"late");
        state.forsake(number);
        assert_eq!(printed(&state), b"late");
        state.hear(prompt(0, false));
        state.forsake(number);
        assert_eq!(printed(&state), b"");
    }

    #[test]
    fn an_interrupt_may_come_before_the_beginning() {
        let mut state = idle();
        let number = state.begin();
        state.mark_interrupted();
        state.hear(prompt(130, false));
        state.hear(Report::Settled(number));
        let done = Done {
            code: 130,
            is_refused: false,
        };
        assert_eq!(state.done(number), Some(done));
    }

    fn any_report() -> impl Strategy<Value = Report> {
        prop_oneof![
            (0_u64..4).prop_map(Report::Begun),
            (0_u64..4, any::<i64>()).prop_map(|(number, code)| Report::Code(
                number,
                code,
                Options::default()
            )),
            (0_u64..4).prop_map(Report::Settled),
            (any::<i64>(), any::<bool>()).prop_map(|(code, has_jobs)| prompt(code, has_jobs)),
        ]
    }

    proptest! {
        /// Whatever was reported before, a command that is reported on in the right order is done.
        #[test]
        fn no_report_confuses_for_good(before in proptest::collection::vec(any_report(), 0..12)) {
            let mut state = idle();
            state.begin();
            for report in before {
                state.hear(report);
            }
            if *state.phase() != Phase::Idle {
                state.mark_interrupted();
                state.hear(prompt(0, false));
                state.hear(Report::Settled(1));
                prop_assert_eq!(state.phase(), &Phase::Idle);
            }
            let number = state.begin();
            state.hear(Report::Begun(number));
            state.hear(Report::Code(number, 5, Options::default()));
            state.hear(prompt(0, false));
            prop_assert_eq!(state.done(number), Some(Done { code: 5, is_refused: false }));
        }
    }
}
