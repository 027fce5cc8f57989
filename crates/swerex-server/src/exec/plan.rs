//! What `subprocess.run` makes of a request before anything is started.

use std::{
    ffi::{OsStr, OsString},
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use rustix::{fs::Access, io::Errno};
use swerex_proto::{Command, CommandLine};

use crate::{exception::PyException, files::TOO_LONG, work::Surroundings};

/// Where programs are looked for when the environment does not say.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// A command whose words, environment and directory have been checked.
pub(crate) struct Plan {
    /// At least one word; none holds a NUL.
    pub(crate) argv: Vec<String>,
    /// `None` is the environment of this process.
    pub(crate) environment: Option<Environment>,
    /// Absolute, and there.
    pub(crate) directory: PathBuf,
    /// Directories that programs are looked for in.
    pub(super) path: OsString,
}

/// Names and values of variables.
pub(crate) type Environment = Vec<(OsString, OsString)>;

impl Plan {
    pub(super) fn new(request: &Command, surroundings: &Surroundings) -> Result<Self, PyException> {
        if let Some(env) = &request.env {
            check_names(env.keys())?;
        }
        let environment = environment(request, surroundings);
        let cwd = request.cwd.as_deref();
        Self::of(argv(request)?, environment, cwd, surroundings)
    }

    /// Of words whose environment is known already.
    pub(crate) fn of(
        argv: Vec<String>,
        environment: Option<Environment>,
        cwd: Option<&str>,
        surroundings: &Surroundings,
    ) -> Result<Self, PyException> {
        if argv.is_empty() {
            return Err(PyException::new(
                "builtins.IndexError",
                "list index out of range",
            ));
        }
        let variables = environment.iter().flatten();
        let has_null = argv
            .iter()
            .map(String::as_bytes)
            .chain(cwd.map(str::as_bytes))
            .chain(variables.flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]))
            .any(|text| text.contains(&b'\0'));
        if has_null {
            return Err(PyException::embedded_null());
        }
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
            directory: directory(cwd, &surroundings.directory)?,
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
    Ok(words)
}

/// Names that a client gives to variables.
pub(crate) fn check_names<'a>(
    mut names: impl Iterator<Item = &'a String>,
) -> Result<(), PyException> {
    if names.any(|name| name.contains('=')) {
        return Err(PyException::new(
            "builtins.ValueError",
            "illegal environment variable name",
        ));
    }
    Ok(())
}

fn environment(request: &Command, surroundings: &Surroundings) -> Option<Environment> {
    fn pair<'a>((name, value): (&'a String, &'a String)) -> (OsString, OsString) {
        (name.into(), value.into())
    }
    match (&request.env, &surroundings.environment) {
        (Some(env), _) => Some(env.iter().map(pair).collect()),
        (None, Some(env)) => Some(env.to_vec()),
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
    // The kernel's own answer, without a copy of it for the kernel.
    if asked.len() >= TOO_LONG {
        return Err(refuse(Errno::NAMETOOLONG.into()));
    }
    let directory = base.join(asked);
    if !directory.metadata().map_err(refuse)?.is_dir() {
        return Err(refuse(Errno::NOTDIR.into()));
    }
    rustix::fs::access(&directory, Access::EXEC_OK).map_err(|errno| refuse(errno.into()))?;
    Ok(directory)
}

impl Plan {
    /// The program's name as it was asked for.
    pub(crate) fn program(&self) -> &OsStr {
        self.argv.first().map_or_else(|| OsStr::new(""), OsStr::new)
    }
}
