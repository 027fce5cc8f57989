//! `swerex-ags serve`: a bridge that stands between unmodified SWE-ReX clients and AGS.
//!
//! One loopback port, one virtual SWE-ReX server for each path `/v1/{image}/{instance}`. A sandbox is started when the agent opens its
//! session and freed when it closes.

pub(crate) mod address;
pub(crate) mod ags;
pub(crate) mod attached;
mod book;
pub(crate) mod bridge;
mod crowd;
pub(crate) mod descriptors;
pub(crate) mod pool;
mod proxy;
mod reply;
pub(crate) mod sandbox;
pub(crate) mod slot;
mod slots;
mod spool;
mod state;
mod stops;
#[cfg(test)]
mod tests;
mod wire;
