//! What an instance runs: its environment, its readiness, its end, and that nothing of it is left.

use std::{path::Path, time::Duration};

use ags_api::model::StartSandboxInstanceRequest;
use ags_emulator::{Behaviour, behaviour::StartAnswers};
use http::StatusCode;
use serde_json::json;

use crate::common::{self, Rig, SERVE, commands, processes_of};

#[tokio::test]
async fn nothing_is_left_of_a_stopped_instance() {
    let rig = Rig::new().await;
    // A child in the group, one in a session of its own, and one that does not mind TERM.
    let script = format!(
        "trap '' TERM; sleep 1000 & setsid sleep 1000 & (trap '' TERM HUP; while :; do sleep 1; done) & {}",
        SERVE.replace("exec ", "")
    );
    let rig_tool = rig.tool("leftovers", &script).await;
    let id = rig.start(&rig_tool).await.instance_id.unwrap();
    assert!(processes_of(&id).len() >= 4, "{:?}", processes_of(&id));
    let directory = rig.view(&id).directory;
    assert!(directory.is_dir());
    rig.call("StopSandboxInstance", json!({ "InstanceId": id }))
        .await;
    rig.until(&id, "STOPPED").await;
    assert_eq!(processes_of(&id), [""; 0]);

    let id = rig.start(&rig_tool).await.instance_id.unwrap();
    rig.emulator.shutdown().await;
    assert_eq!(processes_of(&id), [""; 0]);
    assert!(!directory.exists());
}

#[tokio::test]
async fn a_dropped_emulator_leaves_nothing() {
    let rig = Rig::new().await;
    let tool = rig.tool("dropped", SERVE).await;
    let id = rig.start(&tool).await.instance_id.unwrap();
    let Rig { emulator, .. } = rig;
    drop(emulator);
    while !processes_of(&id).is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_runtime_that_ends_takes_the_processes_along() {
    let id = std::thread::spawn(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let rig = Rig::new().await;
            let tool = rig.tool("abandoned", SERVE).await;
            let id = rig.start(&tool).await.instance_id.unwrap();
            std::mem::forget(rig.emulator);
            id
        })
    })
    .join()
    .unwrap();
    assert_eq!(processes_of(&id), [""; 0]);
}

#[tokio::test]
async fn the_environment_is_the_instances_own() {
    let rig = Rig::with(commands().path("/usr/local/bin:/usr/bin:/bin")).await;
    let mut create = serde_json::to_value(common::tool_request(
        "environment",
        &format!("env > env.txt; echo $0 $PORT $AGS_PORT_8000 > args.txt; {SERVE}"),
    ))
    .unwrap();
    create["CustomConfiguration"]["Env"] = json!([{ "Name": "GREETING", "Value": "hello world" }, { "Name": "HOME", "Value": "/somewhere" }]);
    let tool = rig.call("CreateSandboxTool", create).await["ToolId"]
        .as_str()
        .unwrap()
        .to_owned();
    let id = rig.start(&tool).await.instance_id.unwrap();
    let token = rig.token(&id).await;
    let (status, text) = rig.get(&id, Some(&token), "/env.txt").await;
    assert_eq!(status, StatusCode::OK);
    let text = String::from_utf8(text.to_vec()).unwrap();
    let mut names: Vec<&str> = text
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0))
        .filter(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name))
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "AGS_INSTANCE_ID",
            "AGS_PORT_8000",
            "GREETING",
            "HOME",
            "LANG",
            "PATH",
            "PORT"
        ]
    );
    assert!(
        text.contains("GREETING=hello world\n") && text.contains("HOME=/somewhere\n"),
        "{text}"
    );
    assert!(text.contains("PATH=/usr/local/bin:/usr/bin:/bin\n"));
    let mapped = rig.view(&id).ports[&8000].to_string();
    assert!(text.contains(&format!("PORT={mapped}\n")));
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn a_failed_start_says_why() {
    let mut behaviour = Behaviour::default();
    behaviour.start_answers = StartAnswers::Starting;
    let rig = Rig::with(commands().behaviour(behaviour)).await;
    for (name, script, why) in [
        (
            "exits",
            "echo no such module >&2; exit 3",
            "its command exited with status 3: no such module",
        ),
        ("killed", "kill -9 $$", "its command was ended by signal 9"),
        ("silent", "sleep 1000", "did not answer 2xx within 1000 ms"),
    ] {
        let mut create = serde_json::to_value(common::tool_request(name, script)).unwrap();
        create["CustomConfiguration"]["Probe"]["ReadyTimeoutMs"] = 1000.into();
        let tool = rig.call("CreateSandboxTool", create).await["ToolId"]
            .as_str()
            .unwrap()
            .to_owned();
        let id = rig.start(&tool).await.instance_id.unwrap();
        rig.until(&id, "STARTING_FAILED").await;
        let listed = rig
            .call("DescribeSandboxInstances", json!({ "InstanceIds": [id] }))
            .await;
        let reason = listed["InstanceSet"][0]["StatusReason"].as_str().unwrap();
        assert!(
            reason.contains(why) && reason.starts_with("FailedOperation.ContainerStart"),
            "{reason}"
        );
        assert_eq!(listed["InstanceSet"][0]["StopReason"], "error");
        assert_eq!(processes_of(&id), [""; 0]);
    }
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn a_blocking_start_that_fails_is_an_error() {
    let rig = Rig::new().await;
    let tool = rig.tool("fails", "echo broken; exit 1").await;
    let error = rig
        .client
        .call_json("StartSandboxInstance", &json!({ "ToolId": tool }))
        .await
        .unwrap_err();
    assert_eq!(error.code().unwrap().as_str(), "FailedOperation");
    assert!(
        error.to_string().contains("exited with status 1: broken"),
        "{error}"
    );

    let mut create = serde_json::to_value(common::tool_request("unbound", SERVE)).unwrap();
    create["CustomConfiguration"]["Ports"] =
        json!([{ "Name": "other", "Port": 9000, "Protocol": "TCP" }]);
    let tool = rig.call("CreateSandboxTool", create).await["ToolId"].clone();
    let error = rig
        .client
        .call_json("StartSandboxInstance", &json!({ "ToolId": tool }))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("port binding failed"), "{error}");
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn an_instance_whose_process_ends_has_failed() {
    let rig = Rig::new().await;
    let (id, token) = rig.serving().await;
    rig.emulator.kill_instance(&id);
    rig.until(&id, "FAILED").await;
    let view = rig.view(&id);
    assert_eq!(view.stop_reason.unwrap(), "error");
    assert!(view.status_reason.unwrap().contains("signal 9"));
    assert_eq!(
        rig.get(&id, Some(&token), "/").await.0,
        StatusCode::NOT_FOUND
    );
    rig.call("StopSandboxInstance", json!({ "InstanceId": id }))
        .await;
    assert_eq!(rig.view(&id).status, "STOPPED");
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn a_pause_freezes_and_a_pause_without_memory_starts_anew() {
    let rig = Rig::new().await;
    let (id, token) = rig.serving().await;
    let process = rig.view(&id).process.unwrap();
    std::fs::write(rig.view(&id).directory.join("kept.txt"), "kept").unwrap();
    rig.call("PauseSandboxInstance", json!({ "InstanceId": id }))
        .await;
    rig.until(&id, "PAUSED").await;
    // The signal has been sent, and the process takes it when it is scheduled.
    let state = || {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        stat.rsplit_once(") ").unwrap().1.chars().next()
    };
    while state() != Some('T') {
        tokio::task::yield_now().await;
    }
    rig.emulator.advance(Duration::from_secs(3600));
    rig.call(
        "ResumeSandboxInstance",
        json!({ "InstanceId": id, "Timeout": "10m" }),
    )
    .await;
    rig.until(&id, "RUNNING").await;
    assert_eq!(
        rig.get(&id, Some(&token), "/kept.txt").await.0,
        StatusCode::OK
    );

    rig.call(
        "PauseSandboxInstance",
        json!({ "InstanceId": id, "Memory": false }),
    )
    .await;
    rig.until(&id, "PAUSED").await;
    assert!(!Path::new(&format!("/proc/{process}")).exists());
    rig.call("ResumeSandboxInstance", json!({ "InstanceId": id }))
        .await;
    rig.until(&id, "RUNNING").await;
    assert_ne!(rig.view(&id).process, Some(process));
    assert_eq!(rig.get(&id, Some(&token), "/kept.txt").await.1, "kept");
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn a_mounted_image_is_a_local_directory() {
    let image = tempfile::tempdir().unwrap();
    let bin = image.path().join("nix/swerex");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::write(
        bin.join("serve"),
        "#!/bin/sh\nexec python3 -m http.server \"$2\" --bind 127.0.0.1\n",
    )
    .unwrap();
    let rig = Rig::with(commands().image("runtime:1", image.path())).await;
    let mut create = serde_json::to_value(common::tool_request(
        "mounted",
        "exec sh /opt/nix/swerex/serve --port 8000",
    ))
    .unwrap();
    create["RoleArn"] = "qcs::cam::uin/1:roleName/ags".into();
    create["StorageMounts"] = json!([{ "Name": "nix", "MountPath": "/nix", "ReadOnly": true,
        "StorageSource": { "Image": { "Reference": "runtime:1", "ImageRegistryType": "enterprise", "SubPath": "/nix" } } }]);
    let tool = rig.call("CreateSandboxTool", create).await["ToolId"]
        .as_str()
        .unwrap()
        .to_owned();
    let request: StartSandboxInstanceRequest = serde_json::from_value(
        json!({ "ToolId": tool, "MountOptions": [{ "Name": "nix", "MountPath": "/opt/nix" }] }),
    )
    .unwrap();
    let id = rig.start_with(request).await.instance_id.unwrap();
    let token = rig.token(&id).await;
    assert_eq!(rig.get(&id, Some(&token), "/").await.0, StatusCode::OK);
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn a_stop_during_the_start_is_heeded() {
    let mut behaviour = Behaviour::default();
    behaviour.start_answers = StartAnswers::Starting;
    let rig = Rig::with(commands().behaviour(behaviour)).await;
    let tool = rig.tool("early", "sleep 1000").await;
    let id = rig.start(&tool).await.instance_id.unwrap();
    rig.call("StopSandboxInstance", json!({ "InstanceId": id }))
        .await;
    rig.until(&id, "STOPPED").await;
    assert_eq!(processes_of(&id), [""; 0]);
    rig.emulator.shutdown().await;
}
