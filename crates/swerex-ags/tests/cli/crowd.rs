//! A crowd at the door: connections of whoever has no key, more of them than there are descriptors, while an agent works.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::Stdio,
    time::Duration,
};

use ags_http::{Deadline, HttpClient, HttpService as _, body};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::{
    serving::Bridge,
    support::{Lab, PATIENCE, docker},
    usage_of::descriptors,
};

/// Descriptors of the program under test.
const LIMIT: &str = "1024";

/// Connections of each process of the crowd, and how many of those processes there are. Each has descriptors enough under a limit of 1,024.
const EACH: usize = 550;
const PROCESSES: usize = 2;

/// Where a process of the crowd goes.
const AT: &str = "CROWD_AT";

/// What the crowd sends, by turns: nothing, half a head, half a head with a wrong key, a whole request without one.
const SENT: [&str; 4] = [
    "",
    "POST /v1/a/b/execute HTTP/1.1\r\nhost: x\r\nx-a",
    "POST /v1/a/b/execute HTTP/1.1\r\nx-api-key: guess\r\ncontent-length: 9\r\n",
    "GET /v1/a/b/is_alive HTTP/1.1\r\nhost: x\r\n\r\n",
];

/// Not a test of its own: one process of the crowd, for the tests below.
#[test]
fn one_of_the_crowd() {
    let Ok(at) = std::env::var(AT) else { return };
    let at: SocketAddr = at.parse().unwrap();
    let mut held = Vec::new();
    for sent in SENT.iter().cycle().take(EACH) {
        // Where the door is shut, the crowd stands before it.
        let Ok(mut stream) = TcpStream::connect_timeout(&at, Duration::from_millis(200)) else {
            break;
        };
        // It may have been shown out meanwhile.
        let _ = stream.write_all(sent.as_bytes());
        held.push(stream);
    }
    eprintln!("here");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// A crowd that stays until it is dropped.
struct Crowd(Vec<Child>);

impl Crowd {
    async fn at(address: SocketAddr) -> Self {
        let mut processes = Vec::new();
        for _ in 0..PROCESSES {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "crowd::one_of_the_crowd"])
                .arg("--nocapture")
                .env(AT, address.to_string())
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .unwrap();
            let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
            let arrived = async {
                while let Some(line) = said.next_line().await.unwrap() {
                    if line == "here" {
                        return;
                    }
                }
                panic!("the crowd did not come");
            };
            tokio::time::timeout(PATIENCE * 3, arrived).await.unwrap();
            processes.push(child);
        }
        Self(processes)
    }

    async fn goes(mut self) {
        for process in &mut self.0 {
            process.kill().await.unwrap();
        }
    }
}

/// The same command with `LIMIT` descriptors: `-S` softly, which can be raised, or with nothing for good.
fn limited(command: &Command, how: &str) -> Command {
    let command = command.as_std();
    let mut limited = Command::new("sh");
    limited
        .arg("-c")
        .arg(format!("ulimit {how} -n {LIMIT} && exec \"$0\" \"$@\""))
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        limited.current_dir(directory);
    }
    limited
}

/// Waits until a process has no more descriptors than that.
async fn gives_back(pid: u32, most: usize) {
    let given = async {
        while descriptors(pid) > most {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, given).await.is_err() {
        panic!("{} are left, there were {most}", descriptors(pid));
    }
}

async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("no answer: {what}"),
    }
}

#[tokio::test]
async fn an_agent_is_served_in_spite_of_it() {
    let lab = Lab::new().await;
    for how in ["-S", ""] {
        let bridge = Bridge::of(limited(&Bridge::command(&lab, &[]), how)).await;
        let before = descriptors(bridge.pid());
        let url = bridge.ready["url"].as_str().unwrap();
        let at = url.strip_prefix("http://").unwrap().parse().unwrap();
        let crowd = Crowd::at(at).await;
        for round in 0..3 {
            let (status, told) = soon("is_alive", bridge.get("python:3.11/a/is_alive")).await;
            assert_eq!((status, &told["is_alive"]), (200, &json!(true)), "{how}");
            // The first one starts a sandbox: the way out is open, too.
            let command = json!({ "command": format!("echo {round}"), "shell": true });
            let (status, told) =
                soon("execute", bridge.post("python:3.11/a/execute", &command)).await;
            assert_eq!(
                (status, &told["stdout"]),
                (200, &json!(format!("{round}\n"))),
                "{how}: {told}"
            );
        }
        soon("close", bridge.post("python:3.11/a/close", &json!({}))).await;
        lab.nothing_runs().await;
        crowd.goes().await;
        // The agent's own connection, and the one to the control plane, are kept.
        gives_back(bridge.pid(), before + 2).await;
        let log = bridge.stop_and_tell().await;
        let complaints = log.lines().filter(|line| line.contains("WARN")).count();
        assert!(complaints <= 2, "each kind once: {log}");
    }
}

#[tokio::test]
async fn a_container_is_served_in_spite_of_it() {
    let lab = Lab::new().await;
    let shims = lab.path("shims");
    lab.run(&["shims", shims.to_str().unwrap()]).await;
    let run = ["run", "-d", "--name", "c", "python:3.11", "sleep", "2h"];
    let started = limited(&docker(&lab, &run), "").output().await.unwrap();
    assert!(started.status.success(), "{started:?}");
    let records = std::fs::read_dir(lab.path("state/containers")).unwrap();
    let record = records.map(|entry| entry.unwrap().path()).next().unwrap();
    let record: Value = serde_json::from_slice(&std::fs::read(record).unwrap()).unwrap();
    let at = SocketAddr::from((
        [127, 0, 0, 1],
        u16::try_from(record["port"].as_u64().unwrap()).unwrap(),
    ));
    let crowd = Crowd::at(at).await;
    let alive = http::Request::get(format!("http://{at}/is_alive"))
        .header("X-API-Key", record["key"].as_str().unwrap())
        .body(body::empty())
        .unwrap();
    let http = HttpClient::builder().build().unwrap();
    let answer = soon("is_alive", http.call(alive, Deadline::none())).await;
    assert_eq!(answer.unwrap().status(), 200);
    let said = soon(
        "exec",
        docker(&lab, &["exec", "c", "echo", "well"]).output(),
    )
    .await
    .unwrap();
    assert_eq!(said.stdout, b"well\n", "{said:?}");
    crowd.goes().await;
    let killed = soon("kill", docker(&lab, &["kill", "c"]).output())
        .await
        .unwrap();
    assert!(killed.status.success(), "{killed:?}");
    lab.nothing_runs().await;
}
