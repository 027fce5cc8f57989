#![doc = include_str!("../README.md")]

mod archive;
mod attributes;
mod bytes;
mod call;
mod checked;
mod config;
mod counters;
mod crowd;
mod download;
mod error;
mod events;
mod file;
mod forward;
pub mod gateway;
mod incoming;
mod lines;
mod links;
mod merge;
mod modes;
mod multipart;
mod native;
mod pieces;
mod problem;
mod request;
mod rooms;
mod runtime;
mod secret;
mod send;
mod shorten;
mod spool;
mod stage;
mod streamed;
mod system;
mod tar_words;
mod tarball;
mod terminal;
mod token;
mod transfer;
mod upload;
mod walk;

pub use config::{AgsRuntimeConfig, DEFAULT_MAX_REPLY, DEFAULT_RUNTIME_TIMEOUT, InvalidConfig};
pub use counters::{Counters, Tally};
pub use error::{Error, Limit, Lost, Tried};
pub use events::{FOLLOWED_FROM, Heard};
pub use forward::Forwarded;
pub use runtime::AgsRuntime;
pub use secret::Secret;
pub use streamed::Sink;
pub use terminal::{TERMINAL_PATIENCE, Terminal, TerminalEvent, TerminalInput};
pub use token::{AccessToken, Acquire, RENEW_BEFORE, TokenCache, TokenError, TokenSource};
pub use transfer::{
    DEFAULT_MAX_BYTES, DEFAULT_MAX_ENTRIES, DownloadOptions, MAX_NAMED, Skipped, Transferred, Why,
};
pub use upload::Told;
