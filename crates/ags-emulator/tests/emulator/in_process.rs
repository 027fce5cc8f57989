//! The native server in the place of processes: many instances, each with its own directory.

use ags_emulator::{Emulator, InstanceRunner};
use ags_http::body;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::common::{self, PORT, Rig};

const INSTANCES: usize = 100;

#[tokio::test]
async fn a_hundred_instances_run_in_one_process() {
    let rig = Rig::with(Emulator::builder().runner(InstanceRunner::Native)).await;
    let mut create =
        serde_json::to_value(common::tool_request("native", "this is not run")).unwrap();
    create["CustomConfiguration"]["Env"] = json!([{ "Name": "GREETING", "Value": "hello" }]);
    let tool = rig.call("CreateSandboxTool", create).await["ToolId"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut ids = Vec::new();
    for _ in 0..INSTANCES {
        ids.push(rig.start(&tool).await.instance_id.unwrap());
    }
    for id in &ids {
        let token = rig.token(id).await;
        let (status, alive) = rig.get(id, Some(&token), "/is_alive").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(
            serde_json::from_slice::<Value>(&alive).unwrap()["is_alive"],
            true
        );
        let write = Request::post(rig.url(PORT, id, "/write_file"))
            .header("X-Access-Token", token.expose())
            .header("Content-Type", "application/json")
            .body(body::full(
                json!({ "path": "here.txt", "content": id }).to_string(),
            ))
            .unwrap();
        assert_eq!(rig.send(write).await.unwrap().status(), StatusCode::OK);
        assert_eq!(
            &std::fs::read_to_string(rig.view(id).directory.join("here.txt")).unwrap(),
            id
        );
    }
    let (_, text) = rig.get(&ids[0], None, "/is_alive").await;
    assert!(String::from_utf8_lossy(&text).contains("X-Access-Token"));
    for id in &ids {
        rig.call("StopSandboxInstance", json!({ "InstanceId": id }))
            .await;
    }
    rig.emulator
        .wait_for_instances(|all| all.iter().all(|instance| instance.status == "STOPPED"))
        .await;
    assert_eq!(rig.emulator.live_instances(), []);
    rig.emulator.shutdown().await;
}
