//! SWE-ReX's own client, driven against our server.
#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::process::Command;

use support::{Remote, TOKEN};

/// Names the interpreter of an environment with SWE-ReX in it; `cargo xtask test` sets it.
const PYTHON: &str = "SWEREX_PYTHON";

#[test]
fn the_python_client_notices_no_difference() {
    let Some(python) = std::env::var_os(PYTHON) else {
        println!("LEFT OUT: {PYTHON} names no Python with SWE-ReX in it; `cargo xtask test` does");
        return;
    };
    let server = Remote::plain();
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/python/remote_runtime.py"
    );
    let done = Command::new(python)
        .args([script, &server.address.port().to_string(), TOKEN])
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr),
    );
    assert!(done.status.success(), "{out}\n{err}");
    assert!(out.contains("every call agreed"), "{out}\n{err}");
}
