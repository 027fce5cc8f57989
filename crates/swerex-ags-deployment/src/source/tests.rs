//! Layers, files as people write them, and what is said of wrong ones.

use proptest::prelude::*;

use super::*;

fn file(text: &str) -> Result<Resolved, String> {
    let mut source = Source::default();
    source
        .text("c.yaml", text)
        .map_err(|problem| problem.to_string())?;
    source.resolve().map_err(|problem| problem.to_string())
}

fn setting<'a>(resolved: &'a Resolved, name: &str) -> (&'a str, String) {
    let setting = resolved
        .settings
        .iter()
        .find(|setting| setting.key.name == name)
        .unwrap();
    (setting.value.as_str(), setting.origin.to_string())
}

#[test]
fn every_key_has_its_default() {
    let resolved = Source::default().resolve().unwrap();
    for Setting { key, value, origin } in &resolved.settings {
        assert_eq!(
            (value.as_str(), origin),
            (key.default, &Origin::Default),
            "{}",
            key.name
        );
    }
    let table: Vec<String> = KEYS
        .iter()
        .map(|key| {
            format!(
                "{} = {:?}{}",
                key.name,
                key.default,
                key.env.map(|env| format!(" ({env})")).unwrap_or_default()
            )
        })
        .collect();
    insta::assert_snapshot!(table.join("\n"), @r#"
    secret_id = "" (TENCENTCLOUD_SECRET_ID)
    secret_key = "" (TENCENTCLOUD_SECRET_KEY)
    token = "" (TENCENTCLOUD_TOKEN)
    role_arn = "" (TENCENTCLOUD_ROLE_ARN)
    http_endpoint = "ags.tencentcloudapi.com"
    skip_ssl_verify = "false"
    ca_file = ""
    region = "ap-chongqing"
    domain = "ap-chongqing.tencentags.com"
    tool_id = ""
    reuse_tool = "true"
    image = "python:3.11"
    image_registry_type = "enterprise"
    timeout = "1h"
    extend_timeout = "false"
    port = "8000"
    auth_token = "" (SWEREX_AUTH_TOKEN)
    startup_timeout = "180.0"
    runtime_timeout = "60.0"
    cpu = "1"
    memory = "1Gi"
    mount_name = ""
    mount_image = ""
    mount_image_registry_type = "enterprise"
    mount_path = "/nix"
    image_subpath = "/nix"
    mount_readonly = "false"
    "#);
}

#[test]
fn a_flag_wins_over_the_environment_over_the_file() {
    let mut source = Source::default();
    source.text("c.yaml", "type: tencentags\nsecret_id: file\nsecret_key: file\nrole_arn: ''\nregion: ap-beijing\ncpu: '4'\n").unwrap();
    let variables = |name: &str| match name {
        "TENCENTCLOUD_SECRET_ID" | "TENCENTCLOUD_SECRET_KEY" | "TENCENTCLOUD_ROLE_ARN" => {
            Some(format!("env-{name}"))
        }
        "TENCENTCLOUD_TOKEN" => Some(String::new()),
        _ => None,
    };
    source.environment(variables).unwrap();
    source.flag("secret_id", "flag").unwrap();
    source.flag("cpu", "8").unwrap();
    source.flag("cpu", "2").unwrap();
    let resolved = source.resolve().unwrap();
    assert_eq!(setting(&resolved, "secret_id"), ("flag", "flag".to_owned()));
    assert_eq!(
        setting(&resolved, "secret_key"),
        ("(set)", "environment TENCENTCLOUD_SECRET_KEY".to_owned())
    );
    assert_eq!(
        resolved.config.secret_key.expose(),
        "env-TENCENTCLOUD_SECRET_KEY"
    );
    assert_eq!(
        setting(&resolved, "role_arn").1,
        "environment TENCENTCLOUD_ROLE_ARN"
    );
    assert_eq!(setting(&resolved, "token"), ("", "default".to_owned()));
    assert_eq!(setting(&resolved, "cpu"), ("2", "flag".to_owned()));
    assert_eq!(
        setting(&resolved, "region"),
        ("ap-beijing", "file c.yaml".to_owned())
    );
    assert_eq!(
        setting(&resolved, "domain"),
        ("ap-beijing.tencentags.com", "follows region".to_owned())
    );
}

#[test]
fn a_domain_that_is_given_follows_nothing() {
    let resolved =
        file("type: tencentags\nregion: ap-beijing\ndomain: internal.example.com\n").unwrap();
    assert_eq!(resolved.config.domain, "internal.example.com");
}

#[test]
fn swe_agents_files_and_the_bare_mapping_are_understood() {
    let image = |text: &str| file(text).unwrap().config.image;
    assert_eq!(image("type: tencentags\nimage: a\n"), "a");
    assert_eq!(
        image(
            "instances:\n  type: file\n  deployment:\n    type: tencentags\n    image: b\nagent: {x: 1}\n"
        ),
        "b"
    );
    assert_eq!(
        image("env:\n  deployment: {type: tencentags, image: c}\n"),
        "c"
    );
    assert_eq!(image("deployment: {type: tencentags, image: d}\n"), "d");
    assert_eq!(image(r#"{"type": "tencentags", "image": "e"}"#), "e");
    assert_eq!(image(""), "python:3.11", "an empty file says nothing");
    let numbers =
        file("type: tencentags\nport: 9000\nstartup_timeout: 300\nskip_ssl_verify: yes\n")
            .unwrap()
            .config;
    assert_eq!(
        (
            numbers.port,
            numbers.startup_timeout.as_secs(),
            numbers.skip_ssl_verify
        ),
        (9000, 300, true)
    );
}

#[test]
fn what_is_wrong_with_a_file_is_named() {
    let why = |text: &str| file(text).unwrap_err();
    assert_eq!(
        why("type: tencentags\nimgae: x\n"),
        "imgae is no key of a deployment (file c.yaml): did you mean image?"
    );
    assert_eq!(
        why("image: x\n"),
        "type is missing in c.yaml: add `type: tencentags`"
    );
    assert_eq!(
        why("type: docker\nimage: x\n"),
        "type `docker` in c.yaml is another kind of deployment: it should be tencentags"
    );
    assert_eq!(
        why("type: tencentags\ncpu: 2\n"),
        "cpu `2` should be text: quote it, as in cpu: \"2\" (file c.yaml)"
    );
    assert_eq!(
        why("type: tencentags\nport: 70000\n"),
        "port `70000` should be a port, 1 to 65535 (file c.yaml)"
    );
    assert!(why("- a\n").contains("should be a mapping"));
    assert!(why("a: [\n").contains("is no YAML"));
    assert!(why("instances:\n").contains("has nothing under instances"));
    assert_eq!(
        why("instances: {type: file, deploymnet: {type: tencentags}}\n"),
        "configuration file `c.yaml` has instances.deploymnet: did you mean deployment?"
    );
    assert!(!why("type: tencentags\nsecret_key: [marker]\n").contains("marker"));
}

#[test]
fn files_are_merged_as_swe_agent_merges_them() {
    let files = |texts: &[&str], flag: Option<&str>| {
        let mut source = Source::default();
        for (index, text) in texts.iter().enumerate() {
            source.text(&format!("{index}.yaml"), text).unwrap();
        }
        if let Some(kind) = flag {
            source.flag("type", kind).unwrap();
        }
        source.resolve().map_err(|problem| problem.to_string())
    };
    let agents = "agent: {model: {name: x}}\nenv: {repo: {path: x}}\n";
    let typed = "instances:\n  deployment: {type: tencentags, cpu: '1', cpu: '2', image: a}\n";
    let more = "instances:\n  deployment: {image: b}\n";
    let merged = files(&[agents, typed, more], None).unwrap().config;
    assert_eq!((merged.cpu.as_str(), merged.image.as_str()), ("2", "b"));
    assert_eq!(
        files(&[more, typed], None).unwrap().config.image,
        "a",
        "the type may come later"
    );
    assert_eq!(
        files(&[more], Some("tencentags")).unwrap().config.image,
        "b"
    );
    assert_eq!(
        files(&[agents, more], None).unwrap_err(),
        "type is missing in 1.yaml: add `type: tencentags`"
    );
    assert_eq!(
        files(&[agents], None).unwrap().config.image,
        "python:3.11",
        "nothing is said of a deployment"
    );
}

#[test]
fn a_wrong_value_is_told_with_its_origin() {
    let credential = "secret_id: a\nsecret_key: b\n";
    let resolved = file(&format!("type: tencentags\ntimeout: 1:30\n{credential}")).unwrap();
    let wrong = resolved.validate().unwrap_err().to_string();
    assert_eq!(
        wrong,
        "timeout `1:30` should be a lifetime such as 5m, 300s or 1h (file c.yaml)"
    );
    let nobodys = Source::default().resolve().unwrap();
    let wrong = nobodys.validate().unwrap_err().to_string();
    assert!(
        wrong.starts_with("secret_id is empty") && !wrong.contains("default"),
        "{wrong}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let mut source = Source::default();
    let path = directory.path().join("c.yaml");
    let missing = source.file(&path).unwrap_err().to_string();
    assert!(missing.contains("c.yaml` cannot be read"), "{missing}");
    std::fs::write(&path, b"type: \xff").unwrap();
    let binary = source.file(&path).unwrap_err().to_string();
    assert!(
        binary.ends_with("is not UTF-8 (byte 6): save it as UTF-8"),
        "{binary}"
    );
}

#[test]
fn flags_may_be_json_and_are_checked() {
    let mut source = Source::default();
    source
        .json(r#"{"port": 5, "image": "x", "type": "tencentags"}"#)
        .unwrap();
    source.flag("image", "y").unwrap();
    source.flag("image", "null").unwrap();
    let config = source.resolve().unwrap().config;
    assert_eq!((config.port, config.image.as_str()), (5, "python:3.11"));
    let mut why = |text: &str| source.json(text).unwrap_err().to_string();
    assert!(why("{").contains("should be JSON"));
    assert!(why("[]").contains("mapping"));
    assert!(why(r#"{"type": "modal"}"#).contains("`modal`"));
    let unknown = source.flag("tool", "x").unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "tool is no key of a deployment (flag): did you mean tool_id?"
    );
}

proptest! {
    #[test]
    fn no_file_panics(text in ".{0,80}") {
        drop(file(&text));
        drop(file(&format!("type: tencentags\n{text}")));
    }

    #[test]
    fn no_flag_panics(name in "[a-z_]{0,12}", text in ".{0,20}") {
        let mut source = Source::default();
        drop((source.flag(&name, &text), source.json(&text)));
        drop(source.resolve());
    }
}
