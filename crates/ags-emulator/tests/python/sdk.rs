//! The vendor's own Python SDK against the emulator.

use std::time::Duration;

use ags_emulator::{Emulator, InstanceRunner};
use tokio::process::Command;

#[tokio::test]
async fn the_vendors_sdk_drives_the_whole_lifecycle() {
    let Some(python) = crate::python("SWEREX_PYTHON") else {
        return;
    };
    let delay = Duration::from_millis(300);
    let emulator = Emulator::builder()
        .runner(InstanceRunner::Process)
        .tool_delay(delay)
        .stop_delay(delay)
        .pause_delay(delay)
        .start()
        .await
        .unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/lifecycle.py");
    let done = Command::new(python)
        .arg(script)
        .args([emulator.endpoint(), emulator.domain()])
        .arg(emulator.ca_file())
        .args([emulator.secret_id(), emulator.secret_key().expose()])
        .env_remove("HTTPS_PROXY")
        .env_remove("https_proxy")
        .output()
        .await
        .unwrap();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr),
    );
    assert!(done.status.success(), "{stdout}{stderr}");
    assert_eq!(stdout.trim(), "the whole lifecycle");
    assert_eq!(emulator.live_instances(), []);
    assert_eq!(emulator.tools(), []);
    emulator.shutdown().await;
}
