//! Which path and method lead where.

use http::{HeaderValue, Method, Uri};
use swerex_proto::{native, route};

use crate::answer::Answer;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Root,
    IsAlive,
    CreateSession,
    RunInSession,
    CloseSession,
    Execute,
    ReadFile,
    WriteFile,
    Upload,
    Close,
    /// Beyond the protocol.
    Native(NativeRoute),
}

impl Route {
    /// Whether asking twice could do something twice.
    pub(crate) fn has_effects(self) -> bool {
        !matches!(
            self,
            Self::Root
                | Self::IsAlive
                | Self::Native(
                    NativeRoute::Capabilities | NativeRoute::ReadFile | NativeRoute::Pack
                )
        )
    }
}

/// What SWE-ReX lacks; paths and types are in `swerex_proto::native`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NativeRoute {
    Capabilities,
    ReadFile,
    WriteFile,
    Pack,
    Unpack,
    Execute,
    RunInSession,
    OpenTerminal,
    TypeInTerminal,
    HangUpTerminal,
    ResizeTerminal,
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

/// The routes of a path by method, and what `allow` says of them.
type Methods = (&'static [(Method, Route)], &'static str);

/// Every path.
const PATHS: &[(&str, Methods)] = &[
    ("/", (&[(GET, Route::Root)], "GET")),
    (route::IS_ALIVE, (&[(GET, Route::IsAlive)], "GET")),
    (
        route::CREATE_SESSION,
        (&[(POST, Route::CreateSession)], "POST"),
    ),
    (
        route::RUN_IN_SESSION,
        (&[(POST, Route::RunInSession)], "POST"),
    ),
    (
        route::CLOSE_SESSION,
        (&[(POST, Route::CloseSession)], "POST"),
    ),
    (route::EXECUTE, (&[(POST, Route::Execute)], "POST")),
    (route::READ_FILE, (&[(POST, Route::ReadFile)], "POST")),
    (route::WRITE_FILE, (&[(POST, Route::WriteFile)], "POST")),
    (route::UPLOAD, (&[(POST, Route::Upload)], "POST")),
    (route::CLOSE, (&[(POST, Route::Close)], "POST")),
    (
        native::CAPABILITIES,
        (&[(GET, Route::Native(NativeRoute::Capabilities))], "GET"),
    ),
    (
        native::FILE,
        (
            &[
                (GET, Route::Native(NativeRoute::ReadFile)),
                (PUT, Route::Native(NativeRoute::WriteFile)),
            ],
            "GET, PUT",
        ),
    ),
    (
        native::TAR,
        (
            &[
                (GET, Route::Native(NativeRoute::Pack)),
                (PUT, Route::Native(NativeRoute::Unpack)),
            ],
            "GET, PUT",
        ),
    ),
    (
        native::EXECUTE_EVENTS,
        (&[(POST, Route::Native(NativeRoute::Execute))], "POST"),
    ),
    (
        native::RUN_IN_SESSION_EVENTS,
        (&[(POST, Route::Native(NativeRoute::RunInSession))], "POST"),
    ),
    (
        native::TERMINAL,
        (
            &[
                (POST, Route::Native(NativeRoute::OpenTerminal)),
                (PUT, Route::Native(NativeRoute::TypeInTerminal)),
                (DELETE, Route::Native(NativeRoute::HangUpTerminal)),
            ],
            "DELETE, POST, PUT",
        ),
    ),
    (
        native::TERMINAL_SIZE,
        (&[(PUT, Route::Native(NativeRoute::ResizeTerminal))], "PUT"),
    ),
];

fn methods(path: &str) -> Option<Methods> {
    PATHS
        .iter()
        .find_map(|(known, methods)| (*known == path).then_some(*methods))
}

/// The route of a request, or the answer to one that has none.
pub(crate) fn route(
    method: &Method,
    uri: &Uri,
    host: Option<&HeaderValue>,
) -> Result<Route, Answer> {
    let path = percent_decoded(uri.path().as_bytes());
    let not_found = || Answer::detail(http::StatusCode::NOT_FOUND, "Not Found");
    let path = String::from_utf8(path).map_err(|_| not_found())?;
    let Some((routes, allow)) = methods(&path) else {
        let without = path.trim_end_matches('/');
        let is_known = without != path && methods(without).is_some();
        return Err(is_known
            .then(|| redirect(without, uri, host))
            .flatten()
            .unwrap_or_else(not_found));
    };
    routes
        .iter()
        .find_map(|(known, route)| (known == method).then_some(*route))
        .ok_or_else(|| Answer::not_allowed(allow))
}

/// Starlette sends a path with slashes too many to the one without.
fn redirect(path: &str, uri: &Uri, host: Option<&HeaderValue>) -> Option<Answer> {
    let host = host?.to_str().ok()?;
    let query = uri
        .query()
        .map_or_else(String::new, |query| format!("?{query}"));
    let location = HeaderValue::from_str(&format!("http://{host}{path}{query}")).ok()?;
    Some(Answer::redirect(location))
}

/// `%41` becomes `A`; what is no such triple stays.
pub(crate) fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return out,
            [b'%', high, low, behind @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default();
                let value = digit(*high) * 16 + digit(*low);
                out.push(u8::try_from(value).unwrap_or_default());
                behind
            }
            [byte, behind @ ..] => {
                out.push(*byte);
                behind
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: Method, uri: &'static str) -> Result<Route, u16> {
        let host = HeaderValue::from_static("h:1");
        route(&method, &Uri::from_static(uri), Some(&host)).map_err(|answer| answer.status.as_u16())
    }

    #[test]
    fn paths_and_methods() {
        assert_eq!(status(Method::GET, "/is_alive?x=1"), Ok(Route::IsAlive));
        assert_eq!(status(Method::GET, "/is%5Falive"), Ok(Route::IsAlive));
        assert_eq!(status(Method::POST, "/execute"), Ok(Route::Execute));
        assert_eq!(status(Method::HEAD, "/is_alive"), Err(405));
        assert_eq!(status(Method::GET, "/execute"), Err(405));
        assert_eq!(status(Method::GET, "//is_alive"), Err(404));
        assert_eq!(status(Method::GET, "/Is_alive"), Err(404));
        assert_eq!(status(Method::GET, "/execute/"), Err(307));
        assert_eq!(status(Method::GET, "/execute//"), Err(307));
        assert_eq!(status(Method::GET, "//"), Err(404));
        assert_eq!(status(Method::GET, "/nope/"), Err(404));
    }
}
