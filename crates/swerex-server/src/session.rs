//! Named bash sessions, each a shell on a terminal of its own.
//!
//! Calls that run something in one session queue behind each other; interrupting and closing do not. A command goes on when its
//! time is up or its client has gone: a later call waits for it, or is typed to it if it waits for input; what it prints after
//! that belongs to whoever interrupts it, and to nobody else.

mod asking;
mod bashlex;
mod call;
mod hangup;
mod inner;
mod input;
mod interrupt;
mod outcome;
mod pattern;
mod prompt;
mod run;
mod script;
mod send;
mod settling;
mod shell;
mod start;
mod syntax;
mod terminal;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::{
    io::Errno,
    process::{Resource, getrlimit},
};
use swerex_proto::{
    BashAction, BashInterruptAction, BashObservation, CloseBashSessionRequest,
    CloseBashSessionResponse, CreateBashSessionRequest, CreateBashSessionResponse,
};

use tokio::sync::Notify;

use crate::{
    events::Tap,
    exception::PyException,
    heavy,
    output::{Capture, Source, Written},
    work::Surroundings,
};
use shell::{Phase, Shell};

/// How 1.4.0 calls its prompt.
const PROMPT: &str = "SHELLPS1PREFIX";

/// How long the end of a server waits for shells that have been killed.
const LAST_WAIT: Duration = Duration::from_millis(500);

/// Descriptors that a shell takes.
const DESCRIPTORS: u64 = 8;

/// The sessions of a server; clones are the same sessions.
#[derive(Clone)]
pub(crate) struct Sessions(Arc<Inner>);

struct Inner {
    surroundings: Surroundings,
    rooms: Mutex<Rooms>,
}

#[derive(Default)]
struct Rooms {
    by_name: HashMap<String, Room>,
    is_closed: bool,
}

/// What stands behind a name.
enum Room {
    /// A shell that is not ready yet; told when it is not to be.
    Starting(Arc<Notify>),
    Open(Arc<Session>),
}

struct Session {
    shell: Arc<Shell>,
    /// Whose turn it is to run something.
    turn: tokio::sync::Mutex<()>,
    /// Whose to interrupt.
    interrupting: tokio::sync::Mutex<()>,
}

impl Sessions {
    /// No session yet.
    pub(crate) fn new(surroundings: Surroundings) -> Self {
        Self(Arc::new(Inner {
            surroundings,
            rooms: Mutex::default(),
        }))
    }

    /// Starts a shell and waits for its first prompt. A failed start leaves no name behind.
    pub(crate) async fn create(
        &self,
        request: CreateBashSessionRequest,
    ) -> Result<CreateBashSessionResponse, PyException> {
        let claim = self.claim(&request.session)?;
        let mut start = start::Start::new(&self.0.surroundings)?;
        let ready = start.finish(&request.startup_source, request.startup_timeout);
        let output = tokio::select! {
            output = ready => output?,
            () = claim.closed.notified() => return Err(closed_early()),
        };
        claim.settle(Session {
            shell: start.into_shell(),
            turn: tokio::sync::Mutex::default(),
            interrupting: tokio::sync::Mutex::default(),
        })?;
        Ok(CreateBashSessionResponse {
            output,
            ..CreateBashSessionResponse::default()
        })
    }

    /// Runs a command when those that came before it are done. Dropping the future stops waiting, not the command.
    pub(crate) async fn run(
        &self,
        action: BashAction,
        tap: Tap,
    ) -> Result<BashObservation, PyException> {
        let session = self.get(&action.session)?;
        let request = run::Request::new(action)?;
        let _turn = session.turn.lock().await;
        run::run(&session.shell, &request, tap).await
    }

    /// Interrupts what runs, at once.
    pub(crate) async fn interrupt(
        &self,
        action: BashInterruptAction,
    ) -> Result<BashObservation, PyException> {
        let session = self.get(&action.session)?;
        let request = interrupt::Request::new(&action)?;
        let _turn = session.interrupting.lock().await;
        interrupt::interrupt(&session.shell, &request).await
    }

    /// Ends a shell, at once, and frees its name; also one that is not ready yet.
    pub(crate) async fn close(
        &self,
        request: CloseBashSessionRequest,
    ) -> Result<CloseBashSessionResponse, PyException> {
        let name = request.session.as_str();
        let room = self.rooms().by_name.remove(name);
        room.ok_or_else(|| PyException::session_does_not_exist(name))?
            .close(self.0.surroundings.running.grace())
            .await;
        Ok(CloseBashSessionResponse::default())
    }

    /// Ends every shell and frees the names; the server goes on.
    pub(crate) async fn close_all(&self) {
        let rooms = std::mem::take(&mut self.rooms().by_name);
        let grace = self.0.surroundings.running.grace();
        futures_util::future::join_all(rooms.values().map(|room| room.close(grace))).await;
    }

    /// Kills every shell, every command and everything that came of them; nothing can be created afterwards.
    pub(crate) async fn shutdown(&self) {
        let open = {
            let mut rooms = self.rooms();
            rooms.is_closed = true;
            std::mem::take(&mut rooms.by_name)
        };
        self.0.surroundings.running.kill();
        let ends = open.values().map(|room| async move {
            match room {
                Room::Open(session) => hangup::end(&session.shell).await,
                Room::Starting(closed) => closed.notify_one(),
            }
        });
        // What has been killed is gone in a moment; a process that the kernel holds is not waited for.
        let _ = tokio::time::timeout(LAST_WAIT, futures_util::future::join_all(ends)).await;
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.0.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, name: &str) -> Result<Arc<Session>, PyException> {
        match self.rooms().by_name.get(name) {
            Some(Room::Open(session)) => Ok(Arc::clone(session)),
            Some(Room::Starting(_)) | None => Err(PyException::session_does_not_exist(name)),
        }
    }

    /// Takes a name that is free, or whose shell is gone.
    fn claim(&self, name: &str) -> Result<Claim<'_>, PyException> {
        let mut rooms = self.rooms();
        if rooms.is_closed {
            return Err(PyException::new(
                "builtins.RuntimeError",
                "the server is shutting down",
            ));
        }
        let is_free = match rooms.by_name.get(name) {
            None => true,
            Some(Room::Open(session)) => matches!(session.shell.state().phase(), Phase::Ended(_)),
            Some(Room::Starting(_)) => false,
        };
        if !is_free {
            return Err(PyException::session_exists(name));
        }
        if rooms.by_name.len() >= most() {
            return Err(PyException::os_bare(&Errno::MFILE.into()));
        }
        let closed = Arc::new(Notify::new());
        let room = Room::Starting(Arc::clone(&closed));
        rooms.by_name.insert(name.to_owned(), room);
        Ok(Claim {
            sessions: self,
            name: name.to_owned(),
            closed,
        })
    }
}

impl Room {
    async fn close(&self, grace: Duration) {
        match self {
            Self::Open(session) => hangup::hang_up(&session.shell, grace).await,
            Self::Starting(closed) => closed.notify_one(),
        }
    }
}

/// Sessions that there may be: half of the descriptors are for connections, without which none could be closed.
fn most() -> usize {
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(descriptors / 2 / DESCRIPTORS).unwrap_or(usize::MAX)
}

/// The answer to whoever waits for a shell that another call has closed.
fn closed_early() -> PyException {
    PyException::eof("End Of File (EOF). The session was closed before its shell was ready")
}

/// A name that is given back unless something is put behind it.
struct Claim<'a> {
    sessions: &'a Sessions,
    name: String,
    closed: Arc<Notify>,
}

impl Claim<'_> {
    /// Puts it there, unless the name was taken away meanwhile.
    fn settle(&self, session: Session) -> Result<(), PyException> {
        let mut rooms = self.sessions.rooms();
        match rooms.by_name.get_mut(&self.name) {
            Some(room) if self.is_mine(room) => {
                *room = Room::Open(Arc::new(session));
                Ok(())
            }
            _ => {
                session.shell.kill();
                Err(closed_early())
            }
        }
    }

    fn is_mine(&self, room: &Room) -> bool {
        matches!(room, Room::Starting(closed) if Arc::ptr_eq(closed, &self.closed))
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut rooms = self.sessions.rooms();
        if rooms
            .by_name
            .get(&self.name)
            .is_some_and(|room| self.is_mine(room))
        {
            rooms.by_name.remove(&self.name);
        }
    }
}

impl Drop for Inner {
    /// Without its server a session could not be reached by anybody.
    fn drop(&mut self) {
        self.surroundings.running.kill();
    }
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<String> = self.rooms().by_name.keys().cloned().collect();
        f.debug_tuple("Sessions").field(&names).finish()
    }
}

/// What a terminal showed, as text.
async fn text(screen: Capture) -> String {
    made_of(screen, |text| text).await
}

/// What is made of what a terminal showed.
async fn made_of(screen: Capture, make: impl FnOnce(String) -> String + Send + 'static) -> String {
    heavy::weighed(screen.size(), move || {
        make(screen.into_text(Source::Terminal, Written::Plainly))
    })
    .await
}

#[cfg(test)]
mod tests;
