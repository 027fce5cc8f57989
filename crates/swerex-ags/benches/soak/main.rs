//! Many short lives behind one bridge: `cargo xtask bench soak [MINUTES [SANDBOXES]]`.
//!
//! The emulator and the bridge are processes of their own; this one is all the agents. Each of them begins one life after the other, evenly over
//! the time: a sandbox, some work in it, the end. It fails where a life fails, and where the bridge does not come back to what it
//! took before: descriptors exactly, memory but for [`SLACK_MB`], within [`GRACE`] of the end.
//!
//! "Before" is after a first life of each agent: a process that has done nothing has neither its threads nor their memory.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at the first surprise"
)]
#![cfg_attr(not(unix), expect(unused, reason = "the emulator is for Unix"))]

#[cfg(unix)]
#[expect(dead_code, reason = "the other benchmark uses the rest")]
#[path = "../bridge/account.rs"]
mod account;
#[cfg(unix)]
#[path = "../bridge/bridge.rs"]
mod bridge;
#[cfg(unix)]
#[path = "../../tests/cli/life.rs"]
mod life;
#[cfg(unix)]
mod soak;
#[cfg(unix)]
#[path = "../../tests/cli/usage_of.rs"]
mod usage_of;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut plan = soak::Plan::default();
    match words[..] {
        ["account"] => {
            runtime.block_on(account::serve());
            return std::process::ExitCode::SUCCESS;
        }
        [] => {}
        [minutes] => plan.minutes = minutes.parse().unwrap(),
        [minutes, sandboxes] => {
            plan = soak::Plan {
                minutes: minutes.parse().unwrap(),
                sandboxes: sandboxes.parse().unwrap(),
            };
        }
        _ => panic!("it takes minutes and a number of sandboxes, not {words:?}"),
    }
    runtime.block_on(soak::run(&plan))
}

#[cfg(not(unix))]
fn main() {}
