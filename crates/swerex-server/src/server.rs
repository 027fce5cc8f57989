//! A server: what all its connections share, and the way of a request through it.

use std::{convert::Infallible, future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header::HOST, request::Parts,
};
use http_body_util::BodyExt;
use rustix::process::{Resource, getrlimit};
use swerex_proto::{
    native::{self, MAX_OUTPUT},
    route::{IS_ALIVE, X_API_KEY, X_REQUEST_ID},
};
use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    activity::Activity,
    answer::{Answer, Body, BodyError, Content},
    body, browser,
    config::ServerConfig,
    connection,
    events::Streams,
    idempotency::{Bounds, Idempotency},
    lifeline::Lifeline,
    process,
    router::{Route, route},
    work::{self, Machine, Run},
};

/// Answers that are kept for repeats of their requests: so many, and so many bytes. The longest has room.
const KEPT_ANSWERS: usize = 4096;
const KEPT_BYTES: usize = 2 * MAX_OUTPUT + 8 * 1024 * 1024;

/// How long runs may take to end with the server.
const RUNS_END: Duration = Duration::from_millis(500);

/// Requests with an id that run at the same time.
const MAX_RUNNING: usize = 1024;

/// A native SWE-ReX server. Clones are the same server.
#[derive(Clone, Debug)]
pub struct Server {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) config: ServerConfig,
    pub(crate) machine: Machine,
    pub(crate) ids: Arc<Idempotency>,
    pub(crate) streams: Streams,
    pub(crate) activity: Arc<Activity>,
    pub(crate) lifeline: Lifeline,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// A server without a listener; it has no sessions yet.
    #[must_use]
    pub fn new(config: ServerConfig) -> Self {
        process::hear_what_is_ignored();
        let ids = Idempotency::new(Bounds {
            answers: KEPT_ANSWERS,
            bytes: KEPT_BYTES,
            running: MAX_RUNNING,
            abandoned: config.abandoned_after,
        });
        Self {
            shared: Arc::new(Shared {
                machine: Machine::new(&config),
                ids: Arc::new(ids),
                streams: Streams::new(config.heartbeat, config.abandoned_after),
                activity: Arc::default(),
                lifeline: Lifeline::default(),
                config,
            }),
        }
    }

    /// Serves connections until `shutdown` is ready; then ends sessions, commands and connections, within a second.
    ///
    /// # Errors
    /// When the listener fails for good.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let outcome = connection::accept(self, &listener, shutdown).await;
        self.close().await;
        outcome
    }

    /// Answers one request, without a socket.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        let busy = self.shared.activity.begin(request.uri().path());
        let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
        let mut answer = match self.answer(request).await {
            Ok(answer) | Err(answer) => answer,
        };
        answer.content = match answer.content {
            Content::Stream(body) => Content::Stream(busy.while_sent(body)),
            whole => whole,
        };
        let mut response = answer.into_response();
        response.headers_mut().insert(
            HeaderName::from_static(native::HEADER),
            HeaderValue::from(native::REVISION),
        );
        response
    }

    /// Ends every session and every command, with everything that came of them, within a second. Nothing can be started
    /// afterwards.
    pub async fn close(&self) {
        let machine = &self.shared.machine;
        let cut = self.shared.lifeline.cut(RUNS_END);
        tokio::join!(cut, machine.sessions.shutdown());
        machine.surroundings.running.kill();
    }

    /// Returns once no request has been served for that long; probes (`/` and `/is_alive`) do not count.
    pub async fn idle(&self, time: Duration) {
        self.shared.activity.idle(time).await;
    }

    /// No more than half the descriptors that this process may have: commands and shells need some, too.
    pub(crate) fn max_connections(&self) -> usize {
        let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let half = usize::try_from(descriptors / 2).unwrap_or(usize::MAX);
        self.shared.config.max_connections.min(half)
    }

    async fn answer(&self, request: Request<Body>) -> Result<Answer, Answer> {
        let shared = &self.shared;
        let (parts, body) = request.into_parts();
        let admitted = shared.admit(&parts);
        let route = match admitted.or_else(|refusal| shared.admit_probe(&parts, refusal)) {
            Ok(route) => route,
            Err(refusal) => {
                body::discard(body);
                return Err(refusal);
            }
        };
        let id = request_id(route, &parts.headers);
        let prepared = work::prepare(shared, route, &parts, body, id.as_deref()).await?;
        if !route.has_effects() {
            return Ok(prepared.run.await);
        }
        // A client that hangs up does not make the server idle.
        let busy = shared.activity.begin(parts.uri.path());
        let run = shared.lifeline.bind(async move {
            let answer = prepared.run.await;
            drop(busy);
            answer
        });
        Ok(match (id, prepared.fingerprint) {
            (Some(id), Some(fingerprint)) => shared.ids.once(&id, fingerprint, || run).await,
            _ => to_the_end(run, shared.config.abandoned_after).await,
        })
    }
}

impl Shared {
    /// The key comes before everything else; without one, only what no web page can have sent is let in.
    fn admit(&self, parts: &Parts) -> Result<Route, Answer> {
        match &self.config.auth_token {
            Some(token) => token.check(&parts.headers)?,
            None => browser::refuse(&parts.headers)?,
        }
        route(&parts.method, &parts.uri, parts.headers.get(HOST))
    }
}

impl Shared {
    /// Lets a platform's probe in, which shows no key: it only asks whether somebody is there.
    fn admit_probe(&self, parts: &Parts, refusal: Answer) -> Result<Route, Answer> {
        let is_probe = parts.method == Method::GET
            && matches!(parts.uri.path(), "/" | IS_ALIVE)
            && !parts.headers.contains_key(X_API_KEY);
        if is_probe && self.config.answers_probes && self.config.auth_token.is_some() {
            route(&parts.method, &parts.uri, parts.headers.get(HOST))
        } else {
            Err(refusal)
        }
    }
}

/// Runs in a task of its own, which a client that hangs up does not end; a while later it is given up.
async fn to_the_end(run: Run, patience: Duration) -> Answer {
    let (sender, answer) = oneshot::channel();
    tokio::spawn(async move {
        let mut sender = sender;
        let abandoned = async {
            sender.closed().await;
            tokio::time::sleep(patience).await;
        };
        let answer = tokio::select! {
            answer = run => answer,
            () = abandoned => return,
        };
        // Nobody waits for it where this fails.
        let _ = sender.send(answer);
    });
    answer.await.unwrap_or_else(|_| work::stopping())
}

/// The id of a request that is not to be carried out twice.
fn request_id(route: Route, headers: &HeaderMap) -> Option<Vec<u8>> {
    let id = headers.get(X_REQUEST_ID)?.as_bytes();
    (!id.is_empty() && route.has_effects()).then(|| id.to_vec())
}

/// How hyper calls a server.
pub(crate) async fn call(
    server: Server,
    request: Request<hyper::body::Incoming>,
    _peer: SocketAddr,
) -> Result<Response<Body>, Infallible> {
    Ok(server.handle(request).await)
}
