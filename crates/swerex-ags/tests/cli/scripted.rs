//! An agent that does what SWE-agent did once: the calls of a recording, in a sandbox that is this machine.
//!
//! The bodies are the recorded ones, with two changes: the paths are below a directory of the agent's own, and each command writes its number to
//! a file there before it begins. Of what SWE-agent uploaded the recording has only names, so the tools that the commands need are
//! small scripts. As SWE-agent, it never repeats a call: one that fails ends the run.

use std::{
    collections::BTreeMap,
    io::{Cursor, Write as _},
    path::{Path, PathBuf},
};

use ags_http::{Deadline, HttpClient, HttpService as _, body};
use futures_util::future::join_all;
use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

/// SWE-agent 1.1.0 with its default configuration, replaying a trajectory with tool calls.
const RECORDING: &str = include_str!(
    "../../../../fixtures/swerex/sweagent-calls/single_default_yaml_replay_toolcalls.txt"
);

/// Separates the parts of an upload.
const BOUNDARY: &str = "8bd3c1f5e2a94c0f";

/// What is uploaded where: paths in the archive, and content.
const UPLOADS: [(&str, &[(&str, &str)]); 4] = [
    (
        "/taskrepo",
        &[
            ("dir with space/x", "x\n"),
            (
                "calc.py",
                "def add(a, b):\n    return a - b\n\n\nprint(add(2, 3))\n",
            ),
        ],
    ),
    (
        "/tools/registry",
        &[("bin/_read_env", "#!/bin/sh\n"), ("install.sh", ":\n")],
    ),
    (
        "/tools/edit_anthropic",
        &[
            (
                "bin/_state_anthropic",
                "#!/bin/sh\nprintf '{\"working_dir\": \"%s\"}' \"$PWD\" >$(dirname $0)/../../../state.json\n",
            ),
            (
                "bin/str_replace_editor",
                "#!/bin/sh\n[ $1 = view ] || sed -i 's/a - b/a + b/' $2\ncat -n $2\n",
            ),
            ("install.sh", "echo installed\n"),
        ],
    ),
    (
        "/tools/review_on_submit_m",
        &[
            (
                "bin/submit",
                "#!/bin/sh\nhome=$(dirname $0)/../../..\ncat $home/../taskrepo/calc.py >$home/model.patch; echo submitted\n",
            ),
            ("install.sh", ":\n"),
        ],
    ),
];

/// One recorded call.
#[derive(Debug)]
struct Call {
    number: usize,
    method: String,
    endpoint: String,
    /// Whether the call before had no answer yet.
    is_beside: bool,
    status: u16,
    body: Value,
    /// The answer is not comparable: it shows the machine.
    is_of_machine: bool,
}

/// Where an agent finds its server, and what it may call its own.
pub(crate) struct Agent {
    pub(crate) base: String,
    pub(crate) key: String,
    pub(crate) directory: PathBuf,
}

/// What an agent saw: each call with its answer, without what changes from run to run.
pub(crate) type Seen = Vec<String>;

fn recording() -> Vec<Call> {
    let mut lines = RECORDING.lines();
    let mut calls = Vec::new();
    while let (Some(head), Some(sent), Some(answered)) = (lines.next(), lines.next(), lines.next())
    {
        let words: Vec<&str> = head.split_whitespace().collect();
        let [number, _, _, beside, method, path, _, _, status] = words[..] else {
            panic!("{head}");
        };
        let endpoint = path.trim_start_matches('/').to_owned();
        let sent = sent.trim_start().strip_prefix("> ").unwrap();
        calls.push(Call {
            number: number.parse().unwrap(),
            method: method.to_owned(),
            is_beside: beside != "inflight=1",
            status: status.parse().unwrap(),
            body: serde_json::from_str(sent).unwrap_or_else(|_| cut(&endpoint, sent)),
            is_of_machine: endpoint == "create_session" || answered.contains("(the root"),
            endpoint,
        });
    }
    assert!(calls.len() > 50, "the whole recording");
    calls
}

/// The one body that is too long for the recording to have whole: what SWE-agent tells its tools.
fn cut(endpoint: &str, sent: &str) -> Value {
    assert_eq!(endpoint, "write_file", "{sent}");
    json!({ "content": sent, "path": "/root/.swe-agent-env" })
}

impl Agent {
    /// From `create_session` to `close`; what it saw, or the call that ended it.
    pub(crate) async fn run(&self) -> Result<Seen, String> {
        std::fs::create_dir_all(self.directory.join("home")).unwrap();
        // As SWE-ReX's client, it connects anew for each call.
        let http = HttpClient::builder()
            .pool_max_idle_per_host(0)
            .build()
            .unwrap();
        let calls = recording();
        let mut seen = Vec::new();
        for group in calls.chunk_by(|_, next| next.is_beside) {
            for outcome in join_all(group.iter().map(|call| self.call(&http, call))).await {
                seen.push(outcome?);
            }
        }
        Ok(seen)
    }

    /// How often each command ran that should have run once: nothing is as it should be.
    pub(crate) fn not_once(&self) -> BTreeMap<usize, usize> {
        let ran = std::fs::read_to_string(self.directory.join("ran")).unwrap_or_default();
        let mut times: BTreeMap<usize, usize> = recording()
            .iter()
            .filter(|call| call.body["command"].is_string())
            .map(|call| (call.number, 0))
            .collect();
        for line in ran.lines() {
            *times.entry(line.parse().unwrap()).or_default() += 1;
        }
        times.retain(|_, times| *times != 1);
        times
    }

    async fn call(&self, http: &HttpClient, call: &Call) -> Result<String, String> {
        let (kind, body) = match call.endpoint.as_str() {
            "upload" => (
                format!("multipart/form-data; boundary={BOUNDARY}"),
                self.upload(&call.body),
            ),
            _ => (
                "application/json".to_owned(),
                self.own(call.number, &call.body),
            ),
        };
        let mut request = http::Request::builder()
            .method(call.method.as_str())
            .uri(format!("{}/{}", self.base, call.endpoint))
            .header("X-API-Key", &self.key)
            .header("X-Request-ID", uuid::Uuid::new_v4().to_string());
        let sent = if call.body.is_null() {
            body::empty()
        } else {
            request = request.header("Content-Type", kind);
            body::full(body)
        };
        let what = format!("call {} ({})", call.number, call.endpoint);
        let answer = http
            .call(request.body(sent).unwrap(), Deadline::none())
            .await
            .map_err(|error| format!("{what}: {error}"))?;
        let status = answer.status().as_u16();
        let bytes = body::collect(answer.into_body(), 1 << 20)
            .await
            .map_err(|error| format!("{what}: {error}"))?;
        let text = String::from_utf8_lossy(&bytes);
        if status != call.status {
            return Err(format!("{what}: {status} {text}"));
        }
        let told = if call.is_of_machine { "" } else { &text };
        Ok(format!("{what}: {}", self.comparable(told)))
    }

    /// A recorded body, below this agent's directory.
    fn own(&self, number: usize, body: &Value) -> Vec<u8> {
        let directory = self.directory.display();
        let mut body: Value = serde_json::from_str(
            &body
                .to_string()
                .replace("/taskrepo", &format!("{directory}/taskrepo"))
                .replace("/root/", &format!("{directory}/home/")),
        )
        .unwrap();
        if let Some(command) = body["command"].as_str() {
            // Whatever is a repository above is none of its business.
            let first = format!(
                "export GIT_CEILING_DIRECTORIES={directory}; echo {number} >>{directory}/ran; "
            );
            body["command"] = json!(first + command);
        }
        if body["startup_timeout"].is_number() {
            // Many begin at once.
            body["startup_timeout"] = json!(60);
        }
        body.to_string().into_bytes()
    }

    fn upload(&self, parts: &Value) -> Vec<u8> {
        let target = parts[1].as_str().unwrap();
        let (_, files) = UPLOADS
            .iter()
            .find(|(place, _)| target.ends_with(place))
            .unwrap();
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in *files {
            archive
                .start_file(*name, SimpleFileOptions::default())
                .unwrap();
            archive.write_all(content.as_bytes()).unwrap();
        }
        let archive = archive.finish().unwrap().into_inner();
        let target: Value = serde_json::from_slice(&self.own(0, &parts[1])).unwrap();
        let head = |rest: &str| {
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name={rest}\r\n\r\n")
        };
        let mut body =
            head("\"file\"; filename=\"zipped_transfer.zip\"\r\nContent-Type: application/zip")
                .into_bytes();
        body.extend(archive);
        for (name, value) in [
            ("\r\n", String::new()),
            (
                &head("\"target_path\""),
                target.as_str().unwrap().to_owned(),
            ),
            ("\r\n", String::new()),
            (&head("\"unzip\""), "true".to_owned()),
        ] {
            body.extend(name.bytes().chain(value.bytes()));
        }
        body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
        body
    }

    /// An answer without numbers and places, which differ between runs.
    fn comparable(&self, text: &str) -> String {
        let text = text.replace(path(&self.directory), "DIR");
        let mut comparable = String::new();
        for letter in text.chars() {
            let letter = if letter.is_ascii_digit() { '#' } else { letter };
            if !(letter == '#' && comparable.ends_with('#')) {
                comparable.push(letter);
            }
        }
        comparable
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
