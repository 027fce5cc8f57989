//! Lists, quotas, rates, and the small resources of an account.

use std::time::{Duration, Instant};

use ags_emulator::Throttle;
use serde_json::{Value, json};

use crate::common::{Rig, commands};

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let rig = Rig::with(commands().tool_quota(45)).await;
    for at in 0..45 {
        rig.call("CreateSandboxTool", json!({ "ToolName": format!("t{at}"), "ToolType": "browser", "NetworkConfiguration": { "NetworkMode": "SANDBOX" } })).await;
    }
    let list = |params: Value| {
        let rig = &rig;
        async move {
            let listed = rig.call("DescribeSandboxToolList", params).await;
            (
                listed["SandboxToolSet"].as_array().unwrap().len(),
                listed["TotalCount"].as_i64().unwrap(),
            )
        }
    };
    assert_eq!(list(json!({})).await, (20, 45));
    assert_eq!(list(json!({ "Offset": 40, "Limit": 100 })).await, (5, 45));
    assert_eq!(list(json!({ "Filters": [{ "Name": "ToolName", "Values": ["t3", "t4"] }, { "Name": "Status", "Values": ["ACTIVE"] }] })).await, (2, 2));
    assert_eq!(
        list(json!({ "Filters": [{ "Name": "ToolType", "Values": ["custom"] }] })).await,
        (0, 0)
    );
    assert_eq!(
        rig.refused("DescribeSandboxToolList", json!({ "Limit": 101 }))
            .await,
        "InvalidParameter.Limit"
    );
    assert_eq!(
        rig.refused(
            "DescribeSandboxToolList",
            json!({ "ToolIds": vec!["x"; 101] })
        )
        .await,
        "InvalidParameterValue.ToolIds"
    );
    let another = json!({ "ToolName": "more", "ToolType": "browser", "NetworkConfiguration": { "NetworkMode": "SANDBOX" } });
    assert_eq!(
        rig.refused("CreateSandboxTool", another).await,
        "LimitExceeded"
    );

    let mut ids = Vec::new();
    for _ in 0..25 {
        let started = rig
            .call("StartSandboxInstance", json!({ "ToolName": "t0" }))
            .await;
        ids.push(started["Instance"]["InstanceId"].clone());
    }
    let (mut seen, mut token) = (Vec::new(), Value::String(String::new()));
    loop {
        let listed = rig
            .call(
                "DescribeSandboxInstanceList",
                json!({ "MaxResults": 10, "NextToken": token, "NeedTotalCount": true }),
            )
            .await;
        assert_eq!(listed["TotalCount"], 25);
        seen.extend(
            listed["InstanceSet"]
                .as_array()
                .unwrap()
                .iter()
                .map(|instance| instance["InstanceId"].clone()),
        );
        token = listed["NextToken"].clone();
        if token == "" {
            break;
        }
    }
    seen.reverse();
    assert_eq!(seen, ids);
    let described = rig
        .call(
            "DescribeSandboxInstances",
            json!({ "InstanceIds": [ids[3], "nothing", ids[7]] }),
        )
        .await;
    let described: Vec<&Value> = described["InstanceSet"]
        .as_array()
        .unwrap()
        .iter()
        .map(|instance| &instance["InstanceId"])
        .collect();
    assert_eq!(described, [&ids[3], &ids[7]]);
    assert_eq!(
        rig.refused("DescribeSandboxInstances", json!({ "InstanceIds": [] }))
            .await,
        "MissingParameter"
    );
    assert_eq!(
        rig.refused("DescribeSandboxInstanceList", json!({ "Offset": 10_001 }))
            .await,
        "InvalidParameterValue.OffsetTooLarge"
    );
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn what_is_stopping_counts_against_the_quota() {
    let delay = Duration::from_secs(240);
    let rig = Rig::with(commands().instance_quota(2).stop_delay(delay)).await;
    rig.call("CreateSandboxTool", json!({ "ToolName": "t", "ToolType": "browser", "NetworkConfiguration": { "NetworkMode": "PUBLIC" } })).await;
    let start = json!({ "ToolName": "t", "Timeout": "24h" });
    let id =
        rig.call("StartSandboxInstance", start.clone()).await["Instance"]["InstanceId"].clone();
    rig.call("StartSandboxInstance", start.clone()).await;
    rig.call("StopSandboxInstance", json!({ "InstanceId": id }))
        .await;
    let error = rig
        .client
        .call_json("StartSandboxInstance", &start)
        .await
        .unwrap_err();
    assert_eq!(
        error.code().unwrap().as_str(),
        "LimitExceeded.SandboxInstance"
    );
    assert!(error.to_string().contains("Current: 2, Max: 2."), "{error}");
    let usage = rig.call("DescribeQuotaOverview", json!({})).await["AccountQuotaOverview"].clone();
    assert_eq!(
        (
            &usage["Quota"]["SandboxInstances"],
            &usage["Usage"]["SandboxInstances"]
        ),
        (&json!(2), &json!(2))
    );
    rig.until_advanced(id.as_str().unwrap(), "STOPPED", delay)
        .await;
    rig.call("StartSandboxInstance", start).await;
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn calls_beyond_the_documented_rate_are_refused() {
    let rig = Rig::with(commands().throttle(Throttle::Sliding)).await;
    let began = Instant::now();
    let calls = (0..100).map(|_| {
        let client = rig.client.clone();
        tokio::spawn(async move {
            let called = client
                .call_json("DescribeSandboxInstanceList", &json!({}))
                .await;
            called.map_err(|error| error.code().unwrap().as_str().to_owned())
        })
    });
    let mut refused = 0;
    for call in calls.collect::<Vec<_>>() {
        if let Err(code) = call.await.unwrap() {
            assert_eq!(code, "RequestLimitExceeded");
            refused += 1;
        }
    }
    // 20 in any second, however long this machine took.
    let seconds = began.elapsed().as_secs() + 1;
    assert!(
        (20..=20 * seconds).contains(&(100 - refused)),
        "{refused} in {seconds} s"
    );
    assert_eq!(rig.emulator.throttled_calls(), refused);
    assert_eq!(rig.emulator.calls()["DescribeSandboxInstanceList"], 100);
    rig.emulator.advance(Duration::from_secs(1));
    rig.call("DescribeSandboxInstanceList", json!({})).await;
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn small_resources_have_their_life() {
    let rig = Rig::new().await;
    let image = json!({ "Image": "python:3.11", "ImageRegistryType": "personal" });
    let created = rig.call("CreatePreCacheImageTask", image.clone()).await;
    assert_eq!(
        rig.call("CreatePreCacheImageTask", image).await["PreCacheImageId"],
        created["PreCacheImageId"]
    );
    let by_id = json!({ "PreCacheImageId": created["PreCacheImageId"] });
    assert_eq!(
        rig.call("DescribePreCacheImageTask", by_id.clone()).await["Status"],
        "Success"
    );
    let by_image = json!({ "Image": "python:3.11", "ImageDigest": created["ImageDigest"], "ImageRegistryType": "personal" });
    assert_eq!(
        rig.call("DescribePreCacheImageTask", by_image).await["SourceType"],
        "EXPLICIT"
    );
    let listed = rig
        .call(
            "DescribePreCacheImageList",
            json!({ "Filters": [{ "Name": "status", "Values": ["SUCCESS"] }] }),
        )
        .await;
    assert_eq!(listed["PreCacheImageList"].as_array().unwrap().len(), 1);
    rig.call("DeletePreCacheImage", by_id.clone()).await;
    assert_eq!(
        rig.refused("DescribePreCacheImageTask", by_id).await,
        "ResourceNotFound.Image"
    );

    let key = rig.call("CreateAPIKey", json!({ "Name": "k" })).await;
    assert!(key["APIKey"].as_str().unwrap().starts_with("ark_"));
    let shown = rig.call("DescribeAPIKeyList", json!({})).await;
    assert_eq!(shown["APIKeySet"][0]["Status"], "API_KEY_STATUS_ACTIVE");
    assert_ne!(shown["APIKeySet"][0]["MaskedKey"], key["APIKey"]);
    rig.call("DeleteAPIKey", json!({ "KeyId": key["KeyId"] }))
        .await;
    assert_eq!(
        rig.call("DescribeAPIKeyList", json!({})).await["TotalCount"],
        0
    );

    rig.call("CreateSandboxTool", json!({ "ToolName": "t", "ToolType": "browser", "NetworkConfiguration": { "NetworkMode": "PUBLIC" } })).await;
    let instance = rig
        .call("StartSandboxInstance", json!({ "ToolName": "t" }))
        .await["Instance"]["InstanceId"]
        .clone();
    let snapshot = rig
        .call(
            "CreateSandboxSnapshot",
            json!({ "InstanceId": instance, "SnapshotName": "s" }),
        )
        .await["Snapshot"]
        .clone();
    assert_eq!(snapshot["Status"], "ACTIVE");
    assert_eq!(
        rig.call("DescribeSandboxSnapshotList", json!({})).await["SnapshotSet"][0],
        snapshot
    );
    rig.call(
        "DeleteSandboxSnapshot",
        json!({ "SnapshotId": snapshot["SnapshotId"] }),
    )
    .await;
    assert_eq!(
        rig.refused(
            "DeleteSandboxSnapshot",
            json!({ "SnapshotId": snapshot["SnapshotId"] })
        )
        .await,
        "ResourceNotFound"
    );
    rig.emulator.shutdown().await;
}
