//! Fleets and pools against the emulator, whose instances run the native server in its process.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]
#![cfg(unix)]

mod fleets;
mod pools;
mod rig;
