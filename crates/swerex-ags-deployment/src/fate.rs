//! What became of an instance, as AGS tells it: asked once, when its gateway says that it is gone.

use std::{fmt, time::Duration};

use ags_api::model::{InstanceStatus, SandboxInstance, StopReason};
use ags_http::text::clean;

use crate::account::Account;

/// How long the question may take: whoever asks has an error to tell already.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest part of what AGS says that is told, in characters.
const MOST_SAID: usize = 1000;

/// What became of an instance. `Display` is one clause: which instance, its status, why, and who did it as far as AGS says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    instance_id: String,
    end: End,
    /// Its status and what AGS says of it, cleaned.
    status: String,
    said: String,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// It has not: AGS says that it runs, or is about to.
    Runs,
    /// It sleeps.
    Paused,
    /// Its lifetime was over.
    Expired,
    /// Somebody who has the account stopped it.
    Stopped,
    /// AGS stopped it.
    StoppedByAgs,
    /// What ran in it ended, or it failed.
    Died,
    /// It never ran.
    NotStarted,
    /// AGS does not know it, or not any more.
    Unknown,
}

impl Fate {
    /// What an instance's description says.
    pub fn of(instance: &SandboxInstance) -> Self {
        let status = instance.status.clone().unwrap_or_default();
        let reason = instance.stop_reason.clone().unwrap_or_default();
        let told = ["StatusReason", "StatusMessage", "Message"]
            .into_iter()
            .filter_map(|key| instance.extra.get(key)?.as_str())
            .map(|said| clean(said, MOST_SAID))
            .find(|said| !said.is_empty());
        let mut shown = clean(status.as_str(), MOST_SAID);
        if !reason.as_str().is_empty() {
            shown.push_str(&format!(", reason {}", clean(reason.as_str(), MOST_SAID)));
        }
        Self {
            instance_id: clean(
                instance.instance_id.as_deref().unwrap_or_default(),
                MOST_SAID,
            ),
            end: end(&status, &reason),
            status: shown,
            said: told.unwrap_or_default(),
        }
    }

    fn unknown(instance_id: &str) -> Self {
        Self {
            instance_id: clean(instance_id, MOST_SAID),
            end: End::Unknown,
            status: String::new(),
            said: String::new(),
        }
    }

    /// How it ended.
    pub fn end(&self) -> End {
        self.end
    }

    /// What to do about it, if that is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self.end {
            End::Expired => Some(
                "a sandbox lives as long as `timeout` says: give it more (timeout=4h), or extend_timeout=true while it is used",
            ),
            End::Paused => Some("`swerex-ags instance resume` wakes it"),
            End::Died => {
                Some("start another; where it was short of memory, give it more (memory=4Gi)")
            }
            End::Unknown => Some("check the id and the region"),
            End::Runs | End::NotStarted | End::Stopped | End::StoppedByAgs => None,
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            instance_id,
            status,
            ..
        } = self;
        if self.end == End::Unknown {
            return write!(f, "AGS knows no instance {instance_id}");
        }
        write!(f, "the instance {instance_id} is {status}")?;
        match self.end {
            End::Expired => f.write_str(": its lifetime was over")?,
            End::Stopped => f.write_str(": it was stopped by somebody who has the account")?,
            End::StoppedByAgs => f.write_str(": it was stopped by AGS")?,
            End::Died => f.write_str(": it died")?,
            End::NotStarted => f.write_str(": it did not start")?,
            End::Runs | End::Paused | End::Unknown => {}
        }
        if self.said.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.said)
        }
    }
}

fn end(status: &InstanceStatus, reason: &StopReason) -> End {
    let is = |those: &[InstanceStatus]| those.contains(status);
    if is(&[InstanceStatus::PAUSED, InstanceStatus::PAUSING]) {
        return End::Paused;
    }
    if is(&[InstanceStatus::STARTING_FAILED, InstanceStatus::FORK_FAILED]) {
        return End::NotStarted;
    }
    let has_failed = is(&[InstanceStatus::FAILED, InstanceStatus::RESUME_FAILED]);
    let is_over = is(&[
        InstanceStatus::STOPPED,
        InstanceStatus::STOPPING,
        InstanceStatus::STOP_FAILED,
        InstanceStatus::STOPPING_FAILED,
    ]);
    match reason {
        _ if !has_failed && !is_over => End::Runs,
        reason if *reason == StopReason::TIMEOUT => End::Expired,
        reason if *reason == StopReason::MANUAL => End::Stopped,
        reason if *reason == StopReason::SYSTEM => End::StoppedByAgs,
        reason if *reason == StopReason::ERROR => End::Died,
        _ if has_failed => End::Died,
        // Who stopped it, is not said.
        _ => End::Stopped,
    }
}

impl Account {
    /// Asks AGS once what became of an instance, for one whose gateway says that it is gone. `None` if AGS does not answer within some seconds.
    pub async fn fate(&self, instance_id: &str) -> Option<Fate> {
        self.fate_within(instance_id, PATIENCE).await
    }

    pub(crate) async fn fate_within(&self, instance_id: &str, limit: Duration) -> Option<Fate> {
        let asked = tokio::time::timeout(limit, self.board().instance(instance_id)).await;
        match asked {
            Ok(Ok(Some(instance))) => Some(Fate::of(&instance)),
            Ok(Ok(None)) => Some(Fate::unknown(instance_id)),
            Ok(Err(error)) => {
                tracing::debug!(instance_id, %error, "what became of it is not known");
                None
            }
            Err(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: &'static str, reason: Option<&'static str>, said: &str) -> String {
        let mut instance = SandboxInstance {
            instance_id: Some("i-1".to_owned()),
            status: Some(status.into()),
            stop_reason: reason.map(Into::into),
            ..Default::default()
        };
        instance
            .extra
            .insert("StatusReason".to_owned(), said.into());
        Fate::of(&instance).to_string()
    }

    #[test]
    fn each_end_is_told_as_what_it_is() {
        insta::assert_snapshot!(
            [
                told("STOPPED", Some("timeout"), ""),
                told("STOPPED", Some("manual"), ""),
                told("STOPPING", Some("system"), "drained"),
                told("FAILED", Some("error"), "its command was ended by signal 9"),
                told("STARTING_FAILED", Some("error"), "no such image"),
                told("PAUSED", None, ""),
                told("RUNNING", None, ""),
                told("NEW_ONE", None, ""),
                Fate::unknown("i-1").to_string(),
            ]
            .join("\n"),
            @"
        the instance i-1 is STOPPED, reason timeout: its lifetime was over
        the instance i-1 is STOPPED, reason manual: it was stopped by somebody who has the account
        the instance i-1 is STOPPING, reason system: it was stopped by AGS: drained
        the instance i-1 is FAILED, reason error: it died: its command was ended by signal 9
        the instance i-1 is STARTING_FAILED, reason error: it did not start: no such image
        the instance i-1 is PAUSED
        the instance i-1 is RUNNING
        the instance i-1 is NEW_ONE
        AGS knows no instance i-1
        "
        );
    }

    #[test]
    fn what_ags_says_acts_on_no_terminal() {
        let told = told(
            "FAILED\u{9b}2J",
            Some("error"),
            "\u{1b}]52;c;eA==\u{7}bad\u{202e}txt\n",
        );
        assert_eq!(
            told,
            "the instance i-1 is FAILED 2J, reason error: ]52;c;eA== badtxt"
        );
    }
}
