#![doc = include_str!("../README.md")]

mod account;
mod ask;
mod budget;
mod config;
mod counters;
mod deployment;
mod error;
mod extension;
mod fate;
pub mod fleet;
mod hook;
mod instance;
pub mod journal;
pub mod keys;
pub mod marks;
mod requests;
pub mod server_key;
pub mod source;
mod start_command;
mod token_source;
mod tool;
pub mod units;
mod value;

pub use account::{Account, Connections, STOP_PATIENCE};
pub use config::{InvalidConfig, TencentAgsDeploymentConfig, domain_of};
pub use counters::{BOUNDS_MS, Counters, Histogram};
pub use deployment::{QUOTA_PATIENCE, TencentAgsDeployment};
pub use error::{Cause, Left, NotStarted, Stage, StartFailed, StopFailed};
pub use fate::{End, Fate};
pub use hook::{Hook, Step};
pub use requests::SOFTWARE;
pub use start_command::StartCommand;
