//! Sandboxes that are started when the test says so, and that answer what the test says.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use ags_http::{Body, BoxFuture, body};
use http::{Request, Response, StatusCode};
use tokio::sync::{oneshot, watch};

use super::super::{
    address::Address,
    sandbox::{CallFailed, Sandbox, Stage, StartProblem, Starter},
};

type Started = Result<Arc<dyn Sandbox>, StartProblem>;

/// An answer of a script: status, content type, body; or why there is none.
type Scripted = Result<(u16, &'static str, &'static str), CallFailed>;

/// A starter whose starts hang until [`Cloud::finish`].
#[derive(Debug, Default)]
pub(super) struct Cloud {
    pending: Mutex<VecDeque<oneshot::Sender<Started>>>,
    pub(super) started: AtomicUsize,
    pub(super) given_up: Arc<AtomicUsize>,
    pub(super) stopped: Arc<Mutex<Vec<usize>>>,
    begun: watch::Sender<usize>,
    replies: Arc<Mutex<VecDeque<Scripted>>>,
    /// The numbers of those that do not live any more.
    pub(super) dead: Arc<Mutex<Vec<usize>>>,
    /// Sandboxes answer nothing.
    pub(super) mute: Arc<AtomicBool>,
    /// Starts succeed by themselves.
    pub(super) at_once: bool,
}

impl Cloud {
    pub(super) fn at_once() -> Arc<Self> {
        Arc::new(Self {
            at_once: true,
            ..Self::default()
        })
    }

    /// What the next call is answered: status, content type, body. Without any, `200 {}`.
    pub(super) fn reply(&self, reply: Result<(u16, &'static str, &'static str), CallFailed>) {
        self.replies.lock().unwrap().push_back(reply);
    }

    /// Waits until `count` starts have begun.
    pub(super) async fn begun(&self, count: usize) {
        self.begun
            .subscribe()
            .wait_for(|begun| *begun >= count)
            .await
            .unwrap();
    }

    /// Ends the oldest start that hangs.
    pub(super) fn finish(&self, outcome: Result<(), &str>) {
        let hanging = self.pending.lock().unwrap().pop_front().unwrap();
        let outcome = outcome
            .map(|()| self.sandbox())
            .map_err(|why| StartProblem(why.to_owned()));
        assert!(hanging.send(outcome).is_ok(), "the start was given up");
    }

    fn sandbox(&self) -> Arc<dyn Sandbox> {
        let number = self.started.fetch_add(1, Ordering::SeqCst) + 1;
        Arc::new(Paper {
            number,
            stopped: Arc::clone(&self.stopped),
            replies: Arc::clone(&self.replies),
            dead: Arc::clone(&self.dead),
            mute: Arc::clone(&self.mute),
        })
    }
}

impl Starter for Cloud {
    fn start(&self, _: &Address, stage: Stage) -> BoxFuture<'static, Started> {
        stage.set("pulling the image".to_owned());
        if self.at_once {
            let sandbox = self.sandbox();
            return Box::pin(async { Ok(sandbox) });
        }
        let (sender, receiver) = oneshot::channel();
        self.pending.lock().unwrap().push_back(sender);
        self.begun.send_modify(|begun| *begun += 1);
        let watch = GivenUp {
            count: Arc::clone(&self.given_up),
            armed: true,
        };
        Box::pin(async move {
            let mut watch = watch;
            let outcome = receiver.await.unwrap();
            watch.armed = false;
            outcome
        })
    }
}

/// Counts the starts that were dropped before they ended.
struct GivenUp {
    count: Arc<AtomicUsize>,
    armed: bool,
}

impl Drop for GivenUp {
    fn drop(&mut self) {
        if self.armed {
            self.count.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[derive(Debug)]
struct Paper {
    number: usize,
    stopped: Arc<Mutex<Vec<usize>>>,
    replies: Arc<Mutex<VecDeque<Scripted>>>,
    dead: Arc<Mutex<Vec<usize>>>,
    mute: Arc<AtomicBool>,
}

impl Sandbox for Paper {
    fn call(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, CallFailed>> {
        Box::pin(async move {
            assert!(
                !request.headers().contains_key("x-api-key"),
                "the agent's key stays at the bridge"
            );
            body::collect(request.into_body(), 1 << 20).await.unwrap();
            if self.mute.load(Ordering::SeqCst) {
                return std::future::pending().await;
            }
            let (status, kind, text) = self.replies.lock().unwrap().pop_front().unwrap_or(Ok((
                200,
                "application/json",
                "{}",
            )))?;
            let mut response = Response::new(body::full(text));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
                .headers_mut()
                .insert("content-type", kind.parse().unwrap());
            Ok(response)
        })
    }

    fn is_alive(&self) -> BoxFuture<'_, bool> {
        let is_alive = !self.dead.lock().unwrap().contains(&self.number);
        Box::pin(async move { is_alive })
    }

    fn stop(&self) -> BoxFuture<'_, Result<(), String>> {
        self.stopped.lock().unwrap().push(self.number);
        Box::pin(async { Ok(()) })
    }
}
