//! Where a pool's idle sandboxes lie: first in, first out, for whoever has waited longest.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::{
    sync::{Semaphore, oneshot},
    time::Instant,
};

use crate::deployment::TencentAgsDeployment;

/// A sandbox that waits to be taken.
pub(super) struct Idle {
    pub(super) deployment: TencentAgsDeployment,
    pub(super) since: Instant,
    /// Dropped when it is taken: whoever put it there starts another.
    pub(super) place: oneshot::Sender<()>,
}

/// The idle sandboxes, and the queue of those who wait for one.
pub(super) struct Shelf {
    /// A permit for each idle sandbox.
    ready: Semaphore,
    /// `None` when it is closed.
    idle: Mutex<Option<VecDeque<Idle>>>,
}

/// One that is taken off the shelf to be looked at. It goes back to the front unless it is taken out.
pub(super) struct Held<'a> {
    shelf: &'a Shelf,
    idle: Option<Idle>,
}

impl Shelf {
    pub(super) fn new() -> Self {
        Self {
            ready: Semaphore::new(0),
            idle: Mutex::new(Some(VecDeque::new())),
        }
    }

    /// Puts one at the end. Dropped, and with that stopped, when the shelf is closed.
    pub(super) fn put(&self, idle: Idle) {
        self.add(idle, VecDeque::push_back);
    }

    /// Waits for the oldest; `None` when the shelf is closed.
    pub(super) async fn oldest(&self) -> Option<Held<'_>> {
        loop {
            self.ready.acquire().await.ok()?.forget();
            let idle = self.idle().as_mut()?.pop_front();
            if idle.is_some() {
                return Some(Held { shelf: self, idle });
            }
        }
    }

    /// How many lie there.
    pub(super) fn len(&self) -> usize {
        self.idle().as_ref().map_or(0, VecDeque::len)
    }

    /// Closes it and gives what lay there. Who waits learns of it.
    pub(super) fn close(&self) -> VecDeque<Idle> {
        let left = self.idle().take();
        self.ready.close();
        left.unwrap_or_default()
    }

    fn add(&self, one: Idle, add: fn(&mut VecDeque<Idle>, Idle)) {
        let mut idle = self.idle();
        let Some(queue) = idle.as_mut() else {
            drop(idle);
            drop(one);
            return;
        };
        add(queue, one);
        self.ready.add_permits(1);
    }

    fn idle(&self) -> MutexGuard<'_, Option<VecDeque<Idle>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held<'_> {
    pub(super) fn get(&self) -> Option<&Idle> {
        self.idle.as_ref()
    }

    /// Takes it for good.
    pub(super) fn take(mut self) -> Option<Idle> {
        self.idle.take()
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(idle) = self.idle.take() {
            self.shelf.add(idle, VecDeque::push_front);
        }
    }
}
