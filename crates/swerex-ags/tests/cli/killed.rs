//! A program that is killed with sandboxes running: the next `instance gc` on this machine finds them all, and nothing else.

use futures_util::future::join_all;
use serde_json::json;

use crate::{serving::Bridge, support::Lab};

/// Sandboxes of the driver that is killed.
const SANDBOXES: usize = 50;

#[tokio::test]
async fn fifty_sandboxes_of_a_killed_driver_are_found() {
    let lab = Lab::new().await;
    let bridge = Bridge::start(&lab, &[]).await;
    let session = json!({"session_type": "bash"});
    let started = join_all((0..SANDBOXES).map(async |number| {
        let path = format!("python:3.11/agent-{number}/create_session");
        bridge.post(&path, &session).await.0
    }));
    assert_eq!(started.await, vec![200; SANDBOXES]);
    let kept = lab.up().await;
    assert_eq!(lab.emulator.live_instances().len(), SANDBOXES + 1);

    // As long as it lives, they are its own.
    let old = ["instance", "gc", "--older-than", "0s", "--dry-run"];
    let by_age = lab.json(&old).await;
    assert_eq!(by_age, json!([{"id": kept, "result": "dry run"}]));
    let nothing = lab.json(&["instance", "gc", "--yes"]).await;
    assert_eq!(nothing, json!([]));
    bridge.kill().await;
    assert_eq!(lab.emulator.live_instances().len(), SANDBOXES + 1);
    let planned = lab.json(&["instance", "gc", "--dry-run"]).await;
    assert_eq!(planned.as_array().unwrap().len(), SANDBOXES);
    let done = lab.json(&["instance", "gc", "--yes"]).await;
    assert_eq!(done.as_array().unwrap().len(), SANDBOXES, "{done}");

    let left = lab.emulator.wait_for_instances(|all| {
        let mut live = all.iter().filter(|instance| !instance.is_over());
        live.all(|instance| instance.id == kept)
    });
    tokio::time::timeout(std::time::Duration::from_secs(20), left)
        .await
        .unwrap();
    assert_eq!(
        lab.emulator.live_instances().len(),
        1,
        "what is to stay stays"
    );
    let journals = std::fs::read_dir(lab.path("state/journals")).unwrap();
    assert_eq!(journals.count(), 0, "there is nothing left to remember");
    lab.run(&["down", "--all", "--yes"]).await;
    lab.nothing_runs().await;
}

#[tokio::test]
async fn the_sandbox_of_a_driver_that_is_killed_while_it_starts_is_found() {
    let unanswered = "StartSandboxInstance:hang,after";
    let lab = Lab::with(|builder| builder.fault(unanswered.parse().unwrap())).await;
    let mut driver = lab.command(&["-q", "run", "--", "true"]).spawn().unwrap();
    lab.emulator
        .wait_for_instances(|all| all.iter().any(|instance| instance.status == "RUNNING"))
        .await;
    driver.kill().await.unwrap();
    let id = lab.emulator.live_instances()[0].id.clone();
    let done = lab.json(&["instance", "gc", "--yes"]).await;
    assert_eq!(done, json!([{"id": id, "result": "done"}]));
    lab.nothing_runs().await;
}

#[tokio::test]
async fn sandboxes_of_another_machine_are_found_by_their_metadata() {
    let lab = Lab::new().await;
    let kept = lab.up().await;
    let another = |args: &[&str]| {
        let mut command = lab.command(&[&["-o", "json", "instance", "gc"], args].concat());
        command.env("SWEREX_AGS_STATE_DIR", lab.path("another"));
        command
    };
    let gc = async |args: &[&str]| -> serde_json::Value {
        let output = another(args).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let young = gc(&["--yes"]).await;
    let others = gc(&["--older-than", "0s", "--owner", "somebody@else", "--yes"]).await;
    assert_eq!((young, others), (json!([]), json!([])));
    let instance = lab.json(&["instance", "get", &kept]).await;
    let metadata = instance["Metadata"].as_array().unwrap();
    let owner = metadata.iter().find(|one| one["Name"] == "owner").unwrap();
    let owner = owner["Value"].as_str().unwrap();
    let done = gc(&["--older-than", "0s", "--owner", owner, "--yes"]).await;
    assert_eq!(done, json!([{"id": kept, "result": "done"}]));
    lab.nothing_runs().await;
}
