#![doc = include_str!("../README.md")]

mod activity;
mod answer;
mod auth;
mod body;
mod browser;
mod codec;
mod config;
mod connection;
mod events;
mod exception;
mod exec;
mod files;
mod heavy;
mod idempotency;
mod json;
mod last;
mod lifeline;
mod multipart;
mod native;
mod output;
mod past;
mod process;
mod room;
mod router;
mod scratch;
mod server;
mod session;
mod tar;
mod target;
mod terminal;
mod unzip;
mod upload;
mod validate;
mod work;

pub use answer::{Body, BodyError};
pub use auth::AuthToken;
pub use config::{
    DEFAULT_ABANDONED_AFTER, DEFAULT_HEARTBEAT, DEFAULT_KILL_GRACE, DEFAULT_MAX_BODY,
    DEFAULT_MAX_CONNECTIONS, ServerConfig,
};
pub use process::forbid_core_dumps;
pub use server::Server;
use swerex_proto::pyrepr;
