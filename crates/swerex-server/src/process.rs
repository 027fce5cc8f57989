//! Processes of the server: which run, and how whole trees of them are ended.

mod core_dump;
mod hangup;
mod launcher;
pub(crate) mod pty;
pub(crate) mod spawn_lock;
mod table;
mod tree;

use std::{
    collections::BTreeMap,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::ExitStatus,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::process::Pid;
use tokio::process::Child;

use crate::config::DEFAULT_KILL_GRACE;

pub use core_dump::forbid_core_dumps;
pub(crate) use hangup::hang_up;
pub(crate) use launcher::hear_what_is_ignored;
pub(crate) use table::{Process, processes};
pub(crate) use tree::Tree;

/// Whether a process that starts has to go to that directory, and is not there already: going there is not in every C library's
/// fast path. The directory that this process is in may have been removed; then one that starts stays in it, as this does.
pub(crate) fn is_elsewhere(directory: &Path) -> bool {
    match std::env::current_dir() {
        Ok(here) => here != directory,
        Err(_) => directory.is_dir(),
    }
}

/// The number of a child that was not waited for yet.
pub(crate) fn pid(child: &Child) -> Option<Pid> {
    let id = i32::try_from(child.id()?).ok()?;
    Pid::from_raw(id)
}

/// As Python has it: `-N` after signal `N`.
pub(crate) fn exit_code(status: ExitStatus) -> i32 {
    status
        .code()
        .or_else(|| status.signal().map(|signal| -signal))
        .unwrap_or(-1)
}

/// The trees that run for a server, so that its end is theirs. Clones are the same set.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    trees: Arc<Mutex<BTreeMap<u64, Pid>>>,
    grace: Duration,
}

impl Default for Running {
    fn default() -> Self {
        Self::with_grace(DEFAULT_KILL_GRACE)
    }
}

impl Running {
    /// None yet; whoever ends one lets it have so much time to end by itself.
    pub(crate) fn with_grace(grace: Duration) -> Self {
        Self {
            trees: Arc::default(),
            grace,
        }
    }

    /// How long what is to end may take until it is killed.
    pub(crate) fn grace(&self) -> Duration {
        self.grace
    }

    /// Adds the tree below a process that the server has started; dropping what comes back takes it out again.
    pub(crate) fn add(&self, root: Pid) -> Entry {
        let mut trees = self.lock();
        let number = trees.last_key_value().map_or(0, |(last, _)| last + 1);
        trees.insert(number, root);
        Entry {
            set: self.clone(),
            number,
        }
    }

    /// Kills everything that is still there, without asking it first.
    pub(crate) fn kill(&self) {
        let roots: Vec<Pid> = self.lock().values().copied().collect();
        Tree::kill_all(&roots);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Pid>> {
        self.trees.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A tree that is among those that run.
#[derive(Debug)]
pub(crate) struct Entry {
    set: Running,
    number: u64,
}

impl Entry {
    /// As [`Running::grace`].
    pub(crate) fn grace(&self) -> Duration {
        self.set.grace
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.set.lock().remove(&self.number);
    }
}
