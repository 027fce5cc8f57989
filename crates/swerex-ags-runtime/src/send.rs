//! Sending a call once, with the token, key and id that belong to it.

use std::sync::atomic::Ordering;

use ags_http::{Body, Deadline};
use http::{HeaderName, HeaderValue, Response, header};
use swerex_proto::{native, route};
use tokio::time::Instant;

use crate::{
    call::Connection,
    error::{Attempted, Error},
    request::{self, Call},
    secret::Secret,
    token::AccessToken,
};

/// Which of a token's two halves is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Access,
    Traffic,
}

impl Connection {
    /// Sends a call with a token that the gateway takes, if there is one.
    pub(crate) async fn send(
        &self,
        call: &Call,
        deadline: Deadline,
        id: Option<&str>,
    ) -> Result<Response<Body>, Attempted> {
        let Some(tokens) = &self.tokens else {
            return self.send_with(call, deadline, id, None).await;
        };
        let no_token = |source| {
            Attempted::finally(Error::Token {
                call: call.name,
                source,
            })
        };
        let mut token = tokens.token().await.map_err(no_token)?;
        let mut renewed = false;
        loop {
            let first = if self.traffic.load(Ordering::Relaxed) {
                Half::Traffic
            } else {
                Half::Access
            };
            let second = if first == Half::Access {
                Half::Traffic
            } else {
                Half::Access
            };
            let mut refused = None;
            for half in [first, second] {
                let Some(secret) = half_of(&token, half) else {
                    continue;
                };
                let response = self.send_with(call, deadline, id, Some(secret)).await?;
                if !self.wants_another_token(&response) {
                    self.traffic.store(half == Half::Traffic, Ordering::Relaxed);
                    return Ok(response);
                }
                refused = Some(response);
            }
            match refused {
                Some(response) if renewed => return Ok(response),
                _ => {}
            }
            self.config.tally.token_refused();
            tracing::info!(
                call = call.name,
                "the gateway refused the token; renewing it"
            );
            token = tokens.renew(&token).await.map_err(no_token)?;
            renewed = true;
        }
    }

    /// Whether this is the gateway's refusal; the server's own has JSON with `detail`, which is only known once it is read, so it is told by
    /// its content type: the gateway's refusals that look like the server's cost one needless renewal.
    fn wants_another_token(&self, response: &Response<Body>) -> bool {
        matches!(response.status().as_u16(), 401 | 403)
            && !response.headers().contains_key(native::HEADER)
    }

    async fn send_with(
        &self,
        call: &Call,
        deadline: Deadline,
        id: Option<&str>,
        token: Option<&Secret>,
    ) -> Result<Response<Body>, Attempted> {
        let mut request = request::build(call).map_err(Attempted::finally)?;
        let headers = request.headers_mut();
        let secret = |name: &'static str, secret: &Secret| {
            let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| {
                Attempted::finally(Error::Invalid(format!(
                    "the value of {name} cannot stand in a header"
                )))
            })?;
            value.set_sensitive(true);
            Ok((HeaderName::from_static(name), value))
        };
        if let Some(key) = &self.config.auth_token {
            headers.extend([secret(route::X_API_KEY, key)?]);
        }
        if let Some(token) = token {
            headers.extend([secret(route::X_ACCESS_TOKEN, token)?]);
        }
        if self.tokens.is_none() && !self.is_native() {
            // The Python server closes a connection after each exception, and after 5 s of silence, without saying so: a request on a
            // connection that was used before would be lost. Its own client makes a new one each time, too. What is behind a gateway is
            // the gateway's to know.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(id) = id
            && let Ok(id) = HeaderValue::from_str(id)
        {
            headers.insert(HeaderName::from_static(route::X_REQUEST_ID), id);
        }
        let started = Instant::now();
        let answer = self.http.call(request, deadline).await;
        let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match answer {
            Ok(response) => {
                let status = response.status().as_u16();
                tracing::debug!(
                    call = call.name,
                    status,
                    elapsed_ms,
                    request_id = id,
                    "answered"
                );
                if let Some(revision) = response.headers().get(native::HEADER) {
                    let revision = revision
                        .to_str()
                        .ok()
                        .and_then(|text| text.parse().ok())
                        .unwrap_or(0);
                    self.native.store(revision, Ordering::Relaxed);
                }
                Ok(response)
            }
            Err(error) => {
                tracing::debug!(call = call.name, %error, elapsed_ms, request_id = id, "no answer");
                Err(Attempted::transport(call.name, error))
            }
        }
    }
}

fn half_of(token: &AccessToken, half: Half) -> Option<&Secret> {
    match half {
        Half::Access => Some(&token.token),
        Half::Traffic => token.traffic_token.as_ref(),
    }
}
