//! What stays on this machine between runs: the journals of what was started, and the records of the stand-in for docker.
//!
//! All of it is believed: a record names a process to end and a port to send commands to. So whoever wants any of it comes by here, where it is
//! made sure that nobody else can have written it.

use std::{env, path::PathBuf};

use swerex_ags_deployment::{Account, journal};

use crate::private::{self, Problem};

/// The names of the rooms.
const JOURNALS: &str = "journals";
const CONTAINERS: &str = "containers";
const IMAGES: &str = "images";

/// The directory of it all, as the environment names it; there or not.
#[derive(Clone, Debug)]
pub(crate) struct State(PathBuf);

impl State {
    /// # Errors
    /// The environment names no place, or others can change what is there.
    pub(crate) fn of_environment() -> Result<Self, Problem> {
        let named = journal::default_directory(|name| env::var_os(name));
        let directory = named.filter(|directory| directory.is_absolute());
        Self::of(directory.ok_or(Problem::Unnamed(
            "neither SWEREX_AGS_STATE_DIR nor XDG_STATE_HOME nor HOME names an absolute directory",
        ))?)
    }

    fn of(directory: PathBuf) -> Result<Self, Problem> {
        if directory.symlink_metadata().is_ok() {
            private::check(&directory)?;
        }
        Ok(Self(directory))
    }

    /// Where the records of containers are.
    pub(crate) fn containers(&self) -> Result<PathBuf, Problem> {
        self.made(CONTAINERS)
    }

    /// Where it is noted what built images stand for.
    pub(crate) fn images(&self) -> Result<PathBuf, Problem> {
        self.made(IMAGES)
    }

    /// A room of it, which is made if it is missing.
    fn made(&self, name: &str) -> Result<PathBuf, Problem> {
        private::directory(&self.0, private::DIRECTORY)?;
        let room = self.0.join(name);
        private::directory(&room, private::DIRECTORY)?;
        Ok(room)
    }
}

/// Where the journals are, if there are any.
pub(crate) fn journals() -> Result<PathBuf, Problem> {
    let room = State::of_environment()?.0.join(JOURNALS);
    if room.symlink_metadata().is_ok() {
        private::check(&room)?;
    }
    Ok(room)
}

/// Writes down from now on what the account starts.
pub(crate) fn keep_journal(account: &Account) -> Result<(), Problem> {
    let directory = State::of_environment()?.made(JOURNALS)?;
    let kept = account.keep_journal(&directory);
    kept.map_err(|error| Problem::Unusable(directory, error))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn what_others_can_have_written_is_not_used() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("state");
        let state = State::of(root.clone()).unwrap();
        let (containers, images) = (state.containers().unwrap(), state.images().unwrap());
        for place in [&root, &containers, &images] {
            let mode = fs::metadata(place).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{}", place.display());
        }
        let open = |place: &PathBuf| {
            fs::set_permissions(place, fs::Permissions::from_mode(0o777)).unwrap();
        };
        open(&images);
        assert!(matches!(state.images(), Err(Problem::Unsafe(_))));
        state.containers().unwrap();
        open(&root);
        assert!(matches!(state.containers(), Err(Problem::Unsafe(_))));
        assert!(matches!(State::of(root), Err(Problem::Unsafe(_))));
    }
}
