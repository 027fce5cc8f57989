//! Keeps descriptors that cannot be opened closed-on-exec out of processes that are started in the same moment.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{core_dump::Allowed, launcher};

static LOCK: RwLock<()> = RwLock::new(());

/// Held while a process is started; nothing of what the launcher has left behind reaches it, nor what the server keeps from itself.
pub(crate) struct Starting {
    _lock: RwLockReadGuard<'static, ()>,
    _dumps: Allowed,
}

pub(crate) fn starting() -> Starting {
    let lock = LOCK.read().unwrap_or_else(PoisonError::into_inner);
    launcher::before_a_start();
    Starting {
        _lock: lock,
        _dumps: Allowed::for_a_start(),
    }
}

/// Held while a descriptor is open that a new process would inherit.
pub(crate) fn alone() -> RwLockWriteGuard<'static, ()> {
    LOCK.write().unwrap_or_else(PoisonError::into_inner)
}
