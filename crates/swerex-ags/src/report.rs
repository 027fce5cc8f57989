//! Why a command failed: the chain of causes, what to do about it, and the exit code.

use std::{error::Error, fmt, io};

use serde_json::{Value, json};
use swerex_ags_deployment::{Account, End};

/// Exit code of everything that went wrong but wrong usage.
pub(crate) const FAILED: u8 = 1;
/// Exit code of wrong usage: a flag, a file, a key, a value.
pub(crate) const USAGE: u8 = 2;

/// What a command ends with: its exit code, or why it failed.
pub(crate) type Outcome = Result<u8, Failure>;

/// Why a command failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    exit: u8,
    /// The error and its causes, each one clause.
    chain: Vec<String>,
    hint: Option<String>,
    code: Option<String>,
    request_id: Option<String>,
    /// There is nobody to tell.
    silent: bool,
    /// The sandbox is gone, or may be, and nobody has asked yet what became of it.
    gone: bool,
}

impl Failure {
    /// Wrong usage; `message` names key, value and remedy.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(USAGE, vec![message.into()])
    }

    /// Anything else, in one clause.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(FAILED, vec![message.into()])
    }

    /// `what` could not be done because of `error`.
    pub(crate) fn because(what: impl Into<String>, error: &(dyn Error + 'static)) -> Self {
        let mut chain = vec![what.into()];
        extend(&mut chain, error);
        Self::new(FAILED, chain)
    }

    /// An error that speaks for itself.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Self {
        let mut chain = Vec::new();
        extend(&mut chain, error);
        Self::new(FAILED, chain)
    }

    /// Wrong usage that an error explains.
    pub(crate) fn misuse(error: &(dyn Error + 'static)) -> Self {
        Self {
            exit: USAGE,
            ..Self::of(error)
        }
    }

    /// Stdout is gone: whoever read it has had enough, which is no failure to talk about.
    pub(crate) fn stdout(error: io::Error) -> Self {
        let silent = error.kind() == io::ErrorKind::BrokenPipe;
        Self {
            silent,
            ..Self::because("cannot write to stdout", &error)
        }
    }

    /// Ended by a signal, with the exit code that says so.
    pub(crate) fn interrupted(exit: u8, name: &str) -> Self {
        Self::new(exit, vec![format!("interrupted by {name}")])
    }

    /// Told as a cause of `error`, whose chain ends in it; code, request id and hint stay.
    pub(crate) fn within(self, error: &(dyn Error + 'static)) -> Self {
        Self {
            chain: Self::of(error).chain,
            ..self
        }
    }

    /// With what can be done about it, unless that is known better already.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// Told as the cause of this, and aloud: there is more to say than that nobody reads.
    pub(crate) fn led_to(mut self, what: impl Into<String>) -> Self {
        self.chain.insert(0, what.into());
        self.silent = false;
        self
    }

    /// The sandbox that it was about is gone, or may be.
    pub(crate) fn gone(mut self) -> Self {
        self.gone = true;
        self
    }

    /// With what became of the sandbox in the place of what was seen of that, if it is gone and AGS tells.
    pub(crate) async fn with_fate(mut self, account: &Account, instance_id: &str) -> Self {
        if self.gone
            && let Some(fate) = account.fate(instance_id).await
            && fate.end() != End::Runs
        {
            self.chain = vec!["the sandbox is gone".to_owned(), fate.to_string()];
            self.hint = fate.hint().map(str::to_owned);
        }
        self
    }

    /// Whether the service refused with this code.
    pub(crate) fn is_of(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    pub(crate) fn exit_code(&self) -> u8 {
        self.exit
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.silent
    }

    /// For people: the chain, then the remedy.
    pub(crate) fn text(&self) -> String {
        let mut text = self.text_without_hint();
        if let Some(hint) = &self.hint {
            text.push_str("; ");
            text.push_str(hint);
        }
        text
    }

    /// The chain alone.
    pub(crate) fn text_without_hint(&self) -> String {
        self.chain.join(": ")
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        json!({"error": {
            "message": self.chain.first(),
            "causes": self.chain.get(1..).unwrap_or_default(),
            "hint": self.hint,
            "code": self.code,
            "request_id": self.request_id,
            "exit_code": self.exit,
        }})
    }

    fn new(exit: u8, chain: Vec<String>) -> Self {
        Self {
            exit,
            chain,
            hint: None,
            code: None,
            request_id: None,
            silent: false,
            gone: false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl From<ags_api::Error> for Failure {
    fn from(error: ags_api::Error) -> Self {
        let mut failure = Self::of(&error);
        failure.hint = error.hint().map(str::to_owned);
        failure.code = error.code().map(|code| code.as_str().to_owned());
        failure.request_id = error.request_id().map(str::to_owned);
        failure
    }
}

/// Adds an error and its causes; a cause that its effect has already told is left out.
fn extend(chain: &mut Vec<String>, error: &(dyn Error + 'static)) {
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if !chain.last().is_some_and(|last| last.contains(&text)) {
            chain.push(text);
        }
        next = error.source();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Two(io::Error);

    impl fmt::Display for Two {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("outer")
        }
    }

    impl Error for Two {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn the_chain_is_told_once_and_the_remedy_last() {
        let failure = Failure::because("cannot do it", &Two(io::Error::other("inner")));
        let failure = failure.hint("do it by hand").hint("not this");
        assert_eq!(failure.text(), "cannot do it: outer: inner; do it by hand");
        assert_eq!(failure.exit_code(), FAILED);
        let repeated = Failure::because("it said: inner", &io::Error::other("inner"));
        assert_eq!(repeated.text(), "it said: inner");
        assert_eq!(Failure::misuse(&io::Error::other("x")).exit_code(), USAGE);
    }

    #[test]
    fn for_programs() {
        let json = Failure::usage("no").hint("yes").json();
        assert_eq!(json["error"]["message"], "no");
        assert_eq!(json["error"]["hint"], "yes");
        assert_eq!(json["error"]["exit_code"], 2);
    }

    #[test]
    fn a_reader_that_has_had_enough_is_not_talked_about() {
        assert!(Failure::stdout(io::ErrorKind::BrokenPipe.into()).is_silent());
        assert!(!Failure::stdout(io::ErrorKind::StorageFull.into()).is_silent());
        let consequence = Failure::stdout(io::ErrorKind::BrokenPipe.into()).led_to("it was undone");
        assert!(!consequence.is_silent());
        assert_eq!(
            consequence.text(),
            "it was undone: cannot write to stdout: broken pipe"
        );
    }
}
