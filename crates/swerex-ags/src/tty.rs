//! The terminal that this program is used on: its size, and passing every key on as it is.

mod modes;

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    panic,
    sync::{Mutex, MutexGuard, Once, PoisonError, mpsc},
    thread,
    time::Duration,
};

use modes::Modes;
use rustix::{
    io::Errno,
    termios::{OptionalActions, Termios, tcgetattr, tcsetattr},
};

use crate::output;

/// Lines and columns where the terminal does not say.
const USUAL: (u16, u16) = (24, 80);

/// How long a terminal that takes nothing is waited for when it is given back.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often it is tried again to write to one that is full.
const GLANCE: Duration = Duration::from_millis(5);

/// The terminal that is guarded now, and how it was before; there is one at a time.
static BEFORE: Mutex<Option<(OwnedFd, Termios)>> = Mutex::new(None);

/// What is shown on it. Whoever writes there has it, however long that takes.
static SCREEN: Mutex<Screen> = Mutex::new(Screen::Free);

/// A terminal's other direction.
#[derive(Debug)]
enum Screen {
    /// Nobody guards it.
    Free,
    Guarded {
        terminal: OwnedFd,
        modes: Modes,
    },
    /// It is as it was, and is to stay so.
    GivenBack,
}

/// Lines and columns.
pub(crate) fn size() -> (u16, u16) {
    output::size().unwrap_or(USUAL)
}

/// Shows a program's bytes by `print`. What they ask of a terminal that is guarded is remembered; nothing is shown on one that was given back.
pub(crate) fn show<E>(bytes: &[u8], print: impl FnOnce(&[u8]) -> Result<(), E>) -> Result<(), E> {
    match &mut *screen_now() {
        Screen::Free => print(bytes),
        Screen::Guarded { modes, .. } => {
            modes.take(bytes);
            print(bytes)
        }
        Screen::GivenBack => Ok(()),
    }
}

/// The terminal is as it was before when this is dropped, and when anything panics: its own modes, and what programs have asked of it by what
/// was [shown](show), such as the second screen or reports of the mouse.
#[derive(Debug)]
pub(crate) struct Guard(());

impl Guard {
    /// Programs show things on `screen`.
    pub(crate) fn of(screen: OwnedFd) -> io::Result<Self> {
        Self::enter(screen.try_clone()?, screen)
    }

    /// As [`of`](Self::of); until then the `terminal` that keys come from is without echo, lines and signals of its own.
    pub(crate) fn raw(terminal: impl AsFd, screen: OwnedFd) -> io::Result<Self> {
        let guard = Self::enter(terminal.as_fd().try_clone_to_owned()?, screen)?;
        guard.again()?;
        Ok(guard)
    }

    fn enter(terminal: OwnedFd, screen: OwnedFd) -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let usual = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                restore();
                usual(info);
            }));
        });
        let before = tcgetattr(&terminal)?;
        *screen_now() = Screen::Guarded {
            terminal: screen,
            modes: Modes::default(),
        };
        *before_now() = Some((terminal, before));
        Ok(Self(()))
    }

    /// Raw once more, after somebody else has had the terminal.
    pub(crate) fn again(&self) -> io::Result<()> {
        if let Some((terminal, before)) = &*before_now() {
            let mut modes = before.clone();
            modes.make_raw();
            tcsetattr(terminal, OptionalActions::Now, &modes)?;
        }
        Ok(())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

fn before_now() -> MutexGuard<'static, Option<(OwnedFd, Termios)>> {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn screen_now() -> MutexGuard<'static, Screen> {
    SCREEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn restore() {
    let Some((terminal, before)) = before_now().take() else {
        return;
    };
    let (done, is_done) = mpsc::channel();
    // Somebody may be writing to a terminal that takes nothing, or may have panicked while writing; neither is to keep it.
    let tidies = thread::Builder::new().spawn(move || {
        let screen = std::mem::replace(&mut *screen_now(), Screen::GivenBack);
        if let Screen::Guarded { terminal, modes } = screen {
            write_all(&terminal, &modes.undo());
        }
        // Whoever waits may have had enough.
        let _ = done.send(());
    });
    if tidies.is_ok() {
        // That it was not done in time is nothing that could be told.
        let _ = is_done.recv_timeout(PATIENCE);
    }
    // A terminal that is gone needs nothing.
    let _ = tcsetattr(terminal, OptionalActions::Now, &before);
}

/// Also to a terminal that others have made not to wait for.
fn write_all(terminal: &OwnedFd, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match rustix::io::write(terminal, bytes) {
            Ok(length @ 1..) => bytes = bytes.get(length..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => thread::sleep(GLANCE),
            // It is gone.
            Ok(_) | Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use rustix::termios::LocalModes;

    use super::*;

    // One test, as there is one terminal.
    #[tokio::test]
    async fn the_terminal_is_given_back_however_it_ends() {
        let (pty, pts) = pty_process::open().unwrap();
        let mut shown = std::fs::File::from(pty.as_fd().try_clone_to_owned().unwrap());
        rustix::fs::fcntl_setfl(&shown, rustix::fs::OFlags::empty()).unwrap();
        let other_end = pts.as_fd().try_clone_to_owned().unwrap();
        let print = |bytes: &[u8]| rustix::io::write(&other_end, bytes).map(drop);
        let has_echo = || {
            let modes = tcgetattr(&pts).unwrap().local_modes;
            modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
        };
        assert!(has_echo());
        let enter = || Guard::raw(&pts, pts.as_fd().try_clone_to_owned().unwrap()).unwrap();
        for panics in [false, true] {
            let raw = enter();
            assert!(!has_echo());
            show(b"\x1b[?1000h", print).unwrap();
            if panics {
                // The one that has it need not be the one that panics.
                thread::spawn(|| panic!("of a test")).join().unwrap_err();
                assert!(has_echo());
            }
            drop(raw);
            assert!(has_echo());
            show(b"too late", print).unwrap();
            let mut bytes = [0; 18];
            shown.read_exact(&mut bytes).unwrap();
            assert_eq!(&bytes, b"\x1b[?1000h\x1b[?1000l\r\n");
        }
        // One that writes, and panics while it does.
        let raw = enter();
        thread::spawn(move || show::<()>(b"\x1b[?25l", |_| panic!("of a test")))
            .join()
            .unwrap_err();
        assert!(has_echo());
        drop(raw);
        let mut bytes = [0; 7];
        shown.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"\x1b[?25h\r");
    }
}
