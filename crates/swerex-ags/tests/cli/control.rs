//! The commands that talk to the control plane: tools, instances, images, quota, any action, doctor, emulator.

use std::{fs, process::Stdio};

use ags_emulator::InstanceView;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use crate::support::{Lab, Said, program};

#[tokio::test]
async fn a_tool_from_its_creation_to_its_end() {
    let lab = Lab::new().await;
    let id = lab.json(&["tool", "create", "--name", "mine"]).await["tool_id"].clone();
    let id = id.as_str().unwrap();
    let again = lab.run(&["-q", "tool", "create", "--name", "mine"]).await;
    assert!(
        again.error(1).contains("mine already exists (request id ")
            && again.err.contains("another --name"),
        "{again:?}"
    );
    let listed = lab
        .json(&["tool", "list", "--name", "mine", "--status", "ACTIVE"])
        .await;
    assert_eq!(
        (listed[0]["ToolId"].as_str(), listed[1].is_null()),
        (Some(id), true)
    );
    let shown = lab.run(&["tool", "get", id]).await.out;
    assert!(
        shown.contains("ToolName: mine\n") && shown.contains("Probe:\n"),
        "{shown}"
    );
    let said = lab.run(&["tool", "delete", id, "--yes"]).await;
    assert!(said.out.contains(&format!("{id}  done")), "{said:?}");
    let said = lab.run(&["tool", "get", id]).await;
    assert!(
        said.error(1).contains("`swerex-ags tool list` shows"),
        "{said:?}"
    );
    let gone = lab.json(&["tool", "delete", id, "--yes"]).await;
    assert_eq!(gone[0]["result"], "not there");
}

#[tokio::test]
async fn only_unused_tools_of_ours_are_collected() {
    let lab = Lab::new().await;
    let foreign = lab.json(&["tool", "create", "--name", "foreign"]).await["tool_id"].clone();
    let id = lab.up().await;
    let gc = ["tool", "gc", "--older-than", "0s", "--yes"];
    assert_eq!(lab.json(&gc).await, json!([]), "it has an instance");
    lab.json(&["down", &id, "--yes"]).await;
    assert_eq!(
        lab.json(&["tool", "gc", "--yes"]).await,
        json!([]),
        "it is younger than a day"
    );
    let dry = lab
        .json(&["tool", "gc", "--older-than", "0s", "--dry-run"])
        .await;
    assert_eq!(dry[0]["result"], "dry run");
    assert_eq!(lab.json(&gc).await[0]["result"], "done");
    let left: Vec<String> = lab
        .emulator
        .tools()
        .into_iter()
        .map(|tool| tool.id)
        .collect();
    assert_eq!(json!(left), json!([foreign]));
}

#[tokio::test]
async fn an_instance_sleeps_wakes_lives_longer_and_ends() {
    let lab = Lab::new().await;
    let id = lab.up().await;
    let id = id.as_str();
    let status = async || lab.json(&["instance", "get", id]).await["Status"].clone();
    assert_eq!(
        lab.json(&["instance", "pause", id]).await["instance_id"],
        id
    );
    assert_eq!(status().await, "PAUSED");
    let said = lab
        .run(&["-q", "run", "--instance", id, "--", "true"])
        .await;
    assert!(
        said.error(1).contains("swerex-ags instance resume"),
        "{said:?}"
    );
    lab.json(&["instance", "resume", id, "--timeout", "2h"])
        .await;
    assert_eq!(status().await, "RUNNING");
    lab.json(&["instance", "extend", id, "--timeout", "4h"])
        .await;
    let table = lab.run(&["instance", "list"]).await.out;
    assert!(
        table.contains("3h 59m") || table.contains("4h 0m"),
        "{table}"
    );
    let said = lab.run(&["instance", "extend", id, "--timeout", "4"]).await;
    assert!(
        said.error(2)
            .starts_with("--timeout `4` should be a lifetime"),
        "{said:?}"
    );

    assert_eq!(
        lab.json(&["instance", "gc", "--yes"]).await,
        json!([]),
        "it is younger than two hours"
    );
    let done = lab
        .json(&["instance", "gc", "--older-than", "0s", "--yes"])
        .await;
    assert_eq!(done[0]["id"], id);
    lab.nothing_runs().await;
    assert_eq!(lab.json(&["instance", "list"]).await, json!([]));
    assert_eq!(
        lab.json(&["instance", "list", "--all"]).await[0]["Status"],
        "STOPPED"
    );
}

#[tokio::test]
async fn a_failure_among_many_does_not_keep_the_others() {
    let lab = Lab::new().await;
    let (one, two) = (lab.up().await, lab.up().await);
    let refuse = "StopSandboxInstance:error=UnauthorizedOperation,times=1";
    lab.emulator.arm(refuse.parse().unwrap()).unwrap();
    let said = lab
        .run(&["-o", "json", "instance", "stop", &one, &two, "--yes"])
        .await;
    assert_eq!(said.code, Some(1), "{said:?}");
    let results: Value = serde_json::from_str(&said.out).unwrap();
    let mut words: Vec<&str> = results
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["result"].as_str())
        .collect();
    words.sort_unstable();
    assert_eq!(words, ["done", "failed"]);
    let one_is_left = |all: &[InstanceView]| all.iter().filter(|one| !one.is_over()).count() == 1;
    lab.emulator.wait_for_instances(one_is_left).await;
    lab.emulator.assert_faults_consumed();
}

#[tokio::test]
async fn images_are_prewarmed_and_failures_are_listed() {
    let lab = Lab::new().await;
    fs::write(
        lab.path("images.txt"),
        "# ours\nccr.ccs.tencentyun.com/a/b:1\nccr.ccs.tencentyun.com/a/b:1\n",
    )
    .unwrap();
    let rows = r#"[{"instance_id": "i", "image_name": "ccr.ccs.tencentyun.com/c/d:2", "problem_statement": ""}]"#;
    fs::write(lab.path("instances.json"), rows).unwrap();
    let args = [
        "image",
        "prewarm",
        "images.txt",
        "instances.json",
        "ccr.ccs.tencentyun.com/e/f:3",
    ];
    let done = lab.json(&args).await;
    let ready = |at: usize| {
        (
            done[at]["image"].as_str().unwrap().to_owned(),
            done[at]["status"].clone(),
        )
    };
    assert_eq!(done.as_array().unwrap().len(), 3);
    assert_eq!(
        ready(0),
        ("ccr.ccs.tencentyun.com/a/b:1".to_owned(), json!("ready"))
    );
    assert_eq!(
        lab.json(&["image", "list"]).await.as_array().unwrap().len(),
        3
    );

    let refuse = "CreatePreCacheImageTask:error=ResourceNotFound.Image,times=1";
    lab.emulator.arm(refuse.parse().unwrap()).unwrap();
    let said = lab
        .run(&["image", "prewarm", "-j", "1", "x/y:1", "x/y:2"])
        .await;
    assert_eq!(said.code, Some(1), "{said:?}");
    let last = said.out.lines().last().unwrap();
    assert!(
        last.starts_with("x/y:1")
            && last.contains("failed")
            && last.contains("ResourceNotFound.Image"),
        "{said:?}"
    );
    assert!(said.err.contains("1 of 2 images failed"), "{said:?}");
    let said = lab.run(&["image", "prewarm", "a b"]).await;
    assert!(said.error(2).starts_with("`a b` is no image"), "{said:?}");
}

#[tokio::test]
async fn any_action_takes_and_gives_json() {
    let lab = Lab::new().await;
    let id = lab.up().await;
    let parameters = json!({ "InstanceIds": [id] }).to_string();
    fs::write(lab.path("p.json"), &parameters).unwrap();
    for argument in [parameters.as_str(), "@p.json"] {
        let reply = lab
            .json(&["api", "DescribeSandboxInstances", argument])
            .await;
        assert_eq!(reply["InstanceSet"][0]["InstanceId"], id.as_str());
        assert!(reply["RequestId"].is_string());
    }
    let mut command = lab.command(&["-o", "json", "api", "DescribeSandboxInstances", "-"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(parameters.as_bytes())
        .await
        .unwrap();
    let said = Said::of(child.wait_with_output().await.unwrap());
    assert!(said.out.contains(&id), "{said:?}");

    let acquire = json!({ "InstanceId": id }).to_string();
    let hidden = lab
        .json(&["api", "AcquireSandboxInstanceToken", &acquire])
        .await;
    assert_eq!(hidden["Token"], "[redacted]");
    let shown = lab
        .json(&[
            "api",
            "AcquireSandboxInstanceToken",
            &acquire,
            "--show-secrets",
        ])
        .await;
    assert!(shown["Token"].as_str().unwrap().starts_with("sit_"));

    let said = lab
        .run(&["api", "StopSandboxInstance", r#"{"InstanceID": "x"}"#])
        .await;
    assert!(
        said.err.contains(
            "warning: StopSandboxInstance has no `InstanceID`; did you mean `InstanceId`?"
        ),
        "{said:?}"
    );
    assert!(said.error(1).contains("request id"), "{said:?}");
    let explained = lab
        .json(&["api", "StartSandboxInstance", "--explain"])
        .await;
    assert!(
        explained["parameters"]["ToolId"]
            .as_str()
            .unwrap()
            .starts_with("string")
    );
    assert_eq!(lab.json(&["api"]).await.as_array().unwrap().len(), 60);
    lab.json(&["down", &id, "--yes"]).await;
}

#[tokio::test]
async fn the_quota_is_a_table() {
    let lab = Lab::with(|builder| builder.instance_quota(7)).await;
    let id = lab.up().await;
    let said = lab.run(&["quota"]).await;
    let line = said
        .out
        .lines()
        .find(|line| line.contains(" instances "))
        .unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words, ["account", "instances", "1", "7", "6"]);
    assert_eq!(
        lab.json(&["quota"]).await["account"]["Quota"]["SandboxInstances"],
        7
    );
    lab.json(&["down", &id, "--yes"]).await;
}

#[tokio::test]
async fn the_doctor_finds_what_is_wrong() {
    let lab = Lab::new().await;
    let findings = lab.json(&["doctor"]).await;
    let state = |findings: &Value, what: &str| {
        let all = findings.as_array().unwrap();
        let one = all.iter().find(|finding| finding["check"] == what);
        one.unwrap_or_else(|| panic!("{what} in {findings}"))["state"].clone()
    };
    for what in [
        "settings", "endpoint", "tls", "access", "clock", "gateway", "quota",
    ] {
        assert_eq!(state(&findings, what), "ok", "{findings}");
    }
    assert_eq!(state(&findings, "server"), "warn", "nothing is mounted");

    let shown = lab.json(&["config", "show"]).await;
    let all = shown.as_array().unwrap();
    let endpoint = all.iter().find(|one| one["key"] == "http_endpoint");
    assert_eq!(endpoint.unwrap()["origin"], "emulator");
    let findings = lab.run(&["-o", "json", "doctor", "--deployment.tool_id=sdt-none"]);
    let findings: Value = serde_json::from_str(&findings.await.out).unwrap();
    assert_eq!(state(&findings, "tool"), "FAIL", "{findings}");

    // Nobody has told it whom to trust.
    let said = program()
        .args(["-q", "-o", "json", "doctor", "--deployment.secret_id=a"])
        .arg("--deployment.secret_key=b")
        .arg(format!(
            "--deployment.http_endpoint={}",
            lab.emulator.endpoint()
        ))
        .arg(format!("--deployment.domain={}", lab.emulator.domain()))
        .output()
        .await
        .unwrap();
    let findings: Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(state(&findings, "tls"), "FAIL", "{findings}");

    // Led to the emulator by hand, with a key that is not its own, and a domain where nobody listens.
    let output = program()
        .args([
            "-q",
            "-o",
            "json",
            "doctor",
            "--deployment.secret_id",
            lab.emulator.secret_id(),
        ])
        .args([
            "--deployment.secret_key=wrong",
            "--deployment.domain=localhost:1",
        ])
        .arg(format!(
            "--deployment.http_endpoint={}",
            lab.emulator.endpoint()
        ))
        .arg(format!(
            "--deployment.ca_file={}",
            lab.emulator.ca_file().display()
        ))
        .output()
        .await
        .unwrap();
    let said = Said::of(output);
    assert_eq!(said.code, Some(1), "{said:?}");
    let findings: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (state(&findings, "access"), state(&findings, "gateway")),
        (json!("FAIL"), json!("FAIL"))
    );
    assert!(
        !said.out.contains("wrong\""),
        "the key is not repeated: {}",
        said.out
    );
}

#[tokio::test]
async fn the_emulator_says_when_it_is_ready_and_ends_when_told() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = program()
        .args(["-q", "emulator"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = lines.next_line().await.unwrap().unwrap();
    let file = directory.path().join("ready");
    fs::write(&file, &ready).unwrap();
    let output = program()
        .arg(format!("--local={}", file.display()))
        .args(["-q", "run", "--", "echo there"])
        .output()
        .await
        .unwrap();
    assert_eq!(Said::of(output).out, "there\n");
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}
