//! What `subprocess.run` makes of a request before anything is started.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
};

use rustix::{fs::Access, io::Errno};
use swerex_proto::{Command, CommandLine};

use crate::{exception::PyException, work::Surroundings};

/// Where programs are looked for when the environment does not say.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// A command whose words, environment and directory have been checked.
pub(super) struct Plan {
    /// At least one word; none holds a NUL.
    pub(super) argv: Vec<String>,
    /// `None` is the environment of this process.
    pub(super) environment: Option<Vec<(OsString, OsString)>>,
    /// Absolute, and there.
    pub(super) directory: PathBuf,
    /// Directories that programs are looked for in.
    pub(super) path: OsString,
}

impl Plan {
    pub(super) fn new(request: &Command, surroundings: &Surroundings) -> Result<Self, PyException> {
        let argv = argv(request)?;
        if let Some(env) = &request.env
            && env.keys().any(|name| name.contains('='))
        {
            return Err(value_error("illegal environment variable name"));
        }
        let in_env = request.env.iter().flatten();
        let texts = argv
            .iter()
            .chain(in_env.flat_map(|(name, value)| [name, value]));
        if texts.chain(&request.cwd).any(|text| text.contains('\0')) {
            return Err(PyException::embedded_null());
        }
        let environment = environment(request, surroundings);
        let path = match &environment {
            Some(pairs) => pairs
                .iter()
                .rev()
                .find_map(|(name, value)| (name == "PATH").then(|| value.clone())),
            None => std::env::var_os("PATH"),
        };
        Ok(Self {
            argv,
            path: path.unwrap_or_else(|| DEFAULT_PATH.into()),
            directory: directory(request.cwd.as_deref(), &surroundings.directory)?,
            environment,
        })
    }
}

fn argv(request: &Command) -> Result<Vec<String>, PyException> {
    let words = match &request.command {
        CommandLine::Shell(text) => vec![text.clone()],
        CommandLine::Argv(words) => words.clone(),
    };
    if request.shell {
        let shell = ["/bin/sh", "-c"].map(str::to_owned);
        return Ok(shell.into_iter().chain(words).collect());
    }
    if words.is_empty() {
        return Err(PyException::new(
            "builtins.IndexError",
            "list index out of range",
        ));
    }
    Ok(words)
}

fn environment(
    request: &Command,
    surroundings: &Surroundings,
) -> Option<Vec<(OsString, OsString)>> {
    fn pair<'a>((name, value): (&'a String, &'a String)) -> (OsString, OsString) {
        (name.into(), value.into())
    }
    match (&request.env, &surroundings.environment) {
        (Some(env), _) => Some(env.iter().map(pair).collect()),
        (None, Some(env)) => Some(
            env.iter()
                .map(|(name, value)| pair((name, value)))
                .collect(),
        ),
        (None, None) => None,
    }
}

/// The directory to start in; Python goes there before it looks for the program, and names it when it cannot.
fn directory(asked: Option<&str>, base: &Path) -> Result<PathBuf, PyException> {
    let Some(asked) = asked else {
        return Ok(base.to_owned());
    };
    let refuse = |error: io::Error| PyException::os(&error, asked);
    if asked.is_empty() {
        return Err(refuse(Errno::NOENT.into()));
    }
    let directory = base.join(asked);
    if !directory.metadata().map_err(refuse)?.is_dir() {
        return Err(refuse(Errno::NOTDIR.into()));
    }
    rustix::fs::access(&directory, Access::EXEC_OK).map_err(|errno| refuse(errno.into()))?;
    Ok(directory)
}

fn value_error(message: &str) -> PyException {
    PyException::new("builtins.ValueError", message)
}

impl Plan {
    /// The program's name as it was asked for.
    pub(super) fn program(&self) -> &OsStr {
        self.argv.first().map_or_else(|| OsStr::new(""), OsStr::new)
    }
}
