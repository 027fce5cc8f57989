#![doc = include_str!("../README.md")]

mod archive;
mod bytes;
mod call;
mod config;
mod crowd;
mod download;
mod error;
pub mod gateway;
mod multipart;
mod request;
mod runtime;
mod secret;
mod token;
mod upload;

pub use config::{AgsRuntimeConfig, DEFAULT_MAX_REPLY, DEFAULT_RUNTIME_TIMEOUT, InvalidConfig};
pub use error::{Error, Lost};
pub use runtime::AgsRuntime;
pub use secret::Secret;
pub use token::{AccessToken, Acquire, RENEW_BEFORE, TokenCache, TokenError, TokenSource};
pub use upload::Told;
