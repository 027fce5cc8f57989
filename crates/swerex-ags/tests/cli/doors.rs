//! Scripted agents while the gateway has its bad days, by way of the bridge and of containers.

use std::{net::TcpListener, process::Stdio, time::Duration};

use ags_http::{Deadline, HttpClient, HttpService as _, body};
use futures_util::future::join_all;
use serde_json::Value;
use tokio::{process::Child, sync::Semaphore};

use crate::{
    scripted::{Agent, Seen},
    serving::{Bridge, KEY},
    support::{Lab, docker},
};

/// Runs under faults.
pub(crate) const RUNS: usize = 24;

/// Of all answers of the gateway: 2 % 502, 1 % resets before the call is carried out, 1 % after it, 1 % 429.
const FAULTS: [&str; 4] = [
    "/*:status=502,p=0.02,seed=1",
    "/*:reset,p=0.01,seed=2",
    "/*:reset,after,p=0.01,seed=3",
    "/*:status=429,retry-after=1,p=0.01,seed=4",
];

/// How a run gets a server, and gives it back.
pub(crate) trait Door: Sync {
    async fn open(&self, lab: &Lab, number: usize) -> (Agent, Option<Child>);
    async fn shut(&self, lab: &Lab, number: usize, holder: Option<Child>);
}

/// The one bridge for all.
pub(crate) struct ThroughBridge(pub(crate) Bridge);

/// A container for each.
pub(crate) struct ThroughDocker;

/// Runs one agent without faults and [`RUNS`] with them, in turns: all of them see what the first one
/// saw, where that is to be the `same`.
pub(crate) async fn all_complete(
    lab: &Lab,
    door: &impl Door,
    turns: &Semaphore,
    same: impl Fn(&str) -> bool,
) {
    let one_in_turn = async |number| {
        let _turn = turns.acquire().await.unwrap();
        one(lab, door, number).await
    };
    let (expected, not_once) = one_in_turn(0).await;
    let expected = expected.unwrap();
    assert!(not_once.is_empty(), "{not_once}");
    for fault in FAULTS {
        lab.emulator.arm(fault.parse().unwrap()).unwrap();
    }
    let runs = (1..=RUNS).map(one_in_turn);
    let mut wrong = Vec::new();
    for (number, (seen, not_once)) in join_all(runs).await.into_iter().enumerate() {
        match seen {
            Err(why) => wrong.push(format!("{number}: {why}")),
            Ok(seen) => {
                let pairs = seen.iter().zip(&expected);
                let differing = pairs
                    .filter(|(seen, _)| same(seen))
                    .find(|(seen, told)| seen != told);
                if let Some((seen, expected)) = differing {
                    wrong.push(format!("{number}: {seen}\n instead of {expected}"));
                }
            }
        }
        if !not_once.is_empty() {
            wrong.push(format!("{number}: {not_once}"));
        }
    }
    let happened = lab.emulator.faults();
    lab.emulator.disarm();
    assert!(wrong.is_empty(), "{happened:?}\n{}", wrong.join("\n"));
    for (fault, times) in happened {
        assert!(times > 0, "{fault} never happened");
    }
    lab.nothing_runs().await;
}

/// One run: what it saw, and the commands that did not run once.
async fn one(lab: &Lab, door: &impl Door, number: usize) -> (Result<Seen, String>, String) {
    let (agent, holder) = door.open(lab, number).await;
    let seen = agent.run().await;
    door.shut(lab, number, holder).await;
    let mut not_once = agent.not_once();
    if seen.is_err() {
        // What came after the end was not asked for.
        not_once.retain(|_, times| *times > 1);
    }
    let not_once = match not_once.len() {
        0 => String::new(),
        _ => format!("how often these commands ran: {not_once:?}"),
    };
    (seen, not_once)
}

/// Where an agent may do what it likes.
fn own_directory(lab: &Lab, number: usize) -> std::path::PathBuf {
    lab.directory
        .path()
        .canonicalize()
        .unwrap()
        .join(format!("agent-{number}"))
}

impl ThroughBridge {
    pub(crate) async fn to(lab: &Lab) -> Self {
        let mut command = Bridge::command(lab, &[]);
        // Nobody reads its log here.
        command.env("SWEREX_AGS_LOG", "off");
        Self(Bridge::of(command).await)
    }
}

impl ThroughDocker {
    pub(crate) async fn to(lab: &Lab) -> Self {
        let shims = lab.path("shims");
        lab.run(&["shims", shims.to_str().unwrap()]).await;
        Self
    }
}

impl Door for ThroughBridge {
    async fn open(&self, lab: &Lab, number: usize) -> (Agent, Option<Child>) {
        let url = self.0.ready["url"].as_str().unwrap();
        let agent = Agent {
            base: format!("{url}/v1/python%3A3.11/agent-{number}"),
            key: KEY.to_owned(),
            directory: own_directory(lab, number),
        };
        (agent, None)
    }

    async fn shut(&self, _: &Lab, _: usize, _: Option<Child>) {}
}

impl Door for ThroughDocker {
    /// As SWE-ReX's DockerDeployment does it: a free port, `docker run` in the foreground, and asking until it is there.
    async fn open(&self, lab: &Lab, number: usize) -> (Agent, Option<Child>) {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .unwrap()
            .port();
        let (name, ports) = (format!("agent-{number}"), format!("{port}:8000"));
        let server = format!("swerex-remote --auth-token {KEY}");
        let run = [
            "run",
            "--rm",
            "-p",
            &ports,
            "--name",
            &name,
            "python:3.11",
            "/bin/sh",
            "-c",
            &server,
        ];
        let mut holder = docker(lab, &run)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let agent = Agent {
            base: format!("http://127.0.0.1:{port}"),
            key: KEY.to_owned(),
            directory: own_directory(lab, number),
        };
        let http = HttpClient::builder().build().unwrap();
        while !is_alive(&http, &agent.base).await {
            assert_eq!(holder.try_wait().unwrap(), None, "the holder has ended");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        (agent, Some(holder))
    }

    async fn shut(&self, lab: &Lab, number: usize, holder: Option<Child>) {
        let killed = docker(lab, &["kill", &format!("agent-{number}")])
            .output()
            .await
            .unwrap();
        assert!(killed.status.success(), "{killed:?}");
        holder.unwrap().wait().await.unwrap();
    }
}

async fn is_alive(http: &HttpClient, base: &str) -> bool {
    let request = http::Request::get(format!("{base}/is_alive"))
        .header("X-API-Key", KEY)
        .body(body::empty())
        .unwrap();
    let Ok(answer) = http.call(request, Deadline::none()).await else {
        return false;
    };
    let bytes = body::collect(answer.into_body(), 1 << 16).await;
    let told: Value = serde_json::from_slice(&bytes.unwrap_or_default()).unwrap_or_default();
    told["is_alive"] == true
}
