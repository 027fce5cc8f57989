//! Why a call fails: in words of our own, or in docker's own with docker's exit code.

/// Exit code when the container program itself fails.
pub(super) const FAILED: u8 = 125;

/// Exit code when what was asked for is not there.
const ABSENT: u8 = 1;

/// A call that failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// This program's own, with [`FAILED`].
    Own(String),
    /// As docker says it, whom scripts compare with.
    Docker { code: u8, words: String },
}

impl From<String> for Trouble {
    fn from(problem: String) -> Self {
        Self::Own(problem)
    }
}

impl Trouble {
    /// What docker's daemon answers.
    pub(super) fn daemon(problem: &str) -> Self {
        Self::absent(&format!("Error response from daemon: {problem}"))
    }

    /// A failure with docker's code for what is not there.
    pub(super) fn absent(words: &str) -> Self {
        Self::Docker {
            code: ABSENT,
            words: words.to_owned(),
        }
    }

    /// There is no container of this name.
    pub(super) fn no_container(name: &str) -> Self {
        Self::daemon(&format!("No such container: {name}"))
    }

    /// Its sandbox has ended.
    pub(super) fn not_running(id: &str) -> Self {
        Self::daemon(&format!("Container {id} is not running"))
    }
}
