//! Thousands of commands over a line that loses one in thirty.

use std::{collections::HashMap, sync::Arc};

use swerex_proto::{BashAction, Command, CreateBashSessionRequest};

use crate::lab::Lab;

const COMMANDS: usize = 5_000;
const WORKERS: usize = 25;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_5000_commands_with_resets_and_502s_each_runs_once_and_none_fails() {
    let lab = Arc::new(Lab::new().await);
    let mut deployment = lab.started().await;
    let runtime = deployment.runtime().unwrap().clone();
    for worker in 0..WORKERS {
        let request = CreateBashSessionRequest {
            session: format!("s{worker}"),
            startup_timeout: 30.0,
            ..CreateBashSessionRequest::default()
        };
        runtime.create_session(&request.into()).await.unwrap();
    }
    // Together 1 % of resets and 2 % of 502s, half of each before the command ran, half after.
    for (number, fault) in [
        "reset,p=0.005",
        "reset,after,p=0.005",
        "status=502,p=0.01",
        "status=502,after,p=0.01",
    ]
    .iter()
    .enumerate()
    {
        lab.arm(&format!("/*:{fault},seed={number}"));
    }
    let log = lab.path("log");
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..WORKERS {
        let (runtime, log) = (runtime.clone(), log.clone());
        workers.spawn(async move {
            for number in (worker..COMMANDS).step_by(WORKERS) {
                // Half of them are short, and asked for in one piece; the others are followed.
                let timeout = Some(if number % 4 < 2 { 15.0 } else { 60.0 });
                let line = format!("echo {number} >> '{log}'; echo said {number}");
                let said = if number % 2 == 0 {
                    let command = Command {
                        timeout,
                        ..Command::shell(line)
                    };
                    runtime.execute(&command).await.map(|answer| answer.stdout)
                } else {
                    let action = BashAction {
                        session: format!("s{worker}"),
                        timeout,
                        ..BashAction::new(line)
                    };
                    runtime
                        .run_in_session(&action.into())
                        .await
                        .map(|observed| observed.output)
                };
                match said {
                    Ok(said) => assert_eq!(said, format!("said {number}\n")),
                    Err(error) => panic!("command {number}: {error:?}"),
                }
            }
        });
    }
    while let Some(ended) = workers.join_next().await {
        ended.unwrap();
    }
    let happened: u32 = lab.emulator.faults().iter().map(|(_, times)| times).sum();
    assert!(happened > 75, "only {happened} faults happened");
    lab.emulator.disarm();
    let text = std::fs::read_to_string(&log).unwrap();
    let mut runs: HashMap<usize, usize> = HashMap::new();
    for line in text.lines() {
        *runs.entry(line.parse().unwrap()).or_default() += 1;
    }
    let wrong: Vec<_> = (0..COMMANDS)
        .map(|number| (number, runs.get(&number).copied().unwrap_or_default()))
        .filter(|(_, runs)| *runs != 1)
        .collect();
    assert!(wrong.is_empty(), "not exactly once: {wrong:?}");
    deployment.stop().await.unwrap();
    lab.nothing_runs("a flood").await;
}
