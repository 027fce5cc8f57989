//! `--local`: an emulator of AGS instead of the service, inside this process or in another one.

use std::{ffi::OsString, path::Path};

use ags_emulator::{Emulator, InstanceRunner};
use serde::Deserialize;

use crate::report::Failure;

/// Where the emulator is and who may use it: its ready line.
#[derive(Deserialize)]
pub(crate) struct Ready {
    endpoint: String,
    domain: String,
    ca_file: String,
    secret_id: String,
    secret_key: String,
}

impl Ready {
    /// Reads the line that `swerex-ags emulator` printed to a file.
    pub(crate) fn read(file: &Path) -> Result<Self, Failure> {
        let remedy = "write it with `swerex-ags emulator > FILE`";
        let text = std::fs::read_to_string(file).map_err(|error| {
            let what = format!("--local: cannot read `{}`: {error}", file.display());
            Failure::usage(what).hint(remedy)
        })?;
        let line = text.lines().next().unwrap_or_default();
        // The parser's message could repeat the key.
        serde_json::from_str(line).map_err(|_| {
            let what = format!(
                "--local: `{}` holds no emulator's ready line",
                file.display()
            );
            Failure::usage(what).hint(remedy)
        })
    }

    /// That of an emulator in this process.
    pub(crate) fn of(emulator: &Emulator) -> Self {
        Self {
            endpoint: emulator.endpoint(),
            domain: emulator.domain(),
            ca_file: emulator.ca_file().to_string_lossy().into_owned(),
            secret_id: emulator.secret_id().to_owned(),
            secret_key: emulator.secret_key().expose().to_owned(),
        }
    }

    /// The settings that lead to it; they win over all others.
    pub(crate) fn settings(&self) -> [(&'static str, &str); 6] {
        [
            ("http_endpoint", &self.endpoint),
            ("domain", &self.domain),
            ("ca_file", &self.ca_file),
            ("skip_ssl_verify", "false"),
            ("secret_id", &self.secret_id),
            ("secret_key", &self.secret_key),
        ]
    }
}

/// Starts one in this process. Its instances run our server in this process too; with `path` they run their start command, with the
/// programs of that directory first.
pub(crate) async fn start(path: Option<&Path>) -> Result<Emulator, Failure> {
    let mut builder = Emulator::builder();
    builder = match path {
        None => builder.runner(InstanceRunner::Native),
        Some(directory) => builder
            .runner(InstanceRunner::Process)
            .path(with_first(directory)?),
    };
    builder
        .start()
        .await
        .map_err(|error| Failure::because("--local: the emulator did not start", &error))
}

/// `PATH` with `directory` first.
fn with_first(directory: &Path) -> Result<OsString, Failure> {
    let wrong =
        |why: String| Failure::usage(format!("--local-path `{}` {why}", directory.display()));
    let absolute = directory
        .canonicalize()
        .map_err(|error| wrong(format!("cannot be used: {error}")))?;
    if !absolute.is_dir() {
        return Err(wrong("is no directory".to_owned()));
    }
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let all = [absolute.clone()]
        .into_iter()
        .chain(std::env::split_paths(&rest));
    std::env::join_paths(all).map_err(|error| wrong(format!("cannot stand in PATH: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_holds_something_else_is_named_and_not_repeated() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("ready");
        std::fs::write(&file, "{\"secret_key\": \"marker\"").unwrap();
        let text = Ready::read(&file).err().unwrap().text();
        assert!(
            text.contains("holds no emulator's ready line") && !text.contains("marker"),
            "{text}"
        );
        let text = Ready::read(&directory.path().join("none"))
            .err()
            .unwrap()
            .text();
        assert!(text.contains("swerex-ags emulator > FILE"), "{text}");
    }

    #[test]
    fn a_path_that_is_none_is_refused() {
        let text = with_first(Path::new("/no/such/directory"))
            .unwrap_err()
            .text();
        assert!(
            text.starts_with("--local-path `/no/such/directory` cannot be used"),
            "{text}"
        );
    }
}
