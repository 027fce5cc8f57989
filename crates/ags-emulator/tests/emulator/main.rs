//! The emulator from outside: over TLS, with the typed client, with real processes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod account;
mod binary;
mod common;
mod connection;
mod control;
mod fault;
mod garbage;
mod gateway;
mod in_process;
mod lifecycle;
mod process;
