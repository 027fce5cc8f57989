//! The client: takes a connection from the pool, sends, and guards the answer's body with the deadline.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use futures_util::future::{Either, select};
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::Sleep;

use crate::{
    Body, BoxFuture, BuildError, Deadline, HttpClientBuilder, HttpService, HttpVersions, Reached,
    TransportError,
    answer::Answer,
    dial::Dialer,
    fault,
    origin::{Key, Origin},
    outgoing::{Progress, watched},
    pool::{Lease, Limits, Pool},
    proxy::Proxies,
    tls,
};

/// So many kept connections may turn out to be closed before a call gives up; each is found unwritten.
const STALE_LIMIT: usize = 16;

/// An HTTP client over TLS with a pool of kept connections. Clones share the pool.
///
/// It dials, so its methods must be called within a tokio runtime with time and I/O enabled.
#[derive(Clone)]
pub struct HttpClient {
    shared: Arc<Inner>,
}

struct Inner {
    pool: Pool,
    settings: HttpClientBuilder,
}

impl HttpClient {
    /// Sets up a client.
    pub fn builder() -> HttpClientBuilder {
        HttpClientBuilder::default()
    }

    /// Whether this client takes any certificate (see
    /// [`danger_skip_ssl_verify`](HttpClientBuilder::danger_skip_ssl_verify)).
    pub fn skips_ssl_verify(&self) -> bool {
        self.shared.settings.skip_ssl_verify
    }

    #[cfg(test)]
    pub(crate) fn pool(&self) -> &Pool {
        &self.shared.pool
    }

    pub(crate) fn from_builder(settings: HttpClientBuilder) -> Result<Self, BuildError> {
        let proxies = Proxies::new(&settings.proxy, |name| std::env::var(name).ok())?;
        let tls = tls::config(&settings)?;
        let dialer = Dialer::new(tls, proxies, settings.versions, settings.connect_timeout);
        let limits = Limits {
            idle: settings.pool_max_idle_per_host,
            idle_timeout: settings.pool_idle_timeout,
            open: settings.max_connections_per_host.unwrap_or(usize::MAX),
            dials: settings.dials_per_host,
        };
        let may_share = settings.versions == HttpVersions::Negotiated;
        Ok(Self {
            shared: Arc::new(Inner {
                pool: Pool::new(dialer, limits, may_share),
                settings,
            }),
        })
    }
}

impl Inner {
    async fn send(
        &self,
        request: Request<Body>,
        deadline: Deadline,
    ) -> Result<Response<Body>, TransportError> {
        let host = self.pool.host(Key::of(request.uri())?);
        let peer = || host.origin().shared_peer();
        if deadline.is_past() {
            return Err(fault::late(Reached::NotSent).with_peer(peer()));
        }
        let mut alarm = deadline
            .instant()
            .map(|at| Box::pin(tokio::time::sleep_until(at)));
        let uri = request.uri().clone();
        let (head, sent_body) = request.into_parts();
        let (sent_body, progress) = watched(sent_body);
        let mut request = Request::from_parts(head, sent_body);
        for stale in 0.. {
            let checkout = within(&mut alarm, self.pool.checkout(&host));
            let Some(lease) = checkout.await else {
                return Err(fault::late(Reached::NotSent).with_peer(peer()));
            };
            let mut lease = lease?;
            let Some(sent) = within(&mut alarm, lease.send(request)).await else {
                return Err(fault::late(Reached::Unknown).with_peer(peer()));
            };
            match sent {
                Ok(answer) => return Ok(guarded(answer, lease, progress, alarm)),
                Err(failed) => match failed.unwritten {
                    // A kept connection that the peer had closed: nothing was written, another one will do.
                    Some(back) if lease.is_reused() && stale < STALE_LIMIT => {
                        tracing::debug!(peer = &*peer(), "a kept connection was closed");
                        request = back;
                        *request.uri_mut() = uri.clone();
                    }
                    _ => {
                        let error = match progress.take_reason() {
                            Some(cause) => fault::broke_off(cause),
                            None => failed.error,
                        };
                        return Err(error.with_peer(peer()));
                    }
                },
            }
        }
        Err(fault::late(Reached::NotSent).with_peer(peer()))
    }
}

/// The future's output, `None` once the alarm has gone off.
async fn within<F: Future>(alarm: &mut Option<Pin<Box<Sleep>>>, work: F) -> Option<F::Output> {
    let Some(alarm) = alarm else {
        return Some(work.await);
    };
    match select(std::pin::pin!(work), alarm.as_mut()).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(((), _)) => None,
    }
}

/// The answer with a body that keeps the deadline and gives the connection back at its end.
fn guarded(
    answer: Response<Incoming>,
    lease: Lease,
    progress: Arc<Progress>,
    alarm: Option<Pin<Box<Sleep>>>,
) -> Response<Body> {
    let (parts, incoming) = answer.into_parts();
    let mut answer = Answer::new(incoming, lease, progress, alarm);
    let body = if answer.is_over() {
        crate::body::empty()
    } else {
        answer.boxed_unsync()
    };
    Response::from_parts(parts, body)
}

impl HttpService for HttpClient {
    fn call(
        &self,
        request: Request<Body>,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
        Box::pin(self.shared.send(request, deadline))
    }

    fn forget(&self, origin: &Uri) {
        // An address that cannot be dialled has no connections.
        if let Ok(origin) = Origin::of(origin) {
            self.shared.pool.forget(&origin);
        }
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpClient")
            .field(&self.shared.settings)
            .finish()
    }
}
