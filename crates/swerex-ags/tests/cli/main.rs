//! The built program against the emulator: what people see, what programs get, and that nothing is left running.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bridge;
mod control;
mod crowd;
mod desk;
mod docker;
mod doors;
mod drawn;
mod exact;
mod hostile;
mod interrupted;
mod keep;
mod killed;
mod life;
mod refused;
mod run;
mod scripted;
mod serving;
mod soak;
mod support;
mod survives;
mod terminal;
mod usage;
mod usage_of;
