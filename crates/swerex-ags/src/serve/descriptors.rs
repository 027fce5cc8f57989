//! How many descriptors this process may have, and how many of them connections of agents may take.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More connections than this are not open at a time, however many descriptors there are: each costs memory.
const MOST_CONNECTIONS: u64 = 4096;

/// Agents get one in so many descriptors; the others are for dialling out to sandboxes, and for files.
const SHARE: u64 = 2;

/// Raises the soft limit to the hard one.
///
/// For processes that start no programs of others: those inherit the limit, and some break where descriptors above 1,023 may come
/// (`select`), or are slow (they close all that there could be).
pub(crate) fn raise() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if limit.current == limit.maximum {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

/// How many connections of agents may be open.
pub(crate) fn share() -> usize {
    let share = getrlimit(Resource::Nofile)
        .current
        .map_or(MOST_CONNECTIONS, |limit| limit / SHARE);
    usize::try_from(share.clamp(1, MOST_CONNECTIONS)).unwrap_or(usize::MAX)
}
