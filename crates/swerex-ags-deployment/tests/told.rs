//! What the log tells of a deployment's life: each call in its span, with what identifies it, and no secret.
//!
//! A test program of its own: what is logged at all is decided for the whole process.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/log.rs"]
mod log;

use ags_emulator::Emulator;
use swerex_ags_deployment::{TencentAgsDeployment, TencentAgsDeploymentConfig};
use swerex_proto::Command;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::log::Log;

#[tokio::test]
async fn each_call_is_told_with_what_identifies_it_and_no_secret() {
    let emulator = Emulator::builder().start().await.unwrap();
    let mut config =
        TencentAgsDeploymentConfig::new(emulator.secret_id(), emulator.secret_key().expose());
    config.http_endpoint = emulator.endpoint();
    config.domain = emulator.domain();
    config.ca_file = emulator.ca_file().to_str().unwrap().to_owned();
    let arm = |fault: &str| emulator.arm(fault.parse().unwrap()).unwrap();
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(log.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    arm("StartSandboxInstance:status=502,after");
    let mut deployment = TencentAgsDeployment::new(config).unwrap();
    deployment.start().await.unwrap();
    let id = deployment.instance_id().unwrap().to_owned();
    let command = Command {
        timeout: Some(10.0),
        ..Command::shell("exit 0; echo marker-command")
    };
    let runtime = deployment.runtime().unwrap();
    arm("/execute:reset,after");
    runtime.execute(&command).await.unwrap();
    deployment.stop().await.unwrap();
    emulator.assert_faults_consumed();
    drop(guard);
    let text = log.text();
    let line = |pieces: &[&str]| {
        let mut lines = text.lines();
        let found = lines.any(|line| pieces.iter().all(|piece| line.contains(piece)));
        let ours: Vec<&str> = text
            .lines()
            .filter(|line| line.contains(" ags_") || line.contains(" swerex_"))
            .collect();
        assert!(found, "no line with {pieces:?} in {ours:#?}");
    };
    // The control plane: attempt, retry, and the call as a whole within the start that it belongs to.
    let start = ["start{image=", "ags_call{action=\"StartSandboxInstance\""];
    line(
        &[
            &start[..],
            &["answered", "attempt=1", "status=502", "elapsed_ms="],
        ]
        .concat(),
    );
    line(
        &[
            &start[..],
            &["trying again", "attempt=1", "HTTP 502", "wait_ms="],
        ]
        .concat(),
    );
    line(
        &[
            &start[..],
            &["close", "attempts=2", "request_id=\"", "outcome=\"ok\""],
        ]
        .concat(),
    );
    line(&[
        "start{image=",
        &format!("instance_id=\"{id}\""),
        "AcquireSandboxInstanceToken",
    ]);
    line(&[
        &format!("stop{{instance_id=\"{id}\"}}"),
        "StopSandboxInstance",
        "status=200",
    ]);
    // The data plane.
    let execute = format!("call{{name=\"execute\" host=\"8000-{id}");
    line(&[&execute, "answered", "status=200", "elapsed_ms="]);
    line(&[
        &execute,
        "close",
        "request_id=",
        "attempts=2",
        "outcome=\"ok\"",
    ]);
    line(&[
        &execute,
        "trying again",
        "attempt=1",
        "reason=\"idempotent\"",
        "wait_ms=",
    ]);
    let custom = emulator.instances()[0].configuration.clone().unwrap();
    let key = custom.env.unwrap().pop().unwrap().value.unwrap();
    assert!(!text.contains(key.expose()), "the server's key is shown");
    for secret in [emulator.secret_key().expose(), "sit_", "marker-command"] {
        assert!(!text.contains(secret), "{secret} is shown");
    }
}
