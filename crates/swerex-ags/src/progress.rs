//! What is under way: a spinner or a bar on a terminal, a line a step otherwise, nothing with `--quiet`.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    output::{self, Output},
    plain::one_line,
};

/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(100);

/// Tells how something goes on, on stderr. Clones tell of the same thing; the drawing goes when the last one goes.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    output: Output,
    began: Instant,
    drawn: Option<ProgressBar>,
}

impl Progress {
    /// Something with steps of unknown number.
    pub(crate) fn spinner(output: &Output) -> Self {
        Self::new(output, || {
            // Room at the end for the `^C` that a terminal echoes: on a full line it would begin another.
            let style = ProgressStyle::with_template("{spinner} {elapsed:>4} {wide_msg}    ")
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            ProgressBar::new_spinner().with_style(style)
        })
    }

    /// Something with bytes; [`of`](Self::of) says how many.
    pub(crate) fn bytes(output: &Output) -> Self {
        Self::new(output, || {
            let style = ProgressStyle::with_template(
                "{wide_msg}\n[{wide_bar}] {bytes}/{total_bytes} {bytes_per_sec} {eta}",
            )
            .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(0).with_style(style)
        })
    }

    /// Something with `total` parts.
    pub(crate) fn parts(output: &Output, total: usize) -> Self {
        Self::new(output, || {
            let style =
                ProgressStyle::with_template("[{bar:20}] {pos}/{len} {elapsed:>4} {wide_msg}")
                    .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(total as u64).with_style(style)
        })
    }

    fn new(output: &Output, draw: impl FnOnce() -> ProgressBar) -> Self {
        let drawn = (!output.is_quiet() && output::draws()).then(|| {
            let bar = output.live().add(draw());
            // Only now: whatever is drawn before belongs to nobody, and stays.
            bar.enable_steady_tick(TICK);
            bar
        });
        Self {
            output: output.clone(),
            began: Instant::now(),
            drawn,
        }
    }

    /// What is being done now.
    pub(crate) fn step(&self, text: &str) {
        match &self.drawn {
            Some(bar) => bar.set_message(one_line(text)),
            None => {
                let seconds = self.began.elapsed().as_secs_f64();
                self.output.note(&format!("[{seconds:6.1} s] {text}"));
            }
        }
    }

    /// What takes its time now; only where it is drawn, for it is no step of its own.
    pub(crate) fn wait(&self, text: &str) {
        if self.drawn.is_some() {
            self.step(text);
        }
    }

    /// `more` parts or bytes are done.
    pub(crate) fn advance(&self, more: u64) {
        if let Some(bar) = &self.drawn {
            bar.inc(more);
        }
    }

    /// There are `total` of them.
    pub(crate) fn of(&self, total: u64) {
        if let Some(bar) = &self.drawn {
            bar.set_length(total);
        }
    }

    /// Takes the drawing away.
    pub(crate) fn done(&self) {
        if let Some(bar) = &self.drawn {
            bar.finish_and_clear();
        }
    }
}
