//! The terminal that this program is used on: its size, and passing every key on as it is.

use std::{
    io::{self, stdin, stdout},
    panic,
    sync::{Mutex, Once, PoisonError},
};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// Lines and columns where the terminal does not say.
const USUAL: (u16, u16) = (24, 80);

/// Takes away what programs that draw on the whole terminal have asked of it: the second screen, an invisible cursor, reports of the mouse
/// and of pasting, the keypad, colours.
const PLAIN: &[u8] =
    b"\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1l\x1b>\x1b[0m\r\n";

/// How the terminal was before; there is one terminal.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Lines and columns.
pub(crate) fn size() -> (u16, u16) {
    match tcgetwinsize(stdout()) {
        Ok(size) if size.ws_row > 0 && size.ws_col > 0 => (size.ws_row, size.ws_col),
        _ => USUAL,
    }
}

/// Bytes that make a terminal usable again that was left in the middle of something.
pub(crate) fn plain() -> &'static [u8] {
    PLAIN
}

/// The terminal without echo, lines and signals of its own; as it was before when this is dropped, and when anything panics.
#[derive(Debug)]
pub(crate) struct Raw(());

impl Raw {
    pub(crate) fn enter() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let usual = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                restore();
                usual(info);
            }));
        });
        let before = tcgetattr(stdin())?;
        *before_now() = Some(before);
        let raw = Self(());
        raw.again()?;
        Ok(raw)
    }

    /// Once more, after somebody else has had the terminal.
    pub(crate) fn again(&self) -> io::Result<()> {
        if let Some(mut modes) = before_now().clone() {
            modes.make_raw();
            tcsetattr(stdin(), OptionalActions::Now, &modes)?;
        }
        Ok(())
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        restore();
    }
}

fn before_now() -> std::sync::MutexGuard<'static, Option<Termios>> {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn restore() {
    if let Some(before) = before_now().take() {
        // A terminal that is gone needs nothing.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &before);
    }
}
