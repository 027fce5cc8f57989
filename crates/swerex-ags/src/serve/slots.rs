//! The virtual servers that there are: made when a call needs one, forgotten when nothing is left in it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{address::Address, sandbox::Starter, slot::Slot, stops::Stops};

/// Room for so many addresses is kept when there are fewer.
const ROOM: usize = 64;

/// All virtual servers of one bridge, by address.
#[derive(Debug)]
pub(crate) struct Slots {
    starter: Arc<dyn Starter>,
    pub(crate) stops: Stops,
    all: Mutex<HashMap<Address, Arc<Slot>>>,
}

/// A virtual server in use by one call. It is forgotten with the last of them, unless there is something in it.
#[derive(Debug)]
pub(crate) struct Visit<'a> {
    slots: &'a Slots,
    slot: Arc<Slot>,
}

impl Slots {
    pub(crate) fn new(starter: Arc<dyn Starter>) -> Self {
        Self {
            starter,
            stops: Stops::default(),
            all: Mutex::default(),
        }
    }

    /// The virtual server of an address.
    pub(crate) fn slot(&self, address: &Address) -> Arc<Slot> {
        let mut all = self.lock();
        if let Some(slot) = all.get(address) {
            return Arc::clone(slot);
        }
        let slot = Slot::new(
            address.clone(),
            Arc::clone(&self.starter),
            self.stops.clone(),
        );
        all.insert(address.clone(), Arc::clone(&slot));
        slot
    }

    /// As [`slot`](Self::slot), for the time of one call.
    pub(crate) fn visit(&self, address: &Address) -> Visit<'_> {
        Visit {
            slots: self,
            slot: self.slot(address),
        }
    }

    /// Frees whatever was idle for so long, and forgets what nothing is left in.
    pub(crate) fn sweep(&self, idle: Duration) {
        let mut all = self.lock();
        // A slot that a call holds stays: a second one for its address would start a second sandbox.
        all.retain(|_, slot| {
            slot.sweep(idle);
            !is_forgotten(slot)
        });
        if all.capacity() > ROOM.max(4 * all.len()) {
            all.shrink_to(ROOM);
        }
    }

    /// All that there are now.
    pub(crate) fn all(&self) -> Vec<Arc<Slot>> {
        self.lock().values().cloned().collect()
    }

    /// How many there are.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Address, Arc<Slot>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visit<'_> {
    pub(crate) fn slot(&self) -> &Arc<Slot> {
        &self.slot
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        let mut all = self.slots.lock();
        // Two are left: this one and the table's. Others are made under the table's lock only.
        if Arc::strong_count(&self.slot) == 2 && self.slot.is_vacant() {
            all.remove(self.slot.address());
        }
    }
}

/// Whether only the table knows it, and there is nothing in it. What starts in it, and answers that are still being read, know it too.
fn is_forgotten(slot: &Arc<Slot>) -> bool {
    Arc::strong_count(slot) == 1 && slot.is_vacant()
}
