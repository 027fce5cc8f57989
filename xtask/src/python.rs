//! The Python side: virtual environments under the target directory, made once for each list of packages.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use crate::{commands::Run, repo};

/// Which packages an environment holds; the lists are in `xtask/python/`.
#[derive(Clone, Copy)]
pub(crate) enum Packages {
    /// The Python SWE-ReX server and client.
    Server,
    /// That, the vendor's SDK and mini-swe-agent.
    Suite,
}

impl Packages {
    fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Suite => "suite",
        }
    }
}

/// A virtual environment that is ready to use.
pub(crate) struct Environment {
    bin: PathBuf,
}

impl Environment {
    /// Makes the environment, unless one for the same lists is there.
    pub(crate) fn ready(packages: Packages) -> Result<Self, String> {
        let name = packages.name();
        let home = repo::target().join("python").join(name);
        let environment = Self {
            bin: home.join("bin"),
        };
        let wanted = wanted()?;
        let stamp = home.join("installed.txt");
        if fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
            return Ok(environment);
        }
        if home.exists() {
            fs::remove_dir_all(&home)
                .map_err(|error| format!("cannot remove {}: {error}", home.display()))?;
        }
        let python = interpreter()?;
        Run::new(&python).args([OsString::from("-m"), "venv".into(), home.clone().into()]).run().map_err(|problem| {
            format!("{problem}\nPython's venv module is needed; Debian and Ubuntu have it in the package python3-venv")
        })?;
        let list = repo::root()
            .join("xtask/python")
            .join(format!("{name}.txt"));
        Run::new(environment.python())
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
            ])
            .args([list])
            .run()?;
        fs::write(&stamp, wanted)
            .map_err(|error| format!("cannot write {}: {error}", stamp.display()))?;
        Ok(environment)
    }

    /// The interpreter.
    pub(crate) fn python(&self) -> PathBuf {
        self.bin.join("python")
    }

    /// The directory of its programs, `swerex-remote` among them.
    pub(crate) fn bin(&self) -> &Path {
        &self.bin
    }

    /// What the tests that need Python look for.
    pub(crate) fn vars(&self) -> Vec<(String, OsString)> {
        vec![
            ("SWEREX_PYTHON".to_owned(), self.python().into()),
            (
                "SWEREX_PYTHON_SERVER".to_owned(),
                self.bin.join("swerex-remote").into(),
            ),
        ]
    }
}

/// Both lists: either one changing makes the environments anew.
fn wanted() -> Result<String, String> {
    let mut wanted = String::new();
    for name in ["server.txt", "suite.txt"] {
        let path = repo::root().join("xtask/python").join(name);
        let list = fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        wanted.push_str(&list);
    }
    Ok(wanted)
}

/// A Python that SWE-ReX runs on (3.10 or newer); `PYTHON` names another one.
fn interpreter() -> Result<OsString, String> {
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let version = Run::new(&python)
        .args(["-c", "import sys; print(sys.version_info >= (3, 10))"])
        .output()
        .map_err(|problem| {
            format!("{problem}\nPython 3.10 or newer is needed; PYTHON=/path/to/python names one")
        })?;
    if version.trim() == "True" {
        return Ok(python);
    }
    Err(format!(
        "{} is older than 3.10; PYTHON=/path/to/python names another one",
        python.to_string_lossy()
    ))
}
