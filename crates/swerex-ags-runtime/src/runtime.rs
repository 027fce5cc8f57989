//! The runtime: one method for each endpoint of SWE-ReX.

use std::{sync::Arc, time::Duration};

use ags_http::{Body, Deadline, HttpService, text::with_causes};
use http::{Response, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use swerex_proto::{
    Action, CloseResponse, CloseSessionRequest, CloseSessionResponse, Command, CommandResponse,
    CreateSessionRequest, CreateSessionResponse, IsAliveResponse, Observation, ReadFileRequest,
    ReadFileResponse, WriteFileRequest, WriteFileResponse, native, route,
};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    call::Connection,
    checked::Checked,
    config::{AgsRuntimeConfig, InvalidConfig},
    error::{Error, Tried},
    events::{self, Heard},
    problem::MAX_PROBLEM,
    request::{self, Again, Allowed, Call},
    token::TokenSource,
};

/// How long one question whether the server is there may take while it starts.
const ALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// The first and the longest pause between two such questions.
const ALIVE_PAUSE: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(500));

/// A SWE-ReX server, with or without an AGS gateway in front. Cheap to clone; clones share connections and tokens.
#[derive(Clone, Debug)]
pub struct AgsRuntime {
    pub(crate) connection: Arc<Connection>,
}

impl AgsRuntime {
    /// A runtime for the server that `config` names.
    ///
    /// `tokens`: where tokens for the gateway come from; `None` if there is no gateway.
    ///
    /// # Errors
    /// [`InvalidConfig`] names what is wrong with the address or a duration.
    pub fn new(
        config: AgsRuntimeConfig,
        http: Arc<dyn HttpService>,
        tokens: Option<Arc<dyn TokenSource>>,
    ) -> Result<Self, InvalidConfig> {
        let connection = Connection::new(config.checked()?, http, tokens);
        Ok(Self {
            connection: Arc::new(connection),
        })
    }

    /// Whether the server is known to be our native one, with what [`swerex_proto::native`] describes. Known after the first answer.
    pub fn is_native(&self) -> bool {
        self.connection.is_native()
    }

    /// How many calls that do something have begun so far, and how many are under way: whether it is used at all.
    pub fn activity(&self) -> (usize, usize) {
        self.connection.crowd.size()
    }

    /// Asks once whether the server is there; `timeout` covers all of it.
    ///
    /// # Errors
    /// Any [`Error`]: unlike the original, a server that cannot be reached is not "not alive" but an error that says why.
    pub async fn is_alive(&self, timeout: Duration) -> Result<IsAliveResponse, Error> {
        let call = request::get("is_alive", self.uri(route::IS_ALIVE)?);
        let response = self
            .connection
            .send(&call, Deadline::after(timeout), None)
            .await
            .map_err(|failed| failed.error)?;
        self.whole(&call, response).await
    }

    /// Asks until the server is there, with growing pauses.
    ///
    /// # Errors
    /// [`Error::NotAlive`] after `timeout`, with what was seen last; at once what waiting does not mend: a refused key or token, a refused
    /// certificate. An instance that the gateway does not know yet is waited for.
    pub async fn wait_until_alive(&self, timeout: Duration) -> Result<(), Error> {
        let started = Instant::now();
        let mut pause = ALIVE_PAUSE.0;
        let mut asked = 0;
        let mut last = String::new();
        loop {
            asked += 1;
            let left = timeout.saturating_sub(started.elapsed());
            let seen = match self.is_alive(left.min(ALIVE_TIMEOUT)).await {
                Ok(IsAliveResponse { is_alive: true, .. }) => return Ok(()),
                Ok(IsAliveResponse { message, .. }) if message.is_empty() => {
                    "it says that it is not alive".to_owned()
                }
                Ok(IsAliveResponse { message, .. }) => message,
                Err(error) if is_for_good(&error) => return Err(error),
                Err(error) => with_causes(&error),
            };
            // A question that is cut short tells nothing of the server, but that the time is over.
            if last.is_empty() || left >= ALIVE_TIMEOUT || started.elapsed() < timeout {
                last = seen;
            }
            if started.elapsed().saturating_add(pause) >= timeout {
                return Err(Error::NotAlive {
                    asked,
                    waited: timeout,
                    last,
                });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(ALIVE_PAUSE.1);
        }
    }

    /// Makes a session.
    ///
    /// # Errors
    /// [`Error::Remote`] `SessionExistsError` if the name is taken; others as every call.
    pub async fn create_session(
        &self,
        request: &CreateSessionRequest,
    ) -> Result<CreateSessionResponse, Error> {
        self.post(
            "create_session",
            route::CREATE_SESSION,
            request,
            Allowed::of_session(request),
        )
        .await
    }

    /// Runs a command in a session, or interrupts it. The transport waits as long as the command's own timeout and `runtime_timeout` together;
    /// for ever if the command has no timeout.
    ///
    /// # Errors
    /// [`Error::Remote`] if the command timed out, is no bash, or failed and that was to be an exception; others as every call.
    pub async fn run_in_session(&self, action: &Action) -> Result<Observation, Error> {
        let plain = ("run_in_session", route::RUN_IN_SESSION);
        let events = native::RUN_IN_SESSION_EVENTS;
        let allowed = Allowed::of_action(action);
        if matches!(action, Action::Bash(_)) && self.is_native() && events::is_long(allowed) {
            return self.follow(plain.0, events, action, allowed, None).await;
        }
        let mut call = request::post(plain.0, self.uri(plain.1)?, action, allowed)?;
        call.checked = Checked::of_action(action);
        call.has_output = true;
        self.act(&call).await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`Error::Remote`] `SessionDoesNotExistError` if there is none of that name; others as every call.
    pub async fn close_session(
        &self,
        request: &CloseSessionRequest,
    ) -> Result<CloseSessionResponse, Error> {
        self.post(
            "close_session",
            route::CLOSE_SESSION,
            request,
            Allowed::NoCommand,
        )
        .await
    }

    /// Runs a command outside of sessions. Timeouts are as in [`run_in_session`](Self::run_in_session).
    ///
    /// # Errors
    /// [`Error::Remote`] if the command timed out or could not be started; others as every call.
    pub async fn execute(&self, command: &Command) -> Result<CommandResponse, Error> {
        let allowed = Allowed::of_command(command);
        if self.is_native() && events::is_long(allowed) {
            let path = native::EXECUTE_EVENTS;
            return self.follow("execute", path, command, allowed, None).await;
        }
        let mut call = request::post("execute", self.uri(route::EXECUTE)?, command, allowed)?;
        call.checked = Checked::of_command(command);
        call.has_output = true;
        self.act(&call).await
    }

    /// As [`execute`](Self::execute), telling what the command prints while it prints it. A Python server tells it only at the end. After a
    /// long loss of the connection pieces may be missing; the answer has everything.
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    pub async fn execute_heard(
        &self,
        command: &Command,
        heard: &Heard<'_>,
    ) -> Result<CommandResponse, Error> {
        if self.is_native() {
            let (path, allowed) = (native::EXECUTE_EVENTS, Allowed::of_command(command));
            return self
                .follow("execute", path, command, allowed, Some(heard))
                .await;
        }
        let answer = self.execute(command).await?;
        for (stream, text) in [
            (native::Stream::Stdout, &answer.stdout),
            (native::Stream::Stderr, &answer.stderr),
        ] {
            if !text.is_empty() {
                heard(stream, text.as_bytes());
            }
        }
        Ok(answer)
    }

    /// Reads a text file. [`read_bytes`](Self::read_bytes) is for all others.
    ///
    /// # Errors
    /// [`Error::Remote`] if it is missing or not of the encoding; others as every call.
    pub async fn read_file(&self, request: &ReadFileRequest) -> Result<ReadFileResponse, Error> {
        self.post("read_file", route::READ_FILE, request, Allowed::NoCommand)
            .await
    }

    /// Writes a text file; directories above it are made.
    ///
    /// # Errors
    /// [`Error::Remote`] if it cannot be written; others as every call.
    pub async fn write_file(&self, request: &WriteFileRequest) -> Result<WriteFileResponse, Error> {
        self.post("write_file", route::WRITE_FILE, request, Allowed::NoCommand)
            .await
    }

    /// Ends all sessions. The server itself goes on.
    ///
    /// # Errors
    /// As every call.
    pub async fn close(&self) -> Result<CloseResponse, Error> {
        let mut call = request::with_bytes(
            "close",
            http::Method::POST,
            self.uri(route::CLOSE)?,
            bytes::Bytes::new(),
        );
        call.again = Again::of(route::CLOSE);
        self.act(&call).await
    }

    pub(crate) fn uri(&self, path: &str) -> Result<http::Uri, Error> {
        request::uri(&self.connection.config.base, path, &[])
    }

    async fn post<T: DeserializeOwned + Send + 'static>(
        &self,
        name: &'static str,
        path: &str,
        body: &(impl Serialize + Sync),
        allowed: Allowed,
    ) -> Result<T, Error> {
        let mut call = request::post(name, self.uri(path)?, body, allowed)?;
        call.again = Again::of(path);
        self.act(&call).await
    }

    /// Sends a command whose end is awaited by its events.
    async fn follow<T: DeserializeOwned + Send + 'static>(
        &self,
        name: &'static str,
        path: &str,
        body: &(impl Serialize + Sync),
        allowed: Allowed,
        heard: Option<&Heard<'_>>,
    ) -> Result<T, Error> {
        let call = request::post(name, self.uri(path)?, body, allowed)?;
        let answer = self.connection.follow(&call, None, heard).await?;
        request::parsed(name, answer.status, answer.bytes).await
    }

    /// Sends a call that does something, under a fresh id.
    pub(crate) async fn act<T: DeserializeOwned + Send + 'static>(
        &self,
        call: &Call,
    ) -> Result<T, Error> {
        let id = Uuid::new_v4().to_string();
        let deadline = self.connection.deadline(call.allowed);
        let answer = self.connection.act(call, deadline, &id).await?;
        request::parsed(call.name, answer.status, answer.bytes).await
    }

    /// Reads a small answer of a call that was sent once.
    async fn whole<T: DeserializeOwned>(
        &self,
        call: &Call,
        response: Response<Body>,
    ) -> Result<T, Error> {
        let (parts, incoming) = response.into_parts();
        if parts.status != StatusCode::OK {
            let connection = &self.connection;
            return Err(connection
                .read_problem(call.name, &parts, incoming)
                .await
                .error);
        }
        let bytes = ags_http::body::collect(incoming, MAX_PROBLEM)
            .await
            .map_err(|source| Error::NotSent {
                call: call.name,
                source,
                tried: Tried::default(),
            })?;
        request::parse(call.name, parts.status, &bytes)
    }
}

/// Whether waiting does not mend it.
fn is_for_good(error: &Error) -> bool {
    match error {
        Error::Unauthorized { .. } | Error::Invalid(_) | Error::Remote(_) => true,
        Error::Token { source, .. } => source.is_instance_gone(),
        Error::NotSent { source, .. } => source.is_permanent(),
        _ => false,
    }
}
