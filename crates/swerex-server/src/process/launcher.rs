//! What the launcher of this process has left on it, and what must not reach a process that the server starts: signals that are ignored, and open
//! descriptors. The mask of blocked signals and `SIGPIPE` are put right by the standard library for each process that it starts.

use std::{
    fs,
    sync::{Arc, Once, atomic::AtomicBool},
};

use signal_hook::consts::{FORBIDDEN, SIGPIPE};

/// The first descriptor that is not standard input, output or error.
const FIRST: i32 = 3;

/// How many signals there are.
const SIGNALS: i32 = 64;

/// Before a process is started: nothing but what it is given is open in it.
///
/// Looked at for every process, as a program around the server may have opened something since.
pub(super) fn before_a_start() {
    static SIGNALS: Once = Once::new();
    SIGNALS.call_once(hear_what_is_ignored);
    close_fds::set_fds_cloexec_threadsafe(FIRST, &[]);
}

/// Signals that `nohup`, a script's `&`, cron or an init system has told this process to ignore would be ignored in all commands and sessions, for good.
///
/// A process that starts inherits what is ignored, while what is *handled* has its default action in it. So a signal that is ignored gets a handler
/// that does nothing: for this process, and for a program around the server, that is as good as before.
pub(crate) fn hear_what_is_ignored() {
    let Some(ignored) = fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| ignored(&status))
    else {
        // Nothing can be told without /proc.
        return;
    };
    // Faults cannot be ignored in earnest, and nobody may handle them.
    let left = |signal: &i32| *signal == SIGPIPE || FORBIDDEN.contains(signal);
    for signal in (1..=SIGNALS).filter(|signal| !left(signal)) {
        if ignored & (1 << (signal - 1)) != 0 {
            // Two of them belong to the C library, which refuses.
            let _ = signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)));
        }
    }
}

/// The mask of signals that a process ignores.
fn ignored(status: &str) -> Option<u64> {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_what_is_ignored() {
        let status = "Name:\tx\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\nSigCgt:\t0\n";
        assert_eq!(ignored(status), Some(1 << 12 | 1));
        assert_eq!(ignored("Name:\tx\n"), None);
    }
}
