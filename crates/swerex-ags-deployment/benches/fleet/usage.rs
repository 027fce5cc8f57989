//! What this process uses.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// From here on.
pub(super) struct Meter {
    begun: Instant,
    idle_kb: u64,
    cpu: Duration,
}

impl Meter {
    pub(super) fn start() -> Self {
        Self {
            begun: Instant::now(),
            idle_kb: status("VmRSS:"),
            cpu: cpu(),
        }
    }

    /// What was used, and what came of it.
    pub(super) fn read(&self, failures: &[String]) -> Value {
        json!({
            "seconds": self.begun.elapsed().as_secs_f64(),
            "peak_kb": status("VmHWM:").saturating_sub(self.idle_kb),
            "cpu_ms": (cpu() - self.cpu).as_millis(),
            "failed": failures.len(),
            "first_failure": failures.first(),
        })
    }
}

fn status(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(key)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Processor time so far: user and system, in ticks of 10 ms.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit(')').next().unwrap();
    let fields: Vec<u64> = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse().unwrap())
        .collect();
    Duration::from_millis(fields.iter().sum::<u64>() * 10)
}
