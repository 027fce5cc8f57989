#![doc = include_str!("../README.md")]

pub mod args;
pub mod behaviour;
mod builder;
mod clock;
mod control;
mod emulator;
mod error;
pub mod fault;
mod gateway;
mod incident;
mod instance;
mod listener;
mod quota;
mod shared;
mod state;
mod tls;
mod units;
mod view;

pub use self::{
    behaviour::Behaviour,
    builder::{DEFAULT_KILL_GRACE, DEFAULT_TOKEN_TTL, EmulatorBuilder, STOPPED_IS_LISTED_FOR},
    control::CARRIED_OUT,
    emulator::Emulator,
    error::StartError,
    fault::Fault,
    instance::InstanceRunner,
    quota::{Quotas, Throttle},
    units::parse_span,
    view::{InstanceView, ToolView},
};
