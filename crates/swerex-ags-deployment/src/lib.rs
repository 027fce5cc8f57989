//! The lifecycle of an AGS sandbox that runs a SWE-ReX server.

mod config;
pub mod keys;
pub mod source;
mod start_command;
pub mod units;
mod value;

pub use config::{InvalidConfig, TencentAgsDeploymentConfig, domain_of};
pub use start_command::StartCommand;
