//! Starting processes, ending whole trees of them, and reaping what nobody waits for.

use std::{ffi::OsString, path::PathBuf};

use bytes::Bytes;
use swerex_proto::native::Stream;

/// Bytes of output that are kept of one command, unless told otherwise: 256 MiB. Of more, head and tail are kept.
pub(crate) const DEFAULT_OUTPUT_CAP: usize = 256 * 1024 * 1024;

/// What commands and shells are started with.
#[derive(Clone, Debug)]
pub(crate) struct ProcessDefaults {
    /// The environment of commands that bring none.
    pub(crate) env: Vec<(OsString, OsString)>,
    /// Where they start, and relative directories with them.
    pub(crate) cwd: PathBuf,
    /// Bytes of output that are kept of one command's stream; `None` keeps everything.
    pub(crate) output_cap: Option<usize>,
}

/// Where output goes while a command still runs. A full channel slows the command down.
pub(crate) type OutputSink = tokio::sync::mpsc::Sender<OutputChunk>;

/// Output as it came, cut anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutputChunk {
    /// Which stream; a terminal is `stdout`.
    pub(crate) stream: Stream,
    /// The bytes, before decoding and before the terminal's codes are taken out.
    pub(crate) data: Bytes,
}

impl Default for ProcessDefaults {
    fn default() -> Self {
        Self {
            env: std::env::vars_os().collect(),
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            output_cap: Some(DEFAULT_OUTPUT_CAP),
        }
    }
}
