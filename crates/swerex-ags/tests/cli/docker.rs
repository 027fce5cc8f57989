//! The program as docker: what happens when a client is killed.

use std::process::Output;

use crate::support::{Lab, PATIENCE, docker};

async fn said(lab: &Lab, args: &[&str]) -> Output {
    let output = docker(lab, args).output();
    tokio::time::timeout(PATIENCE, output)
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn a_command_ends_with_its_client() {
    let lab = Lab::new().await;
    let shims = lab.path("shims");
    lab.run(&["shims", shims.to_str().unwrap()]).await;
    let run = ["run", "-d", "--name", "c", "python:3.11", "sleep", "2h"];
    let started = said(&lab, &run).await;
    assert!(started.status.success(), "{started:?}");

    // A number that nothing else on this machine sleeps for.
    let sleep = format!("sleep 1000.{}", std::process::id());
    let script = format!("{sleep} & {sleep}; echo never");
    let mut client = docker(&lab, &["exec", "c", "sh", "-c", &script])
        .spawn()
        .unwrap();
    let watch = |end: &str| {
        format!("until [ $(pgrep -fxc '{sleep}') = {end} ]; do sleep 0.02; done; echo seen")
    };
    let begun = said(&lab, &["exec", "c", "sh", "-c", &watch("2")]).await;
    assert_eq!(begun.stdout, b"seen\n", "{begun:?}");
    client.kill().await.unwrap();
    let ended = said(&lab, &["exec", "c", "sh", "-c", &watch("0")]).await;
    assert_eq!(ended.stdout, b"seen\n", "{ended:?}");

    // Others are left alone, and codes come as before.
    let other = said(&lab, &["exec", "c", "sh", "-c", "echo $0; exit 7", "x"]).await;
    assert_eq!(
        (other.stdout.as_slice(), other.status.code()),
        (&b"x\n"[..], Some(7))
    );
    let missing = said(&lab, &["exec", "c", "no-such-program"]).await;
    assert_eq!(missing.status.code(), Some(127), "{missing:?}");
    let killed = said(&lab, &["kill", "c"]).await;
    assert!(killed.status.success(), "{killed:?}");
    lab.nothing_runs().await;
}
