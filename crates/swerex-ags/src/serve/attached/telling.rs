//! A command's output and end as lines of events, no faster than they are read.

use std::{io, time::Duration};

use ags_http::{Body, BoxFuture, body, text::with_causes};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::stream;
use serde_json::json;
use swerex_ags_runtime::{Error, Sink};
use swerex_proto::{
    CommandResponse, ExceptionBody, ExceptionClass, RemoteError,
    native::{self, Event, Stream},
    route,
};
use tokio::sync::mpsc;

/// The longest silence.
const HEARTBEAT: Duration = Duration::from_secs(native::HEARTBEAT_SECONDS);

/// Bytes of output in one line.
const PIECE: usize = 64 << 10;

type Outcome = Result<CommandResponse, Error>;

/// A command that is under way, and what it tells. Dropping it gives the command up.
pub(super) struct Telling {
    pieces: mpsc::Receiver<(Stream, Bytes)>,
    /// `None` once it has ended.
    work: Option<BoxFuture<'static, Outcome>>,
    outcome: Option<Outcome>,
    /// How many events have had a number.
    told: u64,
}

/// What is told next.
pub(super) enum Step {
    Output(Stream, Bytes),
    Nothing,
    End(Outcome),
}

/// Where the command's output goes: it waits until the piece before it has been read.
pub(super) struct Pieces(mpsc::Sender<(Stream, Bytes)>);

impl Sink for Pieces {
    async fn take(&mut self, stream: Stream, mut piece: Bytes) -> io::Result<()> {
        while !piece.is_empty() {
            let part = piece.split_to(piece.len().min(PIECE));
            let sent = self.0.send((stream, part)).await;
            sent.map_err(|_| io::ErrorKind::BrokenPipe)?;
        }
        Ok(())
    }
}

impl Telling {
    pub(super) fn new(work: impl FnOnce(Pieces) -> BoxFuture<'static, Outcome>) -> Self {
        let (sender, pieces) = mpsc::channel(1);
        Self {
            pieces,
            work: Some(work(Pieces(sender))),
            outcome: None,
            told: 0,
        }
    }

    pub(super) async fn step(&mut self) -> Step {
        loop {
            if let Ok((stream, piece)) = self.pieces.try_recv() {
                return Step::Output(stream, piece);
            }
            if let Some(outcome) = self.outcome.take() {
                return Step::End(outcome);
            }
            let Some(work) = &mut self.work else {
                return Step::Nothing;
            };
            tokio::select! {
                biased;
                Some((stream, piece)) = self.pieces.recv() => return Step::Output(stream, piece),
                outcome = work => {
                    // Its last words may not have been told yet.
                    (self.work, self.outcome) = (None, Some(outcome));
                }
                () = tokio::time::sleep(HEARTBEAT) => return Step::Nothing,
            }
        }
    }

    /// All of it as lines, from the step that was taken on.
    pub(super) fn into_body(self, first: Step) -> Body {
        body::stream(stream::unfold(
            Some((self, Some(first))),
            |state| async move {
                let (mut telling, first) = state?;
                let step = match first {
                    Some(step) => step,
                    None => telling.step().await,
                };
                let is_end = matches!(step, Step::End(_));
                let line = telling.line(step);
                Some((line, (!is_end).then_some((telling, None))))
            },
        ))
    }

    fn line(&mut self, step: Step) -> Result<Bytes, body::BodyError> {
        let event = match step {
            Step::Nothing => Event::Heartbeat,
            Step::Output(stream, piece) => {
                self.told += 1;
                Event::Output {
                    id: self.told,
                    stream,
                    data: STANDARD.encode(piece),
                }
            }
            Step::End(outcome) => {
                self.told += 1;
                let (status, body) = match outcome {
                    Ok(answer) => (200, json!(answer)),
                    Err(error) => (route::STATUS_EXCEPTION, json!(exception(error))),
                };
                Event::Result {
                    id: self.told,
                    status,
                    body,
                }
            }
        };
        let mut line = serde_json::to_vec(&event)?;
        line.push(b'\n');
        Ok(line.into())
    }
}

fn exception(error: Error) -> ExceptionBody {
    match error {
        Error::Remote(error) => error.whitelisted().into(),
        error => RemoteError::new(&ExceptionClass::SwerexException, with_causes(&error)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(telling: Telling, first: Step) -> String {
        let all = body::collect(telling.into_body(first), 1 << 20);
        String::from_utf8(all.await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn all_that_is_printed_comes_before_the_end() {
        let mut telling = Telling::new(|mut sink| {
            Box::pin(async move {
                sink.take(Stream::Stdout, Bytes::from_static(b"a"))
                    .await
                    .unwrap();
                tokio::time::sleep(HEARTBEAT * 3 / 2).await;
                sink.take(Stream::Stderr, Bytes::from_static(b"\xff"))
                    .await
                    .unwrap();
                Ok(CommandResponse {
                    exit_code: Some(3),
                    ..CommandResponse::default()
                })
            })
        });
        let first = telling.step().await;
        let expected = [
            r#"{"event":"output","id":1,"stream":"stdout","data":"YQ=="}"#,
            r#"{"event":"heartbeat"}"#,
            r#"{"event":"output","id":2,"stream":"stderr","data":"/w=="}"#,
            r#"{"event":"result","id":3,"status":200,"body":{"exit_code":3,"stderr":"","stdout":""}}"#,
            "",
        ];
        assert_eq!(lines(telling, first).await, expected.join("\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_is_not_ahead_of_its_reader() {
        let (progress, mut taken) = tokio::sync::watch::channel(0);
        let mut telling = Telling::new(|mut sink| {
            Box::pin(async move {
                for number in 1.. {
                    sink.take(Stream::Stdout, Bytes::from(vec![0; PIECE]))
                        .await
                        .map_err(Error::Output)?;
                    progress.send_replace(number);
                }
                Ok(CommandResponse::default())
            })
        });
        for _ in 0..5 {
            assert!(matches!(telling.step().await, Step::Output(_, piece) if piece.len() == PIECE));
        }
        assert!(*taken.borrow_and_update() <= 6);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_after_the_first_word_is_the_last_one() {
        let mut telling = Telling::new(|mut sink| {
            Box::pin(async move {
                sink.take(Stream::Stdout, Bytes::from_static(b"a"))
                    .await
                    .unwrap();
                Err(Error::Invalid("it is no more".to_owned()))
            })
        });
        let first = telling.step().await;
        let told = lines(telling, first).await;
        let last = told.lines().last().unwrap();
        assert!(
            last.contains(r#""status":511"#) && last.contains("it is no more"),
            "{told}"
        );
    }
}
