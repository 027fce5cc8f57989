//! The loop that retries, and what it tells the log.

use std::time::Duration;

use ags_http::{
    Idempotence, Reached, TransportError, TransportErrorKind,
    backoff::Backoff,
    retry::{RetryPolicy, run},
};
use tokio::time::Instant;

use crate::support::Log;

fn transport(kind: TransportErrorKind, reached: Reached) -> TransportError {
    TransportError::new(kind, reached, "scripted")
}

#[tokio::test(start_paused = true)]
async fn the_loop_waits_logs_and_succeeds() {
    let (log, _guard) = Log::capture();
    let policy = RetryPolicy {
        backoff: Backoff {
            base: Duration::from_secs(1),
            longest: Duration::from_secs(8),
        },
        ..RetryPolicy::default()
    };
    let start = Instant::now();
    let done = run(
        &policy,
        Idempotence::SameId,
        "StartSandboxInstance",
        |attempt| async move {
            match attempt.number {
                1 => Err(transport(TransportErrorKind::Connect, Reached::NotSent)),
                2 => Err(transport(TransportErrorKind::Reset, Reached::Unknown)),
                number => Ok((number, attempt.overall.remaining())),
            }
        },
    )
    .await
    .unwrap();
    let waited = start.elapsed();
    assert!(waited <= Duration::from_secs(3), "{waited:?}");
    assert_eq!(done, (3, Some(policy.overall - waited)));
    let text = log.text();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("trying again"))
        .collect();
    assert_eq!(lines.len(), 2, "{text}");
    for (line, parts) in lines.iter().zip([
        ["WARN", "attempt=1", "not_sent", "connect"],
        ["WARN", "attempt=2", "idempotent", "reset"],
    ]) {
        for part in parts
            .into_iter()
            .chain(["StartSandboxInstance", "wait_ms="])
        {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
}
