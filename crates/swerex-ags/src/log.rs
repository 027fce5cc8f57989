//! The tracing subscriber of this process: to stderr, as loud as `-v` says.

use std::{
    fmt,
    io::{self, Write},
};

use tracing::field::Field;
use tracing_subscriber::{
    EnvFilter,
    field::MakeExt as _,
    fmt::{
        FormatFields, MakeWriter,
        format::{Writer, debug_fn},
    },
};

use crate::{output::Output, plain::one_line};

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
        .fmt_fields(fields())
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

/// Values may hold the words of a peer. Colours are only around them.
fn fields() -> impl for<'writer> FormatFields<'writer> {
    debug_fn(
        |writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug| {
            let text = one_line(&format!("{value:?}"));
            match field.name() {
                "message" => write!(writer, "{text}"),
                name => write!(writer, "{name}={text}"),
            }
        },
    )
    .delimited(" ")
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
            self.0.output.logged(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_peers_words_in_the_log_do_nothing() {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .fmt_fields(fields())
            .finish();
        let evil = "\x1b]0;t\x07\u{202e}\u{9b}2J\nERROR forged";
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("call", what = %evil).entered();
            tracing::warn!(error = %evil, text = evil, number = 7, "it said {evil}");
            drop(span);
        });
        let bytes = kept.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        let shown = "\\u{1b}]0;t\\u{7}\\u{202e}\\u{9b}2J ERROR forged";
        assert!(
            text.contains(&format!("it said {shown} error={shown} text=")),
            "{text}"
        );
        assert!(text.ends_with(" number=7\n"), "{text}");
        assert_eq!(text, crate::plain::lines(&text), "no value passes by");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}
