#![doc = include_str!("../README.md")]

pub mod action;
pub mod answer;
pub mod client;
pub mod clock;
pub mod code;
pub mod counters;
pub mod credential;
pub mod description;
pub mod endpoint;
pub mod envelope;
pub mod error;
mod extra;
pub mod limit;
pub mod model;
mod open;
pub mod page;
pub mod poll;
mod secret;
mod time;

pub use self::{
    action::{Action, Idempotence},
    answer::Answer,
    client::{Client, ClientBuilder, ConfigError},
    clock::{Clock, SystemClock},
    code::{AuthKind, ErrorCode, ErrorKind, RetryAdvice},
    counters::Counters,
    credential::{CredentialError, CredentialSource},
    endpoint::{Endpoint, InvalidEndpoint},
    error::{Error, Phase},
    extra::Extra,
    limit::Limits,
    page::Paged,
    poll::StatusBoard,
    secret::Secret,
    time::ApiTime,
};
