//! The command: its announcement, its flags, and how it stops.

use std::{path::Path, process::Stdio, time::Duration};

use ags_api::Client;
use ags_http::{Deadline, HttpClient, HttpService as _, body};
use ags_sign::Credential;
use http::Request;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::common::{self, SERVE};

/// The command with `flags`, and what it announces.
async fn announced(flags: &[&str]) -> (Child, Value) {
    announced_by(
        Command::new(env!("CARGO_BIN_EXE_ags-emulator"))
            .args(["--instance", "process"])
            .args(flags),
    )
    .await
}

async fn announced_by(command: &mut Command) -> (Child, Value) {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .await
        .unwrap();
    (child, serde_json::from_str(&line).unwrap())
}

fn client(announced: &Value) -> Client {
    let text = |name: &str| announced[name].as_str().unwrap();
    let http = HttpClient::builder()
        .ca_file(text("ca_file"))
        .build()
        .unwrap();
    let credential = Credential::new(text("secret_id"), text("secret_key")).unwrap();
    common::client(credential, text("endpoint"), &http)
}

async fn stopped(mut child: Child, signal: Signal) -> (i32, String) {
    let id = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(id, signal).unwrap();
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .await
        .unwrap();
    (child.wait().await.unwrap().code().unwrap(), said)
}

#[tokio::test]
async fn it_announces_itself_and_a_signal_ends_it_with_its_instances() {
    for signal in [Signal::TERM, Signal::INT] {
        let directory = tempfile::tempdir().unwrap();
        let ca_file = directory.path().join("ca.pem");
        let (child, announced) = announced(&[
            "--ca-out",
            ca_file.to_str().unwrap(),
            "--secret-id",
            "AKIDme",
            "--secret-key",
            "mine",
        ])
        .await;
        assert_eq!(announced["ca_file"], ca_file.to_str().unwrap());
        assert_eq!(
            (&announced["secret_id"], &announced["secret_key"]),
            (&json!("AKIDme"), &json!("mine"))
        );
        let port = announced["endpoint"]
            .as_str()
            .unwrap()
            .strip_prefix("https://127.0.0.1:")
            .unwrap();
        assert_eq!(announced["domain"], format!("localhost:{port}"));
        assert_eq!(announced.as_object().unwrap().len(), 5);

        let client = client(&announced);
        let tool = serde_json::to_value(common::tool_request(
            "binary",
            &format!("echo $$ > {}/pid; {SERVE}", directory.path().display()),
        ))
        .unwrap();
        client.call_json("CreateSandboxTool", &tool).await.unwrap();
        client
            .call_json("StartSandboxInstance", &json!({ "ToolName": "binary" }))
            .await
            .unwrap();
        let process = std::fs::read_to_string(directory.path().join("pid")).unwrap();
        let process = Path::new("/proc").join(process.trim());
        assert!(process.exists());
        assert_eq!(stopped(child, signal).await, (0, String::new()));
        assert!(!process.exists());
    }
}

#[tokio::test]
async fn flags_set_faults_and_switches() {
    let flags = [
        "--fault",
        "DescribeSandboxToolList:error=InternalError,times=2",
        "--fault",
        "/execute:reset",
        "--behaviour",
        "start-answers=starting",
        "--start-delay",
        "1h",
    ];
    let (child, announced) = announced(&flags).await;
    let client = client(&announced);
    let refused = client
        .call_json("DescribeSandboxToolList", &json!({}))
        .await
        .unwrap_err();
    assert_eq!(refused.code().unwrap().as_str(), "InternalError");
    let tool = serde_json::to_value(common::tool_request("flags", SERVE)).unwrap();
    client.call_json("CreateSandboxTool", &tool).await.unwrap();
    let params = json!({ "ToolName": "flags" });
    let start = client.call_json("StartSandboxInstance", &params);
    let started = tokio::time::timeout(Duration::from_secs(30), start)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(started.reply["Instance"]["Status"], "STARTING");
    let (code, said) = stopped(child, Signal::TERM).await;
    assert_eq!(code, 0);
    assert_eq!(
        said.lines().collect::<Vec<_>>(),
        [
            "ags-emulator: fault did not happen: DescribeSandboxToolList:error=InternalError,times=2",
            "ags-emulator: fault did not happen: /execute:reset"
        ]
    );
}

#[tokio::test]
async fn wrong_flags_are_explained() {
    for (flags, code, why) in [
        (
            ["--fault", "StartInstance:reset"],
            2,
            "the API has no action StartInstance",
        ),
        (["--start-delay", "soon"], 2, "it is a span such as 250ms"),
        (
            ["--behaviour", "port-token=both"],
            1,
            "port-token takes either, token, traffic",
        ),
        (
            ["--listen", "192.0.2.1:1"],
            1,
            "cannot listen on 192.0.2.1:1",
        ),
        (
            ["--image", "a:1=/nowhere"],
            1,
            "image a:1 has no directory /nowhere",
        ),
        (["--domain", "https://x"], 1, "is no host name"),
        (
            ["--ca-out", "/nowhere/ca.pem"],
            1,
            "cannot write /nowhere/ca.pem",
        ),
    ] {
        let done = Command::new(env!("CARGO_BIN_EXE_ags-emulator"))
            .args(flags)
            .output()
            .await
            .unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(code), "{said}");
        assert!(said.contains(why), "{said}");
        assert!(done.stdout.is_empty());
    }
}

#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ags-emulator"));
    command
        .args([
            "--secret-key",
            "marker-key",
            "--fault",
            "/:instance-dies,skip=1",
        ])
        .env("RUST_LOG", "trace");
    let (mut child, announced) = announced_by(&mut command).await;
    // It is read meanwhile, as it is more than a pipe holds.
    let mut stderr = child.stderr.take().unwrap();
    let reading = tokio::spawn(async move {
        let mut said = String::new();
        stderr.read_to_string(&mut said).await.unwrap();
        said
    });
    let client = client(&announced);
    let mut tool = serde_json::to_value(common::tool_request("secrets", SERVE)).unwrap();
    tool["CustomConfiguration"]["Env"] = json!([{ "Name": "KEY", "Value": "marker-value" }]);
    client.call_json("CreateSandboxTool", &tool).await.unwrap();
    let started = client
        .call_json("StartSandboxInstance", &json!({ "ToolName": "secrets" }))
        .await
        .unwrap()
        .reply;
    let instance = started["Instance"]["InstanceId"].as_str().unwrap();
    let issued = client
        .call_json(
            "AcquireSandboxInstanceToken",
            &json!({ "InstanceId": instance }),
        )
        .await
        .unwrap()
        .reply;
    let token = issued["Token"].as_str().unwrap();
    let http = HttpClient::builder()
        .ca_file(announced["ca_file"].as_str().unwrap())
        .build()
        .unwrap();
    for sent in [token, "marker-wrong-token", token] {
        let url = format!(
            "https://8000-{instance}.{}/",
            announced["domain"].as_str().unwrap()
        );
        let request = Request::get(url)
            .header("X-Access-Token", sent)
            .body(body::empty())
            .unwrap();
        let answer = http
            .call(request, Deadline::after(Duration::from_secs(30)))
            .await
            .unwrap();
        let _ = body::collect(answer.into_body(), 1 << 16).await;
    }
    let id = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(id, Signal::TERM).unwrap();
    let said = reading.await.unwrap();
    assert!(said.contains("an instance changes"), "nothing was logged");
    for secret in ["marker", token, issued["TrafficToken"].as_str().unwrap()] {
        let line = said.lines().find(|line| line.contains(secret));
        assert_eq!(line, None);
    }
}
