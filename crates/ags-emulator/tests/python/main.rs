//! The emulator with the real Python programs: the vendor's SDK outside, the SWE-ReX server inside.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "the other suite uses the rest of it")]
#[path = "../emulator/common.rs"]
mod common;
mod sdk;
mod server;

use std::ffi::OsString;

/// What `cargo xtask` sets `variable` to; without it the caller's test is skipped, which is said.
#[expect(clippy::print_stderr, reason = "whoever runs the tests is to see it")]
fn python(variable: &str) -> Option<OsString> {
    let found = std::env::var_os(variable);
    if found.is_none() {
        eprintln!("SKIPPED: {variable} is not set; `cargo xtask integration` sets it");
    }
    found
}
