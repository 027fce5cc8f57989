//! What is sent for a terminal, and what comes back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Body of `POST` [`TERMINAL`](super::TERMINAL).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalRequest {
    /// How large it is.
    #[serde(flatten)]
    pub size: TerminalSize,
    /// What kind of terminal the client's is, as in `TERM`. Where the sandbox does not know that kind, or by default, it is told
    /// `xterm-256color`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<String>,
    /// The client's language, as in `LANG`; default: none. It counts where the sandbox's environment names none (`LANG`, `LC_ALL`, `LC_CTYPE`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// The program and its arguments. Default: `bash`, or `sh` where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Where to start it. Default: where commands start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Added to the sandbox's environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
}

/// The size of a terminal, in characters. Neither is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalSize {
    /// Lines.
    pub rows: u16,
    /// Columns.
    pub cols: u16,
}

/// Answer of `PUT` [`TERMINAL`](super::TERMINAL).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typed {
    /// Bytes that have been typed so far, all of them together: where to go on.
    pub received: u64,
}

/// Body of the last event of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalEnded {
    /// The program's exit code; `-N` if signal `N` ended it.
    pub exit_code: i64,
}

impl TerminalRequest {
    /// A shell on a terminal of this size, with the defaults of all else.
    pub fn new(size: TerminalSize) -> Self {
        Self {
            size,
            term: None,
            lang: None,
            command: None,
            cwd: None,
            env: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_asked_for_is_sent() {
        let size = TerminalSize { rows: 24, cols: 80 };
        let request = TerminalRequest::new(size);
        let plain = json!({ "rows": 24, "cols": 80 });
        assert_eq!(serde_json::to_value(&request).unwrap(), plain);
        assert_eq!(
            serde_json::from_value::<TerminalRequest>(plain).unwrap(),
            request
        );
    }
}
