//! What is abandoned is ended: on paused time, against a peer that refuses.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use ags_http::testing::{Recorded, Recorder};
use serde_json::{Value, json};

use super::*;
use crate::{instance::Guard, journal};

/// An account whose peer answers as told: `answer` gets the action's name.
fn account(answer: impl Fn(&str) -> Value + Send + Sync + 'static) -> (Account, Recorder) {
    let peer = Recorder::new(move |request: &Recorded| {
        let mut body = answer(request.header("x-tc-action"));
        body["RequestId"] = "r-1".into();
        let body = json!({ "Response": body }).to_string();
        let answer = http::Response::builder().header("Content-Type", "application/json");
        Ok(answer.body(ags_http::body::full(body)).unwrap())
    });
    let credential = ags_sign::Credential::new("id", "key").unwrap();
    let client = ags_api::Client::builder(credential)
        .region("ap-here")
        .http(Arc::new(peer.clone()))
        .build()
        .unwrap();
    (Account::with_client(client, Arc::new(peer.clone())), peer)
}

fn refused(code: &str) -> Value {
    json!({ "Error": { "Code": code, "Message": "no" } })
}

fn running(start: &str) -> Value {
    let metadata = [("created_by", crate::SOFTWARE), ("start", start)]
        .map(|(name, value)| json!({ "Name": name, "Value": value }));
    let instance = json!({ "InstanceId": "i-1", "Status": "RUNNING", "Metadata": metadata });
    json!({ "InstanceSet": [instance], "TotalCount": 1 })
}

fn calls(peer: &Recorder, action: &str) -> usize {
    let all = peer.requests();
    let of_action = all.iter().filter(|one| one.header("x-tc-action") == action);
    of_action.count()
}

/// Refuses an action until so much time has passed.
fn refusing(
    action: &'static str,
    code: &'static str,
    time: Duration,
) -> impl Fn(&str) -> Value + Send + Sync {
    let begun = Instant::now();
    move |asked| match asked {
        "DescribeSandboxInstances" | "DescribeSandboxInstanceList" if asked != action => {
            running("s-1")
        }
        _ if asked == action && begun.elapsed() < time => refused(code),
        "DescribeSandboxInstanceList" => running("s-1"),
        _ => json!({}),
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_abandoned_is_stopped_whatever_ags_says_for_minutes() {
    for code in [
        "LimitExceeded.SandboxTool",
        "AuthFailure.UnauthorizedOperation",
        "SomethingNew.Entirely",
        "InternalError",
    ] {
        let time = Duration::from_secs(240);
        let (account, peer) = account(refusing("StopSandboxInstance", code, time));
        account.abandon(Leftover::Instance("i-1".to_owned()));
        assert!(!account.settled(Duration::from_secs(200)).await, "{code}");
        assert_eq!(account.unsettled(), ["the instance i-1"]);
        assert!(account.settled(STOP_PATIENCE).await, "{code}");
        assert_eq!(account.unsettled(), [""; 0]);
        let counters = account.counters();
        assert_eq!((counters.stopped, counters.stops_failed), (1, 0), "{code}");
        if code != "InternalError" {
            let stops = calls(&peer, "StopSandboxInstance");
            assert!((15..60).contains(&stops), "{code}: {stops} attempts");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn patience_ends_and_the_journal_keeps_what_goes_on() {
    let time = Duration::MAX;
    let answer = refusing("StopSandboxInstance", "LimitExceeded.SandboxTool", time);
    let (account, _) = account(answer);
    let directory = tempfile::tempdir().unwrap();
    account.keep_journal(directory.path()).unwrap();
    let journal = account.journal().unwrap();
    journal.asked("s-1");
    journal.started("s-1", "i-1");
    let begun = Instant::now();
    account.abandon(Leftover::Instance("i-1".to_owned()));
    assert!(account.settled(STOP_PATIENCE * 2).await);
    let took = begun.elapsed();
    assert!(took > STOP_PATIENCE.mul_f64(0.9) && took <= STOP_PATIENCE);
    assert_eq!(account.counters().stops_failed, 1);
    let scope = account.journal_scope();
    drop(account);
    let orphans = journal::orphans(directory.path(), &scope).unwrap();
    let ids: Vec<&str> = orphans
        .iter()
        .flat_map(journal::Orphan::instance_ids)
        .collect();
    assert_eq!(ids, ["i-1"]);
}

#[tokio::test(start_paused = true)]
async fn one_who_waits_for_a_stop_is_told_of_its_refusal() {
    let answer = refusing(
        "StopSandboxInstance",
        "LimitExceeded.SandboxTool",
        Duration::MAX,
    );
    let (account, _) = account(answer);
    let failed = account.stop_instance("i-1").await.unwrap_err();
    assert_eq!((failed.id(), failed.request_id()), ("i-1", Some("r-1")));
    assert!(failed.to_string().contains("`swerex-ags instance gc`"));
}

#[tokio::test(start_paused = true)]
async fn an_unanswered_start_is_looked_for_however_often_looking_is_refused() {
    let time = Duration::from_secs(120);
    let answer = refusing("DescribeSandboxInstanceList", "UnauthorizedOperation", time);
    let (account, peer) = account(answer);
    let directory = tempfile::tempdir().unwrap();
    account.keep_journal(directory.path()).unwrap();
    account.journal().unwrap().asked("s-1");
    account
        .end_unanswered(Leftover::Start("s-1".to_owned()))
        .await;
    assert!(account.settled(STOP_PATIENCE).await);
    assert_eq!(calls(&peer, "StopSandboxInstance"), 1);
    let scope = account.journal_scope();
    drop(account);
    let orphans = journal::orphans(directory.path(), &scope).unwrap();
    assert!(orphans.is_empty(), "{orphans:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_listed_is_looked_for_a_while_by_all_together_and_kept_in_the_journal() {
    let (account, peer) = account(|_| json!({ "InstanceSet": [], "TotalCount": 0 }));
    let directory = tempfile::tempdir().unwrap();
    account.keep_journal(directory.path()).unwrap();
    let begun = Instant::now();
    let starts = (0..50).map(|number| {
        let start = format!("s-{number}");
        account.journal().unwrap().asked(&start);
        account.end_unanswered(Leftover::Start(start))
    });
    futures_util::future::join_all(starts).await;
    assert!(begun.elapsed() >= LOOKS.iter().sum());
    let lists = calls(&peer, "DescribeSandboxInstanceList");
    assert!(lists <= 2 * LOOKS.len(), "{lists} listings");
    let scope = account.journal_scope();
    drop(account);
    let orphans = journal::orphans(directory.path(), &scope).unwrap();
    assert_eq!(orphans[0].unanswered(), 50);
}

#[tokio::test(start_paused = true)]
async fn the_tool_of_an_unanswered_creation_is_deleted() {
    let deleted = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&deleted);
    let begun = Instant::now();
    let (account, _) = account(move |action| match action {
        // It appears late, and looking is refused besides.
        "DescribeSandboxToolList" if begun.elapsed() < Duration::from_secs(3) => {
            refused("FailedOperation.Whatever")
        }
        "DescribeSandboxToolList" if begun.elapsed() < Duration::from_secs(6) => {
            json!({ "SandboxToolSet": [] })
        }
        "DescribeSandboxToolList" => {
            json!({ "SandboxToolSet": [{ "ToolId": "t-1", "ToolName": "mine" }] })
        }
        "DeleteSandboxTool" if begun.elapsed() < Duration::from_secs(100) => {
            refused("ResourceInUse.SandboxTool")
        }
        _ => {
            count.fetch_add(1, Ordering::SeqCst);
            json!({})
        }
    });
    account
        .end_unanswered(Leftover::Creation("mine".to_owned()))
        .await;
    assert!(account.settled(STOP_PATIENCE).await);
    assert_eq!(deleted.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_scope_is_told_soon_and_what_goes_on_is_tried_again() {
    let time = Duration::from_secs(60);
    let answer = refusing("StopSandboxInstance", "LimitExceeded.SandboxTool", time);
    let (whole, _) = account(answer);
    let account = whole.scoped();
    account.abandon(Leftover::Instance("i-1".to_owned()));
    let begun = Instant::now();
    for _ in 0..2 {
        let failed = account.scope_settled().await;
        assert_eq!(failed[0].id(), "i-1");
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
    assert_eq!(whole.unsettled(), [""; 0]);
    account.scope_abandoned();
    assert!(whole.settled(STOP_PATIENCE).await);
    assert_eq!(whole.counters().stopped, 1);
    assert!(account.scope_settled().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_connections_to_an_instance_end_with_it_unless_it_is_kept() {
    let (account, peer) = account(|_| json!({}));
    let address: http::Uri = "https://8000-i-1.example.com/".parse().unwrap();
    let guard = || {
        let guard = Guard::new(account.clone(), "i-1".to_owned());
        guard.is_reached_at(address.clone());
        guard
    };
    guard().keep();
    assert_eq!(peer.forgotten(), [""; 0]);
    guard().stopped();
    assert_eq!(peer.forgotten(), vec![address.clone(); 1]);
    drop(guard());
    assert_eq!(peer.forgotten(), vec![address.clone(); 2]);
    assert!(account.settled(STOP_PATIENCE).await);
}
