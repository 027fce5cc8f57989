//! The table: what was done, what it took, and whether that is good enough.

use std::process::Command;

use ags_api::{
    Action,
    model::{
        AcquireSandboxInstanceTokenRequest, StartSandboxInstanceRequest, StopSandboxInstanceRequest,
    },
};
use serde_json::Value;

use crate::account::{Account, Kind};

/// Goals: wall time beside what the limits impose, memory above idle, control calls a sandbox.
const MOST_OF_BOUND: f64 = 1.15;
const MOST_MB: f64 = 60.0;
const MOST_CALLS: f64 = 5.0;

/// The same where no limit is kept and a call takes 50 ms: until the last is ready, processor time a sandbox, memory above idle.
const MOST_SECONDS: f64 = 1.0;
const MOST_CPU_MS: f64 = 2.0;
const MOST_MB_READY: f64 = 40.0;

pub(super) fn all(count: usize) {
    limited(count);
    unlimited(count);
}

fn unlimited(count: usize) {
    let (driver, account) = run("ready", count, Kind::Unlimited);
    let seconds = number(&driver["seconds"]);
    let megabytes = number(&driver["peak_kb"]) / 1024.0;
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let cpu = number(&driver["cpu_ms"]) / count as f64;
    println!(
        "\n{count} sandboxes ready where no limit is kept and a call takes 50 ms: {seconds:.2} s, {cpu:.2} ms of processor each, {megabytes:.1} MB, {} failed, {} left",
        driver["failed"], account["running"]
    );
    println!(
        "           goals: all succeed {}, <= {MOST_SECONDS} s {}, <= {MOST_CPU_MS} ms each {}, <= {MOST_MB_READY} MB {}, none left {}",
        verdict(driver["failed"] == 0),
        verdict(seconds <= MOST_SECONDS),
        verdict(cpu <= MOST_CPU_MS),
        verdict(megabytes <= MOST_MB_READY),
        verdict(account["running"] == 0),
    );
}

fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "MISSED" }
}

fn limited(count: usize) {
    // The limits let a second's worth pass at once; the last of these still has to be done when its second has come.
    let limit = slowest();
    let waiting = count.div_ceil(limit).saturating_sub(1);
    let at_once = count.min(limit);
    let (unhindered, _) = run("ours", at_once, Kind::Limited);
    let unhindered = number(&unhindered["seconds"]);
    let bound = unhindered + f64::from(u32::try_from(waiting).unwrap());
    println!(
        "{count} sandboxes from one process, each started, used and stopped, under the documented limits"
    );
    println!(
        "bound: {waiting} s until the last may start ({limit} a second), and {unhindered:.2} s for the {at_once} of that second"
    );
    println!(
        "\n{:<10} {:>7} {:>9} {:>8} {:>8} {:>9} {:>10} {:>7}",
        "", "failed", "seconds", "x bound", "MB", "cpu ms", "calls each", "left"
    );
    for which in ["ours", "original"] {
        let (driver, account) = run(which, count, Kind::Limited);
        let seconds = number(&driver["seconds"]);
        let megabytes = number(&driver["peak_kb"]) / 1024.0;
        let calls: f64 = account["calls"]
            .as_object()
            .unwrap()
            .values()
            .map(number)
            .sum();
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let each = calls / count as f64;
        println!(
            "{which:<10} {:>7} {seconds:>9.2} {:>8.2} {megabytes:>8.1} {:>9} {each:>10.2} {:>7}",
            driver["failed"],
            seconds / bound,
            driver["cpu_ms"],
            account["running"],
        );
        println!(
            "           calls {}, refused for their rate {}{}",
            account["calls"],
            account["throttled"],
            driver["first_failure"]
                .as_str()
                .map(|text| format!(", first failure: {text}"))
                .unwrap_or_default()
        );
        if which == "ours" {
            println!(
                "           goals: all succeed {}, <= {MOST_OF_BOUND} x bound {}, <= {MOST_MB} MB {}, <= {MOST_CALLS} calls {}, none left {}",
                verdict(driver["failed"] == 0),
                verdict(seconds <= MOST_OF_BOUND * bound),
                verdict(megabytes <= MOST_MB),
                verdict(each <= MOST_CALLS),
                verdict(account["running"] == 0),
            );
        }
    }
}

/// The lowest limit of the actions that each sandbox needs, in calls a second.
fn slowest() -> usize {
    let limits = [
        StartSandboxInstanceRequest::RATE_LIMIT_PER_SECOND,
        AcquireSandboxInstanceTokenRequest::RATE_LIMIT_PER_SECOND,
        StopSandboxInstanceRequest::RATE_LIMIT_PER_SECOND,
    ];
    let slowest = limits.into_iter().flatten().min().unwrap();
    usize::try_from(slowest).unwrap()
}

/// One run with an account of its own: what the driver says, and what the account says.
fn run(which: &str, count: usize, kind: Kind) -> (Value, Value) {
    let account = Account::start(kind);
    let output = Command::new(std::env::current_exe().unwrap())
        .args([which, &count.to_string()])
        .env(crate::READY, &account.ready)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{which}: {problem}");
    (serde_json::from_str(&said).unwrap(), account.end())
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}
