//! The native SWE-ReX server inside the emulator's process.

use std::path::Path;

use ags_http::Body;
use http::{Request, Response};

use super::Plan;

/// One server, which answers on the declared ports of its instance.
#[derive(Debug)]
pub(crate) struct Native {
    ports: Vec<u16>,
}

impl Native {
    pub(super) async fn launch(_id: &str, plan: &Plan, _directory: &Path) -> Result<Self, String> {
        Ok(Self {
            ports: plan.ports.clone(),
        })
    }

    /// Whether it answers on `port`.
    pub(crate) fn listens_on(&self, port: u16) -> bool {
        self.ports.contains(&port)
    }

    pub(crate) async fn handle(&self, _request: Request<Body>) -> Response<Body> {
        Response::new(ags_http::body::full("{\"is_alive\":true,\"message\":\"\"}"))
    }

    pub(super) async fn stop(&self) {}
}
