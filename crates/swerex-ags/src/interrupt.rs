//! Signals that ask a command to end: it stops what it started first.

use std::io;

use crate::report::Failure;

/// A signal that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interrupt {
    /// The exit code that tells of it.
    code: u8,
    name: &'static str,
}

/// What shells end with after ctrl-c.
const CTRL_C: u8 = 130;

impl Interrupt {
    /// Whether a person pressed ctrl-c, who may mean only what is running now.
    pub(crate) fn is_ctrl_c(self) -> bool {
        self.code == CTRL_C
    }

    /// What the command ends with.
    pub(crate) fn failure(self) -> Failure {
        Failure::interrupted(self.code, self.name)
    }
}

/// Listens for ctrl-c and, on Unix, SIGTERM, SIGHUP and SIGQUIT, from when it is made.
#[derive(Debug)]
pub(crate) struct Interrupts {
    #[cfg(unix)]
    signals: [(tokio::signal::unix::Signal, u8, &'static str); 4],
}

impl Interrupts {
    /// Must be made within a runtime, before there is anything to stop.
    pub(crate) fn listen() -> Result<Self, Failure> {
        Self::new().map_err(|error| Failure::because("cannot listen for signals", &error))
    }

    #[cfg(unix)]
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let listen = |kind: SignalKind, name| {
            let code = u8::try_from(128 + kind.as_raw_value()).unwrap_or(u8::MAX);
            signal(kind).map(|signal| (signal, code, name))
        };
        Ok(Self {
            signals: [
                listen(SignalKind::interrupt(), "ctrl-c")?,
                listen(SignalKind::terminate(), "SIGTERM")?,
                listen(SignalKind::hangup(), "SIGHUP")?,
                listen(SignalKind::quit(), "SIGQUIT")?,
            ],
        })
    }

    #[cfg(not(unix))]
    fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Resolves when one of them arrives, which.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) -> Interrupt {
        let [
            (int, int_code, int_name),
            (term, term_code, term_name),
            (hup, hup_code, hup_name),
            (quit, quit_code, quit_name),
        ] = &mut self.signals;
        tokio::select! {
            _ = int.recv() => Interrupt { code: *int_code, name: int_name },
            _ = term.recv() => Interrupt { code: *term_code, name: term_name },
            _ = hup.recv() => Interrupt { code: *hup_code, name: hup_name },
            _ = quit.recv() => Interrupt { code: *quit_code, name: quit_name },
        }
    }

    /// Resolves when ctrl-c is pressed, which.
    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) -> Interrupt {
        // An error means that nobody can press it any more.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Interrupt {
            code: CTRL_C,
            name: "ctrl-c",
        }
    }
}
