//! A tool and an instance from their creation to their end, with a real process behind the real gateway.

use std::{collections::BTreeMap, time::Duration};

use ags_api::model::StartSandboxInstanceRequest;
use ags_emulator::{
    Behaviour,
    behaviour::{ExpiresAtFormat, ListMembers, StartAnswers, StopOfStopped},
};

use http::StatusCode;
use serde_json::json;

use crate::common::{self, PORT, Rig, SERVE, commands};

#[tokio::test]
async fn from_create_to_delete() {
    let rig = Rig::new().await;
    let tool = rig.tool("lifecycle", SERVE).await;
    assert!(tool.starts_with("sdt-"), "{tool}");
    let instance = rig.start(&tool).await;
    let id = instance.instance_id.clone().unwrap();
    assert_eq!(id.len(), 40);
    assert_eq!(instance.status.unwrap(), "RUNNING");
    assert_eq!(instance.timeout_seconds, Some(300));
    let digest = instance.custom_configuration.unwrap().image_digest.unwrap();
    assert!(digest.starts_with("sha256:"), "{digest}");

    let token = rig.token(&id).await;
    assert!(token.expose().starts_with("sit_") && token.expose().len() == 47);
    let view = rig.view(&id);
    std::fs::write(view.directory.join("hello.txt"), "from the sandbox").unwrap();
    let (status, body) = rig.get(&id, Some(&token), "/hello.txt").await;
    assert_eq!(
        (status, &body[..]),
        (StatusCode::OK, &b"from the sandbox"[..])
    );

    assert_eq!(
        rig.refused("DeleteSandboxTool", json!({ "ToolId": tool }))
            .await,
        "ResourceInUse.SandboxTool"
    );
    rig.call("StopSandboxInstance", json!({ "InstanceId": id }))
        .await;
    rig.until(&id, "STOPPED").await;
    assert_eq!(rig.view(&id).stop_reason.unwrap(), "manual");
    assert_eq!(
        rig.get(&id, Some(&token), "/hello.txt").await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        rig.refused("StopSandboxInstance", json!({ "InstanceId": id }))
            .await,
        "ResourceNotFound.SandboxInstance"
    );
    rig.call("DeleteSandboxTool", json!({ "ToolId": tool }))
        .await;
    assert_eq!(
        rig.refused("DeleteSandboxTool", json!({ "ToolId": tool }))
            .await,
        "ResourceNotFound.SandboxTool"
    );
    let listed = rig.call("DescribeSandboxInstanceList", json!({})).await;
    assert_eq!(listed["InstanceSet"][0]["Status"], "STOPPED");
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn statuses_pass_through_their_delays() {
    let mut behaviour = Behaviour::default();
    behaviour.start_answers = StartAnswers::Starting;
    behaviour.stop_of_stopped = StopOfStopped::Unsupported;
    let delay = Duration::from_secs(600);
    let rig = Rig::with(
        commands()
            .tool_delay(delay)
            .start_delay(delay)
            .stop_delay(delay)
            .pause_delay(delay)
            .behaviour(behaviour),
    )
    .await;
    // Persistent, so that no lifetime ends while the clock is moved.
    let mut create = serde_json::to_value(common::tool_request("delays", SERVE)).unwrap();
    create["Persistent"] = true.into();
    let tool = rig.call("CreateSandboxTool", create).await["ToolId"].clone();
    let listed = rig
        .call("DescribeSandboxToolList", json!({ "ToolIds": [tool] }))
        .await;
    assert_eq!(listed["SandboxToolSet"][0]["Status"], "CREATING");
    let start = json!({ "ToolId": tool });
    assert_eq!(
        rig.refused("StartSandboxInstance", start.clone()).await,
        "ResourceUnavailable.SandboxTool"
    );
    rig.emulator.advance(delay);
    while rig.emulator.tools()[0].status != "ACTIVE" {
        tokio::task::yield_now().await;
    }

    let started = rig.call("StartSandboxInstance", start).await;
    let id = started["Instance"]["InstanceId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(started["Instance"]["Status"], "STARTING");
    let acquire = json!({ "InstanceId": id });
    assert_eq!(
        rig.refused("AcquireSandboxInstanceToken", acquire.clone())
            .await,
        "UnsupportedOperation"
    );
    rig.emulator.advance(delay);
    rig.until(&id, "RUNNING").await;
    let token = rig.token(&id).await;
    assert_eq!(rig.get(&id, Some(&token), "/").await.0, StatusCode::OK);

    let paused = rig.call("PauseSandboxInstance", acquire.clone()).await;
    assert_eq!(paused["InstanceStatus"], "PAUSING");
    assert_eq!(
        rig.refused("ResumeSandboxInstance", acquire.clone()).await,
        "UnsupportedOperation.SandboxInstance"
    );
    rig.until_advanced(&id, "PAUSED", delay).await;
    assert_eq!(
        rig.refused("UpdateSandboxInstance", acquire.clone()).await,
        "UnsupportedOperation.SandboxInstance"
    );
    rig.call("ResumeSandboxInstance", acquire.clone()).await;
    rig.until_advanced(&id, "RUNNING", delay).await;
    assert_eq!(rig.get(&id, Some(&token), "/").await.0, StatusCode::OK);

    rig.call("StopSandboxInstance", acquire.clone()).await;
    assert_eq!(rig.view(&id).status, "STOPPING");
    rig.until_advanced(&id, "STOPPED", delay).await;
    assert_eq!(
        rig.refused("StopSandboxInstance", acquire).await,
        "UnsupportedOperation.SandboxInstance"
    );
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn an_instance_ends_with_its_lifetime_unless_that_is_prolonged() {
    let rig = Rig::new().await;
    let tool = rig.tool("expiry", SERVE).await;
    let request = StartSandboxInstanceRequest {
        tool_id: Some(tool),
        timeout: Some("60s".to_owned()),
        ..Default::default()
    };
    let id = rig.start_with(request).await.instance_id.unwrap();
    rig.emulator.advance(Duration::from_secs(50));
    rig.call(
        "UpdateSandboxInstance",
        json!({ "InstanceId": id, "Timeout": "5m", "Metadata": [{ "Name": "a", "Value": "b" }] }),
    )
    .await;
    rig.emulator.advance(Duration::from_secs(50));
    let token = rig.token(&id).await;
    assert_eq!(rig.get(&id, Some(&token), "/").await.0, StatusCode::OK);
    assert_eq!(
        rig.view(&id).metadata,
        BTreeMap::from([("a".to_owned(), "b".to_owned())])
    );
    rig.emulator.advance(Duration::from_secs(251));
    rig.until(&id, "STOPPED").await;
    assert_eq!(rig.view(&id).stop_reason.unwrap(), "timeout");
    rig.emulator.advance(Duration::from_secs(3 * 3600));
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn a_client_token_stands_for_its_request() {
    let rig = Rig::new().await;
    let create = serde_json::to_value(common::tool_request("tokens", SERVE)).unwrap();
    let with_token = |token: &str, name: &str| {
        let mut create = create.clone();
        create["ClientToken"] = token.into();
        create["ToolName"] = name.into();
        create
    };
    let tool = rig.call("CreateSandboxTool", with_token("t1", "one")).await["ToolId"].clone();
    assert_eq!(
        rig.call("CreateSandboxTool", with_token("t1", "one")).await["ToolId"],
        tool
    );
    assert_eq!(
        rig.call("CreateSandboxTool", with_token("t1", "two")).await["ToolId"],
        tool
    );
    assert_eq!(
        rig.refused("CreateSandboxTool", with_token("t2", "one"))
            .await,
        "InvalidParameterValue.SandboxTool"
    );
    assert_eq!(
        rig.refused("CreateSandboxTool", with_token(&"x".repeat(65), "two"))
            .await,
        "InvalidParameterValue"
    );

    let start = json!({ "ToolId": tool, "ClientToken": "s1" });
    let first =
        rig.call("StartSandboxInstance", start.clone()).await["Instance"]["InstanceId"].clone();
    rig.call("StopSandboxInstance", json!({ "InstanceId": first }))
        .await;
    rig.until(first.as_str().unwrap(), "STOPPED").await;
    let again = rig.call("StartSandboxInstance", start).await;
    assert_eq!(
        (
            &again["Instance"]["InstanceId"],
            &again["Instance"]["Status"]
        ),
        (&first, &json!("STOPPED"))
    );
    assert_eq!(rig.emulator.instances().len(), 1);

    rig.call("DeleteSandboxTool", json!({ "ToolId": tool }))
        .await;
    assert_eq!(
        rig.refused("CreateSandboxTool", with_token("t1", "one"))
            .await,
        "FailedOperation.DuplicateRequest"
    );
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn a_start_that_is_not_over_is_in_progress() {
    let delay = Duration::from_secs(600);
    let rig = Rig::with(commands().start_delay(delay)).await;
    let tool = rig.tool("progress", SERVE).await;
    let start = json!({ "ToolId": tool, "ClientToken": "s1", "Timeout": "1h" });
    let client = rig.client.clone();
    let first = tokio::spawn({
        let start = start.clone();
        async move {
            client
                .call_json("StartSandboxInstance", &start)
                .await
                .unwrap()
                .reply
        }
    });
    rig.emulator.wait_for_instances(|all| all.len() == 1).await;
    assert_eq!(
        rig.refused("StartSandboxInstance", start.clone()).await,
        "FailedOperation.RequestInProgress"
    );
    rig.emulator.advance(delay);
    let first = first.await.unwrap();
    assert_eq!(first["Instance"]["Status"], "RUNNING");
    assert_eq!(
        rig.call("StartSandboxInstance", start).await["Instance"]["InstanceId"],
        first["Instance"]["InstanceId"]
    );
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn lists_of_a_start_replace_or_merge() {
    for (lists, expected) in [
        (ListMembers::Replace, json!(["B=3"])),
        (ListMembers::Merge, json!(["A=1", "B=3"])),
    ] {
        let mut behaviour = Behaviour::default();
        behaviour.list_members = lists;
        let rig = Rig::with(commands().behaviour(behaviour)).await;
        let mut create = serde_json::to_value(common::tool_request("lists", SERVE)).unwrap();
        create["CustomConfiguration"]["Env"] =
            json!([{ "Name": "A", "Value": "1" }, { "Name": "B", "Value": "2" }]);
        let tool = rig.call("CreateSandboxTool", create).await["ToolId"].clone();
        let started = rig
            .call(
                "StartSandboxInstance",
                json!({ "ToolId": tool, "CustomConfiguration": {
                    "Image": "other:1", "Env": [{ "Name": "B", "Value": "3" }], "Resources": { "CPU": "2", "Memory": "1Gi" } } }),
            )
            .await;
        let shown = &started["Instance"]["CustomConfiguration"];
        let env: Vec<String> = shown["Env"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| {
                format!(
                    "{}={}",
                    it["Name"].as_str().unwrap(),
                    it["Value"].as_str().unwrap()
                )
            })
            .collect();
        assert_eq!(json!(env), expected);
        assert_eq!(
            (&shown["Image"], &shown["Resources"]["CPU"]),
            (&json!("other:1"), &json!("2000m"))
        );
        assert_eq!(shown["Probe"]["HttpGet"]["Port"], PORT);
        rig.emulator.shutdown().await;
    }
}

#[tokio::test]
async fn expires_at_comes_in_every_form() {
    for format in ExpiresAtFormat::ALL {
        let mut behaviour = Behaviour::default();
        behaviour.expires_at = *format;
        let rig = Rig::with(commands().behaviour(behaviour)).await;
        let tool = rig.tool("formats", SERVE).await;
        let started = rig
            .call("StartSandboxInstance", json!({ "ToolId": tool }))
            .await;
        let acquired = rig
            .call(
                "AcquireSandboxInstanceToken",
                json!({ "InstanceId": started["Instance"]["InstanceId"] }),
            )
            .await;
        for written in [&started["Instance"]["ExpiresAt"], &acquired["ExpiresAt"]] {
            let text = written.as_str().unwrap_or_default();
            let fits = match format {
                ExpiresAtFormat::Millis => text.len() == 24 && text.ends_with('Z'),
                ExpiresAtFormat::Seconds => text.len() == 20 && text.ends_with('Z'),
                ExpiresAtFormat::Nanos => text.len() == 30 && text.ends_with('Z'),
                ExpiresAtFormat::Offset => text.ends_with("+08:00"),
                ExpiresAtFormat::Unix => written
                    .as_i64()
                    .is_some_and(|seconds| seconds > 1_700_000_000),
                ExpiresAtFormat::Null => written.is_null(),
            };
            assert!(fits, "{format}: {written}");
        }
        rig.emulator.shutdown().await;
    }
}

#[tokio::test]
async fn a_persistent_instance_has_no_end() {
    let rig = Rig::new().await;
    let mut create = serde_json::to_value(common::tool_request("persistent", SERVE)).unwrap();
    create["Persistent"] = true.into();
    let tool = rig.call("CreateSandboxTool", create).await["ToolId"].clone();
    let started = rig
        .call("StartSandboxInstance", json!({ "ToolId": tool }))
        .await;
    assert_eq!(started["Instance"]["TimeoutSeconds"], 0);
    assert!(started["Instance"]["ExpiresAt"].is_null());
    rig.emulator.advance(Duration::from_secs(100 * 3600));
    let id = started["Instance"]["InstanceId"].as_str().unwrap();
    let token = rig.token(id).await;
    assert_eq!(rig.get(id, Some(&token), "/").await.0, StatusCode::OK);
    rig.emulator.shutdown().await;
}
