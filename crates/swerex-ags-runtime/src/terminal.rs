//! A program on a terminal in the sandbox, for somebody who sits before one here.
//!
//! What it prints comes by events, as with any command that is followed: a cut connection is taken up after the last of them, and nothing is
//! lost, because the server keeps what was not seen. What is typed goes in small requests, each with its position, so that a repeat types
//! nothing twice.

use std::{sync::Arc, time::Duration};

use ags_http::{
    Deadline, Idempotence,
    backoff::Backoff,
    retry::{self, RetryPolicy},
};
use bytes::Bytes;
use http::{Method, StatusCode, Uri};
use serde::de::{DeserializeOwned, IgnoredAny};
use swerex_proto::native::{self, TerminalEnded, TerminalRequest, TerminalSize, Typed};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::{
    call::Connection,
    error::{Attempted, Error, Tried},
    events::{Events, Told},
    gateway,
    request::{self, Allowed, Call},
    runtime::AgsRuntime,
};

/// How long a lost connection to a terminal is tried to be taken up.
pub const TERMINAL_PATIENCE: Duration = Duration::from_secs(120);

/// The longest wait between two attempts: somebody watches.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// How long one attempt to type may take; the server waits a few seconds for a program that does not read.
const ATTEMPT: Duration = Duration::from_secs(15);

/// Bytes that are typed at once.
const PIECE: usize = 16 * 1024;

/// How long to wait after nothing was taken.
const PAUSE: Duration = Duration::from_millis(100);

/// A program on a terminal: what it prints, until its end. Without [`TerminalInput::close`] it goes on when this is dropped; the server ends it
/// when nobody has read for ten minutes.
#[derive(Debug)]
pub struct Terminal {
    input: TerminalInput,
    call: Call,
    events: Events,
    ended: Option<i64>,
}

/// What comes from a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TerminalEvent {
    /// The program has printed this; it may end within a character.
    Output(Vec<u8>),
    /// The program has ended.
    Ended {
        /// Its exit code; `-N` if signal `N` ended it.
        exit_code: i64,
    },
}

/// The keyboard of a terminal; clones are the same one.
#[derive(Clone, Debug)]
pub struct TerminalInput(Arc<Typing>);

#[derive(Debug)]
struct Typing {
    connection: Arc<Connection>,
    name: String,
    keyboard: Mutex<Keyboard>,
}

#[derive(Debug, Default)]
struct Keyboard {
    /// Bytes that the server has taken.
    done: u64,
    /// Those that it has not, of a call that was dropped too.
    pending: Vec<u8>,
}

impl AgsRuntime {
    /// Whether the server has terminals: our native one, from revision [`native::TERMINAL_SINCE`] on. Known after the first answer.
    pub fn has_terminals(&self) -> bool {
        self.connection.revision() >= native::TERMINAL_SINCE
    }

    /// Starts a program on a terminal of its own.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the server [has no terminals](Self::has_terminals); others as every call. That the program cannot be started is
    /// told by [`Terminal::next`].
    pub async fn open_terminal(&self, request: &TerminalRequest) -> Result<Terminal, Error> {
        if !self.has_terminals() {
            let wanted = native::TERMINAL_SINCE;
            return Err(Error::Invalid(match self.connection.revision() {
                0 => "the server has no terminals: it is not our native one".to_owned(),
                revision => format!(
                    "the server has no terminals: its revision is {revision}, and they come with {wanted}"
                ),
            }));
        }
        let connection = Arc::clone(&self.connection);
        let uri = self.uri(native::TERMINAL)?;
        let call = request::post("terminal", uri, request, Allowed::Ever)?;
        let name = Uuid::new_v4().to_string();
        let usual = connection.config.retry;
        let mut events = Events::new(call.clone(), &name, Deadline::none(), usual);
        events.begin(&connection).await?;
        events.policy = patient(usual);
        let input = TerminalInput(Arc::new(Typing {
            connection,
            name,
            keyboard: Mutex::default(),
        }));
        Ok(Terminal {
            input,
            call,
            events,
            ended: None,
        })
    }
}

fn patient(usual: RetryPolicy) -> RetryPolicy {
    RetryPolicy {
        max_attempts: u32::MAX,
        overall: TERMINAL_PATIENCE,
        backoff: Backoff {
            longest: usual.backoff.longest.min(LONGEST_WAIT),
            ..usual.backoff
        },
        ..usual
    }
}

impl Terminal {
    /// The keyboard.
    pub fn input(&self) -> TerminalInput {
        self.input.clone()
    }

    /// What comes next; may be dropped and called again. The program waits when this is not called and [some of its output](native) is on
    /// the way. A lost connection is taken up for [`TERMINAL_PATIENCE`].
    ///
    /// # Errors
    /// [`Error::Remote`] if the program could not be started; else the connection is lost for good, or the sandbox.
    pub async fn next(&mut self) -> Result<TerminalEvent, Error> {
        if let Some(exit_code) = self.ended {
            return Ok(TerminalEvent::Ended { exit_code });
        }
        let connection = &self.input.0.connection;
        match self.events.next(connection).await? {
            Told::Output(_, data) => Ok(TerminalEvent::Output(data.into())),
            Told::Result(status, value) if status == StatusCode::SERVICE_UNAVAILABLE => {
                // The server stops, or has given the terminal up.
                Err(Error::Refused {
                    call: self.call.name,
                    status,
                    message: gateway::evidence(&value),
                    tried: Tried::default(),
                })
            }
            Told::Result(status, value) => {
                let TerminalEnded { exit_code } =
                    connection.told_typed(&self.call, status, value).await?;
                self.ended = Some(exit_code);
                Ok(TerminalEvent::Ended { exit_code })
            }
        }
    }
}

impl TerminalInput {
    /// Types; returns when the server has taken it. It waits while the program does not read. What is typed after the program's end is
    /// dropped. When the future is dropped, its bytes are typed before those of the next call.
    ///
    /// # Errors
    /// As every call; what has no answer is repeated for [`TERMINAL_PATIENCE`].
    pub async fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        let mut keyboard = self.0.keyboard.lock().await;
        self.flush(&mut keyboard).await?;
        keyboard.pending.extend_from_slice(bytes);
        self.flush(&mut keyboard).await
    }

    async fn flush(&self, keyboard: &mut Keyboard) -> Result<(), Error> {
        while !keyboard.pending.is_empty() {
            let most = keyboard.pending.len().min(PIECE);
            let piece = Bytes::copy_from_slice(&keyboard.pending[..most]);
            let offset = keyboard.done.to_string();
            let uri = self.uri(native::TERMINAL, &[("offset", &offset)])?;
            let call = request::with_bytes("terminal input", Method::PUT, uri, piece);
            let Some(Typed { received }) = self.ask(&call).await? else {
                keyboard.pending.clear();
                break;
            };
            let taken = received.saturating_sub(keyboard.done);
            let taken = usize::try_from(taken).unwrap_or(usize::MAX).min(most);
            keyboard.pending.drain(..taken);
            keyboard.done += taken as u64;
            if taken == 0 {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(())
    }

    /// Sets the terminal's size, which its program is told.
    ///
    /// # Errors
    /// As every call; after the program's end there is nothing to do.
    pub async fn resize(&self, size: TerminalSize) -> Result<(), Error> {
        let uri = self.uri(native::TERMINAL_SIZE, &[])?;
        let mut call = request::post("terminal size", uri, &size, Allowed::NoCommand)?;
        call.method = Method::PUT;
        self.ask::<IgnoredAny>(&call).await.map(drop)
    }

    /// Hangs up: the program is told, and killed with what it started if it does not mind; what was started with `nohup` or `setsid` stays.
    ///
    /// # Errors
    /// As every call; after the program's end there is nothing to do.
    pub async fn close(&self) -> Result<(), Error> {
        let uri = self.uri(native::TERMINAL, &[])?;
        let call = request::with_bytes("terminal end", Method::DELETE, uri, Bytes::new());
        self.ask::<IgnoredAny>(&call).await.map(drop)
    }

    fn uri(&self, path: &str, more: &[(&str, &str)]) -> Result<Uri, Error> {
        let query = [&[("terminal", self.0.name.as_str())], more].concat();
        request::uri(&self.0.connection.config.base, path, &query)
    }

    /// The answer to a call that does the same however often it is sent; `None` if the program has ended.
    async fn ask<T: DeserializeOwned>(&self, call: &Call) -> Result<Option<T>, Error> {
        let connection = &self.0.connection;
        let once = |_| connection.attempt(call, Deadline::after(ATTEMPT), None);
        let policy = patient(connection.config.retry);
        let answer = retry::run(&policy, Idempotence::Safe, call.name, once)
            .await
            .map_err(Attempted::given_up);
        match answer {
            Ok(answer) => request::parse(call.name, answer.status, &answer.bytes).map(Some),
            Err(Error::Refused { status, .. }) if status == StatusCode::NOT_FOUND => Ok(None),
            Err(error) => Err(error),
        }
    }
}
