//! Every fault that a repeat mends × every action of the control plane.

use ags_api::{Client, model};
use serde_json::{Value, json};

use crate::lab::{Lab, shell};

/// Faults of one call that its repeat survives, before and after it was carried out.
const FAULTS: [&str; 14] = [
    "reset",
    "reset,after",
    "truncate=20",
    "status=500",
    "status=500,after",
    "status=502",
    "status=503,retry-after=0",
    "status=504,after",
    "status=429,retry-after=0",
    "error=InternalError",
    "error=InternalError,after",
    "error=RequestLimitExceeded",
    "delay=50ms",
    "hang",
];

/// Also ones that only AGS has.
const OTHERS: [&str; 3] = [
    "error=FailedOperation.DependencyUnavailable",
    "error=InternalError.SandboxInstance",
    "hang,after",
];

#[tokio::test]
async fn a_lifecycle_survives_every_fault_of_every_action_of_it() {
    let mut lab = Lab::with(|builder| {
        let mut behaviour = ags_emulator::Behaviour::default();
        behaviour.set("start-answers", "starting").unwrap();
        builder.behaviour(behaviour).tool_quota(2000)
    })
    .await;
    lab.config.reuse_tool = false;
    for action in [
        "CreateSandboxTool",
        "DescribeSandboxToolList",
        "StartSandboxInstance",
        "DescribeSandboxInstances",
        "AcquireSandboxInstanceToken",
        "StopSandboxInstance",
        "DeleteSandboxTool",
    ] {
        for fault in FAULTS.iter().chain(&OTHERS) {
            let what = format!("{action}:{fault}");
            lab.arm(&what);
            let mut deployment = lab.deployment();
            deployment
                .start()
                .await
                .unwrap_or_else(|error| panic!("{what}: {error:?}"));
            shell(
                deployment.runtime().unwrap(),
                &format!("echo once >> '{}'", lab.path(&what)),
            )
            .await;
            deployment
                .stop()
                .await
                .unwrap_or_else(|error| panic!("{what}: {error:?}"));
            lab.nothing_runs(&what).await;
            lab.consumed(&what);
            assert_eq!(lab.lines(&what), 1, "{what}");
            assert_eq!(lab.emulator.tools(), [], "{what}");
        }
    }
    let calls = lab.emulator.calls();
    // One of each lifecycle, and the repeats of those calls that were faulty and not carried out are the same start.
    let lifecycles = 7 * (FAULTS.len() + OTHERS.len());
    assert_eq!(lab.emulator.instances().len(), lifecycles, "{calls:?}");
}

/// A tool and an instance that runs, made without faults.
async fn furnish(client: &Client, name: &str) -> (String, String) {
    let tool = json!({
        "ToolName": name, "ToolType": "swebench", "NetworkConfiguration": { "NetworkMode": "PUBLIC" },
    });
    let tool = client.call_json("CreateSandboxTool", &tool).await.unwrap();
    let tool = tool.reply["ToolId"].as_str().unwrap().to_owned();
    let start = json!({ "ToolId": tool });
    let instance = client
        .call_json("StartSandboxInstance", &start)
        .await
        .unwrap();
    let instance = instance.reply["Instance"]["InstanceId"]
        .as_str()
        .unwrap()
        .to_owned();
    (tool, instance)
}

/// Waits for a status, which pausing and resuming reach in the background.
async fn until(client: &Client, instance: &str, wanted: &str) {
    let board = ags_api::poll::StatusBoard::new(client.clone());
    let settled =
        |found: Option<model::SandboxInstance>| (found?.status?.as_str() == wanted).then_some(());
    board.until_instance(instance, settled).await.unwrap();
}

#[tokio::test]
async fn every_action_is_repeated_without_doing_it_twice() {
    let lab = Lab::with(|builder| builder.tool_quota(2000).instance_quota(5000)).await;
    let client = lab.account.client().clone();
    let (tool, instance) = furnish(&client, "of-all").await;
    let mut number = 0;
    for fault in FAULTS.iter().chain(&OTHERS) {
        let cases: Vec<(&str, Value)> = vec![
            ("DescribeSandboxToolList", json!({})),
            (
                "UpdateSandboxTool",
                json!({ "ToolId": tool, "Description": fault }),
            ),
            ("DescribeSandboxInstanceList", json!({})),
            (
                "DescribeSandboxInstances",
                json!({ "InstanceIds": [instance] }),
            ),
            (
                "AcquireSandboxInstanceToken",
                json!({ "InstanceId": instance }),
            ),
            (
                "UpdateSandboxInstance",
                json!({ "InstanceId": instance, "Timeout": "2h" }),
            ),
            ("DescribeQuotaOverview", json!({})),
            ("DescribeAPIKeyList", json!({})),
            ("DescribePreCacheImageList", json!({})),
            ("DescribeSandboxSnapshotList", json!({})),
            (
                "CreatePreCacheImageTask",
                json!({ "Image": "python:3.11", "ImageRegistryType": "enterprise" }),
            ),
        ];
        for (action, parameters) in cases {
            let what = format!("{action}:{fault}");
            lab.arm(&what);
            client
                .call_json(action, &parameters)
                .await
                .unwrap_or_else(|error| panic!("{what}: {error:?}"));
            lab.consumed(&what);
        }
        // Those that change what is there, each on something of its own.
        for (action, status) in [
            ("PauseSandboxInstance", "PAUSED"),
            ("ResumeSandboxInstance", "RUNNING"),
        ] {
            let what = format!("{action}:{fault}");
            lab.arm(&what);
            let done = client
                .call_json(action, &json!({ "InstanceId": instance }))
                .await;
            lab.consumed(&what);
            // A repeat of one that was carried out may find that there is nothing left to do; the state is what counts.
            if let Err(error) = done {
                assert!(error.attempts() > 1, "{what}: {error:?}");
            }
            until(&client, &instance, status).await;
        }
        number += 1;
        let (tool, instance) = furnish(&client, &format!("of-one-{number}")).await;
        let what = format!("StopSandboxInstance:{fault}");
        lab.arm(&what);
        lab.account
            .stop_instance(&instance)
            .await
            .unwrap_or_else(|error| panic!("{what}: {error:?}"));
        lab.consumed(&what);
        until(&client, &instance, "STOPPED").await;
        let what = format!("DeleteSandboxTool:{fault}");
        lab.arm(&what);
        client
            .delete_tool_if_there(&tool)
            .await
            .unwrap_or_else(|error| panic!("{what}: {error:?}"));
        lab.consumed(&what);
    }
    assert_eq!(lab.emulator.live_instances().len(), 1);
    assert_eq!(lab.emulator.tools().len(), 1);
    lab.account.stop_instance(&instance).await.unwrap();
    lab.nothing_runs("all actions").await;
}

/// How many of something a list has.
async fn count(client: &Client, list: &str, set: &str) -> usize {
    let listed = client.call_json(list, &json!({})).await.unwrap();
    listed.reply[set].as_array().unwrap().len()
}

#[tokio::test]
async fn records_are_made_once_and_deleted_and_what_cannot_be_repeated_is_not() {
    let lab = Lab::with(|builder| builder.tool_quota(2000)).await;
    let client = lab.account.client().clone();
    let (_, instance) = furnish(&client, "of-records").await;
    let call = async |action: &str, parameters: &Value, fault: &str| {
        let what = format!("{action}:{fault}");
        lab.arm(&what);
        let outcome = client.call_json(action, parameters).await;
        lab.consumed(&what);
        (outcome.map(|answer| answer.reply), what)
    };
    let (snapshots, images, keys) = (
        ("DescribeSandboxSnapshotList", "SnapshotSet"),
        ("DescribePreCacheImageList", "PreCacheImageList"),
        ("DescribeAPIKeyList", "APIKeySet"),
    );
    for fault in FAULTS.iter().chain(&OTHERS) {
        let snapshot = json!({ "InstanceId": instance, "SnapshotName": "s" });
        let (made, what) = call("CreateSandboxSnapshot", &snapshot, fault).await;
        let made = made.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        assert_eq!(
            count(&client, snapshots.0, snapshots.1).await,
            1,
            "{what}: {made}"
        );
        let id = json!({ "SnapshotId": made["Snapshot"]["SnapshotId"] });
        let (deleted, what) = call("DeleteSandboxSnapshot", &id, fault).await;
        // A repeat of one that was carried out finds nothing; that it is gone is what counts.
        assert!(deleted.is_ok() || !is_before(fault), "{what}");
        assert_eq!(count(&client, snapshots.0, snapshots.1).await, 0, "{what}");

        let image = json!({ "Image": "python:3.11", "ImageRegistryType": "enterprise" });
        let made = client.call_json("CreatePreCacheImageTask", &image).await;
        let id = json!({ "PreCacheImageId": made.unwrap().reply["PreCacheImageId"] });
        let (told, what) = call("DescribePreCacheImageTask", &id, fault).await;
        told.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let (deleted, what) = call("DeletePreCacheImage", &id, fault).await;
        assert!(deleted.is_ok() || !is_before(fault), "{what}");
        assert_eq!(count(&client, images.0, images.1).await, 0, "{what}");

        // Nothing tells two keys of one name apart: it is made at most once, and said to be made only if it was.
        let (made, what) = call("CreateAPIKey", &json!({ "Name": "k" }), fault).await;
        let there = count(&client, keys.0, keys.1).await;
        assert!(there <= 1, "{what}: {there} keys");
        match made {
            Ok(key) => {
                assert_eq!(there, 1, "{what}");
                let id = json!({ "KeyId": key["KeyId"] });
                let (deleted, what) = call("DeleteAPIKey", &id, fault).await;
                assert!(deleted.is_ok() || !is_before(fault), "{what}");
            }
            Err(error) => {
                assert_eq!(error.attempts(), 1, "{what}: {error:?}");
                let list = client.call_json(keys.0, &json!({})).await.unwrap().reply;
                for key in list[keys.1].as_array().into_iter().flatten() {
                    let id = json!({ "KeyId": key["KeyId"] });
                    client.call_json("DeleteAPIKey", &id).await.unwrap();
                }
            }
        }
        assert_eq!(count(&client, keys.0, keys.1).await, 0, "{what}");
    }
    lab.account.stop_instance(&instance).await.unwrap();
    lab.nothing_runs("records").await;
}

/// Whether the fault comes before the call is carried out, so that its repeat is the first.
fn is_before(fault: &str) -> bool {
    !fault.contains("after") && !fault.contains("truncate")
}
