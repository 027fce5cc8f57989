//! The listener: checks the key, finds the virtual server, and frees all sandboxes at the end.

use std::{convert::Infallible, future::Future, pin::pin, sync::Arc, time::Duration};

use ags_http::Body;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, time::MissedTickBehavior};

use super::{
    address::{Address, Target},
    crowd::{Crowd, HEAD, Notice, Notices, Place},
    descriptors, proxy, reply,
    sandbox::Starter,
    slot::Slot,
    slots::Slots,
    wire::Wire,
};

/// How long a sandbox may stay without a call: longer than an agent's retries of its language model (20 of up to two minutes).
pub(crate) const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(45 * 60);

/// How long `create_session` may wait for a sandbox: below the 300 s after which SWE-ReX's client gives up by itself.
pub(crate) const DEFAULT_START_TIMEOUT: Duration = Duration::from_secs(285);

/// How long stopping the bridge waits for its sandboxes to be stopped.
pub(crate) const STOP_LIMIT: Duration = Duration::from_secs(60);

/// How often idle sandboxes are looked for, unless the idle timeout is shorter.
const SWEEP: Duration = Duration::from_secs(30);

/// How long an agent's connection is kept open between two calls: longer than clients keep theirs, so that none sends into one that closes.
const REST: Duration = Duration::from_secs(75);

/// The pause after a connection could not be accepted: those that end give descriptors back.
const BREATH: Duration = Duration::from_millis(50);

/// What the bridge is told.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) idle_timeout: Duration,
    pub(crate) start_timeout: Duration,
    /// The one address that is served at the root, for a listener that stands for one container.
    pub(crate) only: Option<Address>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            idle_timeout: DEFAULT_IDLE_TIMEOUT,
            start_timeout: DEFAULT_START_TIMEOUT,
            only: None,
        }
    }
}

/// The key that agents send as `X-API-Key`.
#[derive(Clone)]
pub(crate) struct Key(String);

/// Virtual SWE-ReX servers behind one listener.
#[derive(Clone, Debug)]
pub(crate) struct Bridge {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    key: Key,
    settings: Settings,
    slots: Slots,
    crowd: Crowd,
}

impl Key {
    pub(crate) fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// Compares without telling by its duration how much was right.
    fn is(&self, given: &[u8]) -> bool {
        let there = self.0.as_bytes();
        let differing = there
            .iter()
            .zip(given)
            .fold(0_u8, |all, (a, b)| all | (a ^ b));
        there.len() == given.len() && differing == 0
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

impl Bridge {
    pub(crate) fn new(key: Key, settings: Settings, starter: Arc<dyn Starter>) -> Self {
        let shared = Shared {
            key,
            settings,
            slots: Slots::new(starter),
            crowd: Crowd::new(descriptors::share()),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The virtual server of an address.
    pub(crate) fn slot(&self, address: &Address) -> Arc<Slot> {
        self.shared.slots.slot(address)
    }

    /// How many addresses have a virtual server.
    #[cfg(test)]
    pub(crate) fn addresses(&self) -> usize {
        self.shared.slots.count()
    }

    /// Serves until `shutdown` resolves, then frees every sandbox; whether all were stopped within [`STOP_LIMIT`].
    pub(crate) async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> bool {
        let idle = self.shared.settings.idle_timeout;
        let mut sweep = tokio::time::interval(SWEEP.min(idle));
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut connections = tokio::task::JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                _ = sweep.tick() => self.shared.slots.sweep(idle),
                Some(_) = connections.join_next() => {}
                accepted = listener.accept(), if self.shared.crowd.has_room() => match accepted {
                    Ok((stream, _)) => {
                        let (bridge, (place, notices)) = (self.clone(), self.shared.crowd.enter());
                        connections.spawn(async move { bridge.connection(stream, place, notices).await });
                    }
                    Err(error) => {
                        self.shared.crowd.refused(&error);
                        tokio::time::sleep(BREATH).await;
                    }
                },
            }
        }
        drop(listener);
        self.free_all().await
    }

    /// Frees every sandbox; whether all were stopped within [`STOP_LIMIT`].
    async fn free_all(&self) -> bool {
        let slots = &self.shared.slots;
        slots.stops.close();
        for slot in slots.all() {
            slot.close();
        }
        slots.stops.finished(STOP_LIMIT).await
    }

    async fn connection(&self, stream: tokio::net::TcpStream, place: Place, mut notices: Notices) {
        // An answer is one small write: waiting to fill a packet would only delay it.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let service =
            service_fn(|request| async { Ok::<_, Infallible>(self.answer(request, &place).await) });
        let served = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(REST)
            .max_buf_size(HEAD)
            .serve_connection(TokioIo::new(Wire::new(stream)), service);
        let mut served = pin!(served);
        loop {
            tokio::select! {
                outcome = served.as_mut() => {
                    if let Err(error) = outcome {
                        tracing::debug!(%error, "a connection broke off");
                    }
                    return;
                }
                notice = notices.next() => match notice {
                    Notice::Go => return,
                    Notice::EndWithCall => served.as_mut().graceful_shutdown(),
                },
            }
        }
    }

    async fn answer(&self, request: Request<Incoming>, place: &Place) -> Response<Body> {
        let given = request
            .headers()
            .get("x-api-key")
            .map(http::HeaderValue::as_bytes)
            .unwrap_or_default();
        if given.is_empty() {
            return reply::detail(StatusCode::UNAUTHORIZED, "Not authenticated");
        }
        if !self.shared.key.is(given) {
            return reply::detail(StatusCode::UNAUTHORIZED, "Invalid API Key");
        }
        place.is_known();
        let (address, endpoint) = match self.target(request.uri()) {
            Ok(target) => target,
            Err(problem) => return reply::detail(StatusCode::NOT_FOUND, &problem),
        };
        let visit = self.shared.slots.visit(&address);
        let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
        proxy::serve(
            visit.slot(),
            &endpoint,
            request,
            self.shared.settings.start_timeout,
        )
        .await
    }

    fn target(&self, uri: &http::Uri) -> Result<(Address, String), String> {
        match &self.shared.settings.only {
            Some(address) => Ok((address.clone(), uri.path().trim_matches('/').to_owned())),
            None => {
                let target = Target::parse(uri.path(), uri.query())
                    .map_err(|problem| problem.to_string())?;
                Ok((target.address, target.endpoint))
            }
        }
    }
}
