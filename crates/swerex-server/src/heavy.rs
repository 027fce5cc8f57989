//! Work that takes long, where it holds up nobody: off the threads that serve connections.

use tokio::sync::Semaphore;

/// Work on more bytes than that leaves the threads that serve connections.
pub(crate) const LARGE: usize = 256 * 1024;

/// So much of it is done at a time: each takes several times the memory of what it works on.
static TURNS: Semaphore = Semaphore::const_new(2);

/// Does work on so many bytes, and waits for it. Dropping the future leaves work that has begun to itself.
pub(crate) async fn weighed<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    if bytes <= LARGE {
        return work();
    }
    // It is never closed.
    let turn = TURNS.acquire().await.ok();
    let done = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    match done.await {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            // The answer to a panic is made at one place, where the handler was called.
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends, and with it whoever waits.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Called where work on so many bytes is done. Under test, a thread that [`serves`] must not come here with many.
pub(crate) fn note(bytes: usize) {
    #[cfg(test)]
    tests::check(bytes);
    let _ = bytes;
}

#[cfg(test)]
pub(crate) use tests::serves;

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::FutureExt;

    use super::*;

    thread_local! {
        static SERVES: Cell<bool> = const { Cell::new(false) };
    }

    /// From now on this thread is one that serves connections.
    pub(crate) fn serves() {
        SERVES.set(true);
    }

    pub(super) fn check(bytes: usize) {
        assert!(
            bytes <= LARGE || !SERVES.get(),
            "work on {bytes} bytes holds up a thread that serves connections"
        );
    }

    #[tokio::test]
    async fn only_much_work_leaves_the_thread() {
        serves();
        let here = std::thread::current().id();
        let thread = || {
            note(LARGE);
            std::thread::current().id()
        };
        assert_eq!(weighed(LARGE, thread).await, here);
        assert_ne!(weighed(LARGE + 1, thread).await, here);
        weighed(LARGE + 1, || note(LARGE + 1)).await;
    }

    #[tokio::test]
    #[should_panic(expected = "oh no")]
    async fn a_panic_comes_back() {
        weighed(LARGE + 1, || panic!("oh no")).await;
    }

    #[tokio::test]
    async fn whoever_is_in_the_way_of_others_waits_for_a_turn() {
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let gate = std::sync::Arc::new(std::sync::Mutex::new(gate));
        let held = || {
            let gate = std::sync::Arc::clone(&gate);
            Box::pin(weighed(LARGE + 1, move || {
                gate.lock().unwrap().recv().unwrap();
            }))
        };
        let (mut first, mut second, mut third) = (held(), held(), held());
        for work in [&mut first, &mut second, &mut third] {
            assert!(work.now_or_never().is_none());
        }
        // Small work does not wait for large.
        assert_eq!(weighed(1, || 7).await, 7);
        for _ in 0..3 {
            open.send(()).unwrap();
        }
        tokio::join!(first, second, third);
    }
}
