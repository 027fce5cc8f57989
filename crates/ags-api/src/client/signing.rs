//! The credential in use and the time to sign with.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::Relaxed},
};

use ags_sign::Signer;
use tokio::sync::Mutex;

use crate::{clock::Clock, credential::CredentialError, credential::CredentialSource};

/// Name of the service in the signature's scope.
const SERVICE: &str = "ags";

pub(super) struct Signing {
    source: Arc<dyn CredentialSource>,
    clock: Arc<dyn Clock>,
    /// Seconds by which the service's clock is ahead of ours, once it has told us.
    ahead: AtomicI64,
    current: Mutex<Option<Current>>,
}

#[derive(Clone)]
pub(super) struct Current {
    pub(super) signer: Arc<Signer>,
    /// How many credentials came before this one.
    pub(super) generation: u64,
}

impl Signing {
    pub(super) fn new(source: Arc<dyn CredentialSource>, clock: Arc<dyn Clock>) -> Self {
        Self {
            source,
            clock,
            ahead: AtomicI64::new(0),
            current: Mutex::new(None),
        }
    }

    /// The time by the service's clock, as far as we know it.
    pub(super) fn now(&self) -> i64 {
        self.clock
            .unix_seconds()
            .saturating_add(self.ahead.load(Relaxed))
    }

    /// Remembers how far we are off from the service's `date`.
    pub(super) fn correct_clock(&self, date: i64) {
        self.ahead
            .store(date.saturating_sub(self.clock.unix_seconds()), Relaxed);
    }

    /// The signer to use, from the source if there is none yet.
    pub(super) async fn current(&self) -> Result<Current, CredentialError> {
        let mut current = self.current.lock().await;
        if let Some(current) = &*current {
            return Ok(current.clone());
        }
        Ok(current.insert(self.read(0).await?).clone())
    }

    /// Reads the source again, unless somebody else has done so since `refused` was in use. A source that
    /// fails leaves the old one in place: the next refusal is the better error.
    pub(super) async fn reread(&self, refused: u64) {
        let mut current = self.current.lock().await;
        if current
            .as_ref()
            .is_none_or(|current| current.generation == refused)
        {
            match self.read(refused + 1).await {
                Ok(fresh) => *current = Some(fresh),
                Err(error) => tracing::warn!(%error, "the credential could not be read again"),
            }
        }
    }

    async fn read(&self, generation: u64) -> Result<Current, CredentialError> {
        let credential = self.source.credential().await?;
        let signer = Signer::new(credential, SERVICE).map_err(|error| {
            CredentialError::new("the credential cannot sign").with_source(error)
        })?;
        Ok(Current {
            signer: Arc::new(signer),
            generation,
        })
    }
}
