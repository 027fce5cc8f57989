//! Stops that AGS refuses: they are tried again, for a while; what goes on then is told, and found by the next `instance gc`.

use serde_json::json;

use crate::support::Lab;

#[tokio::test]
async fn a_stop_that_is_refused_at_first_is_none_of_the_users_trouble() {
    let lab = Lab::new().await;
    let refused = "StopSandboxInstance:error=LimitExceeded.SandboxTool,times=4";
    lab.emulator.arm(refused.parse().unwrap()).unwrap();
    let said = lab.run(&["run", "--", "echo well"]).await;
    assert_eq!(
        (said.out.as_str(), said.code),
        ("well\n", Some(0)),
        "{said:?}"
    );
    let id = lab.emulator.instances()[0].id.clone();
    let told = format!("still stopping: the instance {id}");
    assert!(said.err.contains(&told), "{said:?}");
    lab.emulator.assert_faults_consumed();
    lab.nothing_runs().await;
}

#[tokio::test]
async fn what_cannot_be_stopped_is_told_and_found_by_gc() {
    let lab = Lab::new().await;
    let refused = "StopSandboxInstance:error=AuthFailure.UnauthorizedOperation,always";
    lab.emulator.arm(refused.parse().unwrap()).unwrap();
    let said = lab.run(&["-q", "run", "--", "echo well"]).await;
    let id = lab.emulator.live_instances()[0].id.clone();
    for told in [
        &format!("not stopped yet: the instance {id}"),
        &format!("error: the instance {id} could not be stopped and goes on"),
        "StopSandboxInstance was refused: AuthFailure.UnauthorizedOperation",
        "(request id ",
        "`swerex-ags instance gc`",
    ] {
        assert!(said.err.contains(told), "{told}: {said:?}");
    }
    assert_eq!(
        (said.out.as_str(), said.code),
        ("well\n", Some(1)),
        "{said:?}"
    );
    lab.emulator.disarm();
    let done = lab.json(&["instance", "gc", "--yes"]).await;
    assert_eq!(done[0]["id"], json!(id), "{done}");
    lab.nothing_runs().await;
}
