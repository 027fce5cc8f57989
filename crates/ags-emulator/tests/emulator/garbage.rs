//! Whatever a peer sends, the emulator answers or hangs up, and goes on.

use ags_api::description;
use ags_emulator::{CARRIED_OUT, Emulator, InstanceRunner};
use ags_http::body;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::{
    common::{Rig, SERVE},
    connection::connect,
};

#[tokio::test]
async fn what_is_no_call_at_all_is_answered() {
    let rig = Rig::new().await;
    for (method, path, text) in [
        ("GET", "/", ""),
        ("POST", "/elsewhere", "{}"),
        ("POST", "/", "\0\u{ff}"),
        ("PUT", "/?a=b", "x"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", rig.emulator.endpoint()))
            .body(body::full(text))
            .unwrap();
        let answer = rig.send(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let envelope: Value =
            serde_json::from_slice(&body::collect(answer.into_body(), 1 << 16).await.unwrap())
                .unwrap();
        assert!(
            envelope["Response"]["Error"]["Code"].is_string(),
            "{method} {path}"
        );
    }
    let large = body::chunks(std::iter::repeat_n(
        bytes::Bytes::from(vec![b'x'; 1 << 20]),
        11,
    ));
    let request = Request::post(rig.emulator.endpoint())
        .header("content-type", "application/json")
        .header("x-tc-action", "CreateSandboxTool")
        .body(large)
        .unwrap();
    // Refused while it is still being sent: an answer, or a connection that was closed.
    if let Ok(answer) = rig.send(request).await {
        let envelope: Value =
            serde_json::from_slice(&body::collect(answer.into_body(), 1 << 16).await.unwrap())
                .unwrap();
        assert_eq!(envelope["Response"]["Error"]["Code"], "InvalidParameter");
    }
    rig.emulator.shutdown().await;
}

#[tokio::test]
async fn bytes_that_are_no_request_do_no_harm() {
    let rig = Rig::new().await;
    let mut dice = fastrand::Rng::with_seed(5);
    for turn in 0..60 {
        let bytes: Vec<u8> = (0..dice.usize(..2000)).map(|_| dice.u8(..)).collect();
        if turn % 3 == 0 {
            let mut plain = TcpStream::connect(rig.emulator.address()).await.unwrap();
            let _ = plain.write_all(&bytes).await;
            continue;
        }
        let mut stream = connect(&rig.emulator, "8000-x.localhost").await;
        let preface: &[u8] = if turn % 3 == 1 {
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        } else {
            b"POST / HTTP/1.1\r\nHost: 8000-x.localhost\r\nContent-Length: 99999999999\r\n"
        };
        let _ = stream.write_all(preface).await;
        let _ = stream.write_all(&bytes).await;
    }
    rig.call("DescribeSandboxToolList", serde_json::json!({}))
        .await;
    rig.emulator.shutdown().await;
}

/// Any value, of the kind that the description says or of another.
fn odd(dice: &mut fastrand::Rng, kind: description::Kind, depth: u8) -> Value {
    use description::Kind;
    let texts = [
        "",
        "x",
        "sdt-x",
        "TOKEN",
        "30s",
        "99999999999999999999h",
        "\u{0}",
        "ä",
        "../..",
        "8000",
        "${x}",
    ];
    let numbers = [i64::MIN, -1, 0, 1, 100, 8000, 30_000, i64::MAX];
    match kind {
        _ if dice.u8(..12) == 0 => [
            Value::Null,
            json!([]),
            json!({}),
            json!(1.5),
            json!(true),
            json!("x"),
        ][dice.usize(..6)]
        .clone(),
        Kind::String => json!(texts[dice.usize(..texts.len())]),
        Kind::Integer | Kind::Unsigned | Kind::Float => json!(numbers[dice.usize(..numbers.len())]),
        Kind::Bool => json!(dice.bool()),
        Kind::Strings => (0..dice.usize(..3))
            .map(|_| json!(texts[dice.usize(..texts.len())]))
            .collect(),
        Kind::Object(inner) if depth > 0 => odd_object(dice, inner, depth - 1),
        Kind::List(inner) if depth > 0 => (0..dice.usize(..3))
            .map(|_| odd_object(dice, inner, depth - 1))
            .collect(),
        Kind::Object(_) => json!({}),
        Kind::List(_) => json!([]),
    }
}

fn odd_object(dice: &mut fastrand::Rng, structure: &str, depth: u8) -> Value {
    let members = description::structure(structure).unwrap().members.iter();
    let members = members
        .filter(|member| member.required() || dice.u8(..3) > 0)
        .collect::<Vec<_>>();
    members
        .into_iter()
        .map(|member| (member.name.to_owned(), odd(dice, member.kind, depth)))
        .collect()
}

#[tokio::test]
async fn no_parameters_break_it() {
    let rig = Rig::with(Emulator::builder().runner(InstanceRunner::Native)).await;
    rig.tool("target", SERVE).await;
    let mut dice = fastrand::Rng::with_seed(4);
    let mut carried_out = 0;
    for turn in 0..1500 {
        let action = CARRIED_OUT[turn % CARRIED_OUT.len()];
        let mut params = odd_object(&mut dice, description::action(action).unwrap().input, 4);
        // Names that exist, now and then, so that the checks behind them are reached.
        if dice.bool() && !params["ToolName"].is_null() {
            params["ToolName"] = json!(if action == "CreateSandboxTool" {
                format!("t{turn}")
            } else {
                "target".to_owned()
            });
            params.as_object_mut().unwrap().remove("ToolId");
        }
        if dice.bool()
            && let Some(instance) = rig.emulator.instances().last()
            && params["InstanceId"].is_string()
        {
            params["InstanceId"] = json!(instance.id);
        }
        match rig.client.call_json(action, &params).await {
            Ok(_) => carried_out += 1,
            // An answer without a code would be one that a panic cut off.
            Err(error) => assert!(error.code().is_some(), "{action} {params}: {error:?}"),
        }
    }
    assert!(carried_out > 100, "{carried_out}");
    rig.emulator.shutdown().await;
}
