//! Answers before they are put on the wire.

use std::error::Error;

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE},
};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};

use crate::{
    exception::PyException,
    heavy,
    json::{LoneSurrogate, MAX_TREE, Unprintable, quote},
    validate::{self, Invalid},
};

/// A body in either direction; it streams.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// Why a body broke off.
pub type BodyError = Box<dyn Error + Send + Sync>;

/// Status, headers and content of an answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) content: Content,
}

/// What an answer carries.
pub(crate) enum Content {
    /// All of it; may be kept and given again.
    Whole(Bytes),
    /// As it comes into being.
    Stream(Body),
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

impl Answer {
    pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: vec![(CONTENT_TYPE, JSON)],
            content: Content::Whole(body.into()),
        }
    }

    /// A value as the body of a 200.
    pub(crate) fn of(value: &impl serde::Serialize) -> Self {
        Self::of_size(value, 0)
    }

    /// The same for a value that takes about so many bytes.
    pub(crate) fn of_size(value: &impl serde::Serialize, bytes: usize) -> Self {
        match heavy::json(value, bytes) {
            Ok(body) => Self::json(StatusCode::OK, body),
            Err(error) => Self::from(PyException::new("builtins.ValueError", error.to_string())),
        }
    }

    /// FastAPI's shape for everything that is not a 200, 422 or 511.
    pub(crate) fn detail(status: StatusCode, detail: &str) -> Self {
        let mut body = b"{\"detail\":".to_vec();
        quote(detail, &mut body);
        body.push(b'}');
        Self::json(status, body)
    }

    pub(crate) fn not_authenticated() -> Self {
        Self::detail(StatusCode::UNAUTHORIZED, "Not authenticated")
            .with(WWW_AUTHENTICATE, HeaderValue::from_static("APIKey"))
    }

    pub(crate) fn not_allowed(allow: &'static str) -> Self {
        Self::detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
            .with(ALLOW, HeaderValue::from_static(allow))
    }

    pub(crate) fn redirect(location: HeaderValue) -> Self {
        Self {
            status: StatusCode::TEMPORARY_REDIRECT,
            headers: vec![(LOCATION, location)],
            content: Content::Whole(Bytes::new()),
        }
    }

    pub(crate) fn stream(content_type: &'static str, body: Body) -> Self {
        Self {
            status: StatusCode::OK,
            headers: vec![(CONTENT_TYPE, HeaderValue::from_static(content_type))],
            content: Content::Stream(body),
        }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let body = match self.content {
            Content::Whole(bytes) => Full::new(bytes)
                .map_err(|never| match never {})
                .boxed_unsync(),
            Content::Stream(body) => body,
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        response
    }
}

impl From<PyException> for Answer {
    fn from(exception: PyException) -> Self {
        Self::json(status_exception(), exception.into_body())
    }
}

/// 511: an exception is in the body.
fn status_exception() -> StatusCode {
    StatusCode::NETWORK_AUTHENTICATION_REQUIRED
}

impl From<Invalid> for Answer {
    fn from(invalid: Invalid) -> Self {
        match invalid {
            Invalid::Unreadable => Self::detail(
                StatusCode::BAD_REQUEST,
                "There was an error parsing the body",
            ),
            Invalid::TooMany => Self::detail(
                StatusCode::PAYLOAD_TOO_LARGE,
                &format!(
                    "the body has too many values: beside its texts they may take {} MiB",
                    MAX_TREE / (1024 * 1024)
                ),
            ),
            Invalid::Surrogates(lone) => Self::from(unencodable(&lone)),
            Invalid::Fields(details) => match validate::details_body(&details) {
                Ok(body) => Self::json(StatusCode::UNPROCESSABLE_ENTITY, body),
                Err(Unprintable::Surrogate(lone)) => Self::from(unencodable(&lone)),
                Err(Unprintable::NotFinite) => Self::from(PyException::new(
                    "builtins.ValueError",
                    "Out of range float values are not JSON compliant",
                )),
            },
        }
    }
}

fn unencodable(lone: &LoneSurrogate) -> PyException {
    let LoneSurrogate {
        code,
        position,
        run,
    } = lone;
    let what = if *run == 1 {
        format!("character '\\u{code:04x}' in position {position}")
    } else {
        format!("characters in position {position}-{}", position + run - 1)
    };
    PyException::new(
        "builtins.UnicodeEncodeError",
        format!("'utf-8' codec can't encode {what}: surrogates not allowed"),
    )
}
