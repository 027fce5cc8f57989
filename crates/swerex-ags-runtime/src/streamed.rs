//! A command's output of any length, exact and in little memory: whoever takes it says how fast it comes.

use std::{future::Future, io};

use ags_http::{Deadline, Idempotence};
use bytes::Bytes;
use swerex_proto::{
    Command, CommandResponse,
    native::{self, Stream},
};
use uuid::Uuid;

use crate::{
    error::Error,
    events::{self, Events, Told},
    request::{self, Allowed, Call},
    runtime::AgsRuntime,
};

/// How much of an answer's text is handed on at a time, in bytes.
const PIECE: usize = 64 << 10;

/// Takes what a command prints.
pub trait Sink: Send {
    /// Takes a piece, which may end within a character. Nothing more is asked for until it is taken: the command waits for a slow taker.
    ///
    /// # Errors
    /// The output cannot be taken; the command is not waited for any more.
    fn take(&mut self, stream: Stream, piece: Bytes)
    -> impl Future<Output = io::Result<()>> + Send;
}

impl<S: Sink> Sink for &mut S {
    fn take(
        &mut self,
        stream: Stream,
        piece: Bytes,
    ) -> impl Future<Output = io::Result<()>> + Send {
        (**self).take(stream, piece)
    }
}

impl AgsRuntime {
    /// Whether the server tells output of any length exactly: our native one, from revision [`native::EXACT_SINCE`] on. Known after the
    /// first answer.
    pub fn has_exact_output(&self) -> bool {
        self.connection.revision() >= native::EXACT_SINCE
    }

    /// As [`execute`](Self::execute), handing all output over to `sink`, so that the texts of the answer are empty. If the server
    /// [tells it exactly](Self::has_exact_output), it comes while it is printed, every byte of it as it is, in memory that does not grow with
    /// it; a lost connection is taken up behind what `sink` has taken. From other servers it is what `execute` answers, at the end.
    ///
    /// When the future is dropped, a command on such a server goes on until the server finds that nobody reads, as with `execute`.
    ///
    /// # Errors
    /// [`Error::Output`] if `sink` fails; others as [`execute`](Self::execute).
    pub async fn execute_streamed(
        &self,
        command: &Command,
        mut sink: impl Sink,
    ) -> Result<CommandResponse, Error> {
        if self.has_exact_output() {
            let uri = format!("{}?{}", self.uri(native::EXECUTE_EVENTS)?, native::EXACT);
            let uri = uri.parse().map_err(|error| {
                Error::Invalid(format!("the address `{uri}` cannot be used: {error}"))
            })?;
            let allowed = Allowed::of_command(command);
            let call = request::post("execute", uri, command, allowed)?;
            let id = Uuid::new_v4().to_string();
            let work = self.stream_into(&call, &id, &mut sink);
            return self.connection.observed(call.name, Some(&id), work).await;
        }
        let mut answer = self.execute(command).await?;
        for (stream, text) in [
            (Stream::Stdout, std::mem::take(&mut answer.stdout)),
            (Stream::Stderr, std::mem::take(&mut answer.stderr)),
        ] {
            let mut text = Bytes::from(text);
            while !text.is_empty() {
                let piece = text.split_to(text.len().min(PIECE));
                sink.take(stream, piece).await.map_err(Error::Output)?;
            }
        }
        Ok(answer)
    }

    /// As [`execute_streamed`](Self::execute_streamed) at an endpoint of a bridge, which answers a command with its events. Such a command ends
    /// with its connection: nothing is taken up again.
    ///
    /// # Errors
    /// As [`execute_streamed`](Self::execute_streamed).
    pub async fn execute_attached(
        &self,
        path: &str,
        command: &Command,
        mut sink: impl Sink,
    ) -> Result<CommandResponse, Error> {
        let call = request::post("execute", self.uri(path)?, command, Allowed::Ever)?;
        let connection = &self.connection;
        let work = async {
            let once = || events::open(connection, &call);
            let policy = connection.config.retry;
            let none = Deadline::none();
            // What was refused for now, or did not get there, has not begun.
            let mut lines = connection
                .repeat_with(policy, &call, none, Idempotence::Never, once, |_| None)
                .await?
                .ok_or_else(|| Error::Invalid("a command is no session".to_owned()))?;
            loop {
                match lines.told(&call).await.map_err(|lost| lost.error)? {
                    Told::Output(stream, piece) => {
                        sink.take(stream, piece).await.map_err(Error::Output)?;
                    }
                    Told::Result(status, bytes) => {
                        return connection.told_typed(&call, status, bytes).await;
                    }
                }
            }
        };
        connection.observed(call.name, None, work).await
    }

    async fn stream_into(
        &self,
        call: &Call,
        id: &str,
        sink: &mut impl Sink,
    ) -> Result<CommandResponse, Error> {
        let connection = &self.connection;
        let _under_way = connection.crowd.enter();
        let allowed = || connection.deadline(call.allowed);
        let mut events = Events::new(call.clone(), id, allowed(), connection.config.retry);
        loop {
            // The server ends the command in time, but its output comes as fast as it is taken.
            events.put_off(allowed());
            match events.next(connection).await? {
                Told::Output(stream, piece) => {
                    sink.take(stream, piece).await.map_err(Error::Output)?;
                }
                Told::Result(status, bytes) => {
                    return connection.told_typed(call, status, bytes).await;
                }
            }
        }
    }
}
