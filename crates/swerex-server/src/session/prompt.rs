//! Whether bash waits for a command at its prompt.

use std::fs;

use rustix::process::Pid;

/// The number of the system call that reads.
#[cfg(target_arch = "x86_64")]
const READ: u64 = 0;
#[cfg(not(target_arch = "x86_64"))]
const READ: u64 = 63;

/// Bytes that bash wants at once where it reads commands; its `read`, and others that read for commands, want more or fewer.
const COMMAND: u64 = 1024;

/// Whether the shell reads a command from its standard input; `None` where the kernel does not say what a process waits for.
pub(super) fn reads_command(shell: Pid) -> Option<bool> {
    let text = fs::read_to_string(format!("/proc/{}/syscall", shell.as_raw_pid())).ok()?;
    let mut words = text.split_ascii_whitespace();
    // It says `running` where there are no numbers.
    let Some(call) = words.next()?.parse::<u64>().ok() else {
        return Some(false);
    };
    let mut number = || u64::from_str_radix(words.next()?.trim_start_matches("0x"), 16).ok();
    let (descriptor, _, length) = (number()?, number()?, number()?);
    Some((call, descriptor, length) == (READ, 0, COMMAND))
}
