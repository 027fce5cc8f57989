//! What is known of a shell, as it follows from what it prints and reports. No I/O.
//!
//! A command is typed while bash waits at its prompt, and is over when bash says that it is there again. Two things can come in
//! between. An interrupt that reaches bash at its prompt makes it say so once more, with the code of an interrupt: after that
//! code, and whenever the server has interrupted, bash is asked a question with a number, and the command is over when that has
//! been answered. And a report can be lost, with what was typed: then bash waits, and nothing more comes. Whoever sees it wait
//! says so by [`State::stuck`], and bash is asked again.

mod screen;

use std::time::Duration;

use swerex_proto::native::MAX_OUTPUT;

use super::phase::{Ask, Done, End, Keeper, Phase, Progress, Refusal, Seen};
use crate::{
    events::Tap,
    output::Capture,
    session::script::{Options, Prompt, Report, Way},
};

/// Bash's code of what was interrupted.
const INTERRUPTED: i64 = 130;

/// Bash's code of what it did not understand; also of some programs.
const NOT_UNDERSTOOD: i64 = 2;

/// All of it.
#[derive(Debug)]
pub(in crate::session) struct State {
    phase: Phase,
    /// What has been printed and not been handed out.
    pub(in crate::session) screen: Capture,
    /// What bash said last at its prompt.
    last: Prompt,
    /// It waits for its complaint.
    unmarked: Option<Prompt>,
    /// Prompts are seen, because bash does not let them be changed, or the words at the prompt are, by `set -v`.
    has_visible_prompt: bool,
    /// Of the last command.
    number: u64,
    /// Of the last question, and of the last one that was answered.
    questions: u64,
    answered: u64,
    /// Empty lines that were typed while it waited, and of which no prompt has told.
    nudges: u64,
    /// The command is evaluated, and its beginning was not told.
    unheard: Option<(String, Way)>,
    /// Bash wanted more of the line.
    is_unfinished: bool,
    /// Something was typed to what runs, and bash may find what is left of it.
    has_typed: bool,
    /// Where the command's output begins.
    start: usize,
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
            last: Prompt::default(),
            unmarked: None,
            has_visible_prompt: false,
            number: 0,
            questions: 0,
            answered: 0,
            nudges: 0,
            unheard: None,
            is_unfinished: false,
            has_typed: false,
            start: 0,
            done: None,
            tap: Tap::none(),
            searched: None,
        }
    }

    pub(in crate::session) fn phase(&self) -> &Phase {
        &self.phase
    }

    pub(in crate::session) fn options(&self) -> Options {
        self.last.options
    }

    /// What bash said last at its prompt.
    pub(super) fn last(&self) -> &Prompt {
        &self.last
    }

    /// Whether what is printed next may be a prompt.
    pub(super) fn has_visible_prompt(&self) -> bool {
        self.has_visible_prompt
    }

    /// How long it may wait for a command without ending itself.
    pub(super) fn idle_limit(&self) -> Option<Duration> {
        (self.last.idle_limit > 0).then(|| Duration::from_secs(self.last.idle_limit))
    }

    /// An empty line is typed, so that it does not end itself.
    pub(super) fn nudge(&mut self) {
        self.nudges += 1;
    }

    /// Whether a command runs, as far as is known.
    pub(super) fn is_running(&self) -> bool {
        matches!(
            self.phase,
            Phase::Running {
                progress: Progress::Typed,
                ..
            }
        )
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
        // Their prompts are not the command's: what comes of it is asked for.
        self.questions += std::mem::take(&mut self.nudges);
        self.unheard = None;
        self.is_unfinished = false;
        self.has_typed = false;
        self.start = self.screen.len();
        self.phase = Phase::Running {
            keeper: Keeper::Waiting,
            progress: Progress::Typed,
            is_interrupted: false,
        };
        self.tap = Tap::none();
        self.number
    }

    /// The command's beginning will be reported; else it is evaluated in the next way.
    pub(super) fn expect_beginning(&mut self, command: String, way: Way) {
        self.unheard = Some((command, way));
    }

    /// Something is typed to what runs.
    pub(super) fn mark_typed(&mut self) {
        self.has_typed = true;
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

    pub(in crate::session) fn mark_interrupted(&mut self) {
        if let Phase::Running { is_interrupted, .. } = &mut self.phase {
            *is_interrupted = true;
        }
    }

    /// Takes a report over; what bash is to be told for it.
    pub(super) fn hear(&mut self, report: Report) -> Option<Ask> {
        match report {
            Report::Prompt(prompt) => {
                self.has_visible_prompt = prompt.options.verbose || prompt.is_visible;
                self.last = prompt;
                match self.phase {
                    Phase::Starting => {
                        self.phase = Phase::Idle;
                        None
                    }
                    Phase::Running { .. } => self.prompt(prompt),
                    Phase::Idle => {
                        self.nudges = self.nudges.saturating_sub(1);
                        None
                    }
                    Phase::Ended(_) => None,
                }
            }
            Report::Begun(number) => {
                if number == self.number {
                    self.unheard = None;
                }
                None
            }
            Report::Marked => None,
            Report::Unfinished => {
                let is_new = self.is_running() && !self.is_unfinished;
                if !is_new {
                    return None;
                }
                self.is_unfinished = true;
                self.mark_interrupted();
                Some(Ask::GiveUp)
            }
            Report::Answer(number, code) => {
                self.answered = self.answered.max(number);
                if let Phase::Running {
                    progress:
                        Progress::Asked {
                            done,
                            is_guess,
                            answered,
                            ..
                        },
                    ..
                } = &mut self.phase
                {
                    *answered = Some(number);
                    if *is_guess {
                        done.code = code;
                    }
                }
                None
            }
        }
    }

    fn prompt(&mut self, prompt: Prompt) -> Option<Ask> {
        let Phase::Running {
            progress,
            is_interrupted,
            ..
        } = self.phase
        else {
            return None;
        };
        // A question that was not answered may still be; and bash takes what a program has left for a command.
        let may_be_early = is_interrupted
            || prompt.code == INTERRUPTED
            || self.answered < self.questions
            || self.has_typed;
        match progress {
            Progress::Typed => {
                let refusal = if self.is_unfinished {
                    Refusal::Unfinished
                } else if prompt.code == NOT_UNDERSTOOD {
                    Refusal::Possible
                } else {
                    Refusal::None
                };
                let mut done = Done {
                    code: prompt.code,
                    refusal,
                };
                if may_be_early {
                    return Some(self.ask(done, false, false));
                }
                if let Some((command, way)) = self.unheard.take() {
                    if let Some(way) = way.next() {
                        // What stands in for the evaluator may have printed.
                        let before = self.screen.take_before(self.start, self.screen.len());
                        self.screen.absorb(before);
                        return Some(Ask::Otherwise(command, way));
                    }
                    done.refusal = Refusal::Unheard;
                }
                if prompt.options.editing {
                    self.settle(done);
                    return Some(Ask::PlainInput);
                }
                if prompt.has_jobs {
                    self.settle(done);
                    return Some(Ask::Settle);
                }
                self.finish(done);
                None
            }
            Progress::Settling(done) if may_be_early => Some(self.ask(done, false, false)),
            Progress::Settling(done) => {
                self.finish(done);
                None
            }
            Progress::Asked {
                done,
                is_guess,
                question,
                answered: Some(number),
            } => {
                if number == question {
                    self.finish(done);
                    return None;
                }
                // It answered an earlier one, which had seemed lost.
                self.set(Progress::Asked {
                    done,
                    is_guess,
                    question,
                    answered: None,
                });
                None
            }
            Progress::Asked {
                mut done,
                answered: None,
                ..
            } => {
                // The prompt before was an early one, and this is the command's own end.
                if done.code == INTERRUPTED {
                    done.code = prompt.code;
                }
                Some(self.ask(done, false, false))
            }
        }
    }

    /// Nothing has come for a while; what bash is to be told for it.
    pub(super) fn stuck(&mut self, seen: Seen) -> Option<Ask> {
        let Phase::Running {
            progress,
            is_interrupted,
            ..
        } = self.phase
        else {
            return None;
        };
        // Where the kernel does not say whether bash reads a command, only what has been interrupted is taken to have ended.
        let waits = seen.is_in_front
            && !seen.has_input
            && seen
                .reads_command
                .unwrap_or(is_interrupted || progress != Progress::Typed);
        match progress {
            // It minds no interrupt, and whatever is typed would be more of the line.
            Progress::Typed if waits && self.is_unfinished => Some(Ask::End),
            Progress::Typed if waits => {
                let done = Done {
                    code: INTERRUPTED,
                    refusal: Refusal::None,
                };
                Some(self.ask(done, true, true))
            }
            Progress::Settling(done) if waits => Some(self.ask(done, false, true)),
            Progress::Asked {
                done,
                question,
                answered: Some(number),
                ..
            } if waits && number == question => {
                // It answers, and has no prompt that reports.
                self.finish(done);
                None
            }
            Progress::Asked { done, is_guess, .. } if waits => Some(self.ask(done, is_guess, true)),
            Progress::Asked { .. } if !seen.is_in_front || seen.has_input => {
                // What runs is the command; the question waits to be read.
                self.set(Progress::Typed);
                None
            }
            _ => None,
        }
    }

    fn set(&mut self, to: Progress) {
        if let Phase::Running { progress, .. } = &mut self.phase {
            *progress = to;
        }
    }

    fn settle(&mut self, done: Done) {
        self.set(Progress::Settling(done));
    }

    fn ask(&mut self, done: Done, is_guess: bool, is_hook_lost: bool) -> Ask {
        self.questions += 1;
        self.set(Progress::Asked {
            done,
            is_guess,
            question: self.questions,
            answered: None,
        });
        // A code other than 0 would end a shell with `set -e`.
        let leave = (!is_guess && !self.last.options.errexit).then_some(done.code);
        Ask::Question {
            number: self.questions,
            leave,
            is_hook_lost,
            takes_back: std::mem::take(&mut self.has_typed),
        }
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
mod tests;
