//! The built program against the emulator: what people see, what programs get, and that nothing is left running.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bridge;
mod control;
mod desk;
mod docker;
mod drawn;
mod exact;
mod hostile;
mod interrupted;
mod keep;
mod killed;
mod refused;
mod run;
mod support;
mod terminal;
mod usage;
