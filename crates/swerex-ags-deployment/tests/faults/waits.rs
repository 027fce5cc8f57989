//! Waits have an end, whatever AGS says, and the error names what happened.

use std::{sync::Arc, time::Duration};

use ags_api::model::PauseSandboxInstanceRequest;
use swerex_ags_deployment::{End, Left, QUOTA_PATIENCE, StartFailed, Step, TencentAgsDeployment};
use swerex_proto::Command;

use crate::lab::{LONG, Lab, account};

/// Far more than what is bounded takes here, and far less than what is not.
const SOON: Duration = Duration::from_secs(25);

/// An error and its causes, as a program prints them.
fn told(error: &StartFailed) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// A start that fails soon.
async fn fails(deployment: &mut TencentAgsDeployment) -> StartFailed {
    let started = tokio::time::timeout(SOON, deployment.start()).await;
    started.unwrap().unwrap_err()
}

fn looks(lab: &Lab) -> u64 {
    let calls = lab.emulator.calls();
    calls
        .get("DescribeSandboxInstanceList")
        .copied()
        .unwrap_or(0)
}

#[tokio::test]
async fn a_start_that_is_throttled_says_so_and_looks_for_nothing() {
    for (action, stage) in [
        ("StartSandboxInstance", "instance"),
        ("AcquireSandboxInstanceToken", "token"),
    ] {
        let mut lab = Lab::new().await;
        lab.config.startup_timeout = Duration::from_secs(8);
        lab.arm(&format!("{action}:status=429,retry-after=100000,always"));
        let error = fails(&mut lab.deployment()).await;
        let told = told(&error);
        for piece in [stage, "too many requests (HTTP 429)", "100000 s"] {
            assert!(told.contains(piece), "`{piece}` is missing: {told}");
        }
        assert!(
            !told.contains("7.5 s") && !told.contains("looked for"),
            "{told}"
        );
        assert_ne!(*error.left(), Left::Unknown);
        lab.nothing_runs(action).await;
        assert_eq!(looks(&lab), 0, "a 429 has made nothing");
    }
}

#[tokio::test]
async fn what_ags_refuses_for_good_is_over_at_once() {
    for code in [
        "FailedOperation.StorageMount",
        "FailedOperation.DuplicateRequest",
        "FailedOperation",
        "InvalidParameterValue.Timeout",
        "ResourceInsufficient",
        "SomethingNew.Entirely",
    ] {
        let lab = Lab::new().await;
        let journal = lab.directory.path().join("state");
        lab.account.keep_journal(&journal).unwrap();
        lab.arm(&format!("StartSandboxInstance:error={code},always"));
        let error = fails(&mut lab.deployment()).await;
        assert!(told(&error).contains(code), "{error:?}");
        assert_eq!(*error.left(), Left::Nothing, "{code}");
        lab.nothing_runs(code).await;
        // One look a try: an answer that it was not made is not doubted for long.
        assert!(looks(&lab) <= 2, "{code}: {}", looks(&lab));
        // Nothing of it is kept for later.
        let lines: String = std::fs::read_dir(&journal)
            .unwrap()
            .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
            .collect();
        let asked = lines.matches("\"asked\"").count();
        assert_eq!(asked, lines.matches("\"over\"").count(), "{code}: {lines}");
    }
}

/// AGS says that it refused, and made one all the same: one look finds it.
#[tokio::test]
async fn what_was_made_in_spite_of_a_refusal_is_stopped() {
    let lab = Lab::new().await;
    lab.arm("StartSandboxInstance:error=FailedOperation,after");
    fails(&mut lab.deployment()).await;
    lab.nothing_runs("refused and made").await;
    assert_eq!(lab.emulator.instances().len(), 1);
}

#[tokio::test]
async fn a_quota_that_is_used_up_counts_into_the_time_of_a_start() {
    let mut lab = Lab::with(|builder| builder.instance_quota(1)).await;
    let mut first = lab.started().await;
    lab.config.startup_timeout = Duration::from_secs(3);
    let waits = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&waits);
    let hook = Arc::new(move |step: &Step| {
        if matches!(step, Step::WaitingForQuota { .. }) {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    });
    let error = fails(&mut lab.deployment().with_hook(hook)).await;
    assert!(
        told(&error).contains("LimitExceeded.SandboxInstance"),
        "{error:?}"
    );
    let hint = error.hint().unwrap();
    for piece in ["swerex-ags down", "startup_timeout", "larger quota"] {
        assert!(hint.contains(piece), "{hint}");
    }
    assert!(
        waits.load(std::sync::atomic::Ordering::Relaxed) > 0,
        "it has waited"
    );

    // Whoever has patience waits longer than that, until there is room.
    let waiting = Arc::new(tokio::sync::Notify::new());
    let told_of = Arc::clone(&waiting);
    let mut patient = lab
        .deployment()
        .with_quota_patience(QUOTA_PATIENCE)
        .with_hook(Arc::new(move |step: &Step| {
            if matches!(step, Step::WaitingForQuota { .. }) {
                told_of.notify_one();
            }
        }));
    let frees = async {
        for _ in 0..3 {
            waiting.notified().await;
        }
        first.stop().await.unwrap();
    };
    let (started, ()) = tokio::join!(patient.start(), frees);
    started.unwrap();
    patient.stop().await.unwrap();
    lab.nothing_runs("the quota").await;
}

#[tokio::test]
async fn a_time_that_is_too_short_is_named() {
    let mut lab = Lab::new().await;
    lab.config.startup_timeout = Duration::from_millis(900);
    lab.account = account(&lab.emulator, &lab.config, LONG);
    for action in ["StartSandboxInstance", "AcquireSandboxInstanceToken"] {
        lab.arm(&format!("{action}:hang"));
        let error = fails(&mut lab.deployment()).await;
        let hint = error.hint().unwrap_or_default().to_owned();
        assert!(
            hint.contains("startup_timeout, which is 0.9 s"),
            "{action}: {hint}"
        );
        lab.consumed(action);
    }
    lab.emulator.disarm();
    lab.nothing_runs("too short").await;
}

/// The server does not come up, and the question why hangs.
#[tokio::test]
async fn nobody_waits_for_a_reason_that_does_not_come() {
    let mut lab = Lab::new().await;
    lab.config.startup_timeout = Duration::from_secs(1);
    lab.account = account(&lab.emulator, &lab.config, LONG);
    lab.arm("/is_alive:status=502,always");
    lab.arm("DescribeSandboxInstances:hang,always");
    let error = fails(&mut lab.deployment()).await;
    assert!(told(&error).contains("stage server"), "{error:?}");
    lab.emulator.disarm();
    lab.nothing_runs("no reason").await;
}

#[tokio::test]
async fn what_became_of_a_sandbox_is_asked_once_and_told() {
    let lab = Lab::new().await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(lab.started().await);
    }
    let id = |at: usize| ids[at].instance_id().unwrap().to_owned();
    lab.emulator.expire_instance(&id(0));
    lab.emulator.kill_instance(&id(1));
    // By somebody else, who has the account.
    let other = account(&lab.emulator, &lab.config, LONG);
    other.client().stop_if_there(&id(2)).await.unwrap();
    let pause = PauseSandboxInstanceRequest {
        instance_id: Some(id(3)),
        ..Default::default()
    };
    other.client().call(&pause).await.unwrap();
    let settled = lab.emulator.wait_for_instances(|all| {
        all.iter()
            .all(|one| one.status != "RUNNING" && one.status != "PAUSING")
    });
    tokio::time::timeout(LONG, settled).await.unwrap();
    for (at, end, pieces) in [
        (0, End::Expired, ["reason timeout", "its lifetime was over"]),
        (1, End::Died, ["FAILED, reason error", "it died: "]),
        (
            2,
            End::Stopped,
            ["reason manual", "by somebody who has the account"],
        ),
        (3, End::Paused, ["PAUSED", "is PAUSED"]),
    ] {
        let failed = ids[at]
            .runtime()
            .unwrap()
            .execute(&Command::shell("true"))
            .await;
        assert!(failed.unwrap_err().is_environment_expired());
        let fate = lab.account.fate(&id(at)).await.unwrap();
        assert_eq!(fate.end(), end, "{fate}");
        for piece in pieces {
            assert!(fate.to_string().contains(piece), "{fate}");
        }
        assert!(fate.to_string().contains(&id(at)), "{fate}");
    }
    let hint = |fate: &swerex_ags_deployment::Fate| fate.hint().unwrap_or_default().to_owned();
    let expired = lab.account.fate(&id(0)).await.unwrap();
    assert!(hint(&expired).contains("timeout=4h"));
    let died = lab.account.fate(&id(1)).await.unwrap();
    assert!(!hint(&died).contains("timeout"), "that is not why it died");
    let unknown = lab.account.fate("nosuch").await.unwrap();
    assert_eq!(
        (unknown.end(), unknown.to_string().as_str()),
        (End::Unknown, "AGS knows no instance nosuch")
    );
    drop(ids);
    lab.nothing_runs("fates").await;
}
