//! Work that outlives its caller, and who waits for it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use super::Account;

/// All of an account's work in the background.
#[derive(Debug, Default)]
pub(super) struct Background {
    tasks: TaskTracker,
    names: Names,
}

/// What goes on, in the order in which it began.
#[derive(Debug, Default)]
struct Names(Mutex<(u64, BTreeMap<u64, String>)>);

impl Names {
    fn enter(&self, name: String) -> u64 {
        let (number, names) = &mut *self.lock();
        *number += 1;
        names.insert(*number, name);
        *number
    }

    fn lock(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, String>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name that is there until this is dropped, with the work.
struct Entered {
    account: Account,
    number: u64,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let names = &self.account.inner.background.names;
        names.lock().1.remove(&self.number);
    }
}

impl Account {
    /// Runs work that outlives its caller. Without a runtime it is not done.
    pub(crate) fn in_background(
        &self,
        what: impl Into<String>,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let what = what.into();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            tracing::error!(
                what,
                "there is no runtime to clean up in; `swerex-ags instance gc` does it"
            );
            return;
        };
        let background = &self.inner.background;
        let entered = Entered {
            number: background.names.enter(what),
            account: self.clone(),
        };
        let work = async move {
            let _entered = entered;
            work.await;
        }
        .in_current_span();
        match &self.scope {
            Some(scope) => drop(background.tasks.spawn_on(scope.track(work), &runtime)),
            None => drop(background.tasks.spawn_on(work, &runtime)),
        }
    }

    /// Waits until nothing is being stopped in the background any more, at most `limit`; whether that is so. Call it before a process ends.
    ///
    /// What AGS refuses to stop is tried for [`STOP_PATIENCE`](crate::STOP_PATIENCE); [`unsettled`](Self::unsettled) tells what that is.
    pub async fn settled(&self, limit: Duration) -> bool {
        let tasks = &self.inner.background.tasks;
        tasks.close();
        // A closed tracker takes work all the same.
        tokio::time::timeout(limit, tasks.wait()).await.is_ok()
    }

    /// What goes on in the background, in a few words each: what is being stopped, and starts that AGS has not answered. With a journal
    /// (see [`keep_journal`](Self::keep_journal)) none of it is forgotten when the process ends.
    pub fn unsettled(&self) -> Vec<String> {
        let names = self.inner.background.names.lock();
        names.1.values().cloned().collect()
    }
}
