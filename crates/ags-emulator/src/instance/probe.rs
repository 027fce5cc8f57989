//! The readiness probe: a GET that has to answer 2xx in time.

use std::time::Duration;

use ags_http::{Deadline, HttpClient, HttpService as _, body};
use tokio::time::Instant;

use super::Probe;

/// The first wait between two attempts. It doubles up to the probe's period, so that a server that is
/// quickly there is quickly seen.
const FIRST_WAIT: Duration = Duration::from_millis(10);

/// Asks the loopback `port` until it is ready, else says what the last attempt met.
pub(super) async fn ready(
    http: &HttpClient,
    probe: &Probe,
    port: u16,
    started: Instant,
) -> Result<(), String> {
    let until = started + probe.within;
    let mut wait = FIRST_WAIT;
    loop {
        let met = match attempt(http, probe, port, until).await {
            Ok(status) if status.is_success() => return Ok(()),
            Ok(status) => format!("it answered {status}"),
            Err(why) => why,
        };
        if Instant::now() + wait >= until {
            return Err(format!(
                "GET {} on port {} did not answer 2xx within {} ms of the start: {met}",
                probe.path,
                probe.port,
                probe.within.as_millis()
            ));
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(probe.period.max(FIRST_WAIT));
    }
}

async fn attempt(
    http: &HttpClient,
    probe: &Probe,
    port: u16,
    until: Instant,
) -> Result<http::StatusCode, String> {
    let request = http::Request::get(format!("http://127.0.0.1:{port}{}", probe.path))
        .body(body::empty())
        .map_err(|error| error.to_string())?;
    let deadline = Deadline::after(probe.timeout).earlier(Deadline::at(until));
    match http.call(request, deadline).await {
        Ok(answer) => Ok(answer.status()),
        Err(error) => Err(error.to_string()),
    }
}
