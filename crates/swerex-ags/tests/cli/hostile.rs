//! What others say and what others can write: shown without effect, and not believed.

use std::{os::unix::fs::PermissionsExt as _, path::Path, process::Stdio};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{
    docker::{harbour, said},
    support::{Lab, Said},
};

/// A title, a copy to the clipboard, a line that reads from right to left, a screen that is cleared by one letter.
const EVIL: &str =
    "x\u{1b}]0;title\u{7}\u{1b}]52;c;ZXZpbA==\u{7}\u{202e}txt.exe\u{9b}2J\u{2066}\u{200b}end";

/// As it may be shown.
const SHOWN: &str = "x\\u{1b}]0;title\\u{7}\\u{1b}]52;c;ZXZpbA==\\u{7}\\u{202e}txt.exe\\u{9b}2J\\u{2066}\\u{200b}end";

#[track_caller]
fn is_harmless(text: &[u8]) {
    let text = std::str::from_utf8(text).unwrap();
    let acts = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!text.chars().any(acts), "{text:?}");
}

/// Whom a record names.
fn holder(pid: u32) -> Value {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after = stat.rsplit_once(')').unwrap().1;
    let started: u64 = after.split_whitespace().nth(19).unwrap().parse().unwrap();
    json!({"pid": pid, "started": started})
}

/// Writes a record that nobody of ours wrote, in a place that is ours.
fn plant(lab: &Lab, id: &str, name: &str, holder: &Value, port: u16) {
    let place = lab.path("state/containers");
    std::fs::create_dir_all(&place).unwrap();
    for path in [&place, &lab.path("state")] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    let record = json!({
        "name": name, "id": id, "image": EVIL, "holder": holder, "port": port, "key": "k", "workdir": null, "env": [],
    });
    std::fs::write(place.join(format!("{id}.json")), record.to_string()).unwrap();
}

/// Answers each request on a port of its own with this.
async fn answering(status: u16, body: Value) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let body = format!("{body}\n");
            let length = body.len();
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while !seen.windows(4).any(|end| end == b"\r\n\r\n") {
                    let read = stream.read_buf(&mut seen).await.unwrap();
                    assert!(read > 0);
                }
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
                stream.write_all(head.as_bytes()).await.unwrap();
                // What is left of the request is heard out, else it would be a reset.
                let _ = stream.shutdown().await;
                let _ = stream.read_to_end(&mut seen).await;
            });
        }
    });
    port
}

#[tokio::test]
async fn what_a_sandbox_says_does_nothing_to_the_terminal() {
    let lab = harbour().await;
    let this = holder(std::process::id());
    let exception = json!({"swerexception": {
        "message": EVIL, "class_path": "builtins.FileNotFoundError", "traceback": "", "extra_info": {},
    }});
    plant(
        &lab,
        "a1",
        "refusing",
        &this,
        answering(511, exception).await,
    );
    plant(
        &lab,
        "a2",
        "broken",
        &this,
        answering(422, json!({"detail": EVIL})).await,
    );
    let refused = said(&lab, &["exec", "refusing", "true"]).await;
    assert_eq!(refused.status.code(), Some(127), "{refused:?}");
    let shown = String::from_utf8(refused.stderr).unwrap();
    assert!(shown.contains(SHOWN), "{shown}");
    let broken = said(&lab, &["exec", "broken", "true"]).await;
    assert_eq!(broken.status.code(), Some(125), "{broken:?}");
    is_harmless(&broken.stderr);
    // An id that is shorter than what is shown of it, and an image of that name.
    let list = said(&lab, &["ps"]).await;
    assert!(list.status.success(), "{list:?}");
    is_harmless(&list.stdout);
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(
        list.lines().any(|line| line.starts_with("a1 ")
            && line.contains(SHOWN)
            && line.ends_with("   refusing")),
        "{list}"
    );
    is_harmless(&said(&lab, &["inspect", EVIL]).await.stderr);
    is_harmless(&said(&lab, &["pull", EVIL]).await.stdout);
    let inspected = said(&lab, &["inspect", EVIL]).await;
    is_harmless(&inspected.stdout);
    let json: Value = serde_json::from_slice(&inspected.stdout).unwrap();
    assert_eq!(json[0]["RepoTags"][0], EVIL);
    let unknown = said(&lab, &["exec", EVIL, "true"]).await;
    is_harmless(&unknown.stderr);
}

#[tokio::test]
async fn what_settings_and_answers_say_does_nothing_to_the_terminal() {
    let lab = Lab::new().await;
    let image = format!("--deployment.image={EVIL}");
    let config = [image.as_str(), "config", "show"];
    let said = lab.run(&config).await;
    is_harmless(said.out.as_bytes());
    assert!(said.out.contains(SHOWN), "{said:?}");
    let said = lab.run(&[&["-o", "json"], &config[..]].concat()).await;
    is_harmless(said.out.as_bytes());
    assert!(
        said.out.contains("\\u009b2J\\u2066\\u200bend"),
        "{}",
        said.out
    );
    let json: Value = serde_json::from_str(&said.out).unwrap();
    let settings = json.as_array().unwrap();
    assert!(settings.iter().any(|one| one["value"] == EVIL), "{json}");
    // In errors of both forms too.
    let run = ["-q", "run", "-i", EVIL, "--", "true"];
    for format in ["text", "json"] {
        let said = lab.run(&[&["-o", format], &run[..]].concat()).await;
        assert_eq!(said.code, Some(1), "{said:?}");
        is_harmless(said.err.as_bytes());
    }
}

#[tokio::test]
async fn no_number_of_a_server_ends_the_program_in_another_way() {
    let lab = harbour().await;
    let this = holder(std::process::id());
    for (id, number, code) in [
        ("n1", i64::MIN, 255),
        ("n2", i64::MAX, 255),
        ("n3", -9, 137),
    ] {
        let answer = json!({"stdout": "", "stderr": "", "exit_code": number});
        let answer = json!({"event": "result", "id": 1, "status": 200, "body": answer});
        plant(&lab, id, id, &this, answering(200, answer).await);
        let ended = said(&lab, &["exec", id, "true"]).await;
        assert_eq!(ended.status.code(), Some(code), "{number}: {ended:?}");
        assert!(ended.stderr.is_empty(), "{ended:?}");
    }
}

#[tokio::test]
async fn a_record_alone_ends_no_process() {
    let lab = harbour().await;
    let mut other = tokio::process::Command::new("sleep")
        .arg("600")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let pid = other.id().unwrap();
    plant(&lab, "ab", "planted", &holder(pid), 1);
    for verb in [&["kill"][..], &["stop"], &["rm", "-f"]] {
        let refused = said(&lab, &[verb, &["planted"]].concat()).await;
        assert_eq!(refused.status.code(), Some(125), "{refused:?}");
        let why = String::from_utf8(refused.stderr).unwrap();
        assert!(
            why.contains(&format!(
                "process {pid}, which its record names, does not hold it"
            )),
            "{why}"
        );
    }
    assert!(other.try_wait().unwrap().is_none(), "it was left alone");
}

#[tokio::test]
async fn a_state_directory_that_others_can_change_is_refused() {
    let lab = harbour().await;
    let state = lab.path("state");
    std::fs::create_dir(&state).unwrap();
    let open = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for place in [
        state.clone(),
        lab.path("state/journals"),
        lab.path("state/containers"),
    ] {
        std::fs::create_dir_all(&place).unwrap();
        open(&state, 0o700);
        open(&place, 0o777);
        let is_of = |name: &str| place == state || place.ends_with(name);
        let what = format!(
            "the directory {} is not used: others can write to it",
            place.display()
        );
        for args in [
            &["run", "--", "true"][..],
            &["up"],
            &["serve", "--listen", "127.0.0.1:0"],
            &["instance", "gc", "--yes"],
        ] {
            if is_of("journals") {
                let said: Said = lab.run(&[&["-q"], args].concat()).await;
                let why = said.error(2);
                assert!(
                    why.starts_with(&what) && why.contains("chmod go-w"),
                    "{args:?}: {why}"
                );
            }
        }
        for args in [
            &["ps"][..],
            &["kill", "x"],
            &["exec", "x", "true"],
            &["run", "-d", "python:3.11", "true"],
        ] {
            if is_of("containers") {
                let refused = said(&lab, args).await;
                assert_eq!(refused.status.code(), Some(125), "{args:?}: {refused:?}");
                let why = String::from_utf8(refused.stderr).unwrap();
                assert!(
                    why.contains(&what) && why.lines().count() == 1,
                    "{args:?}: {why}"
                );
            }
        }
        open(&place, 0o700);
    }
    assert!(lab.emulator.instances().is_empty(), "nothing was started");
}

#[tokio::test]
async fn what_is_made_is_for_its_owner_alone_whatever_the_umask() {
    for umask in ["000", "077", "777"] {
        let lab = Lab::new().await;
        let (program, ready) = (env!("CARGO_BIN_EXE_swerex-ags"), lab.path("ready"));
        let script = format!(
            "umask {umask}; '{program}' shims a/shims && exec a/shims/docker run -d -q --name c python:3.11 sleep 1h"
        );
        let mut command = crate::support::program_called("bash");
        command
            .args(["-c", &script])
            .current_dir(lab.directory.path())
            .env("SWEREX_AGS_LOCAL", ready)
            .env("SWEREX_AGS_STATE_DIR", lab.path("s/state"));
        let started = command.output().await.unwrap();
        assert!(started.status.success(), "{umask}: {started:?}");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        for (path, expected) in [
            ("a", 0o755),
            ("a/shims", 0o755),
            ("a/shims/sitecustomize.py", 0o644),
            ("s", 0o700),
            ("s/state", 0o700),
            ("s/state/containers", 0o700),
            ("s/state/images", 0o700),
            ("s/state/journals", 0o700),
        ] {
            assert_eq!(mode(&lab.path(path)), expected, "{umask}: {path}");
        }
        for room in ["containers", "journals"] {
            for file in std::fs::read_dir(lab.path("s/state").join(room)).unwrap() {
                let file = file.unwrap().path();
                assert_eq!(mode(&file) & 0o177, 0, "{umask}: {}", file.display());
            }
        }
        for instance in lab.emulator.live_instances() {
            lab.emulator.expire_instance(&instance.id);
        }
        lab.nothing_runs().await;
    }
}
