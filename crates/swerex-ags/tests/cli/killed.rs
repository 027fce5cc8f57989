//! A program that is killed with sandboxes running: the next `instance gc` on this machine finds them all, and nothing else.

use std::{process::Stdio, sync::Arc};

use ags_http::{Deadline, HttpClient, HttpService as _, body};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Child,
};

use crate::support::Lab;

/// Sandboxes of the driver that is killed.
const SANDBOXES: usize = 50;

/// A bridge on its way, and where it listens.
async fn bridge(lab: &Lab) -> (Child, String, String) {
    let mut child = lab
        .command(&["-o", "json", "serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut ready)
        .await
        .unwrap();
    let ready: Value = serde_json::from_str(&ready).unwrap();
    let text = |key: &str| ready[key].as_str().unwrap().to_owned();
    (child, text("url"), text("auth_token"))
}

fn ask(url: &str, key: &str, path: &str, value: &Value) -> http::Request<ags_http::Body> {
    http::Request::post(format!("{url}{path}"))
        .header("X-API-Key", key)
        .header("Content-Type", "application/json")
        .body(body::full(value.to_string()))
        .unwrap()
}

#[tokio::test]
async fn fifty_sandboxes_of_a_killed_driver_are_found() {
    let lab = Lab::new().await;
    let (mut child, url, key) = bridge(&lab).await;
    let http = Arc::new(HttpClient::builder().build().unwrap());
    let started = join_all((0..SANDBOXES).map(|number| {
        let path = format!("/v1/python:3.11/agent-{number}/create_session");
        let request = ask(&url, &key, &path, &json!({"session_type": "bash"}));
        let http = Arc::clone(&http);
        async move {
            let answer = http.call(request, Deadline::none()).await.unwrap();
            answer.status().as_u16()
        }
    }));
    assert_eq!(started.await, vec![200; SANDBOXES]);
    let kept = lab.up().await;
    assert_eq!(lab.emulator.live_instances().len(), SANDBOXES + 1);

    // As long as it lives, they are its own.
    let nothing = lab.json(&["instance", "gc", "--yes"]).await;
    assert_eq!(nothing, json!([]));
    child.kill().await.unwrap();
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
