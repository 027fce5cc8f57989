//! The real SWE-ReX server as what an instance runs.

use std::path::Path;

use ags_api::Secret;
use ags_emulator::{Emulator, InstanceRunner};
use ags_http::body;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::common::{PORT, Rig, processes_of};

async fn post(rig: &Rig, instance: &str, token: &Secret, path: &str, body: Value) -> Value {
    let request = Request::post(rig.url(PORT, instance, path))
        .header("X-Access-Token", token.expose())
        .header("Content-Type", "application/json")
        .body(body::full(body.to_string()))
        .unwrap();
    let answer = rig.send(request).await.unwrap();
    let status = answer.status();
    let text = body::collect(answer.into_body(), 1 << 20).await.unwrap();
    assert_eq!(
        status,
        StatusCode::OK,
        "{path}: {}",
        String::from_utf8_lossy(&text)
    );
    serde_json::from_slice(&text).unwrap()
}

#[tokio::test]
async fn the_real_server_runs_inside_and_takes_its_shells_along() {
    let Some(server) = crate::python("SWEREX_PYTHON_SERVER") else {
        return;
    };
    let programs = Path::new(&server).parent().unwrap().to_owned();
    let path = std::env::join_paths([
        programs,
        "/usr/local/bin".into(),
        "/usr/bin".into(),
        "/bin".into(),
    ])
    .unwrap();
    let rig = Rig::with(
        Emulator::builder()
            .runner(InstanceRunner::Process)
            .path(path),
    )
    .await;
    let tool = rig
        .tool(
            "swerex",
            "swerex-remote --host 127.0.0.1 --port 8000 --auth-token ''",
        )
        .await;
    let id = rig.start(&tool).await.instance_id.unwrap();
    let token = rig.token(&id).await;

    let executed = post(
        &rig,
        &id,
        &token,
        "/execute",
        json!({ "command": "pwd; echo $AGS_INSTANCE_ID", "shell": true }),
    )
    .await;
    assert_eq!(
        executed["stdout"],
        format!("{}\n{id}\n", rig.view(&id).directory.display())
    );
    post(
        &rig,
        &id,
        &token,
        "/create_session",
        json!({ "session_type": "bash", "startup_timeout": 30.0 }),
    )
    .await;
    let run = |command: &str| {
        let body = json!({ "action_type": "bash", "command": command, "timeout": 30.0 });
        let (rig, id, token) = (&rig, &id, &token);
        async move { post(rig, id, token, "/run_in_session", body).await }
    };
    run("cd /tmp && x=7").await;
    assert_eq!(run("echo $PWD $x").await["output"], "/tmp 7\n");
    // A shell has a session of its own, and this outlives the shell.
    let background = run("(trap '' HUP TERM; exec sleep 1000) & echo $!").await;
    let background = background["output"]
        .as_str()
        .unwrap()
        .lines()
        .last()
        .unwrap()
        .trim()
        .to_owned();
    assert!(processes_of(&id).contains(&background), "{background}");
    rig.call("StopSandboxInstance", json!({ "InstanceId": id }))
        .await;
    rig.until(&id, "STOPPED").await;
    assert_eq!(processes_of(&id), [""; 0]);
    rig.emulator.shutdown().await;
}
