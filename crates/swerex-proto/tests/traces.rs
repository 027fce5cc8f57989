//! Every recorded exchange with the Python server goes through the types and comes out equal.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, fs, path::Path};

use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use swerex_proto::{
    Action, BashAction, BashInterruptAction, CloseResponse, CloseSessionRequest,
    CloseSessionResponse, Command, CommandResponse, CreateSessionRequest, CreateSessionResponse,
    ExceptionBody, ExceptionClass, IsAliveResponse, Observation, ReadFileRequest, ReadFileResponse,
    UploadResponse, WriteFileRequest, WriteFileResponse, route,
};

/// One request and its answer.
struct Exchange {
    case: String,
    path: String,
    request: Option<Value>,
    status: u64,
    body: Value,
}

fn exchanges() -> Vec<Exchange> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/swerex/traces/open");
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let case: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        gather(&case["name"], &case, &mut found);
    }
    found.sort_by(|a, b| a.case.cmp(&b.case));
    found
}

fn gather(name: &Value, step: &Value, found: &mut Vec<Exchange>) {
    for list in ["steps", "parallel"] {
        for step in step[list].as_array().into_iter().flatten() {
            gather(name, step, found);
        }
    }
    let (request, response) = (&step["request"], &step["response"]);
    if let (Some(path), Some(status), Some(body)) = (
        request["path"].as_str(),
        response["status"].as_u64(),
        response.get("body"),
    ) {
        found.push(Exchange {
            case: name.as_str().unwrap().to_owned(),
            path: path.to_owned(),
            request: request.get("body").cloned(),
            status,
            body: body.clone(),
        });
    }
}

/// Through the type and back; what was sent must come out, besides defaults that were not.
fn through<T: DeserializeOwned + Serialize>(value: &Value) -> Result<Value, String> {
    let typed: T = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    Ok(serde_json::to_value(typed).unwrap())
}

fn request(path: &str, value: &Value) -> Option<Result<Value, String>> {
    Some(match path {
        route::CREATE_SESSION => through::<CreateSessionRequest>(value),
        route::RUN_IN_SESSION => through::<Action>(value),
        route::CLOSE_SESSION => through::<CloseSessionRequest>(value),
        route::EXECUTE => through::<Command>(value),
        route::READ_FILE => through::<ReadFileRequest>(value),
        route::WRITE_FILE => through::<WriteFileRequest>(value),
        _ => return None,
    })
}

fn answer(path: &str, value: &Value) -> Option<Result<Value, String>> {
    Some(match path {
        route::IS_ALIVE => through::<IsAliveResponse>(value),
        route::CREATE_SESSION => through::<CreateSessionResponse>(value),
        route::RUN_IN_SESSION => through::<Observation>(value),
        route::CLOSE_SESSION => through::<CloseSessionResponse>(value),
        route::EXECUTE => through::<CommandResponse>(value),
        route::READ_FILE => through::<ReadFileResponse>(value),
        route::WRITE_FILE => through::<WriteFileResponse>(value),
        route::UPLOAD => through::<UploadResponse>(value),
        route::CLOSE => through::<CloseResponse>(value),
        _ => return None,
    })
}

#[test]
fn every_answer_comes_out_equal() {
    let mut seen = BTreeMap::new();
    for Exchange {
        case,
        path,
        status,
        body,
        ..
    } in exchanges()
    {
        // A repeated X-Request-ID is answered by whatever was asked first, under any path.
        // Floods are not kept.
        if case.starts_with("rid-") || body == "<omitted>" {
            continue;
        }
        let out = match status {
            200 => answer(&path, &body),
            511 => Some(through::<ExceptionBody>(&body)),
            _ => None,
        };
        let Some(out) = out else { continue };
        assert_eq!(out.as_ref(), Ok(&body), "{case} {path}");
        *seen.entry((path, status)).or_insert(0) += 1;
    }
    for path in [
        route::IS_ALIVE,
        route::CREATE_SESSION,
        route::RUN_IN_SESSION,
        route::CLOSE_SESSION,
        route::EXECUTE,
        route::READ_FILE,
    ] {
        assert!(
            seen.contains_key(&(path.to_owned(), 200)),
            "no answer of {path} among the recordings"
        );
    }
    assert!(seen.values().sum::<i32>() > 300, "{seen:?}");
}

#[test]
fn every_request_that_the_server_took_comes_out_equal() {
    let mut seen = 0;
    for Exchange {
        case,
        path,
        request: sent,
        status,
        ..
    } in exchanges()
    {
        let Some(sent) = sent.filter(|sent| sent.is_object()) else {
            continue;
        };
        // `val-` cases are about what the original makes of other types: that is validation, not a type.
        if case.starts_with("val-") || case.starts_with("rid-") || !matches!(status, 200 | 511) {
            continue;
        }
        let Some(out) = request(&path, &sent) else {
            continue;
        };
        let out = out.unwrap_or_else(|error| panic!("{case} {path}: {error}: {sent}"));
        for (key, value) in sent.as_object().unwrap() {
            let same =
                out[key] == *value || (out[key].is_f64() && out[key].as_f64() == value.as_f64());
            assert!(
                same || out.get(key).is_none(),
                "{case} {path} {key}: {} is not {value}",
                out[key]
            );
        }
        seen += 1;
    }
    assert!(seen > 300, "{seen}");
}

#[test]
fn every_recorded_exception_has_a_name() {
    for Exchange {
        case, status, body, ..
    } in exchanges()
    {
        if status == 511 {
            let error = serde_json::from_value::<ExceptionBody>(body)
                .unwrap()
                .swerexception;
            assert!(
                !matches!(error.class(), ExceptionClass::Other(_)),
                "{case}: {}",
                error.class_path
            );
        }
    }
}

/// As the Python client sends them (`model_dump`): every member, with pydantic's defaults.
#[test]
fn requests_have_every_member() {
    let sent = |action: Action| serde_json::to_value(action).unwrap();
    let expected = json!({
        "command": "ls", "session": "default", "timeout": null, "is_interactive_command": false, "is_interactive_quit": false,
        "check": "raise", "error_msg": "", "expect": [], "action_type": "bash",
    });
    assert_eq!(sent(BashAction::new("ls").into()), expected);
    let expected = json!({ "session": "default", "timeout": 0.2, "n_retry": 3, "expect": [], "action_type": "bash_interrupt" });
    assert_eq!(sent(BashInterruptAction::default().into()), expected);
    let expected = json!({
        "command": ["ls"], "timeout": null, "shell": false, "check": false, "error_msg": "", "env": null, "cwd": null,
        "merge_output_streams": false,
    });
    assert_eq!(
        serde_json::to_value(Command::argv(["ls"])).unwrap(),
        expected
    );
    let expected = json!({ "startup_source": [], "session": "default", "session_type": "bash", "startup_timeout": 1.0 });
    let create = CreateSessionRequest::Bash(swerex_proto::CreateBashSessionRequest::default());
    assert_eq!(serde_json::to_value(create).unwrap(), expected);
}

#[test]
fn the_tag_must_be_there() {
    assert!(serde_json::from_value::<Action>(json!({ "command": "ls" })).is_err());
    assert!(serde_json::from_value::<CreateSessionRequest>(json!({})).is_err());
    assert!(
        serde_json::from_value::<CloseSessionRequest>(json!({ "session_type": "zsh" })).is_err()
    );
}

proptest! {
    #[test]
    fn any_command_comes_back(command in ".{0,40}", session in ".{0,9}", timeout in proptest::option::of(-1_000_000..1_000_000_i32), expect in proptest::collection::vec(".{0,9}", 0..3)) {
        let timeout = timeout.map(|millis| f64::from(millis) / 1000.0);
        let action = Action::Bash(BashAction { session, timeout, expect, ..BashAction::new(command) });
        let text = serde_json::to_string(&action).unwrap();
        prop_assert_eq!(serde_json::from_str::<Action>(&text).unwrap(), action);
    }

    #[test]
    fn any_exception_is_kept(message in ".{0,40}", class in "[a-z.A-Z]{0,30}") {
        let body = json!({ "swerexception": { "message": message, "class_path": class, "traceback": "", "extra_info": { "a": [1] } } });
        prop_assert_eq!(through::<ExceptionBody>(&body).unwrap(), body.clone());
        let error = serde_json::from_value::<ExceptionBody>(body).unwrap().swerexception;
        let kept = error.class();
        prop_assert_eq!(kept.path(), class.as_str());
    }
}
