//! The soak in short: after many short lives the bridge has what it had before, and nothing is left of the sandboxes.
//! `cargo xtask bench soak` is the long one, which looks at memory too.

use std::{process::Stdio, time::Duration};

use futures_util::future::join_all;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Child,
};

use crate::{
    life,
    serving::{Bridge, KEY},
    support::{Lab, PATIENCE, program},
    usage_of::{children, descriptors},
};

/// Agents at a time, and lives of each.
const AGENTS: usize = 16;
const LIVES: usize = 2;

/// An emulator in a process of its own: the processes of its sandboxes are its children.
async fn account(lab: &Lab) -> Child {
    let mut account = program()
        .args(["emulator", "--instance", "native"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(account.stdout.as_mut().unwrap())
        .read_line(&mut ready)
        .await
        .unwrap();
    std::fs::write(lab.path("ready"), ready).unwrap();
    account
}

async fn lives(lab: &Lab, url: &str, round: &str, count: usize) {
    let http = life::client();
    let agents = (0..AGENTS).map(|agent| {
        let (http, file) = (http.clone(), lab.path(&format!("file-{agent}")));
        async move {
            for life in 0..count {
                let address = format!("{url}/v1/python%3A3.11/{round}-{agent}-{life}");
                life::live(&address, KEY, &http, file.to_str().unwrap()).await?;
            }
            Ok::<_, String>(())
        }
    });
    for outcome in join_all(agents).await {
        outcome.unwrap();
    }
}

/// Waits until it is so.
async fn becomes(what: &str, mut is_so: impl FnMut() -> bool, told: impl Fn() -> String) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
        panic!("{what}: {}", told());
    }
}

#[tokio::test]
async fn after_many_short_lives_the_bridge_is_as_before() {
    let lab = Lab::new().await;
    let account = account(&lab).await;
    let sandboxes = account.id().unwrap();
    let bridge = Bridge::start(&lab, &["-q"]).await;
    let (url, pid) = (bridge.ready["url"].as_str().unwrap(), bridge.pid());
    lives(&lab, url, "first", 1).await;
    let is_over = || children(sandboxes) == 0;
    let left = || format!("{} processes", children(sandboxes));
    becomes("processes of sandboxes are left", is_over, left).await;
    // The sandboxes' connections are closed by now, but for those whose stop is being told.
    let before = settled(pid).await;

    lives(&lab, url, "more", LIVES).await;
    let is_over = || children(sandboxes) == 0;
    becomes("processes of sandboxes are left", is_over, left).await;
    let is_back = || descriptors(pid) == before;
    let had = || format!("{before} before, {} after", descriptors(pid));
    becomes("descriptors of the bridge", is_back, had).await;
    bridge.stop().await;
}

/// How many descriptors a process has once that does not change any more.
async fn settled(pid: u32) -> usize {
    const QUIET: u32 = 25;
    let (mut last, mut times) = (descriptors(pid), 0);
    while times < QUIET {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let now = descriptors(pid);
        times = if now == last { times + 1 } else { 0 };
        last = now;
    }
    last
}
