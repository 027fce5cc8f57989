//! Named bash sessions, each a shell on a terminal of its own.
//!
//! Calls that run something in one session queue behind each other; interrupting and closing do not. A command goes on when its
//! time is up or its client has gone: a later call waits for it, or is typed to it if it waits for input; what it prints after
//! that belongs to whoever interrupts it, and to nobody else.

mod bashlex;
mod call;
mod hangup;
mod input;
mod interrupt;
mod pattern;
mod run;
mod script;
mod shell;
mod start;
mod syntax;
mod terminal;

use std::{
    collections::{HashMap, hash_map},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use swerex_proto::{
    BashAction, BashInterruptAction, BashObservation, CloseBashSessionRequest,
    CloseBashSessionResponse, CreateBashSessionRequest, CreateBashSessionResponse,
};

use crate::{
    events::Tap,
    exception::PyException,
    output::{decode, plain},
    work::Surroundings,
};
use shell::{Phase, Shell};

/// How 1.4.0 calls its prompt.
const PROMPT: &str = "SHELLPS1PREFIX";

/// How long the end of a server waits for shells that have been killed.
const LAST_WAIT: Duration = Duration::from_millis(500);

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
    /// A shell that is not ready yet.
    Taken,
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
        let mut claim = self.claim(&request.session)?;
        let mut start = start::Start::new(&self.0.surroundings)?;
        let output = start
            .finish(&request.startup_source, request.startup_timeout)
            .await?;
        claim.settle(Arc::new(Session {
            shell: start.into_shell(),
            turn: tokio::sync::Mutex::default(),
            interrupting: tokio::sync::Mutex::default(),
        }));
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

    /// Ends a shell, at once, and frees its name.
    pub(crate) async fn close(
        &self,
        request: CloseBashSessionRequest,
    ) -> Result<CloseBashSessionResponse, PyException> {
        let name = request.session.as_str();
        let session = self.get(name)?;
        {
            let mut rooms = self.rooms();
            let is_same = matches!(rooms.by_name.get(name), Some(Room::Open(now)) if Arc::ptr_eq(now, &session));
            if !is_same {
                return Err(PyException::session_does_not_exist(name));
            }
            rooms.by_name.remove(name);
        }
        hangup::hang_up(&session.shell).await;
        Ok(CloseBashSessionResponse::default())
    }

    /// Ends every shell and frees the names; the server goes on.
    pub(crate) async fn close_all(&self) {
        let open: Vec<Arc<Session>> = {
            let mut rooms = self.rooms();
            let mut open = Vec::new();
            rooms.by_name.retain(|_, room| match room {
                Room::Taken => true,
                Room::Open(session) => {
                    open.push(Arc::clone(session));
                    false
                }
            });
            open
        };
        let ends = open.iter().map(|session| hangup::hang_up(&session.shell));
        futures_util::future::join_all(ends).await;
    }

    /// Kills every shell, every command and everything that came of them; nothing can be created afterwards.
    pub(crate) async fn shutdown(&self) {
        let open = {
            let mut rooms = self.rooms();
            rooms.is_closed = true;
            std::mem::take(&mut rooms.by_name)
        };
        self.0.surroundings.running.kill();
        let ends = open.values().filter_map(|room| match room {
            Room::Open(session) => Some(hangup::end(&session.shell)),
            Room::Taken => None,
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
            Some(Room::Taken) | None => Err(PyException::session_does_not_exist(name)),
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
        match rooms.by_name.entry(name.to_owned()) {
            hash_map::Entry::Occupied(mut room) => match room.get() {
                Room::Open(session) if matches!(session.shell.state().phase(), Phase::Ended(_)) => {
                    room.insert(Room::Taken);
                }
                _ => return Err(PyException::session_exists(name)),
            },
            hash_map::Entry::Vacant(room) => {
                room.insert(Room::Taken);
            }
        }
        Ok(Claim {
            sessions: self,
            name: name.to_owned(),
            is_settled: false,
        })
    }
}

/// A name that is given back unless something is put behind it.
struct Claim<'a> {
    sessions: &'a Sessions,
    name: String,
    is_settled: bool,
}

impl Claim<'_> {
    fn settle(&mut self, session: Arc<Session>) {
        let mut rooms = self.sessions.rooms();
        self.is_settled = true;
        if rooms.is_closed {
            session.shell.kill();
        } else {
            let name = std::mem::take(&mut self.name);
            rooms.by_name.insert(name, Room::Open(session));
        }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if !self.is_settled {
            self.sessions.rooms().by_name.remove(&self.name);
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
fn text(screen: Vec<u8>) -> String {
    plain(&decode(screen))
}

#[cfg(test)]
mod tests;
