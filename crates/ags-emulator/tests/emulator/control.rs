//! What the control plane checks before it does anything, and the lists and quotas.

use std::time::Duration;

use ags_api::description;
use ags_emulator::{Behaviour, CARRIED_OUT};
use ags_http::{Deadline, HttpService as _, body};
use ags_sign::{Credential, Method, Payload, SignableRequest, Signer};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use serde_json::{Value, json};

use crate::common::{self, Rig, SERVE, commands};

/// A call made by hand, so that every part of it can be spoiled.
struct Call {
    credential: Credential,
    at: i64,
    signed_body: &'static str,
    body: &'static str,
    headers: Vec<(&'static str, &'static str)>,
}

impl Call {
    fn new(rig: &Rig) -> Self {
        Self {
            credential: rig.emulator.credential(),
            at: jiff::Timestamp::now().as_second(),
            signed_body: "{}",
            body: "{}",
            headers: vec![
                ("x-tc-action", "DescribeSandboxToolList"),
                ("x-tc-version", "2025-09-20"),
                ("x-tc-region", "ap-chongqing"),
            ],
        }
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        if !value.is_empty() {
            self.headers.push((name, value));
        }
        self
    }

    async fn answer(self, rig: &Rig) -> (StatusCode, HeaderMap, Value) {
        let host = rig.emulator.endpoint().replace("https://", "");
        let signed = SignableRequest::new(
            Method::Post,
            &host,
            "/",
            "",
            "application/json",
            Payload::Bytes(self.signed_body.as_bytes()),
        )
        .unwrap();
        let signed = Signer::new(self.credential, "ags")
            .unwrap()
            .sign(&signed, self.at);
        let mut request =
            Request::post(rig.emulator.endpoint()).header("content-type", "application/json");
        for (name, value, _) in signed.headers() {
            request = request.header(name, value);
        }
        let mut request = request.body(body::full(self.body)).unwrap();
        for (name, value) in self.headers {
            request
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        let answer = rig
            .http
            .call(request, Deadline::after(Duration::from_secs(30)))
            .await
            .unwrap();
        let (head, body) = answer.into_parts();
        let bytes = body::collect(body, 1 << 20).await.unwrap();
        (
            head.status,
            head.headers,
            serde_json::from_slice(&bytes).unwrap(),
        )
    }

    /// The code of the error; empty when there is none.
    async fn code(self, rig: &Rig) -> String {
        let (status, headers, envelope) = self.answer(rig).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers["content-type"], "application/json");
        let response = &envelope["Response"];
        assert_eq!(response["RequestId"].as_str().unwrap().len(), 36);
        response["Error"]["Code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

#[tokio::test]
async fn only_a_genuine_call_is_carried_out() {
    let rig = Rig::new().await;
    assert_eq!(Call::new(&rig).code(&rig).await, "");
    let spoilt: [(&str, Call); 12] = [
        (
            "AuthFailure.SignatureFailure",
            Call {
                body: r#"{"Limit":1}"#,
                ..Call::new(&rig)
            },
        ),
        ("AuthFailure.SignatureFailure", {
            let credential = Credential::new(rig.emulator.secret_id(), "another-key").unwrap();
            Call {
                credential,
                ..Call::new(&rig)
            }
        }),
        ("AuthFailure.SecretIdNotFound", {
            let credential = Credential::new("AKIDunknown", "key").unwrap();
            Call {
                credential,
                ..Call::new(&rig)
            }
        }),
        (
            "AuthFailure.SignatureExpire",
            Call {
                at: jiff::Timestamp::now().as_second() - 301,
                ..Call::new(&rig)
            },
        ),
        (
            "AuthFailure.SignatureExpire",
            Call {
                at: jiff::Timestamp::now().as_second() + 310,
                ..Call::new(&rig)
            },
        ),
        (
            "AuthFailure.InvalidAuthorization",
            Call::new(&rig).with("authorization", "TC3-HMAC-SHA256 nonsense"),
        ),
        (
            "InvalidAction",
            Call::new(&rig).with("x-tc-action", "DescribeNothing"),
        ),
        ("MissingParameter", Call::new(&rig).with("x-tc-action", "")),
        (
            "NoSuchVersion",
            Call::new(&rig).with("x-tc-version", "2017-03-12"),
        ),
        ("MissingParameter", Call::new(&rig).with("x-tc-region", "")),
        (
            "UnsupportedRegion",
            Call::new(&rig).with("x-tc-region", "AP_chongqing"),
        ),
        (
            "UnsupportedProtocol",
            Call::new(&rig).with("content-type", "text/plain"),
        ),
    ];
    for (code, call) in spoilt {
        assert_eq!(call.code(&rig).await, code);
    }
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn a_temporary_credential_needs_its_token() {
    let rig = Rig::with(
        commands()
            .session_token("sts-token")
            .regions(["ap-guangzhou"]),
    )
    .await;
    let call = || Call::new(&rig).with("x-tc-region", "ap-guangzhou");
    assert_eq!(call().code(&rig).await, "");
    assert_eq!(
        call().with("x-tc-token", "another").code(&rig).await,
        "AuthFailure.TokenFailure"
    );
    assert_eq!(Call::new(&rig).code(&rig).await, "UnsupportedRegion");
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn a_clock_that_is_ahead_shows_in_the_date() {
    let mut behaviour = Behaviour::default();
    behaviour.set("clock-skew", "600").unwrap();
    let rig = Rig::with(commands().behaviour(behaviour)).await;
    let now = jiff::Timestamp::now().as_second();
    let (_, headers, envelope) = Call::new(&rig).answer(&rig).await;
    assert_eq!(
        envelope["Response"]["Error"]["Code"],
        "AuthFailure.SignatureExpire"
    );
    let date = jiff::fmt::rfc2822::parse(headers["date"].to_str().unwrap())
        .unwrap()
        .timestamp()
        .as_second();
    assert!((now + 600..now + 640).contains(&date), "{date}");
    assert_eq!(
        Call {
            at: now + 600,
            ..Call::new(&rig)
        }
        .code(&rig)
        .await,
        ""
    );
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn parameters_are_checked() {
    let rig = Rig::new().await;
    let tool = serde_json::to_value(common::tool_request("checked", SERVE)).unwrap();
    let changed = |pointer: &str, value: Value| {
        let mut tool = tool.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = if parent.is_empty() {
            &mut tool
        } else {
            tool.pointer_mut(parent).unwrap()
        };
        parent[name] = value;
        tool
    };
    for (code, params) in [
        ("MissingParameter", changed("/ToolName", Value::Null)),
        (
            "MissingParameter",
            changed("/NetworkConfiguration/NetworkMode", Value::Null),
        ),
        (
            "MissingParameter",
            changed("/CustomConfiguration", Value::Null),
        ),
        (
            "MissingParameter",
            changed("/CustomConfiguration/Probe", Value::Null),
        ),
        ("UnknownParameter", changed("/ToolNames", json!("x"))),
        (
            "UnknownParameter",
            changed("/CustomConfiguration/Images", json!("x")),
        ),
        ("InvalidParameter", changed("/ToolName", json!(7))),
        (
            "InvalidParameterValue.SandboxTool",
            changed("/ToolName", json!("ä")),
        ),
        (
            "InvalidParameterValue.SandboxTool",
            changed("/ToolName", json!("x".repeat(51))),
        ),
        (
            "InvalidParameterValue.ToolType",
            changed("/ToolType", json!("laptop")),
        ),
        (
            "InvalidParameterValue.Timeout",
            changed("/DefaultTimeout", json!("25h")),
        ),
        (
            "InvalidParameterValue.RoleArn",
            changed("/RoleArn", json!("role")),
        ),
        (
            "InvalidParameterValue",
            changed("/NetworkConfiguration/NetworkMode", json!("HOST")),
        ),
        (
            "MissingParameter.VPCParameters",
            changed("/NetworkConfiguration/NetworkMode", json!("VPC")),
        ),
        (
            "InvalidParameterValue",
            changed("/Description", json!("x".repeat(201))),
        ),
        (
            "InvalidParameterValue",
            changed("/CustomConfiguration/Probe/ReadyTimeoutMs", json!(60_000)),
        ),
        (
            "InvalidParameterValue",
            changed("/CustomConfiguration/Resources", json!({ "CPU": "one" })),
        ),
        (
            "InvalidParameterValue.ImageRegistry",
            changed("/CustomConfiguration/ImageRegistryType", json!("docker")),
        ),
        (
            "MissingParameter.RoleArn",
            changed(
                "/StorageMounts",
                json!([{ "Name": "n", "MountPath": "/nix", "StorageSource": { "Image": { "Reference": "a:1" } } }]),
            ),
        ),
        (
            "InvalidParameterValue.StorageMount",
            changed(
                "/StorageMounts",
                json!([{ "Name": "n", "MountPath": "nix", "StorageSource": {} }]),
            ),
        ),
    ] {
        assert_eq!(
            rig.refused("CreateSandboxTool", params.clone()).await,
            code,
            "{params}"
        );
    }
    let id = rig.call("CreateSandboxTool", tool.clone()).await["ToolId"].clone();
    for (code, params) in [
        ("MissingParameter", json!({})),
        (
            "ResourceNotFound.SandboxTool",
            json!({ "ToolId": "sdt-nothing1" }),
        ),
        (
            "ResourceNotFound.SandboxTool",
            json!({ "ToolName": "nothing" }),
        ),
        (
            "InvalidParameterValue.Timeout",
            json!({ "ToolId": id, "Timeout": "29s" }),
        ),
        (
            "InvalidParameterValue.MountOption",
            json!({ "ToolId": id, "MountOptions": [{ "Name": "n" }] }),
        ),
        (
            "InvalidParameterValue",
            json!({ "ToolId": id, "AuthMode": "SECRET" }),
        ),
        (
            "UnsupportedOperation",
            json!({ "ToolId": id, "SnapshotId": "snapshot-1" }),
        ),
    ] {
        assert_eq!(
            rig.refused("StartSandboxInstance", params.clone()).await,
            code,
            "{params}"
        );
    }
    for action in [
        "StopSandboxInstance",
        "PauseSandboxInstance",
        "ResumeSandboxInstance",
        "UpdateSandboxInstance",
        "AcquireSandboxInstanceToken",
    ] {
        assert_eq!(
            rig.refused(action, json!({ "InstanceId": "nothing" }))
                .await,
            "ResourceNotFound.SandboxInstance",
            "{action}"
        );
        assert_eq!(
            rig.refused(action, json!({})).await,
            "MissingParameter",
            "{action}"
        );
    }
    assert_eq!(rig.emulator.instances(), []);
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn what_is_not_carried_out_says_so() {
    let rig = Rig::new().await;
    for action in description::actions()
        .iter()
        .filter(|action| !CARRIED_OUT.contains(&action.name))
    {
        let error = rig
            .client
            .call_json(action.name, &minimal(action.input))
            .await
            .unwrap_err();
        assert_eq!(
            error.code().unwrap().as_str(),
            "UnsupportedOperation",
            "{}: {error:?}",
            action.name
        );
    }
    rig.emulator.shutdown().await;
}

/// The least that the description lets pass as `structure`.
fn minimal(structure: &str) -> Value {
    use description::Kind;
    let required = description::structure(structure)
        .unwrap()
        .members
        .iter()
        .filter(|member| member.required());
    let members = required.map(|member| {
        let value = match member.kind {
            Kind::String => json!("x"),
            Kind::Integer | Kind::Unsigned | Kind::Float => json!(1),
            Kind::Bool => json!(true),
            Kind::Object(inner) => minimal(inner),
            Kind::List(inner) => json!([minimal(inner)]),
            Kind::Strings => json!(["x"]),
        };
        (member.name.to_owned(), value)
    });
    Value::Object(members.collect())
}
