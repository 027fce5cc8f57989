//! Many waiters, few calls.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use ags_api::{
    ErrorKind, StatusBoard,
    model::{InstanceStatus, ToolStatus},
    poll::{MAX_IDS, Pace},
};
use ags_http::{
    Body, BoxFuture, Deadline, HttpService, TransportError,
    testing::{Recorded, Recorder, json},
};
use futures_util::FutureExt as _;
use http::{Request, Response};
use serde_json::{Value, json};
use support::{answer, builder};
use tokio::time::Instant;

fn ids(sent: &Recorded) -> Vec<String> {
    let request: Value = serde_json::from_slice(&sent.body).unwrap();
    let ids = request
        .get("InstanceIds")
        .or_else(|| request.get("ToolIds"))
        .unwrap();
    serde_json::from_value(ids.clone()).unwrap()
}

fn instances(ids: &[String], status: &str) -> Result<Response<Body>, TransportError> {
    let set: Vec<Value> = ids
        .iter()
        .map(|id| json!({"InstanceId": id, "Status": status}))
        .collect();
    Ok(json(
        200,
        json!({"Response": {"InstanceSet": set, "RequestId": "r"}}).to_string(),
    ))
}

fn board(service: impl HttpService + 'static) -> StatusBoard {
    StatusBoard::new(builder(service).build().unwrap())
}

async fn ask(board: &StatusBoard, id: String) -> Result<Option<InstanceStatus>, ags_api::Error> {
    Ok(board
        .instance(&id)
        .await?
        .and_then(|instance| instance.status))
}

#[tokio::test(start_paused = true)]
async fn a_thousand_waiters_cost_ten_calls() {
    let service = Recorder::new(|sent| instances(&ids(sent), "RUNNING"));
    let board = board(service.clone());
    let waiting = (0..1000).map(|at| ask(&board, format!("i{at}")));
    for status in futures_util::future::join_all(waiting).await {
        assert_eq!(status.unwrap(), Some(InstanceStatus::RUNNING));
    }
    assert_eq!(service.count(), 10);
    let asked: Vec<String> = service.requests().iter().flat_map(ids).collect();
    assert!(
        service
            .requests()
            .iter()
            .all(|sent| ids(sent).len() == MAX_IDS)
    );
    assert_eq!(
        asked.iter().collect::<HashSet<_>>().len(),
        1000,
        "nobody is asked for twice"
    );
}

#[tokio::test(start_paused = true)]
async fn waiters_for_the_same_id_share_an_answer() {
    let service = Recorder::new(|sent| instances(&ids(sent), "RUNNING"));
    let board = board(service.clone());
    let clone = board.clone();
    let waiting = (0..50).map(|at| ask(if at % 2 == 0 { &board } else { &clone }, "same".into()));
    futures_util::future::join_all(waiting).await;
    assert_eq!(service.count(), 1);
    assert_eq!(ids(&service.requests()[0]), ["same"]);
}

/// Answers after a second, and counts how many calls are under way.
#[derive(Debug, Clone)]
struct Slow {
    inner: Recorder,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl HttpService for Slow {
    fn call(
        &self,
        request: Request<Body>,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
        Box::pin(async move {
            self.most
                .fetch_max(self.now.fetch_add(1, Relaxed) + 1, Relaxed);
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.now.fetch_sub(1, Relaxed);
            self.inner.call(request, deadline).await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn one_call_at_a_time_and_an_answer_is_never_older_than_the_question() {
    let inner = Recorder::new(|sent| instances(&ids(sent), "RUNNING"));
    let slow = Slow {
        inner: inner.clone(),
        now: Arc::default(),
        most: Arc::default(),
    };
    let board = board(slow.clone());
    let first = ask(&board, "a".into());
    let second = async {
        // Asked while the first call is under way: that call must not answer it.
        tokio::time::sleep(Duration::from_millis(500)).await;
        ask(&board, "a".into()).await
    };
    let (first, second) = tokio::join!(first, second);
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(inner.count(), 2);
    assert_eq!(slow.most.load(Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn pauses_grow() {
    let calls = Arc::new(AtomicUsize::new(0));
    let service = Recorder::new({
        let calls = Arc::clone(&calls);
        move |sent| {
            let settled = calls.fetch_add(1, Relaxed) >= 6;
            instances(&ids(sent), if settled { "RUNNING" } else { "STARTING" })
        }
    });
    let begun = Instant::now();
    let running = |instance: Option<ags_api::model::SandboxInstance>| {
        instance.filter(|instance| instance.status == Some(InstanceStatus::RUNNING))
    };
    board(service).until_instance("i", running).await.unwrap();
    // 250 ms × (1 + 1.5 + … + 1.5^5), and no more than the calls' own time on top.
    let expected = Duration::from_millis(5195);
    assert!(
        begun.elapsed() >= expected && begun.elapsed() < expected + Duration::from_millis(50),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(calls.load(Relaxed), 7);
}

#[tokio::test(start_paused = true)]
async fn calls_keep_their_distance() {
    let service = Recorder::new(|sent| instances(&ids(sent), "STARTING"));
    let client = builder(service.clone()).build().unwrap();
    let mut pace = Pace::default();
    pace.between_calls = Duration::from_secs(2);
    let board = StatusBoard::with_pace(client, pace);
    let begun = Instant::now();
    for _ in 0..4 {
        ask(&board, "i".into()).await.unwrap();
    }
    assert!(
        begun.elapsed() >= Duration::from_secs(6),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_service_does_not_know_is_none() {
    let service = Recorder::new(|sent| {
        let known: Vec<String> = ids(sent).into_iter().filter(|id| id != "gone").collect();
        instances(&known, "RUNNING")
    });
    let board = board(service);
    let (gone, here) = tokio::join!(ask(&board, "gone".into()), ask(&board, "here".into()));
    assert_eq!(gone.unwrap(), None);
    assert_eq!(here.unwrap(), Some(InstanceStatus::RUNNING));
}

#[tokio::test(start_paused = true)]
async fn one_id_that_is_refused_does_not_spoil_the_others() {
    for (code, kind) in [
        ("ResourceNotFound.SandboxInstance", None),
        (
            "InvalidParameterValue.InstanceIds",
            Some(ErrorKind::InvalidParameter),
        ),
    ] {
        let service = Recorder::new(move |sent| {
            let ids = ids(sent);
            if ids.iter().any(|id| id == "i42") {
                answer(code)
            } else {
                instances(&ids, "RUNNING")
            }
        });
        let board = board(service.clone());
        let all =
            futures_util::future::join_all((0..100).map(|at| ask(&board, format!("i{at}")))).await;
        for (at, status) in all.into_iter().enumerate() {
            match (at, kind) {
                (42, None) => assert_eq!(status.unwrap(), None),
                (42, kind) => assert_eq!(status.unwrap_err().kind(), kind),
                _ => assert_eq!(status.unwrap(), Some(InstanceStatus::RUNNING), "{at}"),
            }
        }
        assert!(
            service.count() <= 16,
            "halves, not singles: {}",
            service.count()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn waiters_that_left_are_not_asked_for() {
    let service = Recorder::new(|sent| instances(&ids(sent), "RUNNING"));
    let board = board(service.clone());
    let left = tokio::spawn({
        let board = board.clone();
        async move { ask(&board, "left".into()).await }
    });
    let mut pinned = Box::pin(ask(&board, "dropped".into()));
    let _ = (&mut pinned).now_or_never();
    drop(pinned);
    left.abort();
    ask(&board, "stays".into()).await.unwrap();
    assert!(
        !service
            .requests()
            .iter()
            .flat_map(ids)
            .any(|id| id == "dropped")
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_reaches_everyone_and_the_board_goes_on() {
    let broken = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let service = Recorder::new({
        let broken = Arc::clone(&broken);
        move |sent| {
            if broken.load(Relaxed) {
                answer("UnauthorizedOperation")
            } else {
                instances(&ids(sent), "RUNNING")
            }
        }
    });
    let board = board(service);
    let all = futures_util::future::join_all((0..5).map(|at| ask(&board, format!("i{at}")))).await;
    for status in all {
        assert_eq!(
            status.unwrap_err().request_id(),
            Some("id-of-UnauthorizedOperation")
        );
    }
    broken.store(false, Relaxed);
    assert!(ask(&board, "i0".into()).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn tools_too() {
    let service = Recorder::new(|sent| {
        let set: Vec<Value> = ids(sent)
            .iter()
            .map(|id| json!({"ToolId": id, "Status": "ACTIVE"}))
            .collect();
        Ok(json(
            200,
            json!({"Response": {"SandboxToolSet": set, "TotalCount": set.len()}}).to_string(),
        ))
    });
    let board = board(service.clone());
    let tools = futures_util::future::join_all((0..30).map(|at| {
        let board = &board;
        async move { board.tool(&format!("sdt-{at}")).await }
    }))
    .await;
    assert!(
        tools
            .into_iter()
            .all(|tool| tool.unwrap().unwrap().status == Some(ToolStatus::ACTIVE))
    );
    let request: Value = serde_json::from_slice(&service.requests()[0].body).unwrap();
    assert_eq!(request["Limit"], 30, "more than the default page");
    assert_eq!(service.count(), 1);
}

/// A runtime that is shut down takes the serving task with it; waiters elsewhere must not wait for ever.
#[test]
fn another_runtime_may_end() {
    let service = Recorder::new(|sent| instances(&ids(sent), "RUNNING"));
    let board = board(service);
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let first = runtime();
    let mut asked = Box::pin(ask(&board, "a".into()));
    first.block_on(async {
        let _ = (&mut asked).now_or_never();
    });
    drop(first);
    assert!(runtime().block_on(asked).unwrap().is_some());
    assert!(
        runtime()
            .block_on(ask(&board, "b".into()))
            .unwrap()
            .is_some()
    );
}
