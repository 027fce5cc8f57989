//! Typed client for the Tencent Cloud Agent Sandbox (AGS) control plane, API 2025-09-20.

pub mod action;
pub mod description;
mod extra;
pub mod model;
mod open;
mod secret;
mod time;

pub use self::{action::Action, extra::Extra, secret::Secret, time::ApiTime};
