//! One recorded case: its setting, its steps, and replaying them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

use crate::{
    compare,
    support::{Remote, Reply, Request, TOKEN, multipart, send},
};

/// Where the recordings were made. Each worker has a directory of its own, with a name of the same length: terminals break
/// lines by length.
const RECORDED: &str = "/tmp/swerex-fixture";

/// How exactly a server must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fidelity {
    Contract,
    Lenient,
    Quirk,
}

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) fidelity: Fidelity,
    root: PathBuf,
    value: Value,
}

impl Case {
    pub(crate) fn read(file: &Path, worker: usize) -> Self {
        let number = (std::process::id() as usize * 10 + worker) % 10_000;
        let root = format!("/tmp/swerex-fix{number:04}");
        assert_eq!(root.len(), RECORDED.len());
        let text = fs::read_to_string(file).unwrap().replace(RECORDED, &root);
        let value: Value = serde_json::from_str(&text).unwrap();
        let string = |name: &str| value[name].as_str().unwrap().to_owned();
        Self {
            name: string("name"),
            about: string("about"),
            fidelity: match value["fidelity"].as_str().unwrap() {
                "contract" => Fidelity::Contract,
                "lenient" => Fidelity::Lenient,
                _ => Fidelity::Quirk,
            },
            root: root.into(),
            value,
        }
    }

    /// Runs it against a server of its own; what differed.
    pub(crate) fn replay(&self) -> Vec<String> {
        for program in self.list("requires") {
            let program = program.as_str().unwrap();
            let found = Command::new("sh")
                .args(["-c", &format!("command -v {program}")])
                .output()
                .unwrap();
            if !found.status.success() {
                println!("{} is left out: {program} is not installed", self.name);
                return Vec::new();
            }
        }
        let _ = fs::remove_dir_all(&self.root);
        for directory in ["home", "cwd", "work"] {
            fs::create_dir_all(self.root.join(directory)).unwrap();
        }
        if let Some(setup) = self.value["setup"].as_str() {
            assert!(bash(setup).0, "{}: the setup failed", self.name);
        }
        let server = Remote::start(&self.root.join("cwd"), &self.environment(), &[]);
        let steps = match &self.value["steps"] {
            Value::Array(steps) => steps.clone(),
            _ => vec![self.value.clone()],
        };
        let mut differences = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            for difference in self.step(&server, step) {
                differences.push(format!("step {index} {difference}"));
            }
        }
        drop(server);
        let _ = fs::remove_dir_all(&self.root);
        differences
    }

    fn list(&self, name: &str) -> Vec<Value> {
        self.value[name].as_array().cloned().unwrap_or_default()
    }

    fn environment(&self) -> Vec<(String, String)> {
        let home = self.root.join("home").to_string_lossy().into_owned();
        let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        let mut environment = vec![
            ("HOME".to_owned(), home),
            ("PATH".to_owned(), path.to_owned()),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
        ];
        if let Value::Object(more) = &self.value["server_env"] {
            for (name, value) in more {
                environment.retain(|(known, _)| known != name);
                environment.push((name.clone(), value.as_str().unwrap().to_owned()));
            }
        }
        environment
    }

    fn step(&self, server: &Remote, step: &Value) -> Vec<String> {
        if let Some(seconds) = step["sleep"].as_f64() {
            thread::sleep(Duration::from_secs_f64(seconds));
            return Vec::new();
        }
        if let Some(script) = step["check"]["shell"].as_str() {
            let (_, printed) = bash(script);
            let wanted = step["check"]["stdout"].as_str().unwrap();
            if printed == wanted {
                return Vec::new();
            }
            return vec![format!("check: want {wanted:?} got {printed:?}")];
        }
        if let Value::Array(exchanges) = &step["parallel"] {
            return thread::scope(|scope| {
                let running: Vec<_> = exchanges
                    .iter()
                    .map(|exchange| {
                        scope.spawn(move || {
                            let delay = exchange["delay_s"].as_f64().unwrap();
                            thread::sleep(Duration::from_secs_f64(delay));
                            self.exchange(server, exchange)
                        })
                    })
                    .collect();
                running
                    .into_iter()
                    .flat_map(|exchange| exchange.join().unwrap())
                    .collect()
            });
        }
        self.exchange(server, step)
    }

    fn exchange(&self, server: &Remote, step: &Value) -> Vec<String> {
        let reply: Option<Reply> = send(server.address, &request(&step["request"]));
        compare::differences(step, reply.as_ref(), self.fidelity)
    }
}

/// Whether it ended well, and what it printed.
fn bash(script: &str) -> (bool, String) {
    let done = Command::new("bash").args(["-c", script]).output().unwrap();
    let printed = String::from_utf8_lossy(&done.stdout).into_owned();
    (done.status.success(), printed)
}

fn request(recorded: &Value) -> Request {
    let string = |name: &str| recorded[name].as_str().unwrap().to_owned();
    let mut request = Request {
        method: string("method"),
        path: string("path"),
        patience: recorded["client_timeout_s"]
            .as_f64()
            .map(Duration::from_secs_f64),
        ..Request::default()
    };
    let (body, content_type) = body(recorded);
    request.body = body;
    if let Value::Object(headers) = &recorded["headers"] {
        for (name, value) in headers {
            let value = value.as_str().unwrap().replace("{token}", TOKEN);
            request.headers.push((name.clone(), value));
        }
    }
    let has_type = request
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if let Some(content_type) = content_type.filter(|_| !has_type) {
        request
            .headers
            .push(("Content-Type".to_owned(), content_type));
    }
    request
}

fn body(recorded: &Value) -> (Option<Vec<u8>>, Option<String>) {
    const BOUNDARY: &str = "swerexfixtureboundary";
    let json = || Some("application/json".to_owned());
    if let Value::Array(parts) = &recorded["multipart"] {
        let parts: Vec<(Vec<String>, Vec<u8>)> = parts.iter().map(part).collect();
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        return (Some(multipart(BOUNDARY, &parts)), Some(content_type));
    }
    if let Some(text) = recorded["body_text"].as_str() {
        return (Some(text.as_bytes().to_vec()), None);
    }
    if let Some(base64) = recorded["body_base64"].as_str() {
        return (Some(BASE64_STANDARD.decode(base64).unwrap()), None);
    }
    if let Value::Object(generate) = &recorded["body_generate"] {
        let mut body = generate["json"].clone();
        for (pointer, fill) in generate["fill"].as_object().unwrap() {
            let count = usize::try_from(fill[1].as_u64().unwrap()).unwrap();
            *body.pointer_mut(pointer).unwrap() = fill[0].as_str().unwrap().repeat(count).into();
        }
        return (Some(body.to_string().into_bytes()), json());
    }
    let is_null = recorded["body_is_json_null"].as_bool().unwrap_or_default();
    match &recorded["body"] {
        Value::Null if !is_null => (None, None),
        body => (Some(body.to_string().into_bytes()), json()),
    }
}

fn part(recorded: &Value) -> (Vec<String>, Vec<u8>) {
    let mut headers = Vec::new();
    if let Some(content_type) = recorded["content_type"].as_str() {
        headers.push(format!("Content-Type: {content_type}"));
    }
    let name = recorded["name"].as_str().unwrap();
    let mut disposition = format!("Content-Disposition: form-data; name=\"{name}\"");
    if let Some(filename) = recorded["filename"].as_str() {
        disposition.push_str(&format!("; filename=\"{filename}\""));
    }
    headers.push(disposition);
    let content = match recorded["base64"].as_str() {
        Some(base64) => BASE64_STANDARD.decode(base64).unwrap(),
        None => recorded["text"].as_str().unwrap().as_bytes().to_vec(),
    };
    (headers, content)
}
