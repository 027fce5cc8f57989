//! The native SWE-ReX server inside the emulator's process.

use std::{
    fmt,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use ags_http::Body;
use http::{Request, Response};
use swerex_proto::route::AUTH_TOKEN_VARIABLE;
use swerex_server::{Server, ServerConfig};

use super::{Plan, environment, processes};
use crate::shared::Shared;

/// One server, which answers on the declared ports of its instance.
pub(crate) struct Native {
    server: Server,
    instance: String,
    ports: Vec<u16>,
    stopped: AtomicBool,
}

impl Native {
    /// A server that works in `directory`, with the key that its environment gives it; its commands do not see that.
    pub(super) fn new(shared: &Shared, id: &str, plan: &Plan, directory: &Path) -> Self {
        // No port is mapped, since nothing listens.
        let variables = environment::of(
            shared.settings.path.clone(),
            id,
            plan,
            &[].into(),
            directory,
        );
        let as_text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let mut config = match &plan.key {
            Some(key) => ServerConfig::with_token(key.expose()),
            None => ServerConfig::default(),
        };
        config.answers_probes = true;
        config.working_directory = Some(directory.to_owned());
        config.environment = Some(
            variables
                .into_iter()
                .map(|(name, value)| (as_text(name), as_text(value)))
                .filter(|(name, _)| name != AUTH_TOKEN_VARIABLE)
                .collect(),
        );
        Self {
            server: Server::new(config),
            instance: id.to_owned(),
            ports: plan.ports.clone(),
            stopped: AtomicBool::new(false),
        }
    }

    /// Whether it answers on `port`.
    pub(crate) fn listens_on(&self, port: u16) -> bool {
        self.ports.contains(&port)
    }

    pub(crate) async fn handle(&self, request: Request<Body>) -> Response<Body> {
        self.server.handle(request).await
    }

    /// Ends its sessions and commands.
    pub(super) async fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.server.close().await;
        let instance = self.instance.clone();
        // What a command left behind. It is over before the runtime is.
        let _ = tokio::task::spawn_blocking(move || processes::kill_all(None, &instance)).await;
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        if !*self.stopped.get_mut() {
            processes::kill_all(None, &self.instance);
        }
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Native")
            .field("instance", &self.instance)
            .field("ports", &self.ports)
            .finish_non_exhaustive()
    }
}
