//! What our native server offers beyond SWE-ReX 1.4.0. A server that does not say [`HEADER`] has none of it.
//!
//! * **Handshake.** Every answer of a native server has the header [`HEADER`] with [`REVISION`]. `GET` [`CAPABILITIES`] tells more.
//! * **Repeats.** A request with an `X-Request-ID` that was seen before gets the first one's answer; one that is still running is joined.
//! * **Bytes of a file.** `GET` [`FILE`]`?path=…` answers `application/octet-stream`, with `Range: bytes=A-B` a 206 with `Content-Range`.
//!   `PUT` [`FILE`]`?path=…` replaces the file by the body, at once or not at all; with `&offset=N` it writes the body at that offset,
//!   so that a broken transfer can be taken up. `&mode=755` (octal) sets the permission bits, and no others;
//!   `&modified=1700000000` (seconds since 1970) the time of the last change, which older servers pass over. It answers [`FileWritten`]. A path is
//!   percent-encoded bytes, which need not be UTF-8.
//! * **A directory.** `GET` [`TAR`]`?path=…` answers `application/x-tar`; `PUT` [`TAR`]`?path=…` unpacks such a body into the directory.
//!   Modes, links, files with several names and empty directories are kept. What cannot be read breaks the body off, unless `&`[`PARTIAL`] is given:
//!   then an entry of type `U` has its name, and the reason as a link's text; a file of that name before it is not to be used. A link may lead anywhere, but what would be written outside of the directory is refused.
//! * **A running command.** `POST` [`EXECUTE_EVENTS`] (body: [`Command`](crate::Command)) and [`RUN_IN_SESSION_EVENTS`] (body:
//!   [`Action`](crate::Action)) answer `application/x-ndjson`: one [`Event`] a line, the last a [`Event::Result`]. When nothing is to be told
//!   at the beginning, or for [`HEARTBEAT_SECONDS`], there is an [`Event::Heartbeat`]. A client that lost the connection repeats the request
//!   with the same `X-Request-ID` and `Last-Event-ID: N`, and gets the events after number `N`; a server that knows of no such run, because
//!   it is another one by now, begins none for it: 409.
//! * **Exact output**, from revision [`EXACT_SINCE`] on. `POST` [`EXECUTE_EVENTS`]`?`[`EXACT`], which must have an `X-Request-ID`, loses nothing that
//!   the command prints: an event is kept until a request with that `Last-Event-ID` says that it was seen, and a command that prints more than
//!   is kept waits. After an [`Event::Pause`] the stream ends and waits for such a request. There is no [`Event::Skipped`], and since everything
//!   was told, `stdout` and `stderr` of the result are empty. Whoever wants output of any length in little memory asks so.
//! * **A terminal**, from revision [`TERMINAL_SINCE`] on. `POST` [`TERMINAL`] (body: [`TerminalRequest`]) runs a program on a terminal of its
//!   own and answers its events as above; the last one's body is a [`TerminalEnded`]. The request must have an `X-Request-ID`, which is the
//!   terminal's name. Nothing that it prints is lost: an event is kept until a request with that `Last-Event-ID` says that it was seen, and
//!   a program that prints more than is kept waits. After an [`Event::Pause`] the stream ends and waits for such a request.
//!   `PUT` [`TERMINAL`]`?terminal=NAME&offset=N` types its body, whose first byte is byte `N` of all that is typed; what was typed before is
//!   not typed again. It answers [`Typed`]: if the program reads slowly, it may not have taken everything. `PUT` [`TERMINAL_SIZE`]`?terminal=NAME`
//!   (body: [`TerminalSize`]) sets the size. `DELETE` [`TERMINAL`]`?terminal=NAME` hangs up. 404: there is no such terminal, or it has ended.
//!   Without a reader it ends as other commands do.
//!
//! Errors are as in the protocol: 401, 422, and 511 with an exception.

mod line;
mod terminal;

use serde::{Deserialize, Serialize};

pub use line::EventLine;
pub use terminal::{TerminalEnded, TerminalRequest, TerminalSize, Typed};

/// The header on every answer of a native server.
pub const HEADER: &str = "x-swerex-native";

/// The value of [`HEADER`]: grows when something is added here.
pub const REVISION: u32 = 3;

/// `GET`: [`Capabilities`].
pub const CAPABILITIES: &str = "/native/capabilities";
/// `GET`, `PUT`: the bytes of a file.
pub const FILE: &str = "/native/file";
/// `GET`, `PUT`: a directory as a tar stream.
pub const TAR: &str = "/native/tar";
/// `POST`: as `/execute`, told while it happens.
pub const EXECUTE_EVENTS: &str = "/native/execute";
/// `POST`: as `/run_in_session`, told while it happens.
pub const RUN_IN_SESSION_EVENTS: &str = "/native/run_in_session";
/// `POST`: a program on a terminal, told while it happens; `PUT`: what is typed; `DELETE`: hangs up.
pub const TERMINAL: &str = "/native/terminal";
/// `PUT`: a terminal's size.
pub const TERMINAL_SIZE: &str = "/native/terminal/size";

/// The query of [`EXECUTE_EVENTS`] with which no output is lost.
pub const EXACT: &str = "exact";

/// The query of [`TAR`] with which an entry that cannot be read does not end the archive.
pub const PARTIAL: &str = "partial";

/// The first [`REVISION`] that knows [`EXACT`].
pub const EXACT_SINCE: u32 = 3;

/// The longest output in one answer, in bytes of the JSON string that it makes. Of a longer one the head and the tail are kept, each half of
/// this, with a line about the rest between them. Servers, clients and bridges count alike, so that what one lets through the next one takes.
pub const MAX_OUTPUT: usize = 16 * 1024 * 1024;

/// The first [`REVISION`] that has [`TERMINAL`].
pub const TERMINAL_SINCE: u32 = 2;

/// Bytes that are typed by one `PUT` [`TERMINAL`] at most; more are refused with 413.
pub const MAX_TYPED: usize = 64 * 1024;

/// The header with which a client takes up a stream of events.
pub const LAST_EVENT_ID: &str = "last-event-id";

/// The longest silence of a stream of events, in seconds.
pub const HEARTBEAT_SECONDS: u64 = 10;

/// Answer of `GET` [`CAPABILITIES`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// The program.
    #[serde(default)]
    pub server: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// The version of SWE-ReX that it is compatible with.
    #[serde(default)]
    pub protocol: String,
    /// [`REVISION`].
    #[serde(default)]
    pub revision: u32,
}

/// Answer of `PUT` [`FILE`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileWritten {
    /// The file's size now, in bytes.
    pub size: u64,
}

/// One line of a stream of events, to be written. Whoever reads what a peer sends takes [`EventLine`], which costs no more than the line itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// Nothing has happened, but the command still runs.
    Heartbeat,
    /// The command has printed something.
    Output {
        /// The event's number, from 1.
        id: u64,
        /// Where it printed it.
        stream: Stream,
        /// What it printed, in base64: a piece may end within a character.
        data: String,
    },
    /// Events that were too many to be kept for a client that came back are left out.
    Skipped {
        /// The number of the last event that is left out.
        id: u64,
    },
    /// No more comes before the client has said what it has seen, by asking again with `Last-Event-ID`. Only of a terminal.
    Pause,
    /// The command has ended. The answer that the plain endpoint would have given.
    Result {
        /// The event's number.
        id: u64,
        /// 200, 422 or 511; 503 if the server gave the run up because nobody read its events for long.
        status: u16,
        /// The JSON body.
        body: serde_json::Value,
    },
    /// An event that a later [`REVISION`] has; it is passed over.
    #[serde(other)]
    Other,
}

/// Where a command printed something. A session has one terminal, which is `stdout` here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_lines_of_json() {
        let events = [
            (Event::Heartbeat, json!({ "event": "heartbeat" })),
            (
                Event::Output {
                    id: 1,
                    stream: Stream::Stderr,
                    data: "/w==".to_owned(),
                },
                json!({ "event": "output", "id": 1, "stream": "stderr", "data": "/w==" }),
            ),
            (
                Event::Skipped { id: 9 },
                json!({ "event": "skipped", "id": 9 }),
            ),
            (Event::Pause, json!({ "event": "pause" })),
            (
                Event::Result {
                    id: 10,
                    status: 511,
                    body: json!({ "swerexception": {} }),
                },
                json!({ "event": "result", "id": 10, "status": 511, "body": { "swerexception": {} } }),
            ),
        ];
        for (event, line) in events {
            assert_eq!(serde_json::to_value(&event).unwrap(), line);
            assert_eq!(serde_json::from_value::<Event>(line).unwrap(), event);
        }
    }

    #[test]
    fn what_a_later_revision_adds_is_passed_over() {
        let later = json!({ "event": "cpu", "id": 3, "percent": 97.5 });
        assert_eq!(
            serde_json::from_value::<Event>(later).unwrap(),
            Event::Other
        );
        let capabilities: Capabilities =
            serde_json::from_value(json!({ "revision": 7, "news": [] })).unwrap();
        assert_eq!(capabilities.revision, 7);
    }
}
