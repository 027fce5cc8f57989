//! A bridge as a program between an agent that speaks HTTP and a sandbox behind a gateway with faults.

use std::{path::PathBuf, process::Stdio, time::Duration};

use ags_emulator::{Emulator, EmulatorBuilder, Fault};
use ags_http::{Deadline, HttpClient, HttpService as _, body};
use http::{Request, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

const KEY: &str = "marker-key";

/// Time for a step that does not hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// An emulator, a bridge to it, and one agent.
pub(crate) struct Wire {
    emulator: Emulator,
    directory: TempDir,
    pub(crate) bridge: Child,
    url: String,
    http: HttpClient,
}

impl Wire {
    pub(crate) async fn new(builder: EmulatorBuilder, faults: &[String]) -> Self {
        let armed = faults.iter().fold(builder, |builder, fault| {
            builder.fault(fault.parse::<Fault>().unwrap())
        });
        let emulator = armed.start().await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let ready = directory.path().join("ready.json");
        std::fs::write(&ready, emulator.ready_line()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_swerex-ags"));
        command
            .args(["-o", "json", "serve", "--listen", "127.0.0.1:0"])
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", directory.path())
            .env("SWEREX_AGS_LOCAL", ready)
            .env("SWEREX_AGS_STATE_DIR", directory.path().join("state"))
            .env("SWEREX_AGS_AUTH_TOKEN", KEY)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut bridge = command.spawn().unwrap();
        let mut told = String::new();
        let mut said = BufReader::new(bridge.stdout.take().unwrap());
        said.read_line(&mut told).await.unwrap();
        let told: Value = serde_json::from_str(&told).unwrap();
        Self {
            emulator,
            directory,
            bridge,
            url: told["url"].as_str().unwrap().to_owned(),
            http: HttpClient::builder().build().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A call as it is, and the whole answer.
    pub(crate) async fn call(
        &self,
        endpoint: &str,
        id: &str,
        kind: &str,
        text: impl Into<bytes::Bytes>,
    ) -> Response<bytes::Bytes> {
        let mut request = Request::post(format!("{}/v1/python%3A3.11/a/{endpoint}", self.url))
            .header("X-API-Key", KEY)
            .header("Content-Type", kind);
        if !id.is_empty() {
            request = request.header("X-Request-ID", id);
        }
        let request = request.body(body::full(text)).unwrap();
        let answered = async {
            let answer = self.http.call(request, Deadline::none()).await.unwrap();
            let (parts, incoming) = answer.into_parts();
            let bytes = body::collect(incoming, 1 << 28).await.unwrap();
            Response::from_parts(parts, bytes)
        };
        tokio::time::timeout(PATIENCE, answered).await.unwrap()
    }

    pub(crate) async fn post(&self, endpoint: &str, id: &str, value: &Value) -> (u16, Value) {
        let answer = self.call(endpoint, id, "application/json", value.to_string());
        let answer = answer.await;
        let value = serde_json::from_slice(answer.body()).unwrap();
        (answer.status().as_u16(), value)
    }

    /// Stops everything.
    pub(crate) async fn end(mut self) {
        self.post("close", "close", &json!({})).await;
        let pid = i32::try_from(self.bridge.id().unwrap()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let ended = tokio::time::timeout(PATIENCE, self.bridge.wait()).await;
        assert!(ended.unwrap().unwrap().success());
    }
}

/// What happens to the first call of each kind.
const FAULTS: [&str; 8] = [
    "status=502",
    "status=502,after",
    "status=503",
    "status=504,after",
    "reset",
    "reset,after",
    "status=429,retry-after=0",
    "status=503,retry-after=0",
];

const CALLS: [&str; 7] = [
    "create_session",
    "run_in_session",
    "execute",
    "read_file",
    "write_file",
    "upload",
    "close_session",
];

/// Each call of an agent meets each fault once: the agent sees none of them, and nothing runs twice.
pub(crate) async fn no_fault_reaches_the_agent(builder: impl Fn() -> EmulatorBuilder) {
    for fault in FAULTS {
        // A session's command and one outside of it, a small upload and a large one.
        let faults: Vec<String> = CALLS
            .iter()
            .map(|call| format!("/{call}:{fault}"))
            .chain([format!("/upload:{fault},skip=1")])
            .collect();
        let wire = Wire::new(builder(), &faults).await;
        let (counter, file) = (wire.path("counter"), wire.path("file"));
        let count = format!("echo once >> '{}'; echo done", counter.display());
        let session = json!({ "session_type": "bash", "session": "s" });
        let file = file.to_str().unwrap();
        let upload = |size: usize| {
            let part = |name: &str, text: &str| {
                format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
            };
            let content = "x".repeat(size);
            let name = "file\"; filename=\"f";
            let all = [
                part(name, &content),
                part("target_path", &format!("{file}.{size}")),
                "--b--\r\n".to_owned(),
            ];
            all.concat()
        };
        let calls = [
            ("create_session", session.clone()),
            (
                "run_in_session",
                json!({ "action_type": "bash", "session": "s", "command": count, "check": "silent", "timeout": 10 }),
            ),
            (
                "execute",
                json!({ "command": ["sh", "-c", count], "timeout": 10 }),
            ),
            ("write_file", json!({ "path": file, "content": "é\n" })),
            ("read_file", json!({ "path": file })),
        ];
        let mut number = 0;
        let mut id = || {
            number += 1;
            format!("id-{number}")
        };
        for (call, value) in calls {
            let (status, said) = wire.post(call, &id(), &value).await;
            assert_eq!(status, 200, "{call} {fault}: {said}");
            match call {
                "run_in_session" => assert_eq!(said["output"].as_str().unwrap().trim_end(), "done"),
                "execute" => assert_eq!(
                    (&said["stdout"], &said["exit_code"]),
                    (&json!("done\n"), &json!(0))
                ),
                "read_file" => assert_eq!(said["content"], "é\n"),
                "create_session" => assert_eq!(said["session_type"], "bash"),
                _ => {}
            }
        }
        for size in [10, 6 << 20] {
            let kind = "multipart/form-data; boundary=b";
            let answer = wire.call("upload", &id(), kind, upload(size)).await;
            assert_eq!(
                answer.status(),
                200,
                "upload of {size} {fault}: {:?}",
                answer.body()
            );
            assert_eq!(
                std::fs::metadata(format!("{file}.{size}")).unwrap().len(),
                size as u64
            );
        }
        let (status, said) = wire.post("close_session", &id(), &session).await;
        assert_eq!(
            (status, &said["session_type"]),
            (200, &json!("bash")),
            "{fault}: {said}"
        );
        let counted = std::fs::read_to_string(&counter).unwrap();
        assert_eq!(counted, "once\nonce\n", "{fault}");
        wire.emulator.assert_faults_consumed();
        wire.end().await;
    }
}

/// Whatever an agent repeats under the id of its request runs once, one after the other and side by side.
pub(crate) async fn one_id_runs_once(builder: EmulatorBuilder) {
    let wire = Wire::new(builder, &[]).await;
    let counter = wire.path("counter");
    let count = |word: &str| {
        format!(
            "echo {word} >> '{}'; sleep 0.2; echo {word}",
            counter.display()
        )
    };
    let session = json!({ "session_type": "bash", "session": "s" });
    let made = wire.post("create_session", "make", &session).await;
    let again = wire.post("create_session", "make", &session).await;
    assert_eq!(
        (made.0, &made),
        (200, &again),
        "it is the same session, in the same sandbox"
    );
    let execute = |word: &str| json!({ "command": ["sh", "-c", count(word)], "timeout": 10 });
    let run = |word: &str| json!({ "action_type": "bash", "session": "s", "command": count(word), "timeout": 10 });
    for (call, value) in [("execute", execute("one")), ("run_in_session", run("two"))] {
        let first = wire.post(call, call, &value).await;
        assert_eq!(first.0, 200, "{first:?}");
        // Something else in between, which a server that remembers one answer has instead.
        let other = wire
            .post("read_file", "between", &json!({ "path": counter }))
            .await;
        assert_eq!(other.0, 200, "{other:?}");
        for _ in 0..2 {
            assert_eq!(wire.post(call, call, &value).await, first);
        }
    }
    let (value, id) = (execute("three"), "side by side");
    let all = tokio::join!(
        wire.post("execute", id, &value),
        wire.post("execute", id, &value),
        wire.post("execute", id, &value)
    );
    assert!(
        all.0.0 == 200 && all.0 == all.1 && all.1 == all.2,
        "{all:?}"
    );
    let (status, said) = wire.post("execute", id, &execute("four")).await;
    assert_eq!(status, 409, "{said}");
    assert_eq!(
        std::fs::read_to_string(&counter).unwrap(),
        "one\ntwo\nthree\n"
    );
    wire.end().await;
}
