//! A peer that follows a script, and whose script must be used up.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};

use super::recorder::{Recorded, record};
use crate::{
    Body, BoxFuture, Deadline, HttpService, Reached, TransportError, TransportErrorKind, body,
};

/// What the peer does with one request.
#[non_exhaustive]
pub enum Step {
    /// Answers.
    Answer(Response<Body>),
    /// Fails instead of an answer.
    Fail(TransportError),
    /// Answers, but the body fails after these bytes.
    BreakOff(Response<Bytes>, TransportError),
    /// Does not answer before the deadline.
    Hang,
}

impl Step {
    /// Fails with `kind` after the request got as far as `reached`.
    pub fn fail(kind: TransportErrorKind, reached: Reached) -> Self {
        Self::Fail(super::failure(kind, reached))
    }

    /// Answers with `status` and a JSON text.
    pub fn json(status: u16, text: impl Into<Bytes>) -> Self {
        Self::Answer(super::json(status, text))
    }
}

/// Follows a script, one step a request, in order, and remembers the requests. Clones share the script.
///
/// A request past the end of the script panics, and so does the drop of the last clone while steps are left: a test
/// cannot pass by not asking.
#[derive(Clone)]
pub struct Replay {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    steps: VecDeque<Step>,
    requests: Vec<Recorded>,
}

impl Replay {
    /// Follows `steps`.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let state = State {
            steps: steps.into_iter().collect(),
            requests: Vec::new(),
        };
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(state),
            }),
        }
    }

    /// The requests so far, in the order in which they were received.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.lock().requests.clone()
    }

    /// How many steps are left.
    pub fn left(&self) -> usize {
        self.shared.lock().steps.len()
    }

    /// Asserts that every step was used.
    ///
    /// # Panics
    /// If steps are left.
    pub fn assert_consumed(&self) {
        let left = self.left();
        assert!(left == 0, "{left} scripted steps were not asked for");
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let left = self.lock().steps.len();
        if !std::thread::panicking() {
            assert!(left == 0, "{left} scripted steps were not asked for");
        }
    }
}

impl HttpService for Replay {
    #[expect(
        clippy::panic,
        reason = "a double of tests fails the test that leaves its script"
    )]
    fn call(
        &self,
        request: Request<Body>,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
        Box::pin(async move {
            let recorded = record(request).await?;
            let step = {
                let mut state = self.shared.lock();
                let step = state.steps.pop_front();
                if step.is_none() {
                    let seen = state.requests.len();
                    drop(state);
                    panic!(
                        "request {} is past the end of the script: {recorded:?}",
                        seen + 1
                    );
                }
                state.requests.push(recorded);
                step
            };
            match step {
                Some(Step::Answer(answer)) => Ok(answer),
                Some(Step::Fail(error)) => Err(error),
                Some(Step::BreakOff(answer, error)) => {
                    Ok(answer
                        .map(|start| body::stream(stream::iter([Ok(start), Err(error.into())]))))
                }
                Some(Step::Hang) | None => {
                    super::Never
                        .call(Request::new(body::empty()), deadline)
                        .await
                }
            }
        })
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay")
            .field("left", &self.left())
            .finish()
    }
}
