//! The client against real sockets, real TLS and peers that misbehave.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, also in its helpers"
)]

mod bad_peers;
mod deadlines;
mod names;
mod pooling;
mod proxies;
mod retrying;
mod secrets;
mod silence;
mod socks;
mod support;
mod trust;
