//! Handing a request to what the instance runs, and its answer back, both as streams.

use std::sync::Arc;

use ags_http::{Body, Deadline, HttpService as _};
use http::{
    HeaderMap, HeaderName, Request, Response, StatusCode, Uri,
    header::{
        CONNECTION, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING,
        UPGRADE,
    },
    uri::PathAndQuery,
};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::{ACCESS_TOKEN, answer::failure, limit::Limited, upgrade};
use crate::{
    instance::{Native, Upstream},
    listener::Connection,
    shared::Shared,
};

/// Headers that are about one connection only.
const HOP_BY_HOP: [HeaderName; 7] = [
    CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Sends `request` to `upstream` and gives its answer.
pub(super) async fn forward(
    shared: &Arc<Shared>,
    connection: &Arc<Connection>,
    upstream: &Upstream,
    port: u16,
    request: Request<Incoming>,
) -> Response<Body> {
    match upstream {
        Upstream::Server(native) if native.listens_on(port) => {
            to_server(shared, native, request).await
        }
        Upstream::Ports(ports) => match ports.get(&port) {
            Some(mapped) => to_port(shared, connection, *mapped, request).await,
            None => not_listening(shared, port),
        },
        Upstream::Server(_) | Upstream::Nothing => not_listening(shared, port),
    }
}

async fn to_server(shared: &Shared, native: &Native, request: Request<Incoming>) -> Response<Body> {
    let (mut head, incoming) = request.into_parts();
    without_connection_headers(&mut head.headers);
    head.headers.remove(ACCESS_TOKEN);
    let limit = shared.settings.behaviour.body_limit;
    let body = Limited::wrap(Body::new(incoming.map_err(Into::into)), limit);
    let (mut head, body) = native
        .handle(Request::from_parts(head, body))
        .await
        .into_parts();
    without_connection_headers(&mut head.headers);
    Response::from_parts(head, Limited::wrap(body, limit))
}

async fn to_port(
    shared: &Arc<Shared>,
    connection: &Arc<Connection>,
    mapped: u16,
    mut request: Request<Incoming>,
) -> Response<Body> {
    let upgrading = upgrade::wanted(&request);
    let client_side = upgrading
        .is_some()
        .then(|| hyper::upgrade::on(&mut request));
    let (mut head, incoming) = request.into_parts();
    // The inside sees the name that was asked for, as behind most proxies.
    if let Some(authority) = head.uri.authority()
        && let Ok(host) = authority.as_str().parse()
    {
        head.headers.insert(HOST, host);
    }
    without_connection_headers(&mut head.headers);
    head.headers.remove(ACCESS_TOKEN);
    if let Some(protocol) = upgrading {
        head.headers
            .insert(CONNECTION, http::HeaderValue::from_static("upgrade"));
        head.headers.insert(UPGRADE, protocol);
    } else {
        // uvicorn closes a connection after each exception without saying so: the next request on it would be lost.
        head.headers
            .insert(CONNECTION, http::HeaderValue::from_static("close"));
    }
    let path = head.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let Ok(uri) = Uri::try_from(format!("http://127.0.0.1:{mapped}{path}")) else {
        return failure(
            shared,
            StatusCode::BAD_REQUEST,
            "the path is not valid",
            None,
        );
    };
    head.uri = uri;
    head.version = http::Version::HTTP_11;
    head.extensions.clear();
    let limit = shared.settings.behaviour.body_limit;
    let body = Limited::wrap(Body::new(incoming.map_err(Into::into)), limit);
    let mut answer = match shared
        .http
        .call(Request::from_parts(head, body), Deadline::none())
        .await
    {
        Ok(answer) => answer,
        Err(error) => {
            tracing::debug!(%error, mapped, "an instance does not answer");
            return failure(
                shared,
                not_listening_status(shared),
                "the sandbox does not answer",
                None,
            );
        }
    };
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        if let Some(client_side) = client_side {
            upgrade::join(shared, connection, client_side, &mut answer);
        }
        return answer.map(|_| ags_http::body::empty());
    }
    let (mut head, body) = answer.into_parts();
    without_connection_headers(&mut head.headers);
    head.version = http::Version::HTTP_11;
    Response::from_parts(head, Limited::wrap(body, limit))
}

fn not_listening(shared: &Shared, port: u16) -> Response<Body> {
    failure(
        shared,
        not_listening_status(shared),
        &format!("nothing listens on port {port} of the sandbox"),
        None,
    )
}

fn not_listening_status(shared: &Shared) -> StatusCode {
    StatusCode::from_u16(shared.settings.behaviour.not_listening).unwrap_or(StatusCode::BAD_GATEWAY)
}

/// Removes what is about the connection, and what `Connection` itself names.
fn without_connection_headers(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    headers.remove("keep-alive");
}
