//! Lists over all their pages.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use ags_api::{
    Client,
    model::{
        DescribePreCacheImageListRequest, DescribeSandboxInstanceListRequest,
        DescribeSandboxToolListRequest,
    },
};
use ags_http::testing::{Recorder, Replay, Step, json};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use support::{builder, error};

/// A service with `tools` tools that pages as the real one does.
fn service(tools: i64) -> (Recorder, Client) {
    let service = Recorder::new(move |sent| {
        let request: Value = serde_json::from_slice(&sent.body).unwrap();
        let offset = request["Offset"].as_i64().unwrap_or(0);
        let limit = request["Limit"].as_i64().unwrap_or(20).min(100);
        let page: Vec<Value> = (offset..tools.min(offset + limit))
            .map(|at| json!({"ToolId": format!("sdt-{at}")}))
            .collect();
        let reply =
            json!({"Response": {"SandboxToolSet": page, "TotalCount": tools, "RequestId": "r"}});
        Ok(json(200, reply.to_string()))
    });
    let client = builder(service.clone()).build().unwrap();
    (service, client)
}

#[tokio::test(start_paused = true)]
async fn every_item_once_with_as_few_calls_as_can_be() {
    for (tools, calls) in [(0, 1), (1, 1), (99, 1), (100, 1), (101, 2), (250, 3)] {
        let (service, client) = service(tools);
        let request = DescribeSandboxToolListRequest {
            offset: Some(7),
            limit: Some(3),
            ..Default::default()
        };
        let all = client.list_all(&request).await.unwrap();
        let ids: Vec<String> = all.into_iter().map(|tool| tool.tool_id.unwrap()).collect();
        assert_eq!(
            ids,
            (0..tools).map(|at| format!("sdt-{at}")).collect::<Vec<_>>()
        );
        assert_eq!(service.count(), calls, "{tools} tools");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_are_fetched_when_they_are_needed() {
    let (service, client) = service(1000);
    let mut items = client.list(&DescribeSandboxToolListRequest::default());
    for _ in 0..100 {
        items.next().await.unwrap().unwrap();
    }
    assert_eq!(service.count(), 1);
    items.next().await.unwrap().unwrap();
    assert_eq!(service.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_stream_ends_after_an_error() {
    let page: Vec<Value> = (0..100)
        .map(|at| json!({"InstanceId": at.to_string()}))
        .collect();
    let first = json!({"Response": {"InstanceSet": page, "TotalCount": 300}}).to_string();
    let service = Replay::new([
        Step::json(200, first),
        error("InvalidParameterValue.OffsetTooLarge"),
    ]);
    let client = builder(service).build().unwrap();
    let items: Vec<_> = client
        .list(&DescribeSandboxInstanceListRequest::default())
        .collect()
        .await;
    assert_eq!(items.len(), 101);
    assert!(items.last().unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_list_without_a_total_ends_with_a_short_page() {
    let page = |size: usize| {
        let page: Vec<Value> = (0..size)
            .map(|at| json!({"InstanceId": at.to_string()}))
            .collect();
        Step::json(200, json!({"Response": {"InstanceSet": page}}).to_string())
    };
    let client = builder(Replay::new([page(100), page(100), page(3)]))
        .build()
        .unwrap();
    assert_eq!(
        client
            .list_all(&DescribeSandboxInstanceListRequest::default())
            .await
            .unwrap()
            .len(),
        203
    );
    let client = builder(Replay::new([page(100), page(0)])).build().unwrap();
    assert_eq!(
        client
            .list_all(&DescribeSandboxInstanceListRequest::default())
            .await
            .unwrap()
            .len(),
        100
    );
}

#[tokio::test(start_paused = true)]
async fn paging_by_token_follows_it_and_does_not_go_in_circles() {
    let page = |next: &str| {
        let reply =
            json!({"Response": {"PreCacheImageList": [{"Image": next}], "NextToken": next}});
        Step::json(200, reply.to_string())
    };
    let service = Replay::new([page("a"), page("b"), page("")]);
    let client = builder(service.clone()).build().unwrap();
    assert_eq!(
        client
            .list_all(&DescribePreCacheImageListRequest::default())
            .await
            .unwrap()
            .len(),
        3
    );
    let tokens: Vec<Value> = service
        .requests()
        .iter()
        .map(|sent| serde_json::from_slice::<Value>(&sent.body).unwrap()["NextToken"].clone())
        .collect();
    assert_eq!(tokens, [Value::Null, json!("a"), json!("b")]);

    let client = builder(Replay::new([page("a"), page("a")]))
        .build()
        .unwrap();
    assert_eq!(
        client
            .list_all(&DescribePreCacheImageListRequest::default())
            .await
            .unwrap()
            .len(),
        2
    );
}
