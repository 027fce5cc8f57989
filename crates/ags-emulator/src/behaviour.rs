//! What nobody outside AGS knows, as switches: a client has to be right under every setting.

mod switch;

use std::{fmt, time::Duration};

use crate::units::{parse_span, span_text};

pub use self::switch::UnknownSwitch;
use self::switch::switch;

switch! {
    /// What `StartSandboxInstance` answers.
    pub enum StartAnswers {
        /// The call blocks until the instance runs, as in every public sample. After
        /// [`START_BLOCKS_AT_MOST`] it answers `STARTING`; a start that fails is an error.
        #[default] Running = "running",
        /// The call answers `STARTING` at once.
        Starting = "starting",
    }
}

switch! {
    /// What the lists in a start's `CustomConfiguration` (`Env`, `Ports`) do to the tool's.
    pub enum ListMembers {
        /// They replace them.
        #[default] Replace = "replace",
        /// They are merged, by `Name` and by `Port`; the start's value wins.
        Merge = "merge",
    }
}

switch! {
    /// What a second `AcquireSandboxInstanceToken` does to the first token.
    pub enum SecondToken {
        /// Both are good.
        #[default] KeepsFirst = "keeps-first",
        /// Only the newest is good.
        InvalidatesFirst = "invalidates-first",
    }
}

switch! {
    /// Which token opens a port other than 49983. That port always takes `Token`.
    pub enum PortToken {
        /// `Token` and `TrafficToken`.
        #[default] Either = "either",
        /// Only `Token`; no `TrafficToken` is issued.
        Token = "token",
        /// Only `TrafficToken`.
        Traffic = "traffic",
    }
}

switch! {
    /// The body of the gateway's own errors.
    pub enum ErrorBodies {
        /// `{"code":…,"message":"…"}`.
        #[default] Json = "json",
        /// A page, as many proxies answer.
        Html = "html",
        /// Nothing.
        Empty = "empty",
    }
}

switch! {
    /// What the gateway answers for an instance that is paused.
    pub enum PausedAnswers {
        /// 404, as for one that does not exist.
        #[default] NotFound = "not-found",
        /// 503 with `Retry-After`.
        Unavailable = "unavailable",
        /// It resumes the instance, waits for it and forwards the request.
        Resumes = "resumes",
    }
}

switch! {
    /// How `ExpiresAt` is written.
    pub enum ExpiresAtFormat {
        /// RFC 3339 in UTC with milliseconds.
        #[default] Millis = "millis",
        /// RFC 3339 in UTC with whole seconds.
        Seconds = "seconds",
        /// RFC 3339 with the offset `+08:00`.
        Offset = "offset",
        /// RFC 3339 in UTC with nanoseconds.
        Nanos = "nanos",
        /// Unix seconds, a JSON number.
        Unix = "unix",
        /// `null`.
        Null = "null",
    }
}

switch! {
    /// What `StopSandboxInstance` answers for an instance that is `STOPPED`.
    pub enum StopOfStopped {
        /// `ResourceNotFound.SandboxInstance`.
        #[default] NotFound = "not-found",
        /// `UnsupportedOperation.SandboxInstance`.
        Unsupported = "unsupported",
    }
}

switch! {
    /// What a `ClientToken` does that comes again with other parameters.
    pub enum ReusedClientToken {
        /// It stands for the first request; the new parameters are not looked at.
        #[default] Same = "same",
        /// `FailedOperation.DuplicateRequest`.
        Refused = "refused",
    }
}

/// How long a blocking start blocks; then it answers `STARTING` while the start goes on.
pub const START_BLOCKS_AT_MOST: Duration = Duration::from_secs(50);

/// The settings; [`Default`] is what the public sources suggest.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Behaviour {
    /// What `StartSandboxInstance` answers.
    pub start_answers: StartAnswers,
    /// Whether lists of `CustomConfiguration` replace or merge.
    pub list_members: ListMembers,
    /// What a second token does to the first.
    pub second_token: SecondToken,
    /// Which token opens a port.
    pub port_token: PortToken,
    /// The body of the gateway's own errors.
    pub error_bodies: ErrorBodies,
    /// What the gateway answers for a paused instance.
    pub paused_answers: PausedAnswers,
    /// How `ExpiresAt` of tokens and instances is written.
    pub expires_at: ExpiresAtFormat,
    /// What stopping a stopped instance gives.
    pub stop_of_stopped: StopOfStopped,
    /// What a `ClientToken` with other parameters gives.
    pub reused_client_token: ReusedClientToken,
    /// A gateway connection on which nothing moves for this long is cut. None unless set.
    pub idle_timeout: Option<Duration>,
    /// Bodies longer than this many bytes get 413 from the gateway (requests), or are cut (answers). None unless set.
    pub body_limit: Option<u64>,
    /// What the gateway answers when nothing listens on the port: 502 unless set.
    pub not_listening: u16,
    /// How far the service's clock is ahead of this machine's, in seconds; it shows in `Date`. 0 unless set.
    pub clock_skew: i64,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            start_answers: StartAnswers::default(),
            list_members: ListMembers::default(),
            second_token: SecondToken::default(),
            port_token: PortToken::default(),
            error_bodies: ErrorBodies::default(),
            paused_answers: PausedAnswers::default(),
            expires_at: ExpiresAtFormat::default(),
            stop_of_stopped: StopOfStopped::default(),
            reused_client_token: ReusedClientToken::default(),
            idle_timeout: None,
            body_limit: None,
            not_listening: 502,
            clock_skew: 0,
        }
    }
}

impl Behaviour {
    /// Every switch and the values it takes, as [`set`](Self::set) reads them.
    pub const SWITCHES: &'static [(&'static str, &'static [&'static str])] = &[
        ("start-answers", StartAnswers::VALUES),
        ("list-members", ListMembers::VALUES),
        ("second-token", SecondToken::VALUES),
        ("port-token", PortToken::VALUES),
        ("error-bodies", ErrorBodies::VALUES),
        ("paused-answers", PausedAnswers::VALUES),
        ("expires-at", ExpiresAtFormat::VALUES),
        ("stop-of-stopped", StopOfStopped::VALUES),
        ("reused-client-token", ReusedClientToken::VALUES),
        ("idle-timeout", &["off", "SPAN"]),
        ("body-limit", &["off", "BYTES"]),
        ("not-listening", &["STATUS"]),
        ("clock-skew", &["SECONDS"]),
    ];

    /// Sets one switch by name, for example `set("port-token", "traffic")`.
    ///
    /// # Errors
    /// [`UnknownSwitch`] when there is no such switch or it has no such value; it names those that there are.
    pub fn set(&mut self, switch: &str, value: &str) -> Result<(), UnknownSwitch> {
        let unknown = || UnknownSwitch::new(switch, value);
        match switch {
            "start-answers" => self.start_answers = value.parse().map_err(|()| unknown())?,
            "list-members" => self.list_members = value.parse().map_err(|()| unknown())?,
            "second-token" => self.second_token = value.parse().map_err(|()| unknown())?,
            "port-token" => self.port_token = value.parse().map_err(|()| unknown())?,
            "error-bodies" => self.error_bodies = value.parse().map_err(|()| unknown())?,
            "paused-answers" => self.paused_answers = value.parse().map_err(|()| unknown())?,
            "expires-at" => self.expires_at = value.parse().map_err(|()| unknown())?,
            "stop-of-stopped" => self.stop_of_stopped = value.parse().map_err(|()| unknown())?,
            "reused-client-token" => {
                self.reused_client_token = value.parse().map_err(|()| unknown())?
            }
            "idle-timeout" => self.idle_timeout = or_off(value, parse_span).ok_or_else(unknown)?,
            "body-limit" => {
                self.body_limit = or_off(value, |text| text.parse().ok()).ok_or_else(unknown)?
            }
            "not-listening" => {
                self.not_listening = value
                    .parse()
                    .ok()
                    .filter(|status| (400..600).contains(status))
                    .ok_or_else(unknown)?;
            }
            "clock-skew" => self.clock_skew = value.parse().map_err(|_| unknown())?,
            _ => return Err(unknown()),
        }
        Ok(())
    }
}

/// `switch=value` of every switch that is not at its default, separated by spaces.
impl fmt::Display for Behaviour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (now, default) = (self.values(), Self::default().values());
        let changed: Vec<String> = Self::SWITCHES
            .iter()
            .zip(now.iter().zip(default))
            .filter(|(_, (now, default))| *now != default)
            .map(|((name, _), (now, _))| format!("{name}={now}"))
            .collect();
        formatter.write_str(&changed.join(" "))
    }
}

impl Behaviour {
    fn values(&self) -> [String; Self::SWITCHES.len()] {
        [
            self.start_answers.to_string(),
            self.list_members.to_string(),
            self.second_token.to_string(),
            self.port_token.to_string(),
            self.error_bodies.to_string(),
            self.paused_answers.to_string(),
            self.expires_at.to_string(),
            self.stop_of_stopped.to_string(),
            self.reused_client_token.to_string(),
            self.idle_timeout
                .map_or_else(|| "off".to_owned(), span_text),
            self.body_limit
                .map_or_else(|| "off".to_owned(), |limit| limit.to_string()),
            self.not_listening.to_string(),
            self.clock_skew.to_string(),
        ]
    }
}

fn or_off<T>(value: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if value == "off" {
        Some(None)
    } else {
        parse(value).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_takes_the_values_it_lists_and_shows_them() {
        for (switch, values) in Behaviour::SWITCHES {
            for value in *values {
                let value = match *value {
                    "SPAN" => "7s",
                    "BYTES" => "1000",
                    "STATUS" => "504",
                    "SECONDS" => "-600",
                    value => value,
                };
                let mut behaviour = Behaviour::default();
                behaviour.set(switch, value).unwrap();
                let shown = behaviour.to_string();
                let at_default = behaviour == Behaviour::default();
                assert_eq!(
                    shown,
                    if at_default {
                        String::new()
                    } else {
                        format!("{switch}={value}")
                    }
                );
            }
        }
    }

    #[test]
    fn an_unknown_value_names_those_that_there_are() {
        let error = Behaviour::default().set("port-token", "both").unwrap_err();
        assert_eq!(
            error.to_string(),
            "behaviour port-token=both is unknown: port-token takes either, token, traffic"
        );
        let error = Behaviour::default()
            .set("port-tokens", "token")
            .unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("there is no behaviour port-tokens: it is one of start-answers, "),
            "{error}"
        );
        for (switch, value) in [
            ("not-listening", "200"),
            ("idle-timeout", "-1s"),
            ("body-limit", "1k"),
        ] {
            assert!(
                Behaviour::default().set(switch, value).is_err(),
                "{switch}={value}"
            );
        }
    }
}
