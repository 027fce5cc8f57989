//! The runs with this crate.

use ags_api::{Client, Limits};
use ags_sign::Credential;
use futures_util::future::join_all;
use swerex_ags_deployment::{Account, Connections, TencentAgsDeployment};
use swerex_proto::Command;

use crate::{account, usage::Meter};

pub(super) async fn drive(count: usize, ready: &str) {
    let config = account::config(ready);
    let account = Account::of(&config).unwrap();
    let meter = Meter::start();
    let lives = (0..count).map(|number| {
        let mut config = config.clone();
        config.image = format!("image:{number}");
        let deployment = TencentAgsDeployment::with_account(config, account.clone()).unwrap();
        tokio::spawn(live(deployment))
    });
    let failures: Vec<String> = join_all(lives)
        .await
        .into_iter()
        .filter_map(|life| life.unwrap().err())
        .collect();
    let mut read = meter.read(&failures);
    read["counters"] = format!("{:?}", account.counters()).into();
    println!("{read}");
}

/// How long it takes until the last of so many is ready, where no limit is kept.
pub(super) async fn ready(count: usize, ready: &str) {
    let config = account::config(ready);
    let connections = Connections::of(&config).unwrap();
    let credential = Credential::new(&config.secret_id, config.secret_key.expose()).unwrap();
    let client = Client::builder(credential)
        .region(&config.region)
        .endpoint(&config.http_endpoint)
        .unwrap()
        .http(connections.control)
        .limits(Limits::unlimited())
        .build()
        .unwrap();
    let account = Account::with_client(client, connections.data);
    let meter = Meter::start();
    let starts = (0..count).map(|_| {
        let deployment = TencentAgsDeployment::with_account(config.clone(), account.clone());
        let mut deployment = deployment.unwrap();
        tokio::spawn(async move { deployment.start().await.map(|()| deployment) })
    });
    let started = join_all(starts).await;
    let mut failures = Vec::new();
    let mut running = Vec::new();
    for outcome in started {
        match outcome.unwrap() {
            Ok(deployment) => running.push(deployment),
            Err(error) => failures.push(in_full(error)),
        }
    }
    let read = meter.read(&failures);
    for outcome in join_all(running.iter_mut().map(TencentAgsDeployment::stop)).await {
        outcome.unwrap();
    }
    println!("{read}");
}

async fn live(mut deployment: TencentAgsDeployment) -> Result<(), String> {
    deployment.start().await.map_err(in_full)?;
    let answer = deployment
        .runtime()
        .map_err(in_full)?
        .execute(&Command::shell("echo well"))
        .await
        .map_err(in_full)?;
    assert_eq!(answer.stdout, "well\n");
    deployment.stop().await.map_err(in_full)
}

/// An error and its causes in one line.
pub(super) fn in_full(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
