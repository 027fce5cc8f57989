//! Sandboxes that are started together.

use std::{collections::BTreeSet, error::Error as _, sync::Arc, time::Duration};

use ags_emulator::{Behaviour, Throttle, behaviour::StartAnswers};
use swerex_ags_deployment::{Stage, fleet::Fleet};
use tokio::task::JoinSet;

use crate::rig::{DELAY, LONG, Rig, starting_slowly, until, use_it};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_come_up_under_the_limits_and_a_quota_of_twenty() {
    let rig = Rig::start(|builder| builder.throttle(Throttle::Sliding).instance_quota(20)).await;
    let configs = (0..60).map(|number| {
        let mut config = rig.config.clone();
        config.image = format!("image:{number}");
        config
    });
    let fleet = Fleet::start(&rig.account, configs, 60);
    assert_eq!(fleet.count(), 60);
    let mut users = JoinSet::new();
    while let Some(outcome) = fleet.next().await {
        let member = outcome.unwrap();
        assert_eq!(member.config().image, format!("image:{}", member.index()));
        users.spawn(async move {
            use_it(member.runtime()).await;
            let index = member.index();
            member.stop().await.unwrap();
            index
        });
    }
    let used: BTreeSet<usize> = users.join_all().await.into_iter().collect();
    assert_eq!(used, (0..60).collect());
    assert!(fleet.stop_all().await.is_empty());
    let counters = rig.account.counters();
    assert_eq!(
        (counters.starts, counters.ready, counters.stopped),
        (60, 60, 60)
    );
    assert_eq!(rig.emulator.throttled_calls(), 0);
    let refused = rig.emulator.calls()["StartSandboxInstance"] - 60;
    assert!(refused > 0, "the quota was never used up");
    rig.end().await;
}

/// The run of five hundred that `cargo xtask bench fleet` measures, smaller, and for what does not depend on the machine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_a_seconds_worth_are_started_used_and_stopped_under_the_documented_limits_with_few_calls()
 {
    const COUNT: usize = 120;
    for start_answers in StartAnswers::VALUES {
        let mut behaviour = Behaviour::default();
        behaviour.set("start-answers", start_answers).unwrap();
        let rig = Rig::start(|builder| {
            builder
                .behaviour(behaviour)
                .throttle(Throttle::Sliding)
                .instance_quota(600)
                .start_delay(Duration::from_millis(100))
                .stop_delay(DELAY)
        })
        .await;
        let fleet = Fleet::start_alike(&rig.account, &rig.config, COUNT, COUNT);
        let mut users = JoinSet::new();
        while let Some(outcome) = fleet.next().await {
            let member = outcome.unwrap();
            users.spawn(async move {
                use_it(member.runtime()).await;
                member.stop().await.unwrap();
            });
        }
        assert_eq!(users.join_all().await.len(), COUNT);
        assert!(fleet.stop_all().await.is_empty());
        rig.assert_stopped();
        let calls: u64 = rig.emulator.calls().values().sum();
        assert!(
            calls <= 5 * u64::try_from(COUNT).unwrap(),
            "{start_answers}: {calls} calls for {COUNT}: {:?}",
            rig.emulator.calls()
        );
        rig.emulator.advance(DELAY);
        rig.end().await;
    }
}

#[tokio::test]
async fn no_more_than_the_bound_start_at_a_time() {
    let span = Duration::from_millis(50);
    let rig = Rig::start(|builder| starting_slowly(builder).start_delay(span)).await;
    let fleet = Fleet::start_alike(&rig.account, &rig.config, 8, 3);
    let mut most = 0;
    let all_run = rig.emulator.wait_for_instances(|instances| {
        let starting = instances.iter().filter(|it| it.status == "STARTING");
        most = most.max(starting.count());
        instances.iter().filter(|it| it.status == "RUNNING").count() == 8
    });
    tokio::time::timeout(LONG, all_run).await.unwrap();
    assert_eq!(most, 3);
    assert!(fleet.stop_all().await.is_empty());
    rig.end().await;
}

#[tokio::test]
async fn a_start_that_fails_is_told_with_its_index_and_the_others_come_up() {
    let rig = Rig::start(|builder| builder).await;
    rig.arm("StartSandboxInstance:error=InvalidParameterValue.Image,skip=2");
    let mut configs = vec![rig.config.clone(); 5];
    configs[3].image = String::new();
    // One at a time: the third start is that of the third configuration.
    let fleet = Fleet::start(&rig.account, configs, 1);
    let (mut up, mut failed) = (Vec::new(), Vec::new());
    while let Some(outcome) = fleet.next().await {
        match outcome {
            Ok(member) => up.push(member),
            Err(failure) => failed.push(failure),
        }
    }
    assert_eq!(
        up.iter().map(|member| member.index()).collect::<Vec<_>>(),
        [0, 1, 4]
    );
    let failed: Vec<_> = failed
        .iter()
        .map(|failure| (failure.index(), failure.error().stage()))
        .collect();
    assert_eq!(failed, [(2, Stage::Instance), (3, Stage::Configure)]);
    for member in &up {
        use_it(member.runtime()).await;
    }
    rig.emulator.assert_faults_consumed();
    assert!(fleet.stop_all().await.is_empty());
    rig.end().await;
}

#[tokio::test]
async fn one_that_died_is_replaced() {
    let rig = Rig::start(|builder| builder).await;
    let fleet = Fleet::start_alike(&rig.account, &rig.config, 2, 2);
    let first = fleet.next().await.unwrap().unwrap();
    let second = fleet.next().await.unwrap().unwrap();
    assert!(first.is_alive(LONG).await.is_alive);
    let (index, died) = (first.index(), first.instance_id().to_owned());
    rig.emulator.kill_instance(&died);
    rig.until_alive(1).await;
    assert!(!first.is_alive(LONG).await.is_alive);
    let first = fleet.replace(first).await.unwrap();
    assert_eq!(first.index(), index);
    assert_ne!(first.instance_id(), died);
    use_it(first.runtime()).await;
    use_it(second.runtime()).await;
    // The place of one that still runs is another's, too.
    let old = second.instance_id().to_owned();
    let second = fleet.replace(second).await.unwrap();
    assert_ne!(second.instance_id(), old);
    rig.until_alive(2).await;
    rig.arm("StartSandboxInstance:error=InvalidParameterValue.Image");
    let failure = fleet.replace(second).await.unwrap_err();
    assert_eq!(failure.index(), 1 - index);
    assert!(failure.source().is_some());
    assert!(fleet.next().await.is_none());
    assert!(fleet.stop_all().await.is_empty());
    rig.end().await;
}

#[tokio::test]
async fn stopping_all_of_them_ends_the_starts_under_way() {
    let rig = Rig::start(starting_slowly).await;
    let fleet = Fleet::start_alike(&rig.account, &rig.config, 12, 8);
    rig.until_alive(8).await;
    assert!(fleet.stop_all().await.is_empty());
    assert!(fleet.next().await.is_none());
    assert_eq!(
        rig.emulator.instances().len(),
        8,
        "no other one was started"
    );
    rig.end().await;
}

#[tokio::test]
async fn stopping_all_of_them_waits_for_starts_that_are_not_answered_yet() {
    let rig = Rig::start(|builder| builder).await;
    rig.arm("StartSandboxInstance:delay=10m,after,skip=1,times=3");
    let fleet = Arc::new(Fleet::start_alike(&rig.account, &rig.config, 4, 4));
    let ready = fleet.next().await.unwrap().unwrap();
    rig.until_alive(4).await;
    let (failures, replaced, ()) =
        futures_util::join!(fleet.stop_all(), fleet.replace(ready), async {
            rig.emulator.advance(DELAY)
        });
    assert!(failures.is_empty());
    let error = replaced.unwrap_err().into_error();
    assert_eq!(
        error.to_string(),
        "the start failed at stage instance: it was stopped before it was ready"
    );
    rig.end().await;
}

#[tokio::test]
async fn what_could_not_be_stopped_is_told_and_tried_again() {
    let rig = Rig::start(|builder| builder).await;
    rig.arm("StartSandboxInstance:delay=10m,after,skip=2");
    let fleet = Fleet::start_alike(&rig.account, &rig.config, 3, 3);
    let first = fleet.next().await.unwrap().unwrap();
    let second = fleet.next().await.unwrap().unwrap();
    rig.until_alive(3).await;
    rig.arm("StopSandboxInstance:error=UnauthorizedOperation,always");
    let id = first.instance_id().to_owned();
    let refused = first.stop().await.unwrap_err();
    assert!(refused.to_string().contains(&id), "{refused}");
    // The one that is ours, the one that was ours, and the one that was on its way.
    let (failures, ()) =
        futures_util::join!(fleet.stop_all(), async { rig.emulator.advance(DELAY) });
    let told: BTreeSet<&str> = failures.iter().map(|failure| failure.id()).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    rig.until_alive(3).await;
    rig.emulator.disarm();
    assert!(fleet.stop_all().await.is_empty());
    second.stop().await.unwrap();
    rig.end().await;
}

#[tokio::test]
async fn dropping_a_fleet_leaves_nothing_running() {
    let rig = Rig::start(|builder| builder).await;
    rig.arm("StartSandboxInstance:delay=10m,after,skip=2,times=2");
    let fleet = Fleet::start_alike(&rig.account, &rig.config, 6, 4);
    let held = fleet.next().await.unwrap().unwrap();
    let runtime = held.runtime().clone();
    use_it(&runtime).await;
    // One is held, one waits to be taken, and so on; two are on their way.
    rig.until_alive(6).await;
    drop(fleet);
    rig.emulator.advance(DELAY);
    assert!(rig.account.settled(LONG).await);
    rig.assert_stopped();
    rig.until_alive(0).await;
    assert!(!held.is_alive(LONG).await.is_alive);
    held.stop().await.unwrap();
    rig.end().await;
}

#[tokio::test]
async fn dropping_a_fleet_ends_the_starts_under_way() {
    let rig = Rig::start(starting_slowly).await;
    let fleet = Fleet::start_alike(&rig.account, &rig.config, 3, 1);
    // It waits for the instance now: there is nothing in the background.
    until(|| {
        rig.emulator
            .calls()
            .contains_key("DescribeSandboxInstances")
    })
    .await;
    drop(fleet);
    assert!(rig.account.settled(LONG).await);
    rig.assert_stopped();
    assert_eq!(rig.account.counters().starts, 1);
    assert_eq!(rig.emulator.instances().len(), 1);
    rig.end().await;
}

#[tokio::test]
async fn dropping_a_member_stops_it() {
    let rig = Rig::start(|builder| builder).await;
    let fleet = Fleet::start_alike(&rig.account, &rig.config, 2, 2);
    drop(fleet.next().await.unwrap().unwrap());
    let own = fleet.next().await.unwrap().unwrap();
    rig.until_alive(1).await;
    let mut own = own.into_deployment().await.unwrap();
    assert!(fleet.stop_all().await.is_empty());
    use_it(own.runtime().unwrap()).await;
    own.stop().await.unwrap();
    rig.end().await;
}

#[tokio::test]
async fn secrets_are_not_shown() {
    let rig = Rig::start(|builder| builder).await;
    rig.arm("StartSandboxInstance:error=InvalidParameterValue.Image,skip=1");
    let fleet = Fleet::start_alike(&rig.account, &rig.config, 2, 1);
    let member = fleet.next().await.unwrap();
    let failure = fleet.next().await.unwrap();
    let shown = format!("{fleet:?} {member:?} {failure:?}");
    assert!(!shown.contains(rig.emulator.secret_key().expose()));
    drop((fleet, member));
    rig.end().await;
}
