//! A bridge as a program of its own.

use std::process::Stdio;

use ags_http::{Deadline, HttpClient, HttpService as _, body};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStderr, Command},
};

use crate::support::{Lab, PATIENCE};

/// The key of its agents.
pub(crate) const KEY: &str = "marker-key";

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

    pub(crate) async fn stop_by(mut self, signal: Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        assert!(ended.unwrap().unwrap().success());
    }
}
