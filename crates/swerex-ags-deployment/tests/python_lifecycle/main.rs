//! The whole way: deployment, emulator, gateway, and the real Python SWE-ReX 1.4.0 server in the sandbox.
//!
//! `SWEREX_PYTHON_SERVER` names its program; `cargo xtask test` sets it. Without it these tests say that they are skipped.
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]
#![cfg(unix)]

#[path = "../../../swerex-ags-runtime/tests/support/exceptions.rs"]
mod exceptions;
mod keys;
#[path = "../support/log.rs"]
mod log;
mod trouble;

use std::{
    ffi::OsString,
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use ags_emulator::{Emulator, EmulatorBuilder, InstanceRunner};
use swerex_ags_deployment::{Account, Step, TencentAgsDeployment, TencentAgsDeploymentConfig};
use swerex_proto::{
    BashAction, Check, CloseBashSessionRequest, Command, CreateBashSessionRequest, ReadFileRequest,
    WriteFileRequest,
};

const LONG: Duration = Duration::from_secs(60);

/// An emulator whose sandboxes find the Python server, or `None` where there is no Python.
async fn emulator(change: impl FnOnce(EmulatorBuilder) -> EmulatorBuilder) -> Option<Emulator> {
    let Some(program) = std::env::var_os("SWEREX_PYTHON_SERVER").map(PathBuf::from) else {
        println!(
            "SKIPPED: SWEREX_PYTHON_SERVER is not set; `cargo xtask integration` runs this test"
        );
        return None;
    };
    let mut path = OsString::from(program.parent().unwrap());
    path.push(":/usr/local/bin:/usr/bin:/bin");
    Some(
        change(
            Emulator::builder()
                .runner(InstanceRunner::Process)
                .path(path),
        )
        .start()
        .await
        .unwrap(),
    )
}

fn config(emulator: &Emulator) -> TencentAgsDeploymentConfig {
    let mut config =
        TencentAgsDeploymentConfig::new(emulator.secret_id(), emulator.secret_key().expose());
    config.http_endpoint = emulator.endpoint();
    config.domain = emulator.domain();
    config.ca_file = emulator.ca_file().to_str().unwrap().to_owned();
    config.startup_timeout = LONG;
    config
}

/// Waits until every instance is over; a stop that was accepted takes a moment.
async fn none_lives(emulator: &Emulator) {
    let over = emulator
        .wait_for_instances(|instances| instances.iter().all(|instance| instance.is_over()));
    tokio::time::timeout(LONG, over)
        .await
        .expect("an instance lives on");
}

#[tokio::test]
async fn a_sandbox_is_created_used_and_stopped() {
    let Some(emulator) = emulator(|builder| builder).await else {
        return;
    };
    let steps = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&steps);
    let mut deployment = TencentAgsDeployment::new(config(&emulator))
        .unwrap()
        .with_hook(Arc::new(move |step: &Step| {
            told.lock().unwrap().push(
                format!("{step:?}")
                    .split([' ', '{'])
                    .next()
                    .unwrap()
                    .to_owned(),
            )
        }));
    deployment.start().await.unwrap();
    let runtime = deployment.runtime().unwrap().clone();
    let answer = runtime
        .execute(&Command::shell("echo $((6*7))"))
        .await
        .unwrap();
    assert_eq!(
        (answer.stdout.as_str(), answer.exit_code),
        ("42\n", Some(0))
    );

    let request = CreateBashSessionRequest {
        startup_timeout: 10.0,
        ..CreateBashSessionRequest::default()
    };
    runtime.create_session(&request.into()).await.unwrap();
    for (command, output) in [("export A=1; cd /", ""), ("echo $A $PWD", "1 /\n")] {
        let action = BashAction {
            check: Check::Silent,
            timeout: Some(20.0),
            ..BashAction::new(command)
        };
        assert_eq!(
            runtime.run_in_session(&action.into()).await.unwrap().output,
            output
        );
    }
    assert!(deployment.is_alive(LONG).await.unwrap().is_alive);
    assert_eq!(emulator.live_instances().len(), 1);
    deployment.stop().await.unwrap();
    deployment.stop().await.unwrap();
    none_lives(&emulator).await;
    assert!(deployment.runtime().is_err());
    let expected = [
        "FindingTool",
        "CreatingTool",
        "StartingInstance",
        "AcquiringToken",
        "WaitingForServer",
        "Ready",
        "Stopping",
        "Stopped",
    ];
    let mut steps = steps.lock().unwrap().clone();
    steps.retain(|step| {
        !step.starts_with("WaitingForTool") && !step.starts_with("WaitingForInstance")
    });
    assert_eq!(steps, expected);
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_token_that_expires_is_renewed() {
    // Shorter than the margin of a minute: every call finds its token about to expire.
    let Some(emulator) = emulator(|builder| builder.token_ttl(Duration::from_secs(61))).await
    else {
        return;
    };
    let mut deployment = TencentAgsDeployment::new(config(&emulator)).unwrap();
    deployment.start().await.unwrap();
    let runtime = deployment.runtime().unwrap().clone();
    let before = emulator.calls()["AcquireSandboxInstanceToken"];
    // The emulator's clock goes on: the token at hand has expired, and its owner does not know.
    emulator.advance(Duration::from_secs(3600 / 2));
    assert_eq!(
        runtime
            .execute(&Command::shell("echo well"))
            .await
            .unwrap()
            .stdout,
        "well\n"
    );
    assert!(emulator.calls()["AcquireSandboxInstanceToken"] > before);
    // Refused at once, without an expiry.
    emulator.revoke_tokens(deployment.instance_id().unwrap());
    assert_eq!(
        runtime
            .execute(&Command::shell("echo well"))
            .await
            .unwrap()
            .stdout,
        "well\n"
    );
    deployment.stop().await.unwrap();
    emulator.shutdown().await;
}

#[tokio::test]
async fn an_instance_that_expires_is_told_from_everything_else() {
    let Some(emulator) = emulator(|builder| builder).await else {
        return;
    };
    let mut deployment = TencentAgsDeployment::new(config(&emulator)).unwrap();
    deployment.start().await.unwrap();
    emulator.expire_instance(deployment.instance_id().unwrap());
    let error = deployment
        .runtime()
        .unwrap()
        .execute(&Command::shell("true"))
        .await
        .unwrap_err();
    assert!(error.is_environment_expired(), "{error:?}");
    deployment.stop().await.unwrap();
    emulator.shutdown().await;
}

#[tokio::test]
async fn deployments_of_one_account_share_a_tool() {
    let Some(emulator) = emulator(|builder| builder).await else {
        return;
    };
    let account = Account::of(&config(&emulator)).unwrap();
    let mut deployments = Vec::new();
    for image in ["python:3.11", "python:3.12", "debian:12"] {
        let mut config = config(&emulator);
        config.image = image.to_owned();
        deployments.push(TencentAgsDeployment::with_account(config, account.clone()).unwrap());
    }
    let starts = deployments.iter_mut().map(TencentAgsDeployment::start);
    for started in futures_util::future::join_all(starts).await {
        started.unwrap();
    }
    assert_eq!(
        (emulator.tools().len(), emulator.live_instances().len()),
        (1, 3)
    );
    drop(deployments);
    assert!(account.settled(LONG).await);
    none_lives(&emulator).await;
    emulator.shutdown().await;
}

/// What the runtime's own tests prove of a server directly holds behind the gateway too.
#[tokio::test]
async fn every_call_goes_through_the_gateway() {
    let Some(emulator) = emulator(|builder| builder).await else {
        return;
    };
    let mut deployment = TencentAgsDeployment::new(config(&emulator)).unwrap();
    deployment.start().await.unwrap();
    let runtime = deployment.runtime().unwrap().clone();
    let home = emulator.live_instances()[0].directory.clone();
    let path = |name: &str| home.join(name).to_str().unwrap().to_owned();

    let written = WriteFileRequest {
        path: path("a/ü.txt"),
        content: "zwei\nZeilen\n".to_owned(),
    };
    runtime.write_file(&written).await.unwrap();
    let read = |name: &str| ReadFileRequest {
        path: path(name),
        ..ReadFileRequest::default()
    };
    assert_eq!(
        runtime.read_file(&read("a/ü.txt")).await.unwrap().content,
        "zwei\nZeilen\n"
    );

    let here = tempfile::tempdir().unwrap();
    let large: Vec<u8> = (0..20_u32 << 20)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    std::fs::write(here.path().join("large"), &large).unwrap();
    runtime
        .upload(&here.path().join("large"), &path("large"))
        .await
        .unwrap();
    assert!(
        std::fs::read(home.join("large")).unwrap() == large,
        "20 MB came out different"
    );
    let tree = here.path().join("tree");
    let mode = |number: usize| [0o644, 0o755, 0o600, 0o444][number % 4];
    for number in 0..500 {
        let file = tree.join(format!("d {}/f'{number}", number % 7));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, number.to_string()).unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(mode(number))).unwrap();
    }
    runtime.upload(&tree, &path("tree")).await.unwrap();
    for number in 0..500 {
        let file = home.join(format!("tree/d {}/f'{number}", number % 7));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), number.to_string());
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            mode(number)
        );
    }

    let answer = runtime
        .execute(&Command::shell(r"printf 'a\377b'"))
        .await
        .unwrap();
    assert_eq!(answer.stdout, "a\\xffb");
    let bytes = runtime.read_bytes(&path("large"), 64 << 20).await.unwrap();
    assert!(bytes == large, "20 MB read back different");

    let request = CreateBashSessionRequest {
        startup_timeout: 10.0,
        ..CreateBashSessionRequest::default()
    };
    runtime.create_session(&request.into()).await.unwrap();
    runtime
        .close_session(&CloseBashSessionRequest::default().into())
        .await
        .unwrap();
    runtime.close().await.unwrap();
    deployment.stop().await.unwrap();
    emulator.shutdown().await;
}

/// Each class that the server can raise reaches the caller through the gateway as it does directly.
#[tokio::test]
async fn every_exception_goes_through_the_gateway() {
    let Some(emulator) = emulator(|builder| builder).await else {
        return;
    };
    for rare in [false, true] {
        let mut deployment = TencentAgsDeployment::new(config(&emulator)).unwrap();
        deployment.start().await.unwrap();
        let runtime = deployment.runtime().unwrap();
        let home = emulator.live_instances()[0].directory.clone();
        if rare {
            exceptions::rare(runtime, &home).await;
        } else {
            exceptions::frequent(runtime, &home).await;
        }
        deployment.stop().await.unwrap();
        none_lives(&emulator).await;
    }
    emulator.shutdown().await;
}
