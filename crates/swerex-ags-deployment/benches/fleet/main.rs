//! Hundreds of sandboxes from one process, under the limits that AGS documents: `cargo xtask bench fleet [COUNT]`.
//!
//! The emulator is a process of its own and refuses what is beyond the documented rates; the driver is another, so that its memory and
//! processor time are its alone. The same is done once more with the sequence of the Python original: it polls for each sandbox by itself,
//! knows no limits and repeats nothing.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at the first surprise"
)]
#![cfg_attr(not(unix), expect(unused, reason = "the emulator is for Unix"))]

#[cfg(unix)]
mod account;
#[cfg(unix)]
mod original;
#[cfg(unix)]
mod ours;
#[cfg(unix)]
mod report;
#[cfg(unix)]
mod usage;

/// Sandboxes at a time, unless told otherwise.
const COUNT: usize = 500;

/// The variable by which a driver learns where the account is.
const READY: &str = "AGS_EMULATOR_READY";

#[cfg(unix)]
fn main() {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    match words[..] {
        ["ready", count] => runtime.block_on(ours::ready(count.parse().unwrap(), &ready())),
        ["ours", count] => runtime.block_on(ours::drive(count.parse().unwrap(), &ready())),
        ["original", count] => runtime.block_on(original::drive(count.parse().unwrap(), &ready())),
        [] => report::all(COUNT),
        [word] => match account::Kind::of(word) {
            Some(kind) => runtime.block_on(account::serve(kind)),
            None => report::all(word.parse().unwrap()),
        },
        _ => panic!("it takes a count, not {words:?}"),
    }
}

#[cfg(unix)]
fn ready() -> String {
    std::env::var(READY).unwrap()
}

#[cfg(not(unix))]
fn main() {}
