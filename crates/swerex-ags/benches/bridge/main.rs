//! What the bridge adds to a call, and what an agent costs it: `cargo xtask bench bridge [AGENTS]`.
//!
//! The emulator and the bridge are processes of their own; this one is all the agents. Each agent has a sandbox behind the bridge and one that it
//! reaches directly, and asks them in turn the same thing, with pauses as agents have them: what is measured is the way, not the machine's
//! limits. As SWE-ReX's own client does, it makes a connection to the bridge for each call.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at the first surprise"
)]
#![cfg_attr(not(unix), expect(unused, reason = "the emulator is for Unix"))]

#[cfg(unix)]
mod account;
#[cfg(unix)]
mod agents;
#[cfg(unix)]
mod bridge;

/// Agents at a time, unless told otherwise.
const AGENTS: usize = 64;

/// Goals: what a call may take longer, and memory for each agent.
const MOST_ADDED_MS: f64 = 1.0;
const MOST_MB: f64 = 1.0;

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
        ["account"] => runtime.block_on(account::serve()),
        [] => runtime.block_on(measure(AGENTS)),
        [count] => runtime.block_on(measure(count.parse().unwrap())),
        _ => panic!("it takes a count, not {words:?}"),
    }
}

#[cfg(unix)]
async fn measure(count: usize) {
    let account = account::Account::start();
    let bridge = bridge::Bridge::start(&account.ready);
    let idle = bridge.memory("VmRSS:");
    let measured = agents::work(count, &account, &bridge).await;
    let peak = bridge.memory("VmHWM:");
    let ended_well = bridge.stop();
    let running = account.end();

    println!("{count} agents through one bridge, each call beside a direct one");
    println!(
        "\n{:<16} {:>7} {:>12} {:>12} {:>10} {:>14}",
        "", "calls", "direct ms", "bridge ms", "added ms", "added p95 ms"
    );
    let mut is_fast = true;
    for (call, pairs) in measured {
        let direct = quantile(pairs.iter().map(|pair| pair.direct), 0.5);
        let bridged = quantile(pairs.iter().map(|pair| pair.bridged), 0.5);
        let added = |part| quantile(pairs.iter().map(|pair| pair.bridged - pair.direct), part);
        println!(
            "{call:<16} {:>7} {direct:>12.2} {bridged:>12.2} {:>10.2} {:>14.2}",
            pairs.len(),
            added(0.5),
            added(0.95),
        );
        is_fast &= added(0.5) <= MOST_ADDED_MS;
    }
    #[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
    let each = peak.saturating_sub(idle) as f64 / 1024.0 / count as f64;
    println!(
        "\nthe bridge: {:.1} MB idle, {:.1} MB at most, {each:.2} MB each agent; sandboxes left: {running}",
        megabytes(idle),
        megabytes(peak),
    );
    let verdict = |is_met: bool| if is_met { "met" } else { "MISSED" };
    println!(
        "goals: <= {MOST_ADDED_MS} ms added {}, <= {MOST_MB} MB each {}, nothing left {}",
        verdict(is_fast),
        verdict(each <= MOST_MB),
        verdict(running == 0 && ended_well),
    );
}

/// The value below which `part` of them are.
#[cfg(unix)]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place among a few thousand"
)]
fn quantile(values: impl Iterator<Item = f64>, part: f64) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * part) as usize]
}

#[cfg(unix)]
#[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
fn megabytes(kilobytes: u64) -> f64 {
    kilobytes as f64 / 1024.0
}

#[cfg(not(unix))]
fn main() {}
