//! The terminal that this program is used on: its size, and passing every key on as it is.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    panic,
    sync::{Mutex, MutexGuard, Once, PoisonError},
};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::output;

/// Lines and columns where the terminal does not say.
const USUAL: (u16, u16) = (24, 80);

/// Takes away what programs that draw on the whole terminal have asked of it: the second screen, an invisible cursor, reports of the mouse
/// and of pasting, the keypad, colours.
const PLAIN: &[u8] =
    b"\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1l\x1b>\x1b[0m\r\n";

/// The terminal that is raw now, and how it was before; there is one at a time.
static BEFORE: Mutex<Option<(OwnedFd, Termios)>> = Mutex::new(None);

/// Lines and columns.
pub(crate) fn size() -> (u16, u16) {
    output::size().unwrap_or(USUAL)
}

/// Bytes that make a terminal usable again that was left in the middle of something.
pub(crate) fn plain() -> &'static [u8] {
    PLAIN
}

/// The terminal without echo, lines and signals of its own; as it was before when this is dropped, and when anything panics.
#[derive(Debug)]
pub(crate) struct Raw(());

impl Raw {
    pub(crate) fn enter(terminal: impl AsFd) -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let usual = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                restore();
                usual(info);
            }));
        });
        let before = tcgetattr(&terminal)?;
        let terminal = terminal.as_fd().try_clone_to_owned()?;
        *before_now() = Some((terminal, before));
        let raw = Self(());
        raw.again()?;
        Ok(raw)
    }

    /// Once more, after somebody else has had the terminal.
    pub(crate) fn again(&self) -> io::Result<()> {
        if let Some((terminal, before)) = &*before_now() {
            let mut modes = before.clone();
            modes.make_raw();
            tcsetattr(terminal, OptionalActions::Now, &modes)?;
        }
        Ok(())
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        restore();
    }
}

fn before_now() -> MutexGuard<'static, Option<(OwnedFd, Termios)>> {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn restore() {
    if let Some((terminal, before)) = before_now().take() {
        // A terminal that is gone needs nothing.
        let _ = tcsetattr(terminal, OptionalActions::Now, &before);
    }
}

#[cfg(test)]
mod tests {
    use rustix::termios::LocalModes;

    use super::*;

    #[tokio::test]
    async fn a_panic_gives_the_terminal_back_before_it_is_told() {
        let (_pty, pts) = pty_process::open().unwrap();
        let has_echo = || {
            let modes = tcgetattr(&pts).unwrap().local_modes;
            modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
        };
        assert!(has_echo());
        for panics in [false, true] {
            let raw = Raw::enter(&pts).unwrap();
            assert!(!has_echo());
            if panics {
                // The one that has it need not be the one that panics.
                std::thread::spawn(|| panic!("of a test"))
                    .join()
                    .unwrap_err();
                assert!(has_echo());
            }
            drop(raw);
            assert!(has_echo());
        }
    }
}
