//! Where a shell is, how a command ends, and what is to be done for that.

use std::{os::unix::process::ExitStatusExt, process::ExitStatus};

use crate::session::script::Way;

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
        progress: Progress,
        is_interrupted: bool,
    },
    /// It is gone.
    Ended(End),
}

/// How far a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Progress {
    /// It was typed, and may run.
    Typed,
    /// Bash reads one more line before it is over: it tells of jobs, and changes how it reads, only then.
    Settling(Done),
    /// It seems over, and bash was asked.
    Asked {
        done: Done,
        /// No prompt told the code; the answer does.
        is_guess: bool,
        question: u64,
        /// The last question that was answered, if no prompt has come since.
        answered: Option<u64>,
    },
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
    pub(in crate::session) refusal: Refusal,
}

/// Whether bash ran anything of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Refusal {
    /// It did.
    None,
    /// The code may be that of a line which bash did not understand.
    Possible,
    /// It wanted more of it.
    Unfinished,
    /// Functions of the user's stand in for what would run it.
    Unheard,
}

/// What is to be typed, or done, so that a command comes to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::session) enum Ask {
    /// An empty line.
    Settle,
    /// A line that switches off what changes how bash reads.
    PlainInput,
    /// The question with this number, which leaves this code behind.
    Question {
        number: u64,
        leave: Option<i64>,
        /// The prompt's words may be gone.
        is_hook_lost: bool,
        /// What was typed to a program that has not read it is taken back first.
        takes_back: bool,
    },
    /// Bash is to give up what it has read of a line.
    GiveUp,
    /// The text is to be evaluated in another way.
    Otherwise(String, Way),
    /// The shell cannot be brought back to its prompt.
    End,
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

/// What is seen of a shell from which no news comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) struct Seen {
    /// It is in the foreground itself.
    pub(in crate::session) is_in_front: bool,
    /// It reads a command; not everywhere does the kernel say.
    pub(in crate::session) reads_command: Option<bool>,
    /// There is something to read.
    pub(in crate::session) has_input: bool,
}
