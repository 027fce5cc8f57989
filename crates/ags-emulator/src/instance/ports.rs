//! Loopback ports for the processes of instances.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Where the ports are from: below the range that systems take the ports of outgoing connections from, so
/// that none of those is in the way.
const FIRST: u16 = 20_000;
/// Ports that belong together. Whoever listens on the first of them owns the rest.
const BLOCK: u16 = 64;
const BLOCKS: u16 = 180;

/// Gives ports that nothing listens on and that no other emulator of this machine gives.
#[derive(Debug, Clone, Default)]
pub(crate) struct PortPool {
    owned: Arc<Mutex<Owned>>,
}

#[derive(Debug, Default)]
struct Owned {
    blocks: Vec<(u16, TcpListener)>,
    given: BTreeSet<u16>,
}

/// A port that is ours until this is dropped.
#[derive(Debug)]
pub(crate) struct Reserved {
    port: u16,
    pool: PortPool,
}

impl PortPool {
    /// A free port; none only when all are taken.
    pub(crate) fn reserve(&self) -> Option<Reserved> {
        let mut owned = self.lock();
        let port = loop {
            if let Some(port) = owned.free() {
                break port;
            }
            owned.extend()?;
        };
        owned.given.insert(port);
        Some(Reserved {
            port,
            pool: self.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Owned> {
        self.owned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Owned {
    fn free(&self) -> Option<u16> {
        let ports = self
            .blocks
            .iter()
            .flat_map(|(first, _)| first + 1..first + BLOCK);
        // A process may listen on the loopback address or on all, so all must be free.
        ports
            .filter(|port| !self.given.contains(port))
            .find(|port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok())
    }

    /// Takes another block.
    fn extend(&mut self) -> Option<()> {
        let begin = fastrand::u16(..BLOCKS);
        let taken = (0..BLOCKS).find_map(|step| {
            let first = FIRST + (begin + step) % BLOCKS * BLOCK;
            Some((first, TcpListener::bind((Ipv4Addr::LOCALHOST, first)).ok()?))
        })?;
        self.blocks.push(taken);
        Some(())
    }
}

impl Reserved {
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.pool.lock().given.remove(&self.port);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_once_also_between_emulators() {
        let (one, other) = (PortPool::default(), PortPool::default());
        let reserved: Vec<Reserved> = (0..200)
            .filter_map(|turn| {
                if turn % 2 == 0 {
                    one.reserve()
                } else {
                    other.reserve()
                }
            })
            .collect();
        let distinct: BTreeSet<u16> = reserved.iter().map(Reserved::port).collect();
        assert_eq!(distinct.len(), 200);
        assert!(distinct.last() < Some(&32_000));
        drop(reserved);
        assert!(one.lock().given.is_empty());
    }
}
