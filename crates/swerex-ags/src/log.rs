//! The tracing subscriber of this process: to stderr, as loud as `-v` says.

use std::io::{self, Write};

use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use crate::output::Output;

/// The variable that says it in detail, as `ags_http=trace,warn`; it wins over `-v`.
const VARIABLE: &str = "SWEREX_AGS_LOG";

/// Installs it. Libraries log; only here is decided where to.
pub(crate) fn install(verbose: u8, output: &Output) {
    let level = match (verbose, output.is_quiet()) {
        (0, true) => "error",
        // That an abandoned instance is stopped is the normal end of an interrupt.
        (0, false) => "warn,swerex_ags_deployment::instance=error",
        (1, _) => "info",
        (2, _) => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(level));
    let colours =
        std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && crate::output::draws();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colours)
        .with_writer(Lines {
            output: output.clone(),
            is_asked_for: verbose > 0,
        });
    if output.is_json() {
        // One line an event without decoration is the closest to JSON that needs no other dependency.
        builder.compact().with_ansi(false).init();
    } else {
        builder.with_target(verbose > 1).init();
    }
}

/// Writes each event at once, without tearing what is drawn. That a connection was taken up again while somebody worked on a terminal is
/// of no interest afterwards, unless it was asked for.
#[derive(Clone, Debug)]
struct Lines {
    output: Output,
    is_asked_for: bool,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Line(self)
    }
}

struct Line<'a>(&'a Lines);

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.is_asked_for || !self.0.output.is_held() {
            self.0.output.stderr(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
