//! The key of a Python server, which can take one on its command line only: it does not stand there, and nobody works without it.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use ags_emulator::Emulator;
use swerex_ags_deployment::{TencentAgsDeployment, TencentAgsDeploymentConfig};
use swerex_ags_runtime::{AgsRuntime, AgsRuntimeConfig, Error};
use swerex_proto::Command;

use crate::{config, emulator, log::Log, none_lives};

/// The image that the scripts are mounted from.
const IMAGE: &str = "ccr.ccs.tencentyun.com/x/swerex-runtime:1";

/// How the official runtime image's entry point passes on what it is given: behind a key of its own, and unquoted.
const OFFICIAL: &str = "#!/bin/sh\nswerex-remote --auth-token '' $@\n";

/// How the original's script does.
const ORIGINAL: &str = "#!/bin/sh\nexec swerex-remote \"$@\"\n";

/// A program in a Python without the server, which starts the one that has it.
const LAUNCHER: &str = "#!/usr/bin/python3\nimport os, sys\nos.execvp('swerex-remote', ['swerex-remote', *sys.argv[1:]])\n";

/// One in whose way to the server its key is lost.
const OPEN: &str = "#!/bin/sh\nunset PYTHONPATH\nexec swerex-remote \"$@\"\n";

/// One that insists on a key of its own.
const OWN_KEY: &str = "#!/bin/sh\nexec swerex-remote \"$@\" --auth-token its-own\n";

/// A mounted image with this script in it.
fn image(home: &Path, name: &str, script: &str) {
    let file = home.join("nix/swerex").join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, script).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

fn mounting(emulator: &Emulator) -> TencentAgsDeploymentConfig {
    let mut config = config(emulator);
    config.mount_image = IMAGE.to_owned();
    config.role_arn = "qcs::cam::uin/1:roleName/x".to_owned();
    config
}

/// The sandbox's own server from inside of the sandbox, where there is no gateway.
fn from_inside(emulator: &Emulator, key: Option<&str>) -> AgsRuntime {
    let port = emulator.live_instances()[0].ports[&8000];
    let base = format!("http://127.0.0.1:{port}").parse().unwrap();
    let mut config = AgsRuntimeConfig::new(base);
    config.auth_token = key.map(Into::into);
    let http = ags_http::HttpClient::builder().build().unwrap();
    AgsRuntime::new(config, std::sync::Arc::new(http), None).unwrap()
}

async fn is_refused(runtime: &AgsRuntime) -> bool {
    let outcome = runtime.execute(&Command::shell("id")).await;
    matches!(outcome, Err(Error::Unauthorized { .. }))
}

fn key(emulator: &Emulator) -> String {
    let custom = emulator.live_instances()[0].configuration.clone().unwrap();
    let variable = custom.env.unwrap().pop().unwrap();
    variable.value.unwrap().expose().to_owned()
}

/// One life: nobody gets in without the key, whoever has the account does, and the key is nowhere to be read.
async fn life(emulator: &Emulator, config: TencentAgsDeploymentConfig, what: &str) {
    let mut deployment = TencentAgsDeployment::new(config.clone()).unwrap();
    deployment
        .start()
        .await
        .unwrap_or_else(|error| panic!("{what}: {error:?}"));
    let key = key(emulator);
    assert!(is_refused(&from_inside(emulator, None)).await, "{what}");
    assert!(
        is_refused(&from_inside(emulator, Some("wrong"))).await,
        "{what}"
    );
    let seen = "cat /proc/[0-9]*/cmdline /proc/self/environ | tr '\\0' '\\n'; env";
    let runtime = deployment.runtime().unwrap();
    let seen = runtime.execute(&Command::shell(seen)).await.unwrap().stdout;
    assert!(seen.contains("swerex-remote"), "{what}: {seen}");
    assert!(
        !seen.contains(&key) && !seen.contains("PYTHONPATH"),
        "{what}: {seen}"
    );
    // From another machine.
    let there = TencentAgsDeployment::new(config).unwrap();
    let runtime = there
        .attach(deployment.instance_id().unwrap())
        .await
        .unwrap();
    let answer = runtime.execute(&Command::shell("echo well")).await.unwrap();
    assert_eq!(answer.stdout, "well\n", "{what}");
    deployment.stop().await.unwrap();
    none_lives(emulator).await;
}

#[tokio::test]
async fn a_python_server_asks_for_its_key_and_shows_it_to_nobody() {
    for (name, script) in [
        ("", ""),
        ("entrypoint.sh", OFFICIAL),
        ("run-swerex", ORIGINAL),
        ("swerex-remote", LAUNCHER),
    ] {
        if script == LAUNCHER && !Path::new("/usr/bin/python3").exists() {
            continue;
        }
        let home = tempfile::tempdir().unwrap();
        image(
            home.path(),
            if name.is_empty() { "nothing" } else { name },
            script,
        );
        let Some(emulator) = emulator(|builder| builder.image(IMAGE, home.path())).await else {
            return;
        };
        let config = if name.is_empty() {
            config(&emulator)
        } else {
            mounting(&emulator)
        };
        life(&emulator, config, name).await;
        emulator.shutdown().await;
    }
}

#[tokio::test]
async fn a_server_with_a_key_of_its_own_is_reached_when_that_is_told() {
    let home = tempfile::tempdir().unwrap();
    image(home.path(), "entrypoint.sh", OWN_KEY);
    let Some(emulator) = emulator(|builder| builder.image(IMAGE, home.path())).await else {
        return;
    };
    let mut config = mounting(&emulator);
    let error = TencentAgsDeployment::new(config.clone())
        .unwrap()
        .start()
        .await
        .unwrap_err();
    let hint = error.hint().unwrap_or_default();
    assert!(hint.contains("auth_token"), "{error:?}");
    config.auth_token = Some("its-own".into());
    let mut deployment = TencentAgsDeployment::new(config).unwrap();
    deployment.start().await.unwrap();
    let runtime = deployment.runtime().unwrap();
    let answer = runtime.execute(&Command::shell("echo well")).await.unwrap();
    assert_eq!(answer.stdout, "well\n");
    assert!(is_refused(&from_inside(&emulator, None)).await);
    deployment.stop().await.unwrap();
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_server_that_takes_any_key_is_told_of_and_works() {
    let home = tempfile::tempdir().unwrap();
    for (script, is_open) in [(OPEN, true), (ORIGINAL, false)] {
        image(home.path(), "run-swerex", script);
        let Some(emulator) = emulator(|builder| builder.image(IMAGE, home.path())).await else {
            return;
        };
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(log.clone())
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        let mut deployment = TencentAgsDeployment::new(mounting(&emulator)).unwrap();
        deployment.start().await.unwrap();
        drop(guard);
        let text = log.text();
        assert_eq!(text.contains("takes any"), is_open, "{text}");
        let runtime = deployment.runtime().unwrap();
        let answer = runtime.execute(&Command::shell("echo well")).await.unwrap();
        assert_eq!(answer.stdout, "well\n");
        deployment.stop().await.unwrap();
        emulator.shutdown().await;
    }
}
