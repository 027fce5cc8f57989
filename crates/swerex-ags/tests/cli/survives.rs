//! Agents complete their runs while the gateway has its bad days, and each of their commands runs once.

use tokio::sync::Semaphore;

use crate::{
    doors::{RUNS, ThroughBridge, ThroughDocker, all_complete},
    support::Lab,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_behind_the_bridge_complete_in_spite_of_faults() {
    let lab = Lab::new().await;
    let door = ThroughBridge::to(&lab).await;
    all_complete(&lab, &door, &Semaphore::new(RUNS), |_| true).await;
    door.0.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_in_containers_complete_in_spite_of_faults() {
    let lab = Lab::new().await;
    let door = ThroughDocker::to(&lab).await;
    all_complete(&lab, &door, &Semaphore::new(RUNS / 2), |_| true).await;
}
