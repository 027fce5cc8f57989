//! The table row by row, and the loop on a paused clock.

use proptest::prelude::*;

use super::*;
use crate::TransportErrorKind;

const POLICY: RetryPolicy = RetryPolicy {
    max_attempts: 3,
    overall: Duration::from_secs(60),
    backoff: Backoff {
        base: Duration::from_secs(1),
        longest: Duration::from_secs(8),
    },
    jitter: Jitter::Seeded(1),
};

fn failed(fault: Fault, idempotence: Idempotence) -> Failed {
    Failed {
        fault,
        idempotence,
        attempt: 1,
        elapsed: Duration::ZERO,
        retry_after: None,
        draw: 1.0,
    }
}

#[test]
fn the_table_is_this_one() {
    use Fault::{Final, NotSent, Refused, Unknown};
    use Idempotence::{Never, Safe, SameId};
    let retry = |reason| Ok(reason);
    let give_up = |reason| Err(reason);
    let table = [
        (NotSent, Safe, retry(RetryReason::NotSent)),
        (NotSent, SameId, retry(RetryReason::NotSent)),
        (NotSent, Never, retry(RetryReason::NotSent)),
        (Refused, Safe, retry(RetryReason::Refused)),
        (Refused, SameId, retry(RetryReason::Refused)),
        (Refused, Never, retry(RetryReason::Refused)),
        (Unknown, Safe, retry(RetryReason::Idempotent)),
        (Unknown, SameId, retry(RetryReason::Idempotent)),
        (Unknown, Never, give_up(GiveUpReason::MayBeDone)),
        (Final, Safe, give_up(GiveUpReason::Final)),
        (Final, SameId, give_up(GiveUpReason::Final)),
        (Final, Never, give_up(GiveUpReason::Final)),
    ];
    for (fault, idempotence, expected) in table {
        let decided = match decide(&POLICY, &failed(fault, idempotence)) {
            Decision::Retry { after, reason } => {
                assert_eq!(after, Duration::from_secs(1));
                Ok(reason)
            }
            Decision::GiveUp(reason) => Err(reason),
        };
        assert_eq!(decided, expected, "{fault:?} {idempotence:?}");
    }
}

#[test]
fn attempts_time_and_the_peers_wish_bound_it() {
    let base = failed(Fault::NotSent, Idempotence::Never);
    let last = Failed { attempt: 3, ..base };
    assert_eq!(
        decide(&POLICY, &last),
        Decision::GiveUp(GiveUpReason::Attempts)
    );
    let late = Failed {
        elapsed: Duration::from_secs(59),
        ..base
    };
    assert_eq!(
        decide(&POLICY, &late),
        Decision::GiveUp(GiveUpReason::Overall)
    );
    let asked = Failed {
        retry_after: Some(Duration::from_secs(20)),
        attempt: 2,
        draw: 0.5,
        ..base
    };
    assert_eq!(
        decide(&POLICY, &asked),
        Decision::Retry {
            after: Duration::from_millis(20_500),
            reason: RetryReason::NotSent
        }
    );
    assert_eq!(
        decide(&RetryPolicy::once(), &base),
        Decision::GiveUp(GiveUpReason::Attempts)
    );
}

#[test]
fn a_peer_that_asks_for_too_long_a_wait_refuses() {
    let seconds = Duration::from_secs;
    let patient = RetryPolicy {
        overall: Duration::MAX,
        ..POLICY
    };
    let slow = RetryPolicy {
        backoff: Backoff {
            base: seconds(1),
            longest: seconds(30),
        },
        ..patient
    };
    for (policy, elapsed, wait, bound) in [
        // Without a limit of time, the policy's own longest wait is the measure, or a minute.
        (patient, 0, seconds(60), None),
        (patient, 0, seconds(61), Some(60)),
        (patient, 0, seconds(1_000_000_000), Some(60)),
        (patient, 0, seconds(u64::MAX), Some(60)),
        (patient, 0, Duration::MAX, Some(60)),
        (slow, 0, seconds(120), None),
        (slow, 0, seconds(121), Some(120)),
        // With one, what is left of it.
        (POLICY, 0, seconds(58), None),
        (POLICY, 30, seconds(31), Some(30)),
        (POLICY, 100, seconds(1), Some(0)),
    ] {
        let failed = Failed {
            elapsed: seconds(elapsed),
            retry_after: Some(wait),
            ..failed(Fault::Refused, Idempotence::Never)
        };
        let given_up = match decide(&policy, &failed) {
            Decision::GiveUp(reason) => reason.asked(),
            Decision::Retry { after, .. } => {
                assert_eq!(after, wait + seconds(1));
                None
            }
        };
        let expected = bound.map(|bound| Asked {
            wait,
            bound: seconds(bound),
        });
        assert_eq!(given_up, expected, "{wait:?} after {elapsed} s");
    }
}

#[tokio::test(start_paused = true)]
async fn the_number_that_was_asked_for_is_told_at_once() {
    #[derive(Debug)]
    struct Busy(&'static str);
    impl fmt::Display for Busy {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("busy")
        }
    }
    impl Error for Busy {}
    impl Retryable for Busy {
        fn fault(&self) -> Fault {
            Fault::Refused
        }
        fn retry_after(&self) -> Option<Duration> {
            crate::date::parse_retry_after(self.0, 784_111_777)
        }
        fn in_brief(&self) -> Cow<'_, str> {
            "busy".into()
        }
    }
    let start = Instant::now();
    let patient = RetryPolicy {
        overall: Duration::MAX,
        ..POLICY
    };
    for (policy, header, told) in [
        (
            patient,
            "1000000000",
            "asks to wait 1000000000 s, more than the 60 s",
        ),
        (
            patient,
            "10000000000000000000000",
            "asks to wait at least 18446744073709551615 s, more than the 60 s",
        ),
        (
            patient,
            "Fri, 31 Dec 9999 23:59:59 GMT",
            "asks to wait 252618189022 s",
        ),
        (
            POLICY,
            "100000",
            "asks to wait 100000 s, more than the 60 s",
        ),
    ] {
        let tried = run(&policy, Idempotence::Safe, "call", |_| async {
            Err::<(), _>(Busy(header))
        });
        let gave_up = tried.await.unwrap_err();
        assert_eq!(gave_up.attempts, 1);
        assert!(gave_up.to_string().contains(told), "{gave_up}");
        assert_eq!(start.elapsed(), Duration::ZERO, "{header}");
    }
    // What asks for nothing that can be read gets the policy's own waits, and all its attempts.
    for header in [
        "-1",
        "1.5",
        "+5",
        "soon",
        "",
        "1e9",
        "0x10",
        "99999999999 s",
    ] {
        let tried = run(&patient, Idempotence::Safe, "call", |_| async {
            Err::<(), _>(Busy(header))
        });
        let gave_up = tried.await.unwrap_err();
        assert_eq!(gave_up.reason, GiveUpReason::Attempts, "{header}");
        assert!(gave_up.elapsed <= Duration::from_secs(3), "{header}");
    }
}

fn any_failed() -> impl Strategy<Value = Failed> {
    (
        prop_oneof![
            Just(Fault::NotSent),
            Just(Fault::Refused),
            Just(Fault::Unknown),
            Just(Fault::Final)
        ],
        prop_oneof![
            Just(Idempotence::Safe),
            Just(Idempotence::SameId),
            Just(Idempotence::Never)
        ],
        any::<u32>(),
        any::<Duration>(),
        any::<Option<Duration>>(),
        any::<f64>(),
    )
        .prop_map(
            |(fault, idempotence, attempt, elapsed, retry_after, draw)| Failed {
                fault,
                idempotence,
                attempt,
                elapsed,
                retry_after,
                draw,
            },
        )
}

proptest! {
    /// What may have been done is never repeated without leave, nor anything out of time.
    #[test]
    fn a_retry_is_always_allowed_and_in_time(failed in any_failed(), max_attempts in any::<u32>(), overall in any::<Duration>()) {
        let policy = RetryPolicy { max_attempts, overall, ..POLICY };
        if let Decision::Retry { after, .. } = decide(&policy, &failed) {
            prop_assert!(failed.fault != Fault::Final);
            prop_assert!(failed.fault != Fault::Unknown || failed.idempotence != Idempotence::Never);
            prop_assert!(failed.attempt < max_attempts);
            prop_assert!(failed.elapsed.checked_add(after).is_some_and(|then| then < overall));
            prop_assert!(failed.retry_after.is_none_or(|asked| after >= asked));
            prop_assert!(failed.retry_after.is_none_or(|asked| asked <= policy.longest_asked()));
        }
    }
}

fn transport(kind: TransportErrorKind, reached: Reached) -> TransportError {
    TransportError::new(kind, reached, "scripted")
}

#[test]
fn a_transport_error_knows_its_fault() {
    let unsent = transport(TransportErrorKind::Connect, Reached::NotSent);
    assert_eq!(unsent.fault(), Fault::NotSent);
    assert_eq!(unsent.in_brief(), "connect");
    let unknown = transport(TransportErrorKind::Reset, Reached::Unknown);
    assert_eq!(unknown.fault(), Fault::Unknown);
    assert_eq!(
        transport(TransportErrorKind::Tls, Reached::NotSent)
            .permanent()
            .fault(),
        Fault::Final
    );
    assert_eq!(
        transport(TransportErrorKind::Invalid, Reached::NotSent).fault(),
        Fault::Final
    );
}

#[tokio::test(start_paused = true)]
async fn the_loop_gives_up_with_the_last_failure() {
    let give_up = |fault_reached, idempotence| {
        run(&POLICY, idempotence, "call", move |_| async move {
            Err::<(), _>(transport(TransportErrorKind::Timeout, fault_reached))
        })
    };
    let tried = give_up(Reached::NotSent, Idempotence::Never)
        .await
        .unwrap_err();
    assert_eq!((tried.attempts, tried.reason), (3, GiveUpReason::Attempts));
    assert_eq!(tried.error.kind(), TransportErrorKind::Timeout);
    assert!(
        tried
            .to_string()
            .starts_with("gave up after 3 attempts in "),
        "{tried}"
    );
    assert_eq!(Error::source(&tried).unwrap().to_string(), "scripted");
    let once = give_up(Reached::Unknown, Idempotence::Never)
        .await
        .unwrap_err();
    assert_eq!((once.attempts, once.reason), (1, GiveUpReason::MayBeDone));
    assert_eq!(once.elapsed, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_seed_repeats_the_waits() {
    let mut waits = Vec::new();
    for seed in [1, 1, 2] {
        let policy = RetryPolicy {
            jitter: Jitter::Seeded(seed),
            ..POLICY
        };
        let failed = run(&policy, Idempotence::Safe, "call", |_| async {
            Err::<(), _>(transport(TransportErrorKind::Reset, Reached::Unknown))
        });
        waits.push(failed.await.unwrap_err().elapsed);
    }
    assert_eq!(waits[0], waits[1]);
    assert_ne!(waits[0], waits[2]);
}
