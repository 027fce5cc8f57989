//! Requests as they go out and replies as they are read, against examples that we did not make by running this.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use ags_api::{
    ErrorKind, Phase,
    envelope::decode,
    model::{
        AcquireSandboxInstanceTokenResponse, AuthMode, CustomConfiguration,
        DescribePreCacheImageTaskResponse, DescribeQuotaOverviewResponse,
        DescribeSandboxToolListResponse, ImageRegistryType, InstanceStatus, NetworkMode,
        PortConfiguration, PortProtocol, PreCacheTaskStatus, ResourceConfiguration,
        StartSandboxInstanceRequest, StartSandboxInstanceResponse, ToolStatus,
    },
};
use ags_http::testing::{Replay, Step};
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use support::{builder, ok};

macro_rules! example {
    ($name:literal) => {
        include_str!(concat!("../../../fixtures/ags/examples/", $name, ".json"))
    };
}

fn read<T: DeserializeOwned>(action: &str, body: &str) -> Result<ags_api::Answer<T>, Phase> {
    decode(action, StatusCode::OK, &HeaderMap::new(), body.as_bytes())
}

#[test]
fn an_instance_that_runs() {
    let text = example!("start_sandbox_instance.running");
    let answer = read::<StartSandboxInstanceResponse>("StartSandboxInstance", text).unwrap();
    assert_eq!(answer.request_id, "0b7c1d2e-1111-4222-8333-444455556666");
    let instance = answer.reply.instance.clone().unwrap();
    assert_eq!(instance.status, Some(InstanceStatus::RUNNING));
    assert_eq!(instance.auth_mode, Some(AuthMode::DEFAULT));
    assert_eq!(instance.network_mode, Some(NetworkMode::INTERNAL_SERVICE));
    assert_eq!(instance.stop_reason, None);
    // 18:59:55 at +08:00 is 10:59:55 UTC, five seconds less than an hour after 10:00.
    assert_eq!(
        instance.expires_at.as_ref().unwrap().unix_seconds(),
        Some(support::NOW + 3595)
    );
    assert_eq!(instance.extra["SomethingNew"], json!({"Nested": [1, 2]}));
    let configuration = instance.custom_configuration.unwrap();
    assert_eq!(
        configuration.image_registry_type,
        Some(ImageRegistryType::from("system"))
    );
    assert_eq!(configuration.resources.unwrap().storage.unwrap(), "");

    let mut again: Value = serde_json::from_str(text).unwrap();
    again["Response"]["Instance"]
        .as_object_mut()
        .unwrap()
        .remove("StopReason");
    assert_eq!(
        serde_json::to_value(&answer.reply).unwrap(),
        again["Response"],
        "nothing but the null is lost"
    );
}

#[test]
fn an_instance_that_is_still_starting_and_never_ends() {
    let text = example!("start_sandbox_instance.starting");
    let instance = read::<StartSandboxInstanceResponse>("StartSandboxInstance", text)
        .unwrap()
        .reply
        .instance
        .unwrap();
    assert_eq!(instance.status.unwrap(), InstanceStatus::STARTING);
    assert_eq!(instance.expires_at, None);
}

#[test]
fn a_token() {
    let text = example!("acquire_sandbox_instance_token");
    let answer =
        read::<AcquireSandboxInstanceTokenResponse>("AcquireSandboxInstanceToken", text).unwrap();
    assert!(answer.token.as_ref().unwrap().expose().starts_with("sit_"));
    assert_eq!(
        answer.traffic_token.as_ref().unwrap().expose(),
        "sit_traffic"
    );
    assert_eq!(
        answer.expires_at.as_ref().unwrap().unix_seconds(),
        Some(support::NOW + 86_400)
    );
}

#[test]
fn tools_with_values_that_nobody_knows() {
    let answer = read::<DescribeSandboxToolListResponse>(
        "DescribeSandboxToolList",
        example!("describe_sandbox_tool_list"),
    );
    let tools = answer.unwrap().reply.sandbox_tool_set.unwrap();
    assert_eq!(tools[0].status, Some(ToolStatus::FAILED));
    assert_eq!(tools[0].status_reason.as_deref(), Some("InternalError"));
    let kind = tools[1].tool_type.as_ref().unwrap();
    assert_eq!((kind.as_str(), kind.is_known()), ("quantum", false));
    assert!(
        tools[1].status.as_ref().unwrap().is_known(),
        "ISOLATED was seen"
    );
}

#[test]
fn quotas_and_cached_images() {
    let quota = read::<DescribeQuotaOverviewResponse>(
        "DescribeQuotaOverview",
        example!("describe_quota_overview"),
    );
    let overview = quota.unwrap().reply.account_quota_overview.unwrap();
    assert_eq!(overview.quota.unwrap().cpu_cores, Some(200.0));
    assert_eq!(overview.usage.unwrap().cpu_cores, Some(2.5));

    let text = example!("describe_pre_cache_image_task");
    let task =
        read::<DescribePreCacheImageTaskResponse>("DescribePreCacheImageTask", text).unwrap();
    assert_eq!(task.status, Some(PreCacheTaskStatus::SUCCESS));
    assert_eq!(task.cached_image_size_bytes, Some(123_456_789));
}

#[test]
fn an_error_inside_http_200_is_found_first() {
    for (text, kind, code) in [
        (
            example!("error.quota"),
            ErrorKind::QuotaExceeded,
            "LimitExceeded.SandboxInstance",
        ),
        (
            example!("error.unlisted_code"),
            ErrorKind::Other,
            "FailedOperation.ContainerStart",
        ),
    ] {
        let phase = read::<StartSandboxInstanceResponse>("StartSandboxInstance", text).unwrap_err();
        let Phase::Service {
            code: found,
            message,
            request_id,
        } = phase
        else {
            panic!("{phase:?}")
        };
        assert_eq!((found.kind(), found.as_str()), (kind, code));
        assert!(!message.is_empty() && request_id.unwrap().starts_with("0b7c1d2e"));
    }
    // A null is no error.
    let none = r#"{"Response": {"Error": null, "RequestId": "r"}}"#;
    assert_eq!(
        read::<StartSandboxInstanceResponse>("StartSandboxInstance", none)
            .unwrap()
            .request_id,
        "r"
    );
    // Also beside members of a success, and with a status that is none.
    let both = r#"{"Response": {"Instance": {"InstanceId": "i"}, "Error": {"Code": "InternalError", "Message": "m\nn"}}}"#;
    for status in [StatusCode::OK, StatusCode::BAD_GATEWAY] {
        let phase = decode::<Value>(
            "StartSandboxInstance",
            status,
            &HeaderMap::new(),
            both.as_bytes(),
        )
        .unwrap_err();
        assert!(
            matches!(&phase, Phase::Service { message, .. } if message == "m n"),
            "{phase:?}"
        );
    }
}

#[test]
fn answers_that_are_not_the_apis_keep_evidence() {
    let page = format!("<html>{}</html>", "x".repeat(5000));
    let mut headers = HeaderMap::new();
    headers.insert("x-request-id", "from-the-gateway".parse().unwrap());
    for (status, body, unknown) in [
        (502, page.as_str(), true),
        (504, "", true),
        (429, "slow down", true),
        (403, "<h1>forbidden</h1>", false),
        (200, "<h1>log in</h1>", false),
        (200, "", true),
        (200, r#"{"Response": {"Inst"#, true),
        (200, r#"{"Response": 5}"#, false),
        (200, r#"{"Other": {}}"#, false),
        (200, "[]", false),
        (500, r#"{"Response": {"RequestId": "inner"}}"#, true),
        (
            200,
            r#"{"Response": {"Instance": [1], "RequestId": "inner"}}"#,
            false,
        ),
        (200, "\u{0}\u{1b}[31m", false),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let phase = decode::<StartSandboxInstanceResponse>(
            "StopSandboxInstance",
            status,
            &headers,
            body.as_bytes(),
        )
        .unwrap_err();
        let Phase::Reply {
            status: found,
            evidence,
            request_id,
            unknown_outcome,
            ..
        } = phase
        else {
            panic!("{body}: {phase:?}")
        };
        assert_eq!(found, status.as_u16());
        assert_eq!(unknown_outcome, unknown, "{status} {body}");
        assert!(
            evidence.chars().count() <= 520 && !evidence.is_empty(),
            "{evidence}"
        );
        assert!(!evidence.contains(char::is_control), "{evidence:?}");
        let id = if body.contains("inner") {
            "inner"
        } else {
            "from-the-gateway"
        };
        assert_eq!(request_id.as_deref(), Some(id), "{body}");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_of_a_peer_make_it_panic(status in 100_u16..1000, body: Vec<u8>) {
        let status = StatusCode::from_u16(status).unwrap();
        let _ = decode::<StartSandboxInstanceResponse>("StartSandboxInstance", status, &HeaderMap::new(), &body);
    }

    #[test]
    fn no_error_member_makes_it_panic(code: String, message: String, id: String) {
        let body = json!({"Response": {"Error": {"Code": code, "Message": message}, "RequestId": id}}).to_string();
        let phase = decode::<Value>("X", StatusCode::OK, &HeaderMap::new(), body.as_bytes()).unwrap_err();
        let refused = matches!(phase, Phase::Service { .. });
        proptest::prop_assert!(refused);
    }
}

fn request() -> StartSandboxInstanceRequest {
    StartSandboxInstanceRequest {
        tool_id: Some("sdt-a1b2c3d4".into()),
        timeout: Some("1h".into()),
        client_token: Some("7d444840-9dc0-11d1-b245-5ffdce74fad2".into()),
        custom_configuration: Some(CustomConfiguration {
            image: Some("python:3.11".into()),
            image_registry_type: Some(ImageRegistryType::ENTERPRISE),
            command: Some(vec!["/bin/bash".into()]),
            args: Some(vec!["-lc".into(), "swerex-remote --port 8000".into()]),
            ports: Some(vec![PortConfiguration {
                name: Some("swerex".into()),
                port: Some(8000),
                protocol: Some(PortProtocol::TCP),
                ..Default::default()
            }]),
            resources: Some(ResourceConfiguration {
                cpu: Some("1".into()),
                memory: Some("1Gi".into()),
                ..Default::default()
            }),
            ..Default::default()
        }),
        ..Default::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_as_it_goes_out() {
    let service = Replay::new([ok()]);
    let client = builder(service.clone())
        .endpoint("https://localhost:8443")
        .unwrap()
        .build()
        .unwrap();
    client.start_sandbox_instance(&request()).await.unwrap();
    let sent = &service.requests()[0];
    let example: Value = serde_json::from_str(example!("start_sandbox_instance.request")).unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&sent.body).unwrap(),
        example
    );

    let mut headers: Vec<String> = sent
        .headers
        .iter()
        .map(|(name, value)| match name.as_str() {
            "authorization" => {
                let value = value.to_str().unwrap();
                let (known, signature) = value.split_once("Signature=").unwrap();
                assert_eq!(signature.len(), 64);
                format!("{name}: {known}Signature=…")
            }
            "x-tc-traceid" => format!("{name}: {} characters", value.len()),
            _ => format!("{name}: {}", value.to_str().unwrap()),
        })
        .collect();
    headers.sort();
    insta::assert_snapshot!(format!("{} {}\n{}", sent.method, sent.uri, headers.join("\n")), @r"
    POST https://localhost:8443/
    authorization: TC3-HMAC-SHA256 Credential=AKIDEXAMPLE/2026-04-12/ags/tc3_request, SignedHeaders=content-type;host, Signature=…
    content-type: application/json
    host: localhost:8443
    x-tc-action: StartSandboxInstance
    x-tc-language: en-US
    x-tc-region: ap-chongqing
    x-tc-requestclient: ags-api-rust_0.1.0
    x-tc-timestamp: 1775988000
    x-tc-traceid: 36 characters
    x-tc-version: 2025-09-20
    ");
}

#[tokio::test(start_paused = true)]
async fn a_server_accepts_the_signature() {
    for (endpoint, host) in [
        ("localhost:8443", "localhost:8443"),
        (
            "https://AGS.ap-chongqing.tencentcloudapi.com:443",
            "ags.ap-chongqing.tencentcloudapi.com",
        ),
    ] {
        let service = Replay::new([ok()]);
        let client = builder(service.clone())
            .endpoint(endpoint)
            .unwrap()
            .build()
            .unwrap();
        client.start_sandbox_instance(&request()).await.unwrap();
        let sent = &service.requests()[0];
        assert_eq!(sent.header("host"), host);
        assert_eq!(support::verify(sent, host), Ok(()));
        assert!(support::verify(sent, "elsewhere.example.com").is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn actions_by_name() {
    let service = Replay::new([
        ok(),
        Step::json(
            200,
            r#"{"Response": {"Thing": {"A": 1}, "RequestId": "x"}}"#,
        ),
        Step::json(503, ""),
    ]);
    let client = builder(service.clone()).build().unwrap();
    client
        .call_json(
            "StartSandboxInstance",
            &json!({"ToolId": "t", "ClientToken": ""}),
        )
        .await
        .unwrap();
    let answer = client
        .call_json("InventedAction", &json!({}))
        .await
        .unwrap();
    assert_eq!(answer.reply["Thing"]["A"], 1);
    client
        .call_json("InventedAction", &json!({}))
        .await
        .unwrap_err();

    let sent = service.requests();
    assert!(
        sent[0].text().contains(r#""ClientToken":"#)
            && !sent[0].text().contains(r#""ClientToken":"""#)
    );
    assert_eq!(sent[1].header("x-tc-action"), "InventedAction");
    assert_eq!(sent[1].text(), "{}");

    for (action, parameters) in [
        ("", json!({})),
        ("Bad\nName", json!({})),
        ("Start", json!([1])),
    ] {
        let error = client.call_json(action, &parameters).await.unwrap_err();
        assert!(matches!(error.phase(), Phase::Invalid { .. }), "{error}");
        assert!(!error.to_string().contains('\n'));
    }
}

#[test]
fn what_cannot_be_sent_is_refused_when_the_client_is_built() {
    for region in [
        "",
        "AP-chongqing",
        "ap_chongqing",
        "ap-",
        "ap-chongqing\r\nX: y",
    ] {
        let error = builder(Replay::new([]))
            .region(region)
            .build()
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("cannot be one") && !error.contains('\n'),
            "{error}"
        );
    }
    builder(Replay::new([]))
        .language("en US")
        .build()
        .unwrap_err();
    builder(Replay::new([]))
        .request_client("my tool")
        .build()
        .unwrap_err();
    builder(Replay::new([]))
        .request_client("my-tool_1.0")
        .build()
        .unwrap();
}
