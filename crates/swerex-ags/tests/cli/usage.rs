//! Wrong input: the flag or file, the key, the value, the remedy, on one line; nothing is started.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::support::{Lab, Said, program, without_cloud};

#[tokio::test]
async fn wrong_input_is_named_with_the_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &[u8]| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (latin, other, typo) = (
        file("latin.yaml", b"type: tencentags\nimage: caf\xe9\n"),
        file("other.yaml", b"type: modal\n"),
        file(
            "typo.yaml",
            b"instances:\n  deployment:\n    type: tencentags\n    startup_timout: 3\n",
        ),
    );
    let credential = [
        "--deployment.secret_id=a",
        "--deployment.secret_key=markerkey",
    ];
    let cases: [(&[&str], &str); 12] = [
        (&[], "secret_id is empty: set TENCENTCLOUD_SECRET_ID"),
        (
            &["--deployment.imgae=x"],
            "imgae is no key of a deployment (flag): did you mean image?",
        ),
        (
            &["--instances.deployment.port=99999"],
            "port `99999` should be a port, 1 to 65535 (flag)",
        ),
        (
            &["--env.deployment.type=docker"],
            "type `docker` is another kind of deployment",
        ),
        (
            &["--config", "/no/such.yaml"],
            "configuration file `/no/such.yaml` cannot be read",
        ),
        (&["--config", &latin], "configuration file `"),
        (&["--config", &other], "type `modal` in "),
        (
            &["--config", &typo],
            "startup_timout is no key of a deployment",
        ),
        (
            &[credential[0], credential[1], "--deployment.timeout=90"],
            "timeout `90` should be a lifetime such as 5m, 300s or 1h (flag)",
        ),
        (
            &[credential[0], credential[1], "--deployment.memory=1G"],
            "memory `1G` should be",
        ),
        (
            &[
                credential[0],
                credential[1],
                "--deployment.http_endpoint=a b",
            ],
            "http_endpoint `a b` cannot be used",
        ),
        (&["--local=/no/such"], "--local: cannot read `/no/such`"),
    ];
    for (args, expected) in cases {
        let said = without_cloud(&[args, &["run", "--", "true"]].concat()).await;
        let line = said.error(2);
        assert!(line.starts_with(expected), "{args:?}: {line}");
        assert_eq!(
            (said.err.lines().count(), said.out.as_str()),
            (1, ""),
            "{said:?}"
        );
        assert!(!said.err.contains("markerkey"), "{said:?}");
    }
}

#[tokio::test]
async fn the_commands_own_arguments_are_checked() {
    for (args, expected) in [
        (
            &["run"][..],
            "the following required arguments were not provided: <COMMAND>...",
        ),
        (&["run", "true"], "unexpected argument 'true' found"),
        (
            &["cp", "a", "b"],
            "neither `a` nor `b` is in a sandbox; write ID:PATH",
        ),
        (&["cp", "ab:/x", "cd:/y"], "both places are in a sandbox"),
        (
            &["api", "StartSandbox"],
            "there is no action `StartSandbox`; did you mean",
        ),
        (
            &["api", "DescribeQuotaOverview", "{"],
            "the parameters in the argument are not JSON",
        ),
        (
            &["run", "--timeout", "1w", "--", "true"],
            "invalid value '1w' for '--timeout <SPAN>'",
        ),
        (
            &["--local-path", "/", "run", "--", "true"],
            "--local-path needs --local",
        ),
        (
            &["serve", "--listen", "8866"],
            "invalid value '8866' for '--listen <ADDRESS>': write IP:PORT, as in 127.0.0.1:8866",
        ),
        (
            &["serve", "--idle-timeout", "0"],
            "invalid value '0' for '--idle-timeout <SPAN>': it should be more than no time",
        ),
        (
            &["agent-config", "x.json", "--bridge", "127.0.0.1:8866"],
            "invalid value '127.0.0.1:8866' for '--bridge <URL>': write what `serve` printed",
        ),
        (
            &["image", "prewarm", "none.txt"],
            "`none.txt`: there is no such file",
        ),
        (
            &["image", "prewarm", "--jobs", "0", "x"],
            "invalid value '0' for '--jobs <COUNT>': write a count of 1 or more",
        ),
        (
            &["shims", "/dev/null/x"],
            "DIR /dev/null/x: cannot make the shims there",
        ),
        (
            &["run", "--local", "--local-path", "/no/such", "--", "true"],
            "--local-path `/no/such` cannot be used",
        ),
    ] {
        let said = without_cloud(args).await;
        assert!(said.error(2).starts_with(expected), "{args:?}: {said:?}");
    }
}

#[tokio::test]
async fn an_empty_key_for_agents_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("bridge.key");
    fs::write(&file, "\n").unwrap();
    let file = file.display().to_string();
    let cases: [(&[&str], Option<&str>, String); 4] = [
        (&["--auth-token="], None, "--auth-token is empty".to_owned()),
        (
            &["--auth-token-file", &file],
            None,
            format!("--auth-token-file {file} is empty"),
        ),
        (&[], Some(""), "SWEREX_AGS_AUTH_TOKEN is empty".to_owned()),
        (
            &["--auth-token=marker", "--auth-token-file", &file],
            None,
            "the argument '--auth-token <TOKEN>' cannot be used with".to_owned(),
        ),
    ];
    for (args, variable, expected) in cases {
        let mut command = program();
        command.args(["serve", "--local", "--listen", "127.0.0.1:0"]);
        command.args(args);
        if let Some(variable) = variable {
            command.env("SWEREX_AGS_AUTH_TOKEN", variable);
        }
        let said = Said::of(command.output().await.unwrap());
        assert!(said.error(2).starts_with(&expected), "{args:?}: {said:?}");
        assert_eq!(
            (said.err.lines().count(), said.out.as_str()),
            (1, ""),
            "{said:?}"
        );
        assert!(!said.err.contains("marker"), "{said:?}");
    }
}

#[tokio::test]
async fn instances_with_the_key_are_for_their_owner_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let row = r#"{"instance_id": "a", "image_name": "x:1", "problem_statement": "p"}"#;
    fs::write(path("rows.jsonl"), row).unwrap();
    // One that is there, for everybody to read.
    fs::write(path("expert.json"), "").unwrap();
    fs::set_permissions(path("expert.json"), fs::Permissions::from_mode(0o644)).unwrap();
    let (rows, to) = (path("rows.jsonl"), path("expert.json"));
    let args = ["agent-config", &rows, "--auth-token=brk_1", "--to", &to];
    let said = without_cloud(&args).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let mode = fs::metadata(&to).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(fs::read_to_string(&to).unwrap().contains("brk_1"));
    let nowhere = path("none/expert.json");
    let args = [
        "agent-config",
        &rows,
        "--auth-token=brk_1",
        "--to",
        &nowhere,
    ];
    let said = without_cloud(&args).await;
    assert!(
        said.error(2).starts_with(&format!("--to {nowhere}: ")),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_refusal_names_the_request() {
    let lab = Lab::new().await;
    lab.emulator
        .arm(
            "CreateSandboxTool:error=UnauthorizedOperation"
                .parse()
                .unwrap(),
        )
        .unwrap();
    let said = lab.run(&["-q", "run", "--", "true"]).await;
    let line = said.error(1);
    assert!(
        line.starts_with(
            "the start failed at stage tool: CreateSandboxTool was refused: UnauthorizedOperation"
        ),
        "{line}"
    );
    assert!(
        line.contains("request id") && line.contains("permission"),
        "{line}"
    );
    lab.nothing_runs().await;
}

#[tokio::test]
async fn settings_are_shown_with_their_origin() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("c.yaml");
    fs::write(
        &path,
        "instances:\n  deployment: {type: tencentags, region: ap-beijing, cpu: '2'}\n",
    )
    .unwrap();
    let output = program()
        .args([
            "-o",
            "json",
            "config",
            "show",
            "--deployment.cpu",
            "4",
            "--config",
        ])
        .arg(&path)
        .env("TENCENTCLOUD_SECRET_KEY", "markerkey")
        .output()
        .await
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("markerkey"), "{text}");
    let settings: serde_json::Value = serde_json::from_str(&text).unwrap();
    let of = |key: &str| {
        let all = settings.as_array().unwrap();
        let one = all.iter().find(|setting| setting["key"] == key).unwrap();
        (
            one["value"].as_str().unwrap().to_owned(),
            one["origin"].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(of("cpu"), ("4".to_owned(), "flag".to_owned()));
    assert_eq!(
        of("region"),
        ("ap-beijing".to_owned(), format!("file {}", path.display()))
    );
    assert_eq!(
        of("domain"),
        (
            "ap-beijing.tencentags.com".to_owned(),
            "follows region".to_owned()
        )
    );
    assert_eq!(
        of("secret_key"),
        (
            "(set)".to_owned(),
            "environment TENCENTCLOUD_SECRET_KEY".to_owned()
        )
    );

    assert_eq!(
        without_cloud(&["config", "check", "--local"]).await.out,
        "the settings are fine\n"
    );
    without_cloud(&["config", "check"]).await.error(2);
    let options = without_cloud(&["config", "options"]).await.out;
    assert!(
        options.contains("startup_timeout") && options.contains("180.0"),
        "{options}"
    );
}

#[tokio::test]
async fn completions_and_pages_are_made_from_the_help() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            without_cloud(&["completions", shell])
                .await
                .out
                .contains("swerex-ags")
        );
    }
    for made in [&["completions", "bash"][..], &["man"]] {
        let said = without_cloud(&[made, &["-o", "json"]].concat()).await;
        let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        let text = json["script"].as_str().or_else(|| json["page"].as_str());
        assert!(text.is_some_and(|text| text.contains("swerex")), "{json}");
    }
    assert!(
        without_cloud(&["man"])
            .await
            .out
            .contains(".TH swerex-ags 1")
    );
    let directory = tempfile::tempdir().unwrap();
    let said = without_cloud(&[
        "-q",
        "man",
        "--dir",
        &directory.path().join("pages").display().to_string(),
    ])
    .await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(directory.path().join("pages/swerex-ags-run.1").exists());
    let version = without_cloud(&["--version"]).await;
    assert_eq!(
        (version.out.as_str(), version.code),
        ("swerex-ags 0.1.0\n", Some(0))
    );
}
