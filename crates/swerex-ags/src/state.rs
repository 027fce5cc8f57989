//! What stays on this machine between runs: the journals of what was started, and the records of the stand-in for docker.

use std::{env, path::PathBuf};

use swerex_ags_deployment::{Account, journal};

/// Where all of it is; the problem if the environment names no place.
pub(crate) fn directory() -> Result<PathBuf, String> {
    journal::default_directory(|name| env::var_os(name))
        .filter(|directory| directory.is_absolute())
        .ok_or_else(|| {
            "neither SWEREX_AGS_STATE_DIR nor XDG_STATE_HOME nor HOME names an absolute directory"
                .to_owned()
        })
}

/// Where the journals are.
pub(crate) fn journals() -> Result<PathBuf, String> {
    Ok(directory()?.join("journals"))
}

/// Writes down from now on what the account starts. Without a place for it, sandboxes start all the same; the problem is given.
pub(crate) fn keep_journal(account: &Account) -> Result<(), String> {
    let directory = journals()?;
    account
        .keep_journal(&directory)
        .map_err(|error| format!("cannot keep a journal in {}: {error}", directory.display()))
}
