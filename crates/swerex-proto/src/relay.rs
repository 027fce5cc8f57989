//! A sandbox's exception told anew, safe for clients that import and call whatever class they are told.

use serde_json::{Map, Value};

use crate::exception::{ExceptionClass, RemoteError};

/// The longest text of an exception that is passed on, in characters; the middle of a longer one is left out.
pub const LONGEST_RELAYED: usize = 64 * 1024;

/// The longest name of an unknown class that is told, in characters.
const LONGEST_CLASS: usize = 100;

/// What may stand in `extra_info`, each a text: what SWE-ReX's clients read, and what a timeout left behind.
const EXTRA: &[&str] = &["bash_stdout", "bash_stderr", "output", "stdout", "stderr"];

/// What SWE-ReX's client reads of a syntax error without looking whether it is there.
const SYNTAX_EXTRA: &[&str] = &["bash_stdout", "bash_stderr"];

impl ExceptionClass {
    /// Whether a client may be told this class: it is an exception that is made of one message, and raising it ends nothing but the call.
    pub fn is_whitelisted(&self) -> bool {
        matches!(
            self,
            Self::SwerexException
                | Self::SessionNotInitialized
                | Self::NonZeroExitCode
                | Self::BashIncorrectSyntax
                | Self::CommandTimeout
                | Self::NoExitCode
                | Self::SessionExists
                | Self::SessionDoesNotExist
                | Self::DeploymentNotStarted
                | Self::DeploymentStartup
                | Self::PexpectEof
                | Self::PexpectTimeout
                | Self::FileExists
                | Self::FileNotFound
                | Self::IsADirectory
                | Self::LookupError
                | Self::NotADirectory
                | Self::OsError
                | Self::PermissionError
                | Self::RuntimeError
                | Self::ValueError
        )
    }
}

impl RemoteError {
    /// The exception as a client may be told it, whoever raised it: an unknown class becomes `SwerexException` and is named in the message,
    /// `extra_info` has only the texts that clients know, the traceback is left out, and every text is at most [`LONGEST_RELAYED`] long.
    #[must_use]
    pub fn whitelisted(&self) -> Self {
        let class = self.class();
        let mut extra_info = Map::new();
        for key in EXTRA {
            if let Some(text) = self.extra_info.get(*key).and_then(Value::as_str) {
                extra_info.insert((*key).to_owned(), shortened(text).into());
            }
        }
        if class == ExceptionClass::BashIncorrectSyntax {
            for key in SYNTAX_EXTRA {
                extra_info.entry(*key).or_insert_with(|| "".into());
            }
        }
        let told = if class.is_whitelisted() {
            Self::new(&class, shortened(&self.message))
        } else {
            let message = format!("{}: {}", printable(class.path()), self.message);
            Self::new(&ExceptionClass::SwerexException, shortened(&message))
        };
        Self { extra_info, ..told }
    }
}

fn shortened(text: &str) -> String {
    // No text has more characters than bytes.
    if text.len() <= LONGEST_RELAYED {
        return text.to_owned();
    }
    let length = text.chars().count();
    if length <= LONGEST_RELAYED {
        return text.to_owned();
    }
    let half = LONGEST_RELAYED / 2;
    let head: String = text.chars().take(half).collect();
    let tail: String = text.chars().skip(length - half).collect();
    format!(
        "{head}\n[{} characters left out]\n{tail}",
        length - 2 * half
    )
}

fn printable(class: &str) -> String {
    class
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST_CLASS)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(class: &str, extra: Value) -> RemoteError {
        let body = json!({ "message": "m", "class_path": class, "traceback": "secret paths", "extra_info": extra });
        serde_json::from_value::<RemoteError>(body)
            .unwrap()
            .whitelisted()
    }

    #[test]
    fn a_class_that_would_run_something_is_only_named() {
        for class in [
            "os.system",
            "builtins.SystemExit",
            "builtins.eval",
            "",
            "x",
            "a\nb.C",
        ] {
            let told = of(class, json!({}));
            assert_eq!(told.class(), ExceptionClass::SwerexException, "{class}");
            assert_eq!(
                told.message,
                format!("{}: m", class.replace('\n', "")),
                "{class}"
            );
            assert_eq!(told.traceback, "");
        }
    }

    #[test]
    fn a_known_class_keeps_what_clients_read() {
        let extra = json!({ "bash_stdout": "o", "output": "so far", "stderr": 7, "other": "x" });
        let told = of("swerex.exceptions.BashIncorrectSyntaxError", extra);
        assert_eq!(told.class(), ExceptionClass::BashIncorrectSyntax);
        assert_eq!(told.message, "m");
        let expected = json!({ "bash_stdout": "o", "bash_stderr": "", "output": "so far" });
        assert_eq!(Value::from(told.extra_info), expected);
    }

    #[test]
    fn long_texts_lose_their_middle() {
        let long = format!(
            "{}{}",
            "ü".repeat(LONGEST_RELAYED),
            "z".repeat(LONGEST_RELAYED)
        );
        let told = RemoteError::new(&ExceptionClass::OsError, long).whitelisted();
        assert!(told.message.starts_with('ü') && told.message.ends_with('z'));
        assert!(
            told.message
                .contains(&format!("[{LONGEST_RELAYED} characters left out]"))
        );
        assert!(told.message.chars().count() < LONGEST_RELAYED + 50);
        assert_eq!(
            told.whitelisted().class(),
            told.class(),
            "telling it twice changes nothing"
        );
    }
}
