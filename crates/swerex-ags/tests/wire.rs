//! The bridge between an agent and the native server: no single fault ends a run, and nothing runs twice.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

#[path = "wire/mod.rs"]
mod wire;

use ags_emulator::{Emulator, EmulatorBuilder, InstanceRunner};

fn native() -> EmulatorBuilder {
    Emulator::builder().runner(InstanceRunner::Native)
}

#[tokio::test]
async fn no_fault_reaches_the_agent() {
    wire::no_fault_reaches_the_agent(native).await;
}

#[tokio::test]
async fn one_id_runs_once() {
    wire::one_id_runs_once(native()).await;
}
