//! Exceptions as Python would raise them: class, message, and the body of a 511.

use std::{borrow::Cow, fmt, io};

use bytes::Bytes;
use rustix::io::Errno;
use serde_json::{Map, Value};
use swerex_proto::exception::{ExceptionBody, ExceptionClass, RemoteError};

use crate::{heavy, json, pyrepr};

/// An exception that a handler ends with.
#[derive(Clone, PartialEq)]
pub(crate) struct PyException {
    class: String,
    message: String,
    extra_info: Map<String, Value>,
}

impl PyException {
    /// An exception of any class, by its path.
    pub(crate) fn new(class: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            class: class.into(),
            message: message.into(),
            extra_info: Map::new(),
        }
    }

    /// What the operating system refuses about `path`: `[Errno N] Text: 'path'`.
    pub(crate) fn os(error: &io::Error, path: &str) -> Self {
        let Some(number) = error.raw_os_error() else {
            return Self::of(&ExceptionClass::OsError, error.to_string());
        };
        Self::new(
            class_of_errno(number),
            format!("{}: {}", strerror(number), pyrepr::repr(&named(path))),
        )
    }

    /// What the operating system refuses, about nothing in particular: `[Errno N] Text`.
    pub(crate) fn os_bare(error: &io::Error) -> Self {
        match error.raw_os_error() {
            Some(number) => Self::new(class_of_errno(number), strerror(number)),
            None => Self::of(&ExceptionClass::OsError, error.to_string()),
        }
    }

    /// A NUL where C has the end of a string.
    pub(crate) fn embedded_null() -> Self {
        Self::of(&ExceptionClass::ValueError, "embedded null byte")
    }

    /// A number of seconds that no clock can wait for; `None` for all others.
    pub(crate) fn bad_timeout(seconds: f64) -> Option<Self> {
        if seconds.is_nan() {
            return Some(Self::of(
                &ExceptionClass::ValueError,
                "cannot convert float NaN to integer",
            ));
        }
        (seconds == f64::INFINITY).then(|| {
            Self::of(
                &ExceptionClass::OverflowError,
                "cannot convert float infinity to integer",
            )
        })
    }

    pub(crate) fn command_timeout(message: impl Into<String>) -> Self {
        Self::of(&ExceptionClass::CommandTimeout, message)
    }

    pub(crate) fn non_zero_exit_code(message: impl Into<String>) -> Self {
        Self::of(&ExceptionClass::NonZeroExitCode, message)
    }

    pub(crate) fn no_exit_code(message: impl Into<String>) -> Self {
        Self::of(&ExceptionClass::NoExitCode, message)
    }

    /// Bash does not understand `command`; `stderr` is what it says.
    pub(crate) fn bash_syntax(command: &str, stderr: &str) -> Self {
        let command = pyrepr::repr(command);
        Self::of(
            &ExceptionClass::BashIncorrectSyntax,
            format!(
                "Error (exit code 2) while checking bash command \n{command}\n---- Stderr ----\n{stderr}\n---- Stdout ----\n"
            ),
        )
        .with_info("bash_stdout", "")
        .with_info("bash_stderr", stderr)
    }

    pub(crate) fn session_exists(name: &str) -> Self {
        Self::of(
            &ExceptionClass::SessionExists,
            format!("session {} already exists", named(name)),
        )
    }

    pub(crate) fn session_does_not_exist(name: &str) -> Self {
        Self::of(
            &ExceptionClass::SessionDoesNotExist,
            format!("session {} does not exist", pyrepr::repr(&named(name))),
        )
    }

    /// The shell has ended.
    pub(crate) fn eof(message: impl Into<String>) -> Self {
        Self::of(&ExceptionClass::PexpectEof, message)
    }

    /// The shell did not answer in time.
    pub(crate) fn pexpect_timeout(message: impl Into<String>) -> Self {
        Self::of(&ExceptionClass::PexpectTimeout, message)
    }

    pub(crate) fn regex(message: impl Into<String>) -> Self {
        Self::of(&ExceptionClass::RegexError, message)
    }

    /// Says more than the message does.
    #[must_use]
    pub(crate) fn with_info(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.extra_info.insert(key.to_owned(), value.into());
        self
    }

    /// Bytes of its texts.
    pub(crate) fn size(&self) -> usize {
        let texts = self.extra_info.values().filter_map(Value::as_str);
        self.message.len() + texts.map(str::len).sum::<usize>()
    }

    /// The body of a 511.
    pub(crate) fn into_body(self) -> Bytes {
        let size = self.size();
        let error = RemoteError {
            message: self.message,
            class_path: self.class,
            traceback: String::new(),
            extra_info: self.extra_info,
        };
        // Strings and numbers always serialize.
        Bytes::from(heavy::json(&ExceptionBody::from(error), size).unwrap_or_default())
    }

    fn of(class: &ExceptionClass, message: impl Into<String>) -> Self {
        Self::new(class.path(), message)
    }
}

#[cfg(test)]
impl PyException {
    pub(crate) fn class(&self) -> &str {
        &self.class
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn info(&self, key: &str) -> Option<&Value> {
        self.extra_info.get(key)
    }
}

impl fmt::Debug for PyException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.class, pyrepr::repr(&self.message))
    }
}

/// What an error is about. No path is longer, and nobody reads more of another name.
pub(crate) fn named(name: &str) -> Cow<'_, str> {
    const LONGEST: usize = 4096;
    json::cut_to(LONGEST, name)
}

/// The class that Python has for an error number.
fn class_of_errno(number: i32) -> &'static str {
    match Errno::from_raw_os_error(number) {
        Errno::AGAIN | Errno::ALREADY | Errno::INPROGRESS => "builtins.BlockingIOError",
        Errno::PIPE | Errno::SHUTDOWN => "builtins.BrokenPipeError",
        Errno::CHILD => "builtins.ChildProcessError",
        Errno::EXIST => "builtins.FileExistsError",
        Errno::NOENT => "builtins.FileNotFoundError",
        Errno::ISDIR => "builtins.IsADirectoryError",
        Errno::NOTDIR => "builtins.NotADirectoryError",
        Errno::INTR => "builtins.InterruptedError",
        Errno::ACCESS | Errno::PERM => "builtins.PermissionError",
        Errno::SRCH => "builtins.ProcessLookupError",
        Errno::TIMEDOUT => "builtins.TimeoutError",
        _ => "builtins.OSError",
    }
}

/// `[Errno N] Text`.
fn strerror(number: i32) -> String {
    let text = io::Error::from_raw_os_error(number).to_string();
    let text = text
        .rsplit_once(" (os error ")
        .map_or(text.as_str(), |(text, _)| text);
    format!("[Errno {number}] {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_have_pythons_class_and_text() {
        let cases = [
            (
                Errno::NOENT,
                "builtins.FileNotFoundError",
                "[Errno 2] No such file or directory: '/x'",
            ),
            (
                Errno::ACCESS,
                "builtins.PermissionError",
                "[Errno 13] Permission denied: '/x'",
            ),
            (
                Errno::NOEXEC,
                "builtins.OSError",
                "[Errno 8] Exec format error: '/x'",
            ),
            (
                Errno::NOTDIR,
                "builtins.NotADirectoryError",
                "[Errno 20] Not a directory: '/x'",
            ),
        ];
        for (errno, class, message) in cases {
            let exception = PyException::os(&io::Error::from(errno), "/x");
            assert_eq!((exception.class(), exception.message()), (class, message));
        }
    }

    #[test]
    fn a_syntax_error_is_told_as_swe_rex_tells_it() {
        let stderr =
            "bash: line 1: syntax error near unexpected token `)'\nbash: line 1: `echo )'\n";
        let exception = PyException::bash_syntax("echo )", stderr);
        assert_eq!(
            exception.message(),
            "Error (exit code 2) while checking bash command \n'echo )'\n---- Stderr ----\n\
             bash: line 1: syntax error near unexpected token `)'\nbash: line 1: `echo )'\n\n---- Stdout ----\n"
        );
        let body: ExceptionBody = serde_json::from_slice(&exception.into_body()).unwrap();
        assert_eq!(body.swerexception.extra_info["bash_stderr"], stderr);
        assert_eq!(body.swerexception.extra_info["bash_stdout"], "");
    }
}
