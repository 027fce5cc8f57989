//! What a directory of very many entries costs in memory. Alone in its process, whose peak is measured.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

#[expect(dead_code, reason = "other tests use the rest")]
#[path = "hostile_sandbox/sandbox.rs"]
mod sandbox;

use std::fs;

use sandbox::{Sandbox, directory};
use swerex_ags_runtime::{DownloadOptions, Error};

const ENTRIES: u64 = 300_000;

/// Most that they may cost at the peak, beyond what the process had before, in kB.
const MOST: u64 = 24 << 10;

fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn entries_are_not_remembered() {
    let home = tempfile::tempdir().unwrap();
    // The same few directories again and again, with names as long as they may be in a plain header: nothing knows that beforehand.
    let many: Vec<u8> = (0..1_000)
        .flat_map(|number| directory(&format!("{number:04}/{}/", "d".repeat(90)), 0o755))
        .collect();
    let mut options = DownloadOptions::default();
    options.max_entries = ENTRIES;
    let before = peak();
    let refused = Sandbox::endless(Vec::new(), many)
        .download_with(&home.path().join("t"), &options)
        .await;
    assert!(matches!(refused, Err(Error::OverLimit { .. })));
    let grown = peak() - before;
    assert!(grown < MOST, "{grown} kB for {ENTRIES} entries");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}
