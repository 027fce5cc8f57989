#![doc = include_str!("../README.md")]

mod answer;
pub mod backoff;
pub mod body;
mod builder;
mod client;
pub mod date;
mod deadline;
mod dial;
mod error;
mod fault;
mod line;
mod origin;
mod outgoing;
mod pool;
mod proxy;
pub mod retry;
mod route;
mod service;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;
mod tls;

pub use body::{Body, BodyError};
pub use builder::{
    DEFAULT_ASK_AFTER, DEFAULT_ASK_PATIENCE, DEFAULT_CONNECT_TIMEOUT, DEFAULT_DIALS_PER_HOST,
    DEFAULT_PING_AFTER, DEFAULT_PING_PATIENCE, DEFAULT_POOL_IDLE_TIMEOUT,
    DEFAULT_POOL_MAX_IDLE_PER_HOST, HttpClientBuilder, HttpVersions, Liveness,
};
pub use client::HttpClient;
pub use deadline::Deadline;
pub use error::{BuildError, Reached, TransportError, TransportErrorKind};
pub use proxy::{ProxyConfig, ProxyRules};
pub use retry::Idempotence;
pub use service::{BoxFuture, HttpService};
