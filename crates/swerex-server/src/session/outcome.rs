//! How a command's end is told: its observation, or why there is none.

use swerex_proto::BashObservation;

use super::{
    shell::{End, Shell},
    text,
};
use crate::exception::PyException;

pub(super) fn observation(
    output: String,
    exit_code: Option<i64>,
    expect_string: String,
) -> BashObservation {
    BashObservation {
        output,
        exit_code,
        expect_string,
        ..BashObservation::default()
    }
}

/// The shell is gone; its last words come with it, once.
pub(super) async fn ended(shell: &Shell, end: End) -> PyException {
    let how = match end {
        End::Exited(code) => format!("has exited with code {code}"),
        End::Killed(signal) => format!("was killed by signal {signal}"),
        End::Unknown => "has ended".to_owned(),
    };
    let output = text(shell.take_output()).await;
    PyException::eof(format!(
        "End Of File (EOF). The session's shell {how}; create the session again to go on"
    ))
    .with_info("output", output)
}

/// The shell is another program now, which no command can be given to.
pub(super) async fn replaced(shell: &Shell) -> PyException {
    shell.kill();
    let output = text(shell.take_output()).await;
    PyException::eof(
        "End Of File (EOF). The session's shell became another program by exec, and was ended; create the session again to go on",
    )
    .with_info("output", output)
}

/// What Python strips.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

pub(super) fn strip_start(text: &mut String) {
    let blank = text.len() - text.trim_start_matches(is_blank).len();
    text.drain(..blank);
}

pub(super) fn strip(text: &mut String) {
    text.truncate(text.trim_end_matches(is_blank).len());
    strip_start(text);
}
