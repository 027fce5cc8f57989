//! Sandboxes ahead of time.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    super::{
        address::Address,
        pool::Pool,
        sandbox::{Stage, Starter as _},
    },
    double::Cloud,
};

const HOUR: Duration = Duration::from_secs(3600);
const IMAGE: &str = "python:3.11";

fn pool(cloud: &Arc<Cloud>) -> Pool {
    Pool::new(Arc::<Cloud>::clone(cloud), HOUR)
}

fn agent() -> Address {
    Address {
        image: IMAGE.to_owned(),
        instance: "a".to_owned(),
    }
}

async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        tokio::task::yield_now().await;
    }
}

fn stopped(cloud: &Cloud) -> Vec<usize> {
    let mut stopped = cloud.stopped.lock().unwrap().clone();
    stopped.sort_unstable();
    stopped
}

#[tokio::test]
async fn what_is_taken_is_replaced_and_the_rest_is_stopped_at_the_end() {
    let cloud = Cloud::at_once();
    let pool = pool(&cloud);
    pool.keep(IMAGE, 2);
    until(|| pool.ready(IMAGE) == 2).await;
    let taken = pool.start(&agent(), Stage::default()).await.unwrap();
    assert!(format!("{taken:?}").contains("number: 1,"), "{taken:?}");
    until(|| pool.ready(IMAGE) == 2).await;
    let other = Address {
        image: "another".to_owned(),
        ..agent()
    };
    pool.start(&other, Stage::default()).await.unwrap();
    assert_eq!(
        (pool.ready(IMAGE), cloud.started.load(Ordering::SeqCst)),
        (2, 4)
    );
    pool.close();
    assert!(pool.finished(HOUR).await);
    assert_eq!(stopped(&cloud), [2, 3]);
    pool.start(&agent(), Stage::default()).await.unwrap();
    assert_eq!(pool.ready(IMAGE), 0, "it is closed");
}

#[tokio::test]
async fn one_that_died_is_not_handed_out() {
    let cloud = Cloud::at_once();
    let pool = pool(&cloud);
    pool.keep(IMAGE, 2);
    until(|| pool.ready(IMAGE) == 2).await;
    cloud.dead.lock().unwrap().push(1);
    let taken = pool.start(&agent(), Stage::default()).await.unwrap();
    assert!(format!("{taken:?}").contains("number: 2,"), "{taken:?}");
    until(|| stopped(&cloud) == [1]).await;
}

#[tokio::test(start_paused = true)]
async fn one_that_gets_old_is_replaced() {
    let cloud = Cloud::at_once();
    let pool = pool(&cloud);
    pool.keep(IMAGE, 1);
    until(|| pool.ready(IMAGE) == 1).await;
    tokio::time::advance(HOUR + Duration::from_secs(1)).await;
    until(|| stopped(&cloud) == [1] && pool.ready(IMAGE) == 1).await;
    assert_eq!(cloud.started.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_fails_is_tried_again_and_given_up_at_the_end() {
    let cloud = Arc::new(Cloud::default());
    let pool = pool(&cloud);
    pool.keep(IMAGE, 1);
    cloud.begun(1).await;
    cloud.finish(Err("no quota"));
    cloud.begun(2).await;
    pool.close();
    assert!(pool.finished(HOUR).await);
    assert_eq!(cloud.given_up.load(Ordering::SeqCst), 1);
}
