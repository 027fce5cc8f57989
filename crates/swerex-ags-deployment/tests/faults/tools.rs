//! Tools that others make at the same time, that fail, that go: each start finds one that serves.

use std::time::Duration;

use swerex_ags_deployment::TencentAgsDeployment;

use crate::lab::{Lab, account, shell};

/// An attempt that outlasts the delays here, also on a busy machine.
const PATIENT: Duration = Duration::from_secs(20);

/// Starts one of each account at the same time, as processes that know nothing of each other do.
async fn together(lab: &Lab, accounts: usize) -> Vec<TencentAgsDeployment> {
    let starts = (0..accounts).map(async |_| {
        let account = account(&lab.emulator, &lab.config, PATIENT);
        let config = lab.config.clone();
        let mut deployment = TencentAgsDeployment::with_account(config, account).unwrap();
        deployment.start().await.unwrap();
        shell(deployment.runtime().unwrap(), "true").await;
        deployment
    });
    futures_util::future::join_all(starts).await
}

async fn slowly_made() -> Lab {
    Lab::with(|builder| builder.tool_delay(Duration::from_millis(150))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_start_at_the_same_time_share_one_tool() {
    let lab = slowly_made().await;
    // All of them learn that there is none before any of them makes it.
    lab.arm("DescribeSandboxToolList:delay=1s,after,times=6");
    let started = together(&lab, 6).await;
    assert_eq!(lab.emulator.tools().len(), 1);
    assert_eq!(lab.emulator.calls()["CreateSandboxTool"], 6);
    for mut deployment in started {
        deployment.stop().await.unwrap();
    }
    lab.nothing_runs("together").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_that_fails_is_passed_over_by_all() {
    let lab = slowly_made().await;
    lab.arm("CreateSandboxTool:tool-fails");
    let started = together(&lab, 3).await;
    lab.consumed("a failed tool");
    let tools = lab.emulator.tools();
    assert_eq!(
        tools.len(),
        2,
        "the one that failed and the next: {tools:?}"
    );
    drop(started);
    // Later ones pass it over as well.
    let mut later = lab.started().await;
    assert_eq!(lab.emulator.tools().len(), 2);
    later.stop().await.unwrap();
}

#[tokio::test]
async fn a_name_that_is_taken_by_what_is_not_listed_is_tried_again_and_at_last_told() {
    let lab = Lab::new().await;
    lab.arm("CreateSandboxTool:error=InvalidParameterValue.SandboxTool,times=2");
    let mut deployment = lab.started().await;
    lab.consumed("a taken name");
    deployment.stop().await.unwrap();

    let lab = Lab::new().await;
    lab.arm("CreateSandboxTool:error=InvalidParameterValue.SandboxTool,always");
    let failed = lab.deployment().start().await.unwrap_err();
    assert!(failed.request_id().is_some(), "{failed:?}");
    assert_eq!(failed.stage().as_str(), "tool");
}

#[tokio::test]
async fn a_client_token_that_is_used_up_is_replaced_by_another() {
    let lab = Lab::new().await;
    for fault in [
        "CreateSandboxTool:error=FailedOperation.DuplicateRequest",
        "StartSandboxInstance:error=FailedOperation.DuplicateRequest",
        "StartSandboxInstance:error=FailedOperation.DuplicateRequest,after",
    ] {
        lab.arm(fault);
        let mut deployment = lab.started().await;
        shell(deployment.runtime().unwrap(), "true").await;
        lab.consumed(fault);
        deployment.stop().await.unwrap();
        lab.nothing_runs(fault).await;
    }
    lab.arm("StartSandboxInstance:error=FailedOperation.DuplicateRequest,times=2");
    let failed = lab.deployment().start().await.unwrap_err();
    assert!(failed.request_id().is_some(), "{failed:?}");
    lab.consumed("twice");
}
