//! Exceptions: the body of a 511, and the classes that SWE-ReX's client raises for it.

mod extra;

use std::fmt;

pub use extra::{LONGEST_EXTRA, MAX_EXTRA};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Body of an answer with status 511.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExceptionBody {
    /// The exception.
    pub swerexception: RemoteError,
}

/// An exception that was raised on the server.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RemoteError {
    /// Its text.
    #[serde(default)]
    pub message: String,
    /// The Python class, as `module.Class`; [`class`](Self::class) reads it.
    #[serde(default)]
    pub class_path: String,
    /// The server's stack, for people.
    #[serde(default)]
    pub traceback: String,
    /// What the class says besides: `bash_stdout` and `bash_stderr` of a syntax error, the output so far of a timeout. Of a peer's exception up to
    /// [`MAX_EXTRA`] members are taken, with texts of any length; other values only if they are short ([`LONGEST_EXTRA`]).
    #[serde(default, deserialize_with = "extra::bounded")]
    pub extra_info: Map<String, Value>,
}

macro_rules! classes {
    ($($(#[doc = $doc:literal])+ $name:ident = $path:literal,)+) => {
        /// A Python class of exceptions.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ExceptionClass {
            $($(#[doc = $doc])+ $name,)+
            /// Any other, by its path.
            Other(String),
        }

        impl ExceptionClass {
            /// Every class that has a name here.
            pub const NAMED: &'static [Self] = &[$(Self::$name,)+];

            /// The class of a path such as `builtins.OSError`.
            pub fn from_path(path: &str) -> Self {
                match path {
                    $($path => Self::$name,)+
                    other => Self::Other(other.to_owned()),
                }
            }

            /// The class as `module.Class`.
            pub fn path(&self) -> &str {
                match self {
                    $(Self::$name => $path,)+
                    Self::Other(path) => path,
                }
            }
        }
    };
}

classes! {
    /// Any exception of SWE-ReX.
    SwerexException = "swerex.exceptions.SwerexException",
    /// A session has no shell.
    SessionNotInitialized = "swerex.exceptions.SessionNotInitializedError",
    /// A command ended with a non-zero exit code that was to be an exception.
    NonZeroExitCode = "swerex.exceptions.NonZeroExitCodeError",
    /// Bash does not understand the command; nothing was run.
    BashIncorrectSyntax = "swerex.exceptions.BashIncorrectSyntaxError",
    /// A command took longer than it was allowed.
    CommandTimeout = "swerex.exceptions.CommandTimeoutError",
    /// The exit code could not be read.
    NoExitCode = "swerex.exceptions.NoExitCodeError",
    /// The name of a session is taken.
    SessionExists = "swerex.exceptions.SessionExistsError",
    /// There is no session of that name.
    SessionDoesNotExist = "swerex.exceptions.SessionDoesNotExistError",
    /// A deployment was used before it was started.
    DeploymentNotStarted = "swerex.exceptions.DeploymentNotStartedError",
    /// A deployment did not come up.
    DeploymentStartup = "swerex.exceptions.DeploymentStartupError",
    /// An image could not be pulled.
    DockerPull = "swerex.exceptions.DockerPullError",
    /// A test double has nothing more to say.
    DummyOutputsExhausted = "swerex.exceptions.DummyOutputsExhaustedError",
    /// The shell has ended.
    PexpectEof = "pexpect.exceptions.EOF",
    /// The shell did not answer in time.
    PexpectTimeout = "pexpect.exceptions.TIMEOUT",
    /// A regular expression is wrong (Python up to 3.12).
    RegexError = "re.error",
    /// A regular expression is wrong (Python 3.13 and later).
    RegexPatternError = "re.PatternError",
    /// A file could not be moved or copied.
    ShutilError = "shutil.Error",
    /// An archive is no zip file or is damaged.
    BadZipFile = "zipfile.BadZipFile",
    /// `AssertionError`.
    AssertionError = "builtins.AssertionError",
    /// `BlockingIOError`.
    BlockingIo = "builtins.BlockingIOError",
    /// `BrokenPipeError`.
    BrokenPipe = "builtins.BrokenPipeError",
    /// The parent of a file is a file, or a name is taken.
    FileExists = "builtins.FileExistsError",
    /// There is no such file or program.
    FileNotFound = "builtins.FileNotFoundError",
    /// `IndexError`.
    IndexError = "builtins.IndexError",
    /// A file was expected, and a directory is there.
    IsADirectory = "builtins.IsADirectoryError",
    /// `KeyError`.
    KeyError = "builtins.KeyError",
    /// A codec or an error handler is unknown.
    LookupError = "builtins.LookupError",
    /// `MemoryError`.
    MemoryError = "builtins.MemoryError",
    /// A directory was expected, and a file is there.
    NotADirectory = "builtins.NotADirectoryError",
    /// `NotImplementedError`.
    NotImplemented = "builtins.NotImplementedError",
    /// Another error of the operating system.
    OsError = "builtins.OSError",
    /// A number is too large.
    OverflowError = "builtins.OverflowError",
    /// It is not permitted.
    PermissionError = "builtins.PermissionError",
    /// `ProcessLookupError`.
    ProcessLookup = "builtins.ProcessLookupError",
    /// `RuntimeError`.
    RuntimeError = "builtins.RuntimeError",
    /// `TimeoutError`.
    TimeoutError = "builtins.TimeoutError",
    /// `TypeError`.
    TypeError = "builtins.TypeError",
    /// A variable was used before it was set.
    UnboundLocal = "builtins.UnboundLocalError",
    /// Bytes are not of the encoding.
    UnicodeDecode = "builtins.UnicodeDecodeError",
    /// A text cannot be encoded.
    UnicodeEncode = "builtins.UnicodeEncodeError",
    /// A value makes no sense.
    ValueError = "builtins.ValueError",
}

impl RemoteError {
    /// An exception of a class, without a traceback.
    pub fn new(class: &ExceptionClass, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            class_path: class.path().to_owned(),
            traceback: String::new(),
            extra_info: Map::new(),
        }
    }

    /// Its class.
    pub fn class(&self) -> ExceptionClass {
        ExceptionClass::from_path(&self.class_path)
    }
}

impl fmt::Display for ExceptionClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = self.class_path.rsplit('.').next().unwrap_or_default();
        match (class, self.message.as_str()) {
            ("", message) => f.write_str(message),
            (class, "") => f.write_str(class),
            (class, message) => write!(f, "{class}: {message}"),
        }
    }
}

impl fmt::Debug for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The traceback is pages long and belongs to the server.
        f.debug_struct("RemoteError")
            .field("class_path", &self.class_path)
            .field("message", &self.message)
            .field("extra_info", &self.extra_info)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for RemoteError {}

impl From<RemoteError> for ExceptionBody {
    fn from(swerexception: RemoteError) -> Self {
        Self { swerexception }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_its_path_and_back() {
        for class in ExceptionClass::NAMED {
            assert_eq!(&ExceptionClass::from_path(class.path()), class);
        }
        let other = ExceptionClass::from_path("json.decoder.JSONDecodeError");
        assert_eq!(
            other,
            ExceptionClass::Other("json.decoder.JSONDecodeError".to_owned())
        );
        assert_eq!(other.path(), "json.decoder.JSONDecodeError");
    }

    #[test]
    fn an_exception_is_shown_by_class_and_message() {
        let error = RemoteError::new(
            &ExceptionClass::FileNotFound,
            "[Errno 2] No such file or directory: '/x'",
        );
        assert_eq!(
            error.to_string(),
            "FileNotFoundError: [Errno 2] No such file or directory: '/x'"
        );
        assert_eq!(RemoteError::default().to_string(), "");
    }
}
