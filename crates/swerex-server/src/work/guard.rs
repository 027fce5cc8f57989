//! Runs whose panics are answers.

use std::{any::Any, future::Future, panic::AssertUnwindSafe, pin::Pin};

use futures_util::FutureExt;

use crate::{answer::Answer, exception::PyException, heavy};

/// What makes an answer; dropping it ends what it does.
pub(crate) type Run = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Exceptions and panics become 511 answers; the connection stays.
pub(super) fn guarded(
    run: impl Future<Output = Result<Answer, PyException>> + Send + 'static,
) -> Run {
    let run = AssertUnwindSafe(run).catch_unwind();
    Box::pin(async move {
        match run.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(exception)) => heavy::weighed(exception.size(), move || exception.into()).await,
            Err(panic) => from_panic(&*panic),
        }
    })
}

/// The answer to a panic.
pub(super) fn from_panic(panic: &(dyn Any + Send)) -> Answer {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(message, "a handler panicked");
    PyException::new(
        "builtins.RuntimeError",
        format!("internal error of the server: {message}"),
    )
    .into()
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::answer::Content;

    #[tokio::test]
    async fn a_panic_is_an_answer() {
        let answer = guarded(async { panic!("oh no") }).await;
        assert_eq!(answer.status, StatusCode::NETWORK_AUTHENTICATION_REQUIRED);
        let Content::Whole(body) = answer.content else {
            panic!("exceptions are whole");
        };
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("builtins.RuntimeError") && body.contains("oh no"));
    }
}
