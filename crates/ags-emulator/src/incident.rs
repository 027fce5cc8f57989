//! What befalls an instance from outside of any action: its end, and the death of its process.

use crate::shared::Shared;

/// The end of its lifetime is now.
pub(crate) fn expire(shared: &Shared, id: &str) {
    let now = shared.clock.now();
    if let Some(instance) = shared.state().instance_mut(id) {
        instance.stop(ags_api::model::StopReason::TIMEOUT, now);
    }
    shared.tell();
}

/// Its process is killed; its supervisor sees to the rest.
pub(crate) fn kill(shared: &Shared, id: &str) {
    if let Some(instance) = shared.state().instance_mut(id) {
        instance.dies = true;
        instance.wake();
    }
    shared.tell();
}
