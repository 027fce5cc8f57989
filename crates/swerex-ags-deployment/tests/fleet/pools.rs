//! Sandboxes that are kept warm.

use std::{error::Error as _, time::Duration};

use ags_http::backoff::Backoff;
use swerex_ags_deployment::{
    Stage,
    fleet::{Pool, PoolSettings},
};

use crate::rig::{DELAY, LONG, Rig, starting_slowly, until, use_it};

fn pool(rig: &Rig, settings: PoolSettings) -> Pool {
    Pool::new(&rig.account, rig.config.clone(), settings).unwrap()
}

#[tokio::test]
async fn what_is_taken_is_replaced_and_closing_leaves_only_what_was_taken() {
    let rig = Rig::start(|builder| builder).await;
    let pool = pool(&rig, PoolSettings::new(2));
    let mut taken = pool.take().await.unwrap();
    use_it(taken.runtime().unwrap()).await;
    rig.until_alive(3).await;
    let mut another = pool.take().await.unwrap();
    rig.until_alive(4).await;
    assert!(pool.close().await.is_empty());
    rig.until_alive(2).await;
    assert_eq!(pool.idle(), 0);
    let error = pool.take().await.unwrap_err();
    assert!(error.is_closed());
    assert_eq!(error.to_string(), "the pool is closed");
    for deployment in [&mut taken, &mut another] {
        use_it(deployment.runtime().unwrap()).await;
        deployment.stop().await.unwrap();
    }
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_takers_than_sandboxes_are_all_served() {
    let rig = Rig::start(|builder| builder).await;
    let pool = pool(&rig, PoolSettings::new(3));
    let takers = (0..12).map(async |_| {
        let mut deployment = pool.take().await.unwrap();
        use_it(deployment.runtime().unwrap()).await;
        deployment.stop().await.unwrap();
    });
    futures_util::future::join_all(takers).await;
    assert!(pool.close().await.is_empty());
    rig.end().await;
}

#[tokio::test]
async fn idle_ones_that_died_are_replaced() {
    let rig = Rig::start(|builder| builder).await;
    let pool = pool(&rig, PoolSettings::new(2));
    until(|| pool.idle() == 2).await;
    let died: Vec<String> = rig
        .emulator
        .live_instances()
        .into_iter()
        .map(|instance| instance.id)
        .collect();
    for id in &died {
        rig.emulator.kill_instance(id);
    }
    rig.until_alive(0).await;
    let mut taken = pool.take().await.unwrap();
    assert!(!died.iter().any(|id| id == taken.instance_id().unwrap()));
    use_it(taken.runtime().unwrap()).await;
    rig.until_alive(3).await;
    taken.stop().await.unwrap();
    assert!(pool.close().await.is_empty());
    rig.end().await;
}

#[tokio::test]
async fn idle_ones_whose_lifetime_is_half_over_are_replaced() {
    let rig = Rig::start(|builder| builder).await;
    let pool = pool(&rig, PoolSettings::new(1));
    until(|| pool.idle() == 1).await;
    let old = rig.emulator.live_instances()[0].id.clone();
    tokio::time::pause();
    tokio::time::advance(rig.config.lifetime() / 2 + Duration::from_secs(1)).await;
    tokio::time::resume();
    let mut taken = pool.take().await.unwrap();
    assert_ne!(taken.instance_id().unwrap(), old);
    taken.stop().await.unwrap();
    assert!(pool.close().await.is_empty());
    rig.end().await;
}

#[tokio::test]
async fn a_take_that_is_given_up_leaves_the_sandbox_in_the_pool() {
    let rig = Rig::start(|builder| builder).await;
    let pool = pool(&rig, PoolSettings::new(1));
    until(|| pool.idle() == 1).await;
    rig.arm("/is_alive:hang");
    let error = pool
        .take_within(Duration::from_millis(100))
        .await
        .unwrap_err();
    assert!(error.last().is_none() && !error.is_closed(), "{error}");
    assert_eq!(pool.idle(), 1);
    let only = rig.emulator.live_instances()[0].id.clone();
    let mut taken = pool.take().await.unwrap();
    assert_eq!(taken.instance_id().unwrap(), only);
    taken.stop().await.unwrap();
    assert!(pool.close().await.is_empty());
    rig.end().await;
}

#[tokio::test]
async fn starts_that_fail_are_told_by_the_deadline_and_tried_again() {
    let rig = Rig::start(|builder| builder).await;
    rig.arm("StartSandboxInstance:error=InvalidParameterValue.Image,always");
    let backoff = Backoff {
        base: Duration::from_millis(20),
        longest: Duration::from_millis(100),
    };
    let pool = pool(
        &rig,
        PoolSettings {
            backoff,
            ..PoolSettings::new(2)
        },
    );
    // The third failure is of a place that has told of one before.
    until(|| rig.account.counters().failed.get("instance") >= Some(&3)).await;
    let error = pool
        .take_within(Duration::from_millis(100))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "no sandbox was ready after 0.1 s: starts fail"
    );
    let last = error.last().unwrap();
    assert_eq!(last.stage(), Stage::Instance);
    assert!(last.request_id().is_some() && error.source().is_some());
    rig.emulator.disarm();
    let mut taken = pool.take().await.unwrap();
    use_it(taken.runtime().unwrap()).await;
    taken.stop().await.unwrap();
    assert!(pool.close().await.is_empty());
    rig.end().await;
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused_at_once() {
    let rig = Rig::start(|builder| builder).await;
    let mut config = rig.config.clone();
    config.cpu = "two".to_owned();
    let error = Pool::new(&rig.account, config, PoolSettings::new(1)).unwrap_err();
    assert!(error.is_usage() && error.stage() == Stage::Configure);
    rig.end().await;
}

#[tokio::test]
async fn what_closing_could_not_stop_is_told_and_tried_again() {
    let rig = Rig::start(|builder| builder).await;
    let pool = pool(&rig, PoolSettings::new(2));
    until(|| pool.idle() == 2).await;
    rig.arm("StopSandboxInstance:error=UnauthorizedOperation,always");
    assert_eq!(pool.close().await.len(), 2);
    rig.until_alive(2).await;
    rig.emulator.disarm();
    assert!(pool.close().await.is_empty());
    rig.end().await;
}

#[tokio::test]
async fn closing_or_dropping_a_pool_ends_the_starts_under_way() {
    let rig = Rig::start(starting_slowly).await;
    let closed = pool(
        &rig,
        PoolSettings {
            concurrency: 2,
            ..PoolSettings::new(3)
        },
    );
    rig.until_alive(2).await;
    let (taken, failures) = futures_util::join!(closed.take(), closed.close());
    assert!(taken.unwrap_err().is_closed() && failures.is_empty());
    rig.until_alive(0).await;
    let dropped = pool(&rig, PoolSettings::new(3));
    rig.until_alive(3).await;
    drop(dropped);
    assert!(rig.account.settled(LONG).await);
    rig.assert_stopped();
    rig.until_alive(0).await;
    let dropped = pool(&rig, PoolSettings::new(2));
    rig.until_alive(2).await;
    rig.emulator.advance(DELAY);
    until(|| dropped.idle() == 2).await;
    drop(dropped);
    assert!(rig.account.settled(LONG).await);
    rig.assert_stopped();
    rig.end().await;
}
