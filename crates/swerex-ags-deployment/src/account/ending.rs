//! Ending what goes on: now and bounded for whoever waits, patiently in the background for what nobody waits for.

use std::{fmt, time::Duration};

use ags_api::model::SandboxInstance;
use ags_http::backoff::Backoff;
use tokio::time::Instant;

use super::Account;
use crate::{
    error::{StopFailed, with_causes},
    instance::has_ended,
    marks, tool,
};

/// How long it is tried in the background to end what was abandoned, with growing pauses and whatever AGS says meanwhile: what a refusal
/// means is not documented, and what goes on costs its whole lifetime.
pub const STOP_PATIENCE: Duration = Duration::from_secs(300);

/// The pauses between two such attempts.
const PAUSES: Backoff = Backoff {
    base: Duration::from_millis(200),
    longest: Duration::from_secs(15),
};

/// How often a stop that somebody waits for is tried, each time with the client's own retries.
const STOP_ATTEMPTS: u32 = 3;

/// The pause between two such attempts.
const STOP_PAUSE: Duration = Duration::from_secs(2);

/// When something is looked for whose making was not answered, each after the look before.
const LOOKS: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(15),
];

/// Something that goes on until it is ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Leftover {
    /// An instance, by its id.
    Instance(String),
    /// A tool, by its id.
    Tool(String),
    /// The instance that a start may have led to, by the start's client token.
    Start(String),
    /// The tool that a creation may have led to, by its name.
    Creation(String),
}

impl Leftover {
    /// What it is known by.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Instance(id) | Self::Tool(id) | Self::Start(id) | Self::Creation(id) => id,
        }
    }
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance(id) => write!(f, "the instance {id}"),
            Self::Tool(id) => write!(f, "the tool {id}"),
            Self::Start(token) => write!(f, "the instance of the unanswered start {token}"),
            Self::Creation(name) => write!(f, "the tool {name}, whose creation was not answered"),
        }
    }
}

/// What is left of [`STOP_PATIENCE`].
#[derive(Debug)]
pub(super) struct Patience {
    until: Instant,
    pauses: u32,
}

impl Patience {
    fn new() -> Self {
        Self {
            until: Instant::now() + STOP_PATIENCE,
            pauses: 0,
        }
    }

    /// How long to wait before the next attempt; `None` if there is to be none.
    fn pause(&mut self) -> Option<Duration> {
        self.pauses += 1;
        // Those that were refused together do not come back together.
        let pause = PAUSES
            .ceiling(self.pauses)
            .mul_f64(0.5 + fastrand::f64() / 2.0);
        (Instant::now() + pause < self.until).then_some(pause)
    }
}

impl Account {
    /// Stops an instance, more than once if need be. One that is gone is stopped; whether there was one to stop.
    ///
    /// # Errors
    /// [`StopFailed`] with the last refusal.
    pub async fn stop_instance(&self, instance_id: &str) -> Result<bool, StopFailed> {
        self.end(&Leftover::Instance(instance_id.to_owned())).await
    }

    /// Ends it, within some attempts; whether there was something to end.
    pub(super) async fn end(&self, what: &Leftover) -> Result<bool, StopFailed> {
        let mut attempt = 1;
        loop {
            let error = match self.end_once(what).await {
                // An earlier attempt may have been carried out without an answer.
                Ok(was_there) => return Ok(was_there || attempt > 1),
                Err(error) => error,
            };
            if attempt >= STOP_ATTEMPTS || !error.is_retryable() {
                return Err(self.given_up(what.clone(), error));
            }
            let cause = with_causes(&error);
            tracing::warn!(%what, attempt, cause, "it could not be ended; trying again");
            tokio::time::sleep(STOP_PAUSE).await;
            attempt += 1;
        }
    }

    /// Ends it in the background, for paths that cannot wait. Without a runtime there is no background, and it goes on until its lifetime is
    /// over or it is collected.
    pub(crate) fn abandon(&self, what: Leftover) {
        let account = self.clone();
        self.in_background(what.to_string(), async move {
            account.end_patiently(what).await;
        });
    }

    async fn end_patiently(&self, what: Leftover) {
        let mut patience = Patience::new();
        while let Err(error) = self.end_once(&what).await {
            let cause = with_causes(&error);
            tracing::warn!(%what, cause, "it could not be ended yet");
            let failed = match self.pause(&mut patience).await {
                Pause::Over => continue,
                Pause::NoMore => self.given_up(what, error),
                Pause::Hurried => match self.end(&what).await {
                    Ok(_) => return,
                    // That is no refusal: its instances are stopping, which takes minutes.
                    Err(failed) if tool::is_in_use(&failed.source) => continue,
                    Err(failed) => failed,
                },
            };
            self.not_ended(failed);
            return;
        }
    }

    /// Looks for what AGS may have made without saying so, for a while, and has it ended. A look that is refused is none. What does not
    /// appear stays in the journal: it may yet.
    pub(crate) async fn end_unanswered(&self, what: Leftover) {
        self.end_if_found(what, &LOOKS).await;
    }

    /// Looks once for what AGS has refused to make: it answered, so that nothing appears later. Whether there was something after all.
    pub(crate) async fn end_refused(&self, what: Leftover) -> bool {
        self.end_if_found(what, &LOOKS[..1]).await
    }

    async fn end_if_found(&self, what: Leftover, looks: &[Duration]) -> bool {
        let mut patience = Patience::new();
        for pause in looks {
            tokio::time::sleep(*pause).await;
            let found = loop {
                let error = match self.find(&what).await {
                    Ok(found) => break found,
                    Err(error) => error,
                };
                let cause = with_causes(&error);
                tracing::warn!(%what, cause, "it cannot be looked for yet");
                let Pause::Over = self.pause(&mut patience).await else {
                    self.not_ended(self.given_up(what, error));
                    return true;
                };
            };
            let Some(found) = found else { continue };
            tracing::warn!(%what, %found, "AGS made it without saying so; ending it");
            if let (Leftover::Start(start), Some(journal)) = (&what, self.journal()) {
                journal.started(start, found.id());
            }
            self.abandon(found);
            return true;
        }
        if looks.len() > 1 {
            tracing::warn!(%what, "AGS does not list it");
        }
        false
    }

    /// What it is known by now; `None` if there is no such thing, or not any more.
    async fn find(&self, what: &Leftover) -> Result<Option<Leftover>, ags_api::Error> {
        Ok(match what {
            Leftover::Instance(_) | Leftover::Tool(_) => Some(what.clone()),
            Leftover::Start(start) => {
                let all = self.listed().await?;
                let mut all = all.iter();
                let found = all.find(|one| marks::start_of(one) == Some(start) && goes_on(one));
                found.and_then(|one| one.instance_id.clone().map(Leftover::Instance))
            }
            Leftover::Creation(name) => {
                let found = tool::of_name(self.client().clone(), name).await?;
                found.and_then(|tool| tool.tool_id.map(Leftover::Tool))
            }
        })
    }

    /// One attempt, with the client's own retries. What is gone has ended; whether there was something to end.
    async fn end_once(&self, what: &Leftover) -> Result<bool, ags_api::Error> {
        match self.find(what).await? {
            Some(Leftover::Instance(id)) => self.stop_once(&id).await,
            Some(Leftover::Tool(id)) => self.client().delete_tool_if_there(&id).await,
            _ => Ok(false),
        }
    }

    fn given_up(&self, what: Leftover, error: ags_api::Error) -> StopFailed {
        self.tally().stops_failed.one_more();
        StopFailed::new(what, error)
    }

    async fn stop_once(&self, instance_id: &str) -> Result<bool, ags_api::Error> {
        let was_there = match self.client().stop_if_there(instance_id).await {
            Ok(was_there) => was_there,
            // An instance that has ended by itself is refused with a code that nobody documents: look at it.
            Err(_) if self.has_ended(instance_id).await => false,
            Err(error) => return Err(error),
        };
        tracing::debug!(instance_id, was_there, "stopped");
        self.tally().stopped.one_more();
        if let Some(journal) = self.journal() {
            journal.instance_over(instance_id);
        }
        Ok(was_there)
    }

    async fn has_ended(&self, instance_id: &str) -> bool {
        match self.board().instance(instance_id).await {
            Ok(instance) => !instance.as_ref().is_some_and(goes_on),
            Err(_) => false,
        }
    }

    /// Waits for the next attempt at something that nobody waits for.
    async fn pause(&self, patience: &mut Patience) -> Pause {
        let Some(pause) = patience.pause() else {
            return Pause::NoMore;
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => Pause::Over,
            () = self.hurried() => Pause::Hurried,
        }
    }
}

/// Whether there is something to stop. A status that is not told may be any.
fn goes_on(instance: &SandboxInstance) -> bool {
    !instance.status.as_ref().is_some_and(has_ended)
}

/// How a pause ended.
enum Pause {
    /// In its time.
    Over,
    /// Patience is over.
    NoMore,
    /// By somebody who waits now.
    Hurried,
}

#[cfg(test)]
mod tests;
