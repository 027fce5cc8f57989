//! Places on the disk where downloads are put together: they are taken away where that blocks, also when nobody waits for it any more.

use std::sync::Arc;

use tokio::sync::watch;

/// How many there are.
#[derive(Debug)]
pub(crate) struct Rooms(Arc<watch::Sender<usize>>);

/// One of them; it is to be gone before this is dropped.
#[derive(Debug)]
pub(crate) struct Occupied(Arc<watch::Sender<usize>>);

impl Default for Rooms {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Rooms {
    pub(crate) fn enter(&self) -> Occupied {
        self.0.send_modify(|rooms| *rooms += 1);
        Occupied(Arc::clone(&self.0))
    }

    /// Resolves when there is none.
    pub(crate) async fn empty(&self) {
        // The sender is here, so there is no other end.
        let _ = self.0.subscribe().wait_for(|rooms| *rooms == 0).await;
    }
}

impl Drop for Occupied {
    fn drop(&mut self) {
        self.0.send_modify(|rooms| *rooms -= 1);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn they_are_empty_when_the_last_one_is_gone() {
        let rooms = Rooms::default();
        rooms.empty().await;
        let (one, other) = (rooms.enter(), rooms.enter());
        drop(one);
        assert!(rooms.empty().now_or_never().is_none());
        let empty = rooms.empty();
        drop(other);
        empty.await;
    }
}
