//! The bridge as a program: its key, and the sandboxes that it has ready.

use std::{process::Stdio, time::Duration};

use ags_emulator::{Behaviour, InstanceView};
use ags_http::{Deadline, HttpClient, HttpService as _, body};
use futures_util::future::join_all;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStderr, Command},
};

use crate::support::{Lab, PATIENCE};

const KEY: &str = "marker-key";

/// A bridge on its way.
pub(crate) struct Bridge {
    child: Child,
    pub(crate) ready: Value,
    http: HttpClient,
    log: Lines<BufReader<ChildStderr>>,
}

impl Bridge {
    pub(crate) async fn start(lab: &Lab, args: &[&str]) -> Self {
        Self::of(Self::command(lab, args)).await
    }

    /// What [`start`](Self::start) runs.
    pub(crate) fn command(lab: &Lab, args: &[&str]) -> Command {
        let mut command = lab.command(&["-o", "json", "serve", "--listen", "127.0.0.1:0"]);
        command.args(args).env("SWEREX_AGS_AUTH_TOKEN", KEY);
        command
    }

    /// A bridge that is started like this.
    pub(crate) async fn of(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut ready)
            .await
            .unwrap();
        assert!(!ready.contains(KEY), "{ready}");
        Self {
            child,
            ready: serde_json::from_str(&ready).unwrap(),
            http: HttpClient::builder().build().unwrap(),
            log,
        }
    }

    /// Waits for a line of its log.
    pub(crate) async fn says(&mut self, what: &str) {
        let said = async {
            while let Some(line) = self.log.next_line().await.unwrap() {
                assert!(!line.contains(KEY), "{line}");

                if line.contains(what) {
                    return;
                }
            }
            panic!("it ended without saying `{what}`");
        };
        tokio::time::timeout(PATIENCE, said).await.unwrap();
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// A call of an agent: `python:3.11/a/create_session`.
    pub(crate) async fn post(&self, path: &str, value: &Value) -> (u16, Value) {
        self.ask("POST", path, body::full(value.to_string())).await
    }

    /// As [`post`](Self::post), for what takes no body.
    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.ask("GET", path, body::empty()).await
    }

    async fn ask(&self, method: &str, path: &str, body: ags_http::Body) -> (u16, Value) {
        let url = self.ready["url"].as_str().unwrap();
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{url}/v1/{path}"))
            .header("X-API-Key", KEY)
            .header("Content-Type", "application/json")
            .body(body)
            .unwrap();
        let answer = self.http.call(request, Deadline::none()).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = body::collect(answer.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    /// Kills it: it cannot tidy up.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Tells it to stop, as a user or a supervisor does.
    pub(crate) async fn stop(self) {
        self.stop_by(Signal::TERM).await;
    }

    /// As [`stop`](Self::stop); gives the log that nobody has read yet.
    pub(crate) async fn stop_and_tell(mut self) -> String {
        let mut log = String::new();
        let pid = i32::try_from(self.pid()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
        while let Some(line) = self.log.next_line().await.unwrap() {
            log.push_str(&line);
            log.push('\n');
        }
        assert!(self.child.wait().await.unwrap().success(), "{log}");
        log
    }

    async fn stop_by(mut self, signal: Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        assert!(ended.unwrap().unwrap().success());
    }
}

/// Waits until so many run; gives their ids.
async fn running(lab: &Lab, count: usize) -> Vec<String> {
    let is_running = |instance: &&InstanceView| instance.status == "RUNNING";
    let seen = lab
        .emulator
        .wait_for_instances(|all| all.iter().filter(is_running).count() == count);
    if tokio::time::timeout(PATIENCE, seen).await.is_err() {
        panic!("not {count}: {:?}", lab.emulator.instances());
    }
    let live = lab.emulator.live_instances();
    live.iter()
        .filter(is_running)
        .map(|instance| instance.id.clone())
        .collect()
}

#[tokio::test]
async fn sandboxes_are_ready_before_agents_come() {
    let lab = Lab::new().await;
    let args = ["-v", "--prewarm=python:3.11=2", "--prewarm=python:3.12"];
    let mut bridge = Bridge::start(&lab, &args).await;
    assert_eq!(bridge.ready["auth_token"], Value::Null, "it is known");
    for _ in 0..3 {
        bridge.says("ready ahead of time").await;
    }
    let ahead = running(&lab, 3).await;

    let session = json!({"session_type": "bash"});
    let (status, _) = bridge.post("python:3.11/a/create_session", &session).await;
    assert_eq!(status, 200);
    // Another takes its place.
    let after = running(&lab, 4).await;
    assert!(ahead.iter().all(|id| after.contains(id)), "{after:?}");
    // It was one of those that were ready: no other ends with the agent.
    bridge.post("python:3.11/a/close", &json!({})).await;
    let left = running(&lab, 3).await;
    let gone: Vec<&String> = ahead.iter().filter(|id| !left.contains(id)).collect();
    assert_eq!(gone.len(), 1, "{ahead:?} {left:?}");
    bridge.stop().await;
    lab.nothing_runs().await;
    assert_eq!(lab.emulator.instances().len(), 4, "three ahead, one more");
}

#[tokio::test]
async fn whatever_signal_ends_it_all_is_freed() {
    let lab = Lab::new().await;
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT] {
        let bridge = Bridge::start(&lab, &[]).await;
        let session = json!({"session_type": "bash"});
        let (status, _) = bridge.post("python:3.11/a/create_session", &session).await;
        assert_eq!(status, 200);
        running(&lab, 1).await;
        bridge.stop_by(signal).await;
        lab.nothing_runs().await;
    }
}

#[tokio::test]
async fn a_start_that_stands_still_is_answered_in_time_with_how_far_it_got() {
    let fault = "/is_alive:hang".parse().unwrap();
    let lab = Lab::with(|builder| builder.fault(fault)).await;
    let bridge = Bridge::start(&lab, &["--start-timeout=500ms"]).await;
    let session = json!({"session_type": "bash"});
    let (status, told) = bridge.post("python:3.11/a/create_session", &session).await;
    let told = &told["swerexception"];
    assert_eq!(
        (status, &told["class_path"]),
        (511, &json!("swerex.exceptions.DeploymentStartupError"))
    );
    let message = told["message"].as_str().unwrap();
    assert!(
        message.contains("it got as far as: waiting for the server in"),
        "{message}"
    );
    bridge.stop().await;
    lab.nothing_runs().await;
}

#[tokio::test]
async fn what_nobody_uses_is_freed_and_comes_back_fresh() {
    let lab = Lab::new().await;
    let mut bridge = Bridge::start(&lab, &["--idle-timeout=100ms"]).await;
    let session = json!({"session_type": "bash"});
    for _ in 0..2 {
        let (status, _) = bridge.post("python:3.11/a/create_session", &session).await;
        assert_eq!(status, 200);
        bridge.says("freeing an idle sandbox").await;
        lab.nothing_runs().await;
    }
    assert_eq!(lab.emulator.instances().len(), 2);
    bridge.stop().await;
}

#[tokio::test]
async fn a_silent_command_outlives_an_idle_gateway() {
    let lab = Lab::with(|builder| builder.behaviour(idle_cut())).await;
    let mut bridge = Bridge::start(&lab, &[]).await;
    let silent = |name: &str| {
        let count = lab.path(name);
        format!("echo once >>{}; sleep 3; echo well", count.display())
    };
    // A command's own timeout may be none, or short.
    let calls = [None, Some(10.0)].into_iter().enumerate();
    let done = join_all(calls.map(async |(number, timeout)| {
        let address = format!("python:3.11/agent-{number}");
        let post = async |call: &str, body: Value| {
            let (status, told) = bridge.post(&format!("{address}/{call}"), &body).await;
            assert_eq!(status, 200, "{call}: {told}");
            told
        };
        post("create_session", json!({"session_type": "bash"})).await;
        let (in_session, alone) = (format!("session-{number}"), format!("execute-{number}"));
        let (run, execute) = tokio::join!(
            post(
                "run_in_session",
                json!({"action_type": "bash", "command": silent(&in_session), "timeout": timeout}),
            ),
            post(
                "execute",
                json!({"command": silent(&alone), "shell": true, "timeout": timeout}),
            ),
        );
        assert_eq!(
            (&run["output"], &execute["stdout"]),
            (&json!("well\n"), &json!("well\n"))
        );
        for name in [in_session, alone] {
            let runs = std::fs::read_to_string(lab.path(&name)).unwrap();
            assert_eq!(runs, "once\n", "{name}");
        }
    }))
    .await;
    assert_eq!(done.len(), 2);
    // The gateway did cut.
    bridge.says("cause=\"closed\"").await;
    bridge.stop().await;
    lab.nothing_runs().await;
}

/// A gateway that cuts connections on which nothing moves for a second.
fn idle_cut() -> Behaviour {
    let mut behaviour = Behaviour::default();
    behaviour.idle_timeout = Some(Duration::from_secs(1));
    behaviour
}
