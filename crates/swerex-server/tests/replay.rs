//! The exchanges recorded from SWE-ReX 1.4.0, sent to our server: `contract` and `lenient` cases must agree, the differences of
//! `quirk` cases are listed in the README.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and tells what it leaves out, its helpers too"
)]

#[path = "replay/case.rs"]
mod case;
#[path = "replay/compare.rs"]
mod compare;
#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::{
    fs,
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use case::{Case, Fidelity};

/// Servers at a time; most of a case is waiting.
const AT_A_TIME: usize = 6;

fn cases() -> Vec<PathBuf> {
    let traces =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/swerex/traces/open");
    let mut files: Vec<PathBuf> = fs::read_dir(traces)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    files
}

#[test]
fn every_contract_and_lenient_exchange_agrees() {
    let only = std::env::var("REPLAY_ONLY").unwrap_or_default();
    let files: Vec<PathBuf> = cases()
        .into_iter()
        .filter(|file| file.to_string_lossy().contains(&only))
        .collect();
    assert!(!files.is_empty());
    let next = AtomicUsize::new(0);
    let (failed, quirks) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for worker in 0..AT_A_TIME {
            let (files, next, failed, quirks) = (&files, &next, &failed, &quirks);
            scope.spawn(move || {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let case = Case::read(file, worker);
                    let differences = case.replay();
                    if differences.is_empty() {
                        continue;
                    }
                    let told = format!(
                        "{} ({}):\n      {}",
                        case.name,
                        case.about,
                        differences.join("\n      ")
                    );
                    if case.fidelity == Fidelity::Quirk {
                        quirks.lock().unwrap().push(told);
                    } else {
                        failed.lock().unwrap().push(told);
                    }
                }
            });
        }
    });
    let quirks = quirks.into_inner().unwrap();
    println!(
        "{} quirks are not copied:\n   {}",
        quirks.len(),
        quirks.join("\n   ")
    );
    let failed = failed.into_inner().unwrap();
    assert!(
        failed.is_empty(),
        "{} of {} cases differ:\n   {}",
        failed.len(),
        files.len(),
        failed.join("\n   ")
    );
}
