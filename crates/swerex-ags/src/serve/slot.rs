//! One virtual server: drives the table of [`super::state`], starting and stopping sandboxes as it says.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, task::AbortHandle, time::Instant};

use super::{
    address::Address,
    sandbox::{Sandbox, Stage, StartProblem, Starter},
    state::{Effect, Event, Generation, State},
    stops::Stops,
};

type Shared = Arc<dyn Sandbox>;

/// A virtual server.
#[derive(Debug)]
pub(crate) struct Slot {
    address: Address,
    starter: Arc<dyn Starter>,
    stops: Stops,
    inner: Mutex<Inner>,
    /// Told whenever a start ends.
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct Inner {
    state: State<Held>,
    generation: Generation,
    /// Aborts the start that is under way.
    start: Option<AbortHandle>,
    /// How far that start is.
    stage: Stage,
    /// How the last start that failed ended.
    failure: Option<(Generation, StartProblem)>,
    /// Calls that wait for the start.
    waiting: usize,
    /// Calls that the sandbox is working on.
    in_flight: usize,
    /// Whether a call has had the sandbox.
    was_used: bool,
    /// Sessions that the sandbox has.
    sessions: HashSet<String>,
    /// The ids of the requests that made them.
    asked: HashMap<String, Vec<u8>>,
    last_used: Instant,
}

/// A sandbox in the table: the same one is the same allocation.
#[derive(Clone, Debug)]
struct Held(Shared);

/// Why a call cannot be passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The start failed or took too long.
    NotStarted(StartProblem),
    /// The sandbox is gone.
    Dead(String),
    /// Another live agent holds the session.
    Held,
    /// The agent closed the sandbox while this call waited for it.
    Closed,
    /// The bridge is stopping.
    Stopping,
}

/// What a call is, as far as the life of the sandbox goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose<'a> {
    /// `create_session` with that session.
    Create(&'a str),
    /// Anything else.
    Use,
}

/// A sandbox in use by one call; the slot is not idle while it lives.
#[derive(Debug)]
pub(crate) struct InUse {
    slot: Arc<Slot>,
    sandbox: Shared,
}

impl Slot {
    pub(crate) fn new(address: Address, starter: Arc<dyn Starter>, stops: Stops) -> Arc<Self> {
        let inner = Inner {
            state: State::Idle,
            generation: 0,
            start: None,
            stage: Stage::default(),
            failure: None,
            waiting: 0,
            in_flight: 0,
            was_used: false,
            sessions: HashSet::new(),
            asked: HashMap::new(),
            last_used: Instant::now(),
        };
        Arc::new(Self {
            address,
            starter,
            stops,
            inner: Mutex::new(inner),
            changed: watch::channel(()).0,
        })
    }

    /// A sandbox for a call, started if need be; waits at most until `deadline`.
    ///
    /// A caller that is dropped while it waits gives the start up, unless others wait for it too.
    pub(crate) async fn sandbox(
        self: &Arc<Self>,
        purpose: Purpose<'_>,
        deadline: Instant,
    ) -> Result<InUse, Refused> {
        let mut changed = self.changed.subscribe();
        let (generation, waiting) = {
            let mut inner = self.lock();
            // Under the lock: what began before is seen, and stopped, by `close`.
            if self.stops.is_closing() {
                return Err(Refused::Stopping);
            }
            inner.last_used = Instant::now();
            let event = match purpose {
                Purpose::Create(session) => Event::Create {
                    held: inner.sessions.contains(session),
                    busy: inner.in_flight > 0,
                },
                Purpose::Use => Event::Use,
            };
            match self.apply(&mut inner, event) {
                Effect::Forward(sandbox) => return Ok(self.use_it(&mut inner, sandbox, purpose)),
                Effect::RefuseDead(why) => return Err(Refused::Dead(why)),
                Effect::RefuseHeld => return Err(Refused::Held),
                _ => (inner.generation, Waiting::new(self, &mut inner)),
            }
        };
        loop {
            changed.borrow_and_update();
            {
                let mut inner = self.lock();
                let is_mine = inner.generation == generation;
                match inner.state.clone() {
                    State::Running(sandbox) if is_mine => {
                        return Ok(self.use_it(&mut inner, sandbox, purpose));
                    }
                    State::Starting(_) if is_mine => {}
                    _ => {
                        let failed = inner
                            .failure
                            .as_ref()
                            .filter(|(failed, _)| *failed == generation);
                        return Err(failed
                            .map_or(Refused::Closed, |(_, why)| Refused::NotStarted(why.clone())));
                    }
                }
            }
            let ended = tokio::time::timeout_at(deadline, changed.changed()).await;
            if ended.is_err() {
                let problem = self.late();
                drop(waiting);
                return Err(Refused::NotStarted(problem));
            }
        }
    }

    /// Frees the sandbox; the stopping itself goes on in the background.
    pub(crate) fn close(self: &Arc<Self>) {
        let mut inner = self.lock();
        self.apply(&mut inner, Event::Close);
        drop(inner);
        self.changed.send_replace(());
    }

    /// Frees `sandbox`, unless that was done already.
    pub(crate) fn give_up(self: &Arc<Self>, sandbox: &InUse) {
        let mut inner = self.lock();
        if inner.state.is(&sandbox.sandbox) {
            self.apply(&mut inner, Event::Close);
        }
    }

    /// Notes that `sandbox` no longer exists.
    pub(crate) fn gone(self: &Arc<Self>, sandbox: &InUse, why: &str) {
        let mut inner = self.lock();
        if inner.state.is(&sandbox.sandbox) {
            tracing::warn!(address = %self.address, why, "the sandbox is gone");
            // Whatever is left of it in the cloud is stopped; that it may be gone already is no failure.
            self.stops.stop(Arc::clone(&sandbox.sandbox), &self.address);
            self.apply(&mut inner, Event::Gone(why.to_owned()));
        }
    }

    /// Frees the sandbox if nothing was asked of it for `idle`.
    pub(crate) fn sweep(self: &Arc<Self>, idle: Duration) {
        let mut inner = self.lock();
        let quiet = inner.in_flight == 0 && inner.waiting == 0 && inner.last_used.elapsed() >= idle;
        if quiet {
            if matches!(inner.state, State::Running(_)) {
                tracing::warn!(address = %self.address, idle_s = idle.as_secs(), "freeing an idle sandbox");
            }
            self.apply(&mut inner, Event::IdleTooLong);
        }
    }

    /// Whether there is nothing in it that a new one would not have.
    pub(crate) fn is_vacant(&self) -> bool {
        let inner = self.lock();
        matches!(inner.state, State::Idle) && inner.in_flight == 0 && inner.waiting == 0
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// What `is_alive` answers.
    pub(crate) fn alive(&self) -> (bool, String) {
        self.lock().state.alive()
    }

    /// Whether `create_session` is asked for again under the id of the request that made the session: then it is the same agent, which had no
    /// answer.
    pub(crate) fn is_repeat(&self, session: &str, id: Option<&[u8]>) -> bool {
        let mut inner = self.lock();
        let is_repeat = id.is_some()
            && inner.sessions.contains(session)
            && inner.asked.get(session).map(Vec::as_slice) == id;
        match id {
            Some(id) => inner.asked.insert(session.to_owned(), id.to_owned()),
            None => inner.asked.remove(session),
        };
        is_repeat
    }

    /// Notes that a session ended.
    pub(crate) fn session_closed(&self, session: &str) {
        let mut inner = self.lock();
        inner.sessions.remove(session);
        inner.asked.remove(session);
    }

    /// Why a start that takes too long is given up.
    fn late(&self) -> StartProblem {
        let stage = match self.lock().stage.get() {
            words if words.is_empty() => "its start has not begun".to_owned(),
            words => format!("it got as far as: {words}"),
        };
        StartProblem(format!(
            "no sandbox for {} came up in time; {stage}; the start was given up. A first use of an image can take minutes: pre-cache it with `swerex-ags image prewarm {}`",
            self.address, self.address.image
        ))
    }

    /// Steps the table and carries out what does not wait.
    fn apply(self: &Arc<Self>, inner: &mut Inner, event: Event<Held>) -> Effect<Held> {
        let (state, effect) = inner.state.step(event, inner.generation + 1);
        inner.state = state;
        match &effect {
            Effect::Start(generation) => self.start(inner, *generation),
            Effect::Replace(old, generation) => {
                tracing::warn!(address = %self.address, "an agent left its sandbox without /close; replacing it");
                self.stops.stop(Arc::clone(&old.0), &self.address);
                self.start(inner, *generation);
            }
            Effect::Stop(old) => {
                inner.sessions.clear();
                self.stops.stop(Arc::clone(&old.0), &self.address);
            }
            Effect::Cancel => {
                if let Some(start) = inner.start.take() {
                    tracing::info!(address = %self.address, "giving up a start");
                    start.abort();
                }
            }
            Effect::Nothing
            | Effect::Wait
            | Effect::Forward(_)
            | Effect::RefuseDead(_)
            | Effect::RefuseHeld => {}
        }
        effect
    }

    fn start(self: &Arc<Self>, inner: &mut Inner, generation: Generation) {
        inner.generation = generation;
        inner.sessions.clear();
        inner.failure = None;
        inner.was_used = false;
        inner.stage = Stage::default();
        let slot = Arc::clone(self);
        let starting = self.starter.start(&self.address, inner.stage.clone());
        // Aborting drops the start, and a dropped start stops what it created. The task is counted, so that shutting down waits for it.
        let task = self.stops.spawn(async move {
            let outcome = starting.await;
            let mut inner = slot.lock();
            match outcome {
                Ok(sandbox) => {
                    slot.apply(&mut inner, Event::Started(generation, Held(sandbox)));
                }
                Err(problem) => {
                    tracing::warn!(address = %slot.address, problem = %problem.0, "a start failed");
                    inner.failure = Some((generation, problem));
                    slot.apply(&mut inner, Event::StartFailed(generation));
                }
            }
            inner.start = None;
            drop(inner);
            // Those that wait find nobody else here: a slot in which nothing started is forgotten with the last of them.
            let changed = slot.changed.clone();
            drop(slot);
            changed.send_replace(());
        });
        inner.start = Some(task);
    }

    fn use_it(self: &Arc<Self>, inner: &mut Inner, sandbox: Held, purpose: Purpose<'_>) -> InUse {
        inner.in_flight += 1;
        inner.was_used = true;
        if let Purpose::Create(session) = purpose {
            inner.sessions.insert(session.to_owned());
        }
        InUse {
            slot: Arc::clone(self),
            sandbox: sandbox.0,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State<Held> {
    /// Whether this is the sandbox that runs.
    fn is(&self, sandbox: &Shared) -> bool {
        matches!(self, Self::Running(there) if Arc::ptr_eq(&there.0, sandbox))
    }
}

impl InUse {
    pub(crate) fn sandbox(&self) -> &dyn Sandbox {
        self.sandbox.as_ref()
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        let mut inner = self.slot.lock();
        inner.in_flight -= 1;
        inner.last_used = Instant::now();
    }
}

/// A call that waits for a start; when the last one goes away, nobody wants the sandbox any more.
struct Waiting<'a> {
    slot: &'a Arc<Slot>,
}

impl<'a> Waiting<'a> {
    fn new(slot: &'a Arc<Slot>, inner: &mut Inner) -> Self {
        inner.waiting += 1;
        Self { slot }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut inner = self.slot.lock();
        inner.waiting -= 1;
        let nobodys = match inner.state {
            State::Starting(_) => true,
            // It came up, but whoever it was for went away before having it.
            State::Running(_) => !inner.was_used,
            State::Idle | State::Dead(_) => false,
        };
        if nobodys && inner.waiting == 0 {
            self.slot.apply(&mut inner, Event::Close);
        }
    }
}
