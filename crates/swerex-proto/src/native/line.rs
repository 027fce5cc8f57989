//! A line of a stream of events as a client reads it: its texts stay where they are, and the body of a result stays text until it is wanted.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Stream;

/// One [`Event`](super::Event) of a peer, borrowed from its line. Reading it costs nothing beyond the line, whatever a peer puts into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventLine<'a> {
    /// Nothing has happened, but the command still runs.
    Heartbeat,
    /// The command has printed something.
    Output {
        /// The event's number, from 1.
        id: u64,
        /// Where it printed it.
        stream: Stream,
        /// What it printed, in base64.
        data: Cow<'a, str>,
    },
    /// Events up to this one are left out.
    Skipped {
        /// The number of the last event that is left out.
        id: u64,
    },
    /// No more comes before the client has said what it has seen.
    Pause,
    /// The command has ended.
    Result {
        /// The event's number.
        id: u64,
        /// The status that the plain endpoint would have answered.
        status: u16,
        /// The JSON text of the body that the plain endpoint would have answered.
        body: &'a str,
    },
    /// An event that a later revision has.
    Other,
}

/// All members that an event can have; what they hold is only read where the event has it.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    stream: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

/// A text that is only copied where it has escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> EventLine<'a> {
    /// Reads a line.
    ///
    /// # Errors
    /// It is no JSON object, has no `event`, or lacks what that event has.
    pub fn read(line: &'a [u8]) -> Result<Self, serde_json::Error> {
        if line.trim_ascii_start().first() != Some(&b'{') {
            return Err(serde::de::Error::custom("an event is an object"));
        }
        let members: Members<'a> = serde_json::from_slice(line)?;
        Ok(match members.event.as_ref() {
            "heartbeat" => Self::Heartbeat,
            "output" => Self::Output {
                id: member(members.id, "id")?,
                stream: member(members.stream, "stream")?,
                data: member::<Text<'a>>(members.data, "data")?.0,
            },
            "skipped" => Self::Skipped {
                id: member(members.id, "id")?,
            },
            "pause" => Self::Pause,
            "result" => Self::Result {
                id: member(members.id, "id")?,
                status: member(members.status, "status")?,
                body: members.body.map_or("null", RawValue::get),
            },
            _ => Self::Other,
        })
    }
}

fn member<'a, T: Deserialize<'a>>(
    raw: Option<&'a RawValue>,
    name: &'static str,
) -> Result<T, serde_json::Error> {
    let raw = raw.ok_or_else(|| serde::de::Error::missing_field(name))?;
    serde_json::from_str(raw.get())
}

#[cfg(test)]
mod tests {
    use super::{super::Event, *};

    #[test]
    fn what_is_written_is_read() {
        let written = |event: &Event| serde_json::to_string(event).unwrap();
        let output = written(&Event::Output {
            id: 1,
            stream: Stream::Stderr,
            data: "/w==".to_owned(),
        });
        let expected = EventLine::Output {
            id: 1,
            stream: Stream::Stderr,
            data: Cow::Borrowed("/w=="),
        };
        assert_eq!(EventLine::read(output.as_bytes()).unwrap(), expected);
        let result = written(&Event::Result {
            id: 2,
            status: 511,
            body: serde_json::json!({ "swerexception": [] }),
        });
        let expected = EventLine::Result {
            id: 2,
            status: 511,
            body: r#"{"swerexception":[]}"#,
        };
        assert_eq!(EventLine::read(result.as_bytes()).unwrap(), expected);
        for (event, expected) in [
            (Event::Heartbeat, EventLine::Heartbeat),
            (Event::Pause, EventLine::Pause),
            (Event::Skipped { id: 9 }, EventLine::Skipped { id: 9 }),
        ] {
            let line = written(&event);
            assert_eq!(EventLine::read(line.as_bytes()).unwrap(), expected);
        }
    }

    #[test]
    fn other_peers_may_write_it_otherwise() {
        let read = |line: &'static str| EventLine::read(line.as_bytes());
        let escaped =
            read(r#" {"data":"\/w==","stream":"stdout","id":3,"event":"out\u0070ut","more":[1]}"#);
        let expected = EventLine::Output {
            id: 3,
            stream: Stream::Stdout,
            data: Cow::Borrowed("/w=="),
        };
        assert_eq!(escaped.unwrap(), expected);
        let later = r#"{"event":"cpu","id":{"a":1},"stream":7,"data":[[]]}"#;
        assert_eq!(read(later).unwrap(), EventLine::Other);
        let empty = read(r#"{"event":"result","id":1,"status":503,"body":null}"#).unwrap();
        assert!(matches!(empty, EventLine::Result { body: "null", .. }));
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for line in [
            "",
            "7",
            "<html>",
            r#"["heartbeat"]"#,
            r#"{"id":1}"#,
            r#"{"event":"output","id":1,"stream":"stdout"}"#,
            r#"{"event":"output","id":-1,"stream":"stdout","data":""}"#,
            r#"{"event":"result","id":1,"status":70000,"body":{}}"#,
            r#"{"event":"pause"}}"#,
        ] {
            assert!(EventLine::read(line.as_bytes()).is_err(), "{line}");
        }
    }
}
