//! The bridge between an agent and the Python server: no single fault ends a run, and nothing runs twice.
//!
//! `SWEREX_PYTHON` names an interpreter that has it; `cargo xtask test` sets it. Without it these tests say that they are skipped.
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

#[path = "wire/mod.rs"]
mod wire;

use std::{ffi::OsString, path::PathBuf};

use ags_emulator::{Emulator, EmulatorBuilder, InstanceRunner};

/// The interpreter, and the emulator with the server that comes with it.
fn python() -> Option<(PathBuf, impl Fn() -> EmulatorBuilder)> {
    let Some(python) = std::env::var_os("SWEREX_PYTHON").map(PathBuf::from) else {
        println!("SKIPPED: SWEREX_PYTHON is not set; `cargo xtask integration` runs this test");
        return None;
    };
    let mut path = OsString::from(python.parent().unwrap());
    path.push(":/usr/local/bin:/usr/bin:/bin");
    let builder = move || {
        Emulator::builder()
            .runner(InstanceRunner::Process)
            .path(path.clone())
    };
    Some((python, builder))
}

#[tokio::test]
async fn no_fault_reaches_the_agent() {
    if let Some((_, builder)) = python() {
        wire::no_fault_reaches_the_agent(builder).await;
    }
}

#[tokio::test]
async fn one_id_runs_once() {
    if let Some((_, builder)) = python() {
        wire::one_id_runs_once(builder()).await;
    }
}
