//! Answers of the bridge: always JSON, and an exception only from a list of known classes.
//!
//! A SWE-ReX client imports and calls whatever class an answer names: a sandbox that answered `os.system` would run a command on the
//! agent's host. So what a sandbox says of an exception is never passed on; it is read, and told anew with a class of ours.

use ags_http::{Body, body};
use http::{Response, StatusCode, header};
use serde_json::{Value, json};
use swerex_proto::{ExceptionBody, ExceptionClass, RemoteError};

/// The status that carries an exception.
pub(crate) const STATUS_EXCEPTION: u16 = 511;

/// The content type of a stream of events.
pub(crate) const EVENTS: &str = "application/x-ndjson";

/// The class for all that has no class of its own on the list.
pub(crate) const FALLBACK: &str = "swerex.exceptions.SwerexException";
/// The class for a sandbox that did not come up.
pub(crate) const NOT_STARTED: &str = "swerex.exceptions.DeploymentStartupError";
/// The class for a session that another live agent holds.
pub(crate) const SESSION_EXISTS: &str = "swerex.exceptions.SessionExistsError";

/// A JSON answer.
pub(crate) fn answer(status: StatusCode, value: &Value) -> Response<Body> {
    with_body(status, body::full(value.to_string()))
}

/// An answer whose body is JSON already.
pub(crate) fn with_body(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    response
}

/// An answer that is a stream of events.
pub(crate) fn events(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(EVENTS),
    );
    response
}

/// `{"detail": …}`, as the original answers what is no exception.
pub(crate) fn detail(status: StatusCode, detail: &str) -> Response<Body> {
    answer(status, &json!({ "detail": detail }))
}

/// An exception of ours.
pub(crate) fn exception(class: &'static str, message: &str) -> Response<Body> {
    tell(&RemoteError::new(
        &ExceptionClass::from_path(class),
        message,
    ))
}

/// A sandbox's exception, told anew; `None` if the body is no exception.
pub(crate) fn retold(body: &[u8]) -> Option<Response<Body>> {
    let body: ExceptionBody = serde_json::from_slice(body).ok()?;
    Some(tell(&body.swerexception))
}

/// Whether it is a JSON object, whatever it holds.
pub(crate) fn is_object(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().first() == Some(&b'{')
        && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
}

/// An exception, told with a class that clients may be told.
pub(crate) fn tell(error: &RemoteError) -> Response<Body> {
    let status =
        StatusCode::from_u16(STATUS_EXCEPTION).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer(status, &json!({ "swerexception": error.whitelisted() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(body: &Value) -> Value {
        let response = retold(body.to_string().as_bytes()).unwrap();
        assert_eq!(response.status().as_u16(), STATUS_EXCEPTION);
        let bytes = body::collect(response.into_body(), 1 << 20).await.unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()["swerexception"].clone()
    }

    fn said(class: &str, message: &str, extra: Value) -> Value {
        json!({ "swerexception": { "message": message, "class_path": class, "traceback": "T".repeat(9000), "extra_info": extra } })
    }

    #[tokio::test]
    async fn a_class_off_the_list_is_only_text() {
        for class in [
            "os.system",
            "builtins.eval",
            "builtins.SystemExit",
            "subprocess.run",
            "",
            "SystemExit",
        ] {
            let told = told(&said(class, "touch /tmp/owned", json!({}))).await;
            assert_eq!(told["class_path"], FALLBACK);
            assert_eq!(told["message"], format!("{class}: touch /tmp/owned"));
        }
    }

    #[tokio::test]
    async fn a_known_class_is_told_without_its_traceback() {
        let extra = json!({ "output": "begin\n", "other": "x", "stdout": 3 });
        let told = told(&said(
            "swerex.exceptions.CommandTimeoutError",
            "timeout after 1.0 seconds",
            extra,
        ))
        .await;
        let expected = json!({
            "message": "timeout after 1.0 seconds", "class_path": "swerex.exceptions.CommandTimeoutError",
            "traceback": "", "extra_info": { "output": "begin\n" },
        });
        assert_eq!(told, expected);
    }

    #[tokio::test]
    async fn a_syntax_error_always_has_what_its_reader_needs() {
        let told = told(&said(
            "swerex.exceptions.BashIncorrectSyntaxError",
            "x",
            json!({ "bash_stderr": "line 1" }),
        ))
        .await;
        assert_eq!(
            told["extra_info"],
            json!({ "bash_stdout": "", "bash_stderr": "line 1" })
        );
    }

    #[tokio::test]
    async fn a_long_message_keeps_both_ends() {
        let told = told(&said(
            "builtins.OSError",
            &format!("{}END", "x".repeat(100_000)),
            json!({}),
        ))
        .await;
        let message = told["message"].as_str().unwrap();
        assert!(
            message.len() < 70_000
                && message.ends_with("END")
                && message.contains("34467 characters left out")
        );
    }

    #[test]
    fn what_is_no_exception_is_not_retold() {
        assert!(retold(b"<html>502</html>").is_none());
        assert!(retold(b"{\"detail\":\"x\"}").is_none());
        assert!(retold(b"").is_none());
    }
}
