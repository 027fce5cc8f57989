//! The first process of a container: the kernel gives it every orphan, and it must reap them.
//!
//! A reaper that waits for any child would take the exit codes of commands away from the server. So the first process only
//! waits and passes signals on, and the server is its child.

use std::{
    os::unix::process::ExitStatusExt,
    process::{Command, ExitCode, Stdio},
    sync::Arc,
    thread,
};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};
use signal_hook::{
    consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2},
    iterator::Signals,
};

use crate::complain;

/// Runs `serve`: here, or in a child where this is the first process.
pub(crate) fn as_child(serve: impl FnOnce() -> ExitCode) -> ExitCode {
    if std::process::id() != 1 {
        return serve();
    }
    match look_after_a_child() {
        Ok(code) => code,
        Err(error) => {
            // Without a second process, orphans stay zombies; serving matters more.
            complain(&format!("swerex-remote: orphans are not reaped: {error}"));
            serve()
        }
    }
}

fn look_after_a_child() -> std::io::Result<ExitCode> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2])?;
    // Where it is ignored, children leave nothing to wait for.
    signal_hook::flag::register(SIGCHLD, Arc::default())?;
    let program = std::env::current_exe().unwrap_or_else(|_| "/proc/self/exe".into());
    let child = Command::new(program)
        .args(std::env::args_os().skip(1))
        .stdin(Stdio::inherit())
        .spawn()?;
    // The server keeps itself from it; the key is here, too.
    swerex_server::forbid_core_dumps();
    let Some(server) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
        return Err(std::io::ErrorKind::InvalidData.into());
    };
    thread::spawn(move || {
        for signal in signals.forever() {
            if let Some(signal) = Signal::from_named_raw(signal) {
                // It may be gone already.
                let _ = kill_process(server, signal);
            }
        }
    });
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == server => {
                let status = std::process::ExitStatus::from_raw(status.as_raw());
                let code = status
                    .code()
                    .or_else(|| status.signal().map(|signal| 128 + signal));
                return Ok(ExitCode::from(
                    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1),
                ));
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
