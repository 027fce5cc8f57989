//! No core dump of the server: it would hold its key, and what clients have sent. What the server starts may leave one as if there were no server.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// A limit of no byte would still let a program have the dump where one is set up for that; one of one byte does not, and no file is that small.
const NONE_AT_ALL: u64 = 1;

/// What the limit was, and how many processes are being started. `None` as long as it is not changed.
static LIMIT: Mutex<Option<(Rlimit, usize)>> = Mutex::new(None);

/// Keeps this process from leaving core dumps, which would hold its key. For a program that is nothing but a server; what a server starts keeps the limit that
/// this process has had.
pub fn forbid_core_dumps() {
    let mut kept = lock();
    if kept.is_none() {
        let limit = getrlimit(Resource::Core);
        forbid(&limit);
        *kept = Some((limit, 0));
    }
}

/// Held while a process is started, which inherits the limit of this moment.
pub(super) struct Allowed(());

impl Allowed {
    pub(super) fn for_a_start() -> Self {
        if let Some((limit, starting)) = &mut *lock() {
            *starting += 1;
            if *starting == 1 {
                set(*limit);
            }
        }
        Self(())
    }
}

impl Drop for Allowed {
    fn drop(&mut self) {
        if let Some((limit, starting)) = &mut *lock() {
            *starting = starting.saturating_sub(1);
            if *starting == 0 {
                forbid(limit);
            }
        }
    }
}

fn forbid(limit: &Rlimit) {
    if limit.maximum.is_none_or(|maximum| maximum >= NONE_AT_ALL) {
        set(Rlimit {
            current: Some(NONE_AT_ALL),
            maximum: limit.maximum,
        });
    }
}

/// It is not needed to serve.
fn set(limit: Rlimit) {
    let _ = setrlimit(Resource::Core, limit);
}

fn lock() -> MutexGuard<'static, Option<(Rlimit, usize)>> {
    LIMIT.lock().unwrap_or_else(PoisonError::into_inner)
}
