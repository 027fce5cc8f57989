//! Loopback ports for the processes of instances.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, TcpListener, UdpSocket},
    ops::RangeInclusive,
    sync::{Arc, Mutex, PoisonError},
};

/// Below the range that systems take ports of outgoing connections from, so that none of those is in the way.
const RANGE: RangeInclusive<u16> = 20_000..=31_999;

/// Gives ports that nothing listens on and that no other emulator of this machine has given.
#[derive(Debug, Clone, Default)]
pub(crate) struct PortPool {
    given: Arc<Mutex<BTreeSet<u16>>>,
}

/// A port that is ours until this is dropped.
#[derive(Debug)]
pub(crate) struct Reserved {
    port: u16,
    /// TCP is left for the process. Other emulators see the UDP port of the same number taken.
    _mark: UdpSocket,
    given: Arc<Mutex<BTreeSet<u16>>>,
}

impl PortPool {
    /// A free port; none only when all are taken.
    pub(crate) fn reserve(&self) -> Option<Reserved> {
        let count = RANGE.end() - RANGE.start() + 1;
        let begin = fastrand::u16(..count);
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        (0..count)
            .map(|step| RANGE.start() + (begin + step) % count)
            .find_map(|port| {
                if given.contains(&port) {
                    return None;
                }
                let mark = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
                // A process may listen on the loopback address or on all.
                TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).ok()?;
                given.insert(port);
                Some(Reserved {
                    port,
                    _mark: mark,
                    given: Arc::clone(&self.given),
                })
            })
    }
}

impl Reserved {
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.given
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.port);
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
        drop(reserved);
        assert!(one.given.lock().unwrap().is_empty());
    }
}
