//! Trouble of every kind between a deployment and AGS: what can be survived is, every command runs once, and nothing is left running.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calls;
mod control;
mod flood;
mod keys;
mod lab;
mod leaving;
mod scripts;
mod switches;
mod tools;
mod unsurvivable;
mod waits;
