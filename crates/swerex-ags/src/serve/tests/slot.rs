//! One virtual server under all that can happen to it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    super::{
        address::Address,
        sandbox::StartProblem,
        slot::{InUse, Purpose, Refused, Slot},
        stops::Stops,
    },
    double::Cloud,
};

const LONG: Duration = Duration::from_secs(285);

fn slot(cloud: &Arc<Cloud>) -> (Arc<Slot>, Stops) {
    let stops = Stops::default();
    let address = Address {
        image: "python:3.11".to_owned(),
        instance: "a".to_owned(),
    };
    (
        Slot::new(address, Arc::<Cloud>::clone(cloud), stops.clone()),
        stops,
    )
}

fn ask(
    slot: &Arc<Slot>,
    session: Option<&'static str>,
) -> tokio::task::JoinHandle<Result<InUse, Refused>> {
    let slot = Arc::clone(slot);
    tokio::spawn(async move {
        let purpose = session.map_or(Purpose::Use, Purpose::Create);
        slot.sandbox(purpose, Instant::now() + LONG).await
    })
}

#[tokio::test(start_paused = true)]
async fn one_start_serves_all_who_wait() {
    let cloud = Arc::new(Cloud::default());
    let (slot, _stops) = slot(&cloud);
    let (first, second) = (ask(&slot, Some("default")), ask(&slot, None));
    cloud.begun(1).await;
    assert_eq!(slot.alive(), (false, "the sandbox is starting".to_owned()));
    cloud.finish(Ok(()));
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(cloud.started.load(Ordering::SeqCst), 1);
    assert!(slot.alive().0);
}

#[tokio::test(start_paused = true)]
async fn a_failed_start_says_why_to_all_and_the_next_call_tries_again() {
    let cloud = Arc::new(Cloud::default());
    let (slot, _stops) = slot(&cloud);
    let deadline = Instant::now() + LONG;
    // Polled in this order: both calls wait before the start fails.
    let (first, second, ()) = tokio::join!(
        slot.sandbox(Purpose::Create("default"), deadline),
        slot.sandbox(Purpose::Use, deadline),
        async { cloud.finish(Err("no such image (request id r-1)")) },
    );
    let problem = Refused::NotStarted(StartProblem("no such image (request id r-1)".to_owned()));
    assert_eq!(first.unwrap_err(), problem);
    assert_eq!(second.unwrap_err(), problem);
    let third = ask(&slot, None);
    cloud.begun(2).await;
    cloud.finish(Ok(()));
    third.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_gives_the_start_up() {
    let cloud = Arc::new(Cloud::default());
    let (slot, stops) = slot(&cloud);
    let asked = ask(&slot, Some("default"));
    cloud.begun(1).await;
    asked.abort();
    assert!(asked.await.unwrap_err().is_cancelled());
    assert!(stops.finished(LONG).await);
    assert_eq!(cloud.given_up.load(Ordering::SeqCst), 1);
    assert!(slot.alive().0, "idle again");
}

#[tokio::test(start_paused = true)]
async fn close_gives_the_start_up_and_tells_who_waits() {
    let cloud = Arc::new(Cloud::default());
    let (slot, stops) = slot(&cloud);
    let asked = ask(&slot, Some("default"));
    cloud.begun(1).await;
    slot.close();
    assert_eq!(asked.await.unwrap().unwrap_err(), Refused::Closed);
    assert!(stops.finished(LONG).await);
    assert_eq!(cloud.given_up.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_sandbox_whose_client_hung_up_as_it_came_up_is_freed() {
    let cloud = Arc::new(Cloud::default());
    let (slot, stops) = slot(&cloud);
    let mut asked = Box::pin(slot.sandbox(Purpose::Create("default"), Instant::now() + LONG));
    let begun = async {
        cloud.begun(1).await;
        cloud.finish(Ok(()));
        while !slot.alive().0 {
            tokio::task::yield_now().await;
        }
    };
    // Polled once: the call waits, and is not asked again before it is dropped.
    assert!(futures_util::poll!(asked.as_mut()).is_pending());
    begun.await;
    drop(asked);
    assert!(stops.finished(LONG).await);
    assert_eq!(*cloud.stopped.lock().unwrap(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_call_of_before_a_close_keeps_no_later_start_alive() {
    let cloud = Arc::new(Cloud::default());
    let (slot, stops) = slot(&cloud);
    let deadline = Instant::now() + LONG;
    let mut before = Box::pin(slot.sandbox(Purpose::Create("default"), deadline));
    assert!(futures_util::poll!(before.as_mut()).is_pending());
    slot.close();
    let mut after = Box::pin(slot.sandbox(Purpose::Create("default"), deadline));
    assert!(futures_util::poll!(after.as_mut()).is_pending());
    drop((after, before));
    assert!(stops.finished(LONG).await);
    assert_eq!(cloud.given_up.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_begins_once_the_bridge_stops() {
    let cloud = Cloud::at_once();
    let (slot, stops) = slot(&cloud);
    stops.close();
    assert_eq!(
        ask(&slot, Some("default")).await.unwrap().unwrap_err(),
        Refused::Stopping
    );
    assert_eq!(cloud.started.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_takes_too_long_is_given_up() {
    let cloud = Arc::new(Cloud::default());
    let (slot, stops) = slot(&cloud);
    let before = Instant::now();
    let refused = slot
        .sandbox(Purpose::Create("default"), before + LONG)
        .await
        .unwrap_err();
    assert_eq!(before.elapsed(), LONG);
    let Refused::NotStarted(StartProblem(why)) = refused else {
        panic!("{refused:?}")
    };
    assert!(why.contains("image prewarm python:3.11"), "{why}");
    assert!(why.contains("it got as far as: pulling the image"), "{why}");
    assert!(stops.finished(LONG).await);
    assert_eq!(cloud.given_up.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dead_agents_sandbox_is_replaced_but_not_under_a_live_one() {
    let cloud = Cloud::at_once();
    let (slot, stops) = slot(&cloud);
    let first = ask(&slot, Some("default")).await.unwrap().unwrap();
    assert_eq!(
        ask(&slot, Some("default")).await.unwrap().unwrap_err(),
        Refused::Held,
        "the first call is still under way"
    );
    drop(first);
    drop(ask(&slot, Some("default")).await.unwrap().unwrap());
    assert_eq!(cloud.started.load(Ordering::SeqCst), 2);
    drop(ask(&slot, Some("other")).await.unwrap().unwrap());
    assert_eq!(
        cloud.started.load(Ordering::SeqCst),
        2,
        "another session is no other agent"
    );
    slot.close();
    assert!(stops.finished(LONG).await);
    assert_eq!(*cloud.stopped.lock().unwrap(), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_closed_can_be_created_again() {
    let cloud = Cloud::at_once();
    let (slot, _stops) = slot(&cloud);
    drop(ask(&slot, Some("default")).await.unwrap().unwrap());
    slot.session_closed("default");
    drop(ask(&slot, Some("default")).await.unwrap().unwrap());
    assert_eq!(cloud.started.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn only_a_quiet_sandbox_is_freed() {
    let cloud = Cloud::at_once();
    let (slot, stops) = slot(&cloud);
    let idle = Duration::from_secs(60);
    let in_use = ask(&slot, None).await.unwrap().unwrap();
    tokio::time::advance(idle * 2).await;
    slot.sweep(idle);
    assert!(!slot.is_vacant(), "a call is under way");
    drop(in_use);
    tokio::time::advance(idle / 2).await;
    slot.sweep(idle);
    assert!(!slot.is_vacant(), "a call has just ended");
    tokio::time::advance(idle / 2).await;
    slot.sweep(idle);
    assert!(slot.is_vacant());
    assert!(stops.finished(LONG).await);
    assert_eq!(*cloud.stopped.lock().unwrap(), [1]);
}
