//! What another process takes of the machine, as `/proc` tells.

use std::fs;

/// How many descriptors it has open.
pub(crate) fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// How many processes it has started that are still there.
pub(crate) fn children(pid: u32) -> usize {
    let all = fs::read_dir("/proc").unwrap().flatten();
    all.filter(|entry| parent(&entry.path().join("stat")) == Some(pid))
        .count()
}

fn parent(stat: &std::path::Path) -> Option<u32> {
    let stat = fs::read_to_string(stat).ok()?;
    // The name, in parentheses, may hold anything.
    let (_, after) = stat.rsplit_once(')')?;
    after.split_whitespace().nth(1)?.parse().ok()
}
