//! What cannot be survived ends in one error: what was done, at which stage, how often and how long, the cause, the request id, what is left.

use std::time::Duration;

use swerex_ags_deployment::Left;
use swerex_proto::Command;

use crate::lab::Lab;

/// An error and its causes, as a program prints them.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Each piece is in it.
fn says(text: &str, pieces: &[&str]) {
    for piece in pieces {
        assert!(text.contains(piece), "`{piece}` is missing: {text}");
    }
}

#[tokio::test]
async fn a_start_that_ags_refuses_for_good() {
    let lab = Lab::new().await;
    lab.arm("StartSandboxInstance:error=InternalError,always");
    let error = lab.deployment().start().await.unwrap_err();
    says(
        &told(&error),
        &[
            "stage instance",
            "StartSandboxInstance was refused: InternalError",
            "after 5 attempts in 0.",
            "looked for and stopped",
        ],
    );
    let id = error.request_id().unwrap();
    says(&told(&error), &[&format!("(request id {id})")]);
    assert_eq!(*error.left(), Left::Unknown);
    lab.emulator.disarm();
    lab.nothing_runs("refused").await;
}

#[tokio::test]
async fn a_tool_of_its_own_of_which_nobody_knows_whether_it_is_there() {
    let mut lab = Lab::new().await;
    lab.config.reuse_tool = false;
    lab.arm("CreateSandboxTool:reset,after,always");
    let error = lab.deployment().start().await.unwrap_err();
    let Left::UnknownTool(name) = error.left() else {
        panic!("{error:?}")
    };
    says(
        &told(&error),
        &[
            "stage tool",
            &format!("the tool {name} is looked for, and deleted"),
            "CreateSandboxTool got no answer, after 5 attempts in 0.",
        ],
    );
    lab.nothing_runs("an unknown tool").await;
    assert_eq!(lab.emulator.tools(), []);
}

#[tokio::test]
async fn an_instance_that_gets_no_token() {
    let lab = Lab::new().await;
    lab.arm("AcquireSandboxInstanceToken:reset,always");
    let error = lab.deployment().start().await.unwrap_err();
    let Left::Stopping(id) = error.left() else {
        panic!("{error:?}")
    };
    says(
        &told(&error),
        &[
            "stage token",
            &format!("the instance {id} is being stopped"),
            "AcquireSandboxInstanceToken got no answer, after 5 attempts in 0.",
            "reset",
        ],
    );
    lab.nothing_runs("no token").await;
}

#[tokio::test]
async fn a_server_that_does_not_come_up() {
    let mut lab = Lab::new().await;
    lab.config.startup_timeout = Duration::from_secs(2);
    lab.arm("/is_alive:status=502,always");
    let error = lab.deployment().start().await.unwrap_err();
    says(
        &told(&error),
        &[
            "not over after 2.0 s, at stage server",
            "502",
            "(the server was asked ",
            "is being stopped",
        ],
    );
    says(error.hint().unwrap(), &["mount_image", "image prewarm"]);
    lab.nothing_runs("no server").await;
}

#[tokio::test]
async fn an_instance_that_dies_while_its_server_is_waited_for() {
    let lab = Lab::new().await;
    lab.arm("/is_alive:status=502,always");
    let mut deployment = lab.deployment();
    let begun = std::time::Instant::now();
    let dying = async {
        loop {
            if lab.emulator.gateway_requests() > 0
                && let Some(instance) = lab.emulator.live_instances().first()
            {
                lab.emulator.kill_instance(&instance.id);
                return std::future::pending::<()>().await;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let error = tokio::select! {
        outcome = deployment.start() => outcome.unwrap_err(),
        () = dying => unreachable!(),
    };
    assert!(
        begun.elapsed() < lab.config.startup_timeout / 4,
        "it is not waited for"
    );
    says(&told(&error), &["stage instance", "FAILED"]);
    lab.nothing_runs("a dead instance").await;
}

#[tokio::test]
async fn a_call_that_never_gets_through() {
    let lab = Lab::new().await;
    let deployment = lab.started().await;
    lab.arm("/execute:reset,always");
    let error = deployment
        .runtime()
        .unwrap()
        .execute(&Command {
            timeout: Some(10.0),
            ..Command::shell("true")
        })
        .await
        .unwrap_err();
    assert!(error.may_be_done());
    says(
        &told(&error),
        &[
            "the answer to execute was lost, and it may or may not have been carried out",
            "after 5 attempts in ",
        ],
    );
    drop(deployment);
    lab.nothing_runs("a lost call").await;
}

#[tokio::test]
async fn a_stop_that_ags_refuses() {
    let lab = Lab::new().await;
    let mut deployment = lab.started().await;
    let id = deployment.instance_id().unwrap().to_owned();
    lab.arm("StopSandboxInstance:error=InternalError,times=15");
    let error = deployment.stop().await.unwrap_err();
    says(
        &told(&error),
        &[
            &format!("instance {id} could not be stopped and goes on"),
            "swerex-ags instance gc",
            "StopSandboxInstance was refused: InternalError",
            "after 5 attempts in ",
            error.request_id().unwrap(),
        ],
    );
    lab.consumed("a refused stop");
    // Nothing is forgotten.
    assert_eq!(lab.emulator.live_instances().len(), 1);
    deployment.stop().await.unwrap();
    lab.nothing_runs("a refused stop").await;
}
