//! When an answer agrees with a recorded one; the same rules as those of the recordings' own replayer.

use regex::Regex;
use serde_json::{Value, json};

use crate::{case::Fidelity, support::Reply};

/// What differs between the recorded and the given answer.
pub(crate) fn differences(step: &Value, reply: Option<&Reply>, fidelity: Fidelity) -> Vec<String> {
    let wanted = &step["response"];
    let gave_up = wanted["client_gave_up"].as_bool().unwrap_or_default();
    let reply = match (reply, gave_up) {
        (None, true) => return Vec::new(),
        (Some(reply), false) => reply,
        (reply, _) => return vec![format!("gave up: want {gave_up} got {:?}", reply.is_none())],
    };
    let status = |status: u64| {
        // Which of them depends on the version of FastAPI.
        if fidelity == Fidelity::Lenient && status == 403 {
            401
        } else {
            status
        }
    };
    let wanted_status = status(wanted["status"].as_u64().unwrap());
    if wanted_status != status(u64::from(reply.status)) {
        return vec![format!(
            "status: want {wanted_status} got {} {}",
            reply.status,
            reply.text()
        )];
    }
    let mut found = Vec::new();
    let essence = |value: Option<&str>| {
        value
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap()
            .to_owned()
    };
    let wanted_type = essence(wanted["headers"]["content-type"].as_str());
    let given_type = essence(reply.header("content-type"));
    if wanted_type != given_type {
        found.push(format!(
            "content-type: want {wanted_type:?} got {given_type:?}"
        ));
    }
    let mut volatile: Vec<String> = step["volatile_paths"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|path| path.as_str().unwrap().to_owned())
        .collect();
    if volatile.iter().any(|path| path == "*") {
        return found;
    }
    let Some(mut wanted_body) = wanted.get("body").cloned() else {
        if wanted["body_text"].as_str() != Some(&reply.text()) {
            found.push(format!(
                "text: want {} got {:?}",
                wanted["body_text"],
                reply.text()
            ));
        }
        return found;
    };
    let Ok(mut given) = serde_json::from_slice::<Value>(&reply.body) else {
        found.push(format!("no JSON: {:?}", reply.text()));
        return found;
    };
    // A server may say more than 1.4.0 did.
    if wanted_body.pointer("/swerexception/extra_info") == Some(&json!({}))
        && let Some(more) = given.pointer_mut("/swerexception/extra_info")
    {
        *more = json!({});
    }
    if let Value::Object(digests) = &step["digests"] {
        for (pointer, wanted) in digests {
            let digest = given.pointer(pointer).and_then(Value::as_str).map(digest);
            if digest.as_ref() != Some(wanted) {
                found.push(format!("digest {pointer}: want {wanted} got {digest:?}"));
            }
            volatile.push(pointer.clone());
        }
    }
    if let Value::Object(patterns) = &step["match"] {
        for (pointer, pattern) in patterns {
            let pattern = Regex::new(pattern.as_str().unwrap()).unwrap();
            let text = given.pointer(pointer).and_then(Value::as_str);
            if !text.is_some_and(|text| pattern.is_match(text)) {
                found.push(format!("match {pointer}: {pattern} not in {text:?}"));
            }
        }
    }
    if fidelity == Fidelity::Lenient
        && let Some(more) = leniently(&wanted_body, &given, wanted_status, &volatile)
    {
        found.extend(more);
        return found;
    }
    for pointer in &volatile {
        for body in [&mut wanted_body, &mut given] {
            if let Some(value) = body.pointer_mut(pointer) {
                *value = "<volatile>".into();
            }
        }
    }
    if wanted_body != given {
        found.push(format!("body: want {wanted_body} got {given}"));
    }
    found
}

/// Class, places of complaints, exit code; `None` where all of it counts.
fn leniently(
    wanted: &Value,
    given: &Value,
    status: u64,
    volatile: &[String],
) -> Option<Vec<String>> {
    let differ = |what: &str, wanted: &Value, given: &Value| {
        if wanted == given {
            Vec::new()
        } else {
            vec![format!("{what}: want {wanted} got {given}")]
        }
    };
    const CLASS: &str = "/swerexception/class_path";
    if let Some(class) = wanted.pointer(CLASS) {
        if volatile.iter().any(|path| path == CLASS) {
            return Some(Vec::new());
        }
        return Some(differ(
            "class",
            class,
            given.pointer(CLASS).unwrap_or(&Value::Null),
        ));
    }
    if status == 422 {
        let places = |body: &Value| -> Value {
            let details = body["detail"].as_array().cloned().unwrap_or_default();
            details
                .iter()
                .map(|detail| json!([detail["type"], detail["loc"]]))
                .collect()
        };
        return Some(differ("422", &places(wanted), &places(given)));
    }
    if let Some(code) = wanted.get("exit_code") {
        return Some(differ("exit code", code, &given["exit_code"]));
    }
    (status >= 400).then(Vec::new)
}

fn digest(text: &str) -> Value {
    let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let hex: String = hash
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let length = text.chars().count();
    let head: String = text.chars().take(40).collect();
    let tail: String = text.chars().skip(length.saturating_sub(40)).collect();
    json!({"chars": length, "sha256_utf8": hex, "head": head, "tail": tail})
}
