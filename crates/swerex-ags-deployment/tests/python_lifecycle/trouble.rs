//! A gateway that loses answers or takes only small bodies, before the Python server.

use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

use swerex_ags_deployment::TencentAgsDeployment;
use swerex_proto::{BashAction, Check, Command, CreateBashSessionRequest};

use crate::{config, emulator, none_lives};

#[tokio::test]
async fn what_a_python_server_was_asked_is_done_once_whatever_the_gateway_loses() {
    let Some(emulator) = emulator(|builder| builder).await else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let mut deployment = TencentAgsDeployment::new(config(&emulator)).unwrap();
    deployment.start().await.unwrap();
    let runtime = deployment.runtime().unwrap().clone();
    let request = CreateBashSessionRequest {
        startup_timeout: 30.0,
        ..CreateBashSessionRequest::default()
    };
    runtime.create_session(&request.into()).await.unwrap();
    for path in ["/execute", "/run_in_session"] {
        for fault in [
            "reset",
            "reset,after",
            "truncate=10",
            "status=502",
            "status=502,after",
            "status=504,after",
            "status=429,retry-after=0",
            "stale-token",
        ] {
            let what = format!("{path}:{fault}");
            emulator.arm(what.parse().unwrap()).unwrap();
            let file = home.path().join(what.replace('/', "_"));
            let line = format!("echo once >> '{}'; echo done", file.display());
            let output = if path == "/execute" {
                let command = Command {
                    timeout: Some(10.0),
                    ..Command::shell(line)
                };
                runtime.execute(&command).await.map(|answer| answer.stdout)
            } else {
                // Failures as exceptions are not remembered by this server, so such a call is not repeated.
                let action = BashAction {
                    check: Check::Silent,
                    timeout: Some(10.0),
                    ..BashAction::new(line)
                };
                let observed = runtime.run_in_session(&action.into()).await;
                observed.map(|observed| observed.output)
            };
            let output = output.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            assert_eq!(output, "done\n", "{what}");
            let runs = std::fs::read_to_string(&file).unwrap();
            assert_eq!(runs, "once\n", "{what}");
            emulator.assert_faults_consumed();
            emulator.disarm();
        }
    }
    deployment.stop().await.unwrap();
    none_lives(&emulator).await;
    emulator.shutdown().await;
}

#[tokio::test]
async fn files_of_a_python_server_go_through_a_gateway_that_takes_small_bodies() {
    let Some(emulator) = emulator(|builder| {
        let mut behaviour = ags_emulator::Behaviour::default();
        behaviour.set("body-limit", "100000").unwrap();
        builder.behaviour(behaviour)
    })
    .await
    else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let mut deployment = TencentAgsDeployment::new(config(&emulator)).unwrap();
    deployment.start().await.unwrap();
    let runtime = deployment.runtime().unwrap().clone();
    let bytes: Vec<u8> = (0..400_000_u32)
        .map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3])
        .collect();
    let tree = home.path().join("tree");
    std::fs::create_dir(&tree).unwrap();
    std::fs::write(tree.join("large"), &bytes).unwrap();
    std::fs::set_permissions(tree.join("large"), Permissions::from_mode(0o750)).unwrap();
    for (source, target) in [("tree/large", "file"), ("tree", "copy")] {
        let target = home.path().join(target);
        let source = home.path().join(source);
        runtime
            .upload(&source, target.to_str().unwrap())
            .await
            .unwrap();
    }
    for path in ["file", "copy/large"] {
        let path = home.path().join(path);
        assert!(std::fs::read(&path).unwrap() == bytes, "{}", path.display());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o750, "{}", path.display());
        let read = runtime.read_bytes(path.to_str().unwrap(), 1 << 20).await;
        assert!(read.unwrap() == bytes, "{}", path.display());
    }
    deployment.stop().await.unwrap();
    none_lives(&emulator).await;
    emulator.shutdown().await;
}
