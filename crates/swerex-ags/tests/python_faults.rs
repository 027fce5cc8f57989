//! As the tests of the built program under faults, with the real Python SWE-ReX server in the sandboxes.
//!
//! `SWEREX_PYTHON_SERVER` names the server's program; `cargo xtask test` sets it. Without it these tests say that they are skipped.
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

#[path = "cli/doors.rs"]
mod doors;
#[path = "cli/scripted.rs"]
mod scripted;
#[expect(dead_code, reason = "the other tests of the program use the rest")]
#[path = "cli/serving.rs"]
mod serving;
#[expect(dead_code, reason = "the other tests of the program use the rest")]
#[path = "cli/support.rs"]
mod support;

use std::{ffi::OsString, path::PathBuf};

use ags_emulator::InstanceRunner;
use tokio::sync::Semaphore;

use crate::{
    doors::{ThroughBridge, ThroughDocker, all_complete},
    support::Lab,
};

/// Runs at a time, of all tests here: a Python server takes seconds of a core to begin, and an instance has 30 s for that.
static TURNS: Semaphore = Semaphore::const_new(8);

/// An emulator whose sandboxes start the Python server, as on AGS with an image that has it.
async fn lab() -> Option<Lab> {
    let Some(server) = std::env::var_os("SWEREX_PYTHON_SERVER").map(PathBuf::from) else {
        println!(
            "SKIPPED: SWEREX_PYTHON_SERVER is not set; `cargo xtask integration` runs this test"
        );
        return None;
    };
    let mut path = OsString::from(server.parent().unwrap());
    path.push(":/usr/local/bin:/usr/bin:/bin");
    Some(Lab::with(|builder| builder.runner(InstanceRunner::Process).path(path)).await)
}

/// Whether a call's answer is the same whenever it is made. SWE-ReX gives its shell a second to tell an exit code, and does without on a busy
/// machine.
fn is_exact(seen: &str) -> bool {
    !seen.contains("(run_in_session)")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_behind_the_bridge_complete_in_spite_of_faults() {
    let Some(lab) = lab().await else { return };
    let door = ThroughBridge::to(&lab).await;
    all_complete(&lab, &door, &TURNS, is_exact).await;
    door.0.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_in_containers_complete_in_spite_of_faults() {
    let Some(lab) = lab().await else { return };
    let door = ThroughDocker::to(&lab).await;
    all_complete(&lab, &door, &TURNS, is_exact).await;
}
