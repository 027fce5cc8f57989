//! The run with this crate.

use futures_util::future::join_all;
use swerex_ags_deployment::{Account, TencentAgsDeployment};
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
