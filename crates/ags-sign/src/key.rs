//! The key of one day and service, derived once and kept.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use ring::hmac::{self, HMAC_SHA256};

use crate::{
    Timestamp,
    credential::Credential,
    date::UtcDate,
    scope::{CredentialScope, TERMINATOR},
};

/// Derives the key: `HMAC(HMAC(HMAC("TC3" + SecretKey, date), service), "tc3_request")`.
pub(crate) fn derive(credential: &Credential, date: UtcDate, service: &str) -> hmac::Key {
    let first = format!("TC3{}", credential.secret_key());
    let parts = [date.to_string(), service.to_owned(), TERMINATOR.to_owned()];
    parts.iter().fold(
        hmac::Key::new(HMAC_SHA256, first.as_bytes()),
        |key, part| hmac::Key::new(HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref()),
    )
}

/// What all signatures of one day share.
pub(crate) struct Day {
    number: i64,
    pub(crate) scope: CredentialScope,
    pub(crate) key: hmac::Key,
}

/// The last day that was asked for.
#[derive(Default)]
pub(crate) struct KeyCache(RwLock<Option<Arc<Day>>>);

impl KeyCache {
    pub(crate) fn get(&self, credential: &Credential, at: Timestamp, service: &str) -> Arc<Day> {
        let number = UtcDate::number(at);
        if let Some(day) = &*self.0.read().unwrap_or_else(PoisonError::into_inner)
            && day.number == number
        {
            return Arc::clone(day);
        }
        let date = UtcDate::of(at);
        let day = Arc::new(Day {
            number,
            scope: CredentialScope::new(date, service),
            key: derive(credential, date, service),
        });
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&day));
        day
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyCache(..)")
    }
}
