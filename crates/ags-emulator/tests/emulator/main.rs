//! The emulator from outside: over TLS, with the typed client, with real processes.

mod binary;
mod common;
mod control;
mod fault;
mod gateway;
mod in_process;
mod lifecycle;
mod process;
mod upgrade;
