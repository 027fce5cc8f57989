//! Scripted faults: what the caller sees, whether the call was carried out, and that the script is used up.

use std::time::Duration;

use ags_emulator::{
    Fault,
    fault::{Effect, Target},
};
use ags_http::{Deadline, HttpService as _, Reached, TransportErrorKind, body};
use http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::common::{PORT, Rig, SERVE, commands};

/// Answers POST after adding a line to `count`, which GET shows.
const COUNTING: &str = r#"touch count; exec python3 -c '
import http.server
class Count(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        open("count", "a").write("x")
        body = b"done and dusted"
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Count).serve_forever()
'"#;

fn start() -> Value {
    json!({ "ToolName": "t" })
}

async fn browser(builder: ags_emulator::EmulatorBuilder) -> Rig {
    let rig = Rig::with(builder).await;
    rig.call("CreateSandboxTool", json!({ "ToolName": "t", "ToolType": "browser", "NetworkConfiguration": { "NetworkMode": "PUBLIC" } })).await;
    rig
}

#[tokio::test]
async fn a_fault_of_an_action_comes_before_or_after_it() {
    let rig = browser(commands()).await;
    let effects = [
        Effect::Error("InternalError".to_owned()),
        Effect::Status {
            status: 503,
            retry_after: Some(3),
        },
        Effect::Reset,
    ];
    for (at, effect) in effects.into_iter().enumerate() {
        for after in [false, true] {
            let fault = Fault::on_action("StartSandboxInstance", effect.clone());
            rig.emulator
                .arm(if after { fault.after() } else { fault })
                .unwrap();
            let error = rig
                .client
                .call_json("StartSandboxInstance", &start())
                .await
                .unwrap_err();
            match &effect {
                Effect::Error(code) => assert_eq!(error.code().unwrap().as_str(), code),
                _ => assert!(error.code().is_none(), "{error:?}"),
            }
            assert_eq!(rig.emulator.instances().len(), at + usize::from(after));
        }
    }
    rig.emulator.assert_faults_consumed();
    rig.call("StartSandboxInstance", start()).await;
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn a_truncated_reply_and_a_hang_are_transport_errors() {
    let rig = browser(commands().fault("StartSandboxInstance:truncate=20".parse().unwrap())).await;
    let error = rig
        .client
        .call_json("StartSandboxInstance", &start())
        .await
        .unwrap_err();
    assert!(error.code().is_none(), "{error:?}");
    assert_eq!(rig.emulator.instances().len(), 1);

    rig.emulator
        .arm("DescribeSandboxToolList:hang".parse().unwrap())
        .unwrap();
    let hanging = tokio::time::timeout(
        Duration::from_millis(300),
        rig.client.call_json("DescribeSandboxToolList", &json!({})),
    )
    .await;
    assert!(hanging.is_err());
    rig.emulator.assert_faults_consumed();
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn a_delay_is_on_the_emulators_clock() {
    let rig = browser(commands()).await;
    rig.emulator
        .arm("StartSandboxInstance:delay=1h,after".parse().unwrap())
        .unwrap();
    let client = rig.client.clone();
    let call = tokio::spawn(async move {
        client
            .call_json(
                "StartSandboxInstance",
                &json!({ "ToolName": "t", "Timeout": "24h" }),
            )
            .await
            .map(drop)
    });
    rig.emulator
        .wait_for_instances(|all| all.iter().any(|instance| instance.status == "RUNNING"))
        .await;
    while !call.is_finished() {
        rig.emulator.advance(Duration::from_secs(3600));
        tokio::task::yield_now().await;
    }
    call.await.unwrap().unwrap();
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn faults_of_the_lifecycle_happen() {
    let rig = Rig::new().await;
    rig.emulator
        .arm(Fault::on_action("CreateSandboxTool", Effect::ToolFails))
        .unwrap();
    let failed = rig.tool("fails", SERVE).await;
    let listed = rig
        .call("DescribeSandboxToolList", json!({ "ToolIds": [failed] }))
        .await;
    assert_eq!(
        (
            &listed["SandboxToolSet"][0]["Status"],
            &listed["SandboxToolSet"][0]["StatusReason"]
        ),
        (&json!("FAILED"), &json!("InternalError"))
    );
    assert_eq!(
        rig.refused("StartSandboxInstance", json!({ "ToolId": failed }))
            .await,
        "ResourceUnavailable.SandboxTool"
    );

    let tool = rig.tool("works", SERVE).await;
    rig.emulator
        .arm(Fault::on_action(
            "StartSandboxInstance",
            Effect::InstanceDies,
        ))
        .unwrap();
    assert_eq!(
        rig.refused("StartSandboxInstance", json!({ "ToolId": tool }))
            .await,
        "FailedOperation"
    );

    let id = rig.start(&tool).await.instance_id.unwrap();
    rig.emulator
        .arm(Fault::on_action(
            "AcquireSandboxInstanceToken",
            Effect::StaleToken,
        ))
        .unwrap();
    let stale = rig.token(&id).await;
    assert_eq!(
        rig.get(&id, Some(&stale), "/").await.0,
        StatusCode::UNAUTHORIZED
    );
    let token = rig.token(&id).await;
    rig.emulator
        .arm(Fault::on_path("/", Effect::StaleToken).skip(1))
        .unwrap();
    assert_eq!(rig.get(&id, Some(&token), "/").await.0, StatusCode::OK);
    assert_eq!(
        rig.get(&id, Some(&token), "/").await.0,
        StatusCode::UNAUTHORIZED
    );

    let token = rig.token(&id).await;
    rig.emulator
        .arm(Fault::new(Target::AnyPath, Effect::ExpiredInstance))
        .unwrap();
    assert_eq!(
        rig.get(&id, Some(&token), "/").await.0,
        StatusCode::NOT_FOUND
    );
    rig.until(&id, "STOPPED").await;
    assert_eq!(rig.view(&id).stop_reason.unwrap(), "timeout");

    let id = rig.start(&tool).await.instance_id.unwrap();
    let token = rig.token(&id).await;
    rig.emulator
        .arm(Fault::on_path("/", Effect::InstanceDies).after())
        .unwrap();
    assert_eq!(rig.get(&id, Some(&token), "/").await.0, StatusCode::OK);
    rig.until(&id, "FAILED").await;
    let id = rig.start(&tool).await.instance_id.unwrap();
    let token = rig.token(&id).await;
    rig.emulator
        .arm(Fault::on_path("/", Effect::InstanceDies))
        .unwrap();
    assert_eq!(
        rig.get(&id, Some(&token), "/").await.0,
        StatusCode::NOT_FOUND
    );
    rig.emulator.assert_faults_consumed();
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn a_fault_of_a_path_comes_before_or_after_the_server() {
    let rig = Rig::new().await;
    let tool = rig.tool("counting", COUNTING).await;
    let id = rig.start(&tool).await.instance_id.unwrap();
    let token = rig.token(&id).await;
    let post = || {
        Request::post(rig.url(PORT, &id, "/run"))
            .header("X-Access-Token", token.expose())
            .body(body::full("{}"))
            .unwrap()
    };
    let count = || {
        std::fs::read_to_string(rig.view(&id).directory.join("count"))
            .unwrap()
            .len()
    };

    rig.emulator
        .arm("/run:status=502".parse().unwrap())
        .unwrap();
    assert_eq!(
        rig.send(post()).await.unwrap().status(),
        StatusCode::BAD_GATEWAY
    );
    assert_eq!(count(), 0);
    rig.emulator
        .arm("/run:status=502,after".parse().unwrap())
        .unwrap();
    assert_eq!(
        rig.send(post()).await.unwrap().status(),
        StatusCode::BAD_GATEWAY
    );
    assert_eq!(count(), 1);

    rig.emulator.arm("/run:reset".parse().unwrap()).unwrap();
    assert_eq!(
        rig.send(post()).await.unwrap_err().reached(),
        Reached::Unknown
    );
    assert_eq!(count(), 1);
    rig.emulator
        .arm("/run:reset,after".parse().unwrap())
        .unwrap();
    assert_eq!(
        rig.send(post()).await.unwrap_err().reached(),
        Reached::Unknown
    );
    assert_eq!(count(), 2);

    rig.emulator
        .arm("/run:truncate=4".parse().unwrap())
        .unwrap();
    let answer = rig.send(post()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(body::collect(answer.into_body(), 100).await.is_err());
    assert_eq!(count(), 3);

    for (spec, carried_out) in [("/run:hang", 0), ("/run:hang,after", 1)] {
        rig.emulator.arm(spec.parse().unwrap()).unwrap();
        let before = count();
        let error = rig
            .http
            .call(post(), Deadline::after(Duration::from_millis(500)))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Timeout);
        assert_eq!(count(), before + carried_out);
    }
    rig.emulator.assert_faults_consumed();
    assert_eq!(rig.send(post()).await.unwrap().status(), StatusCode::OK);
    rig.emulator.shutdown().await;
}

#[tokio::test]
#[should_panic(expected = "faults that did not happen: StopSandboxInstance:reset,times=2")]
async fn a_script_that_is_not_used_up_is_reported() {
    let rig = Rig::new().await;
    rig.emulator
        .arm(Fault::on_action("StopSandboxInstance", Effect::Reset).times(2))
        .unwrap();
    let _ = rig
        .client
        .call_json("StopSandboxInstance", &json!({ "InstanceId": "x" }))
        .await;
    rig.emulator.assert_faults_consumed();
}
