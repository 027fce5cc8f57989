//! The key of one day and service, derived once and kept.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use ring::hmac::{self, HMAC_SHA256};

use crate::{credential::Credential, date::UtcDate, scope::TERMINATOR};

/// Derives the key: `HMAC(HMAC(HMAC("TC3" + SecretKey, date), service), "tc3_request")`.
pub(crate) fn derive(credential: &Credential, date: UtcDate, service: &str) -> hmac::Key {
    let first = format!("TC3{}", credential.secret_key());
    let parts = [date.to_string(), service.to_owned(), TERMINATOR.to_owned()];
    parts.iter().fold(
        hmac::Key::new(HMAC_SHA256, first.as_bytes()),
        |key, part| hmac::Key::new(HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref()),
    )
}

/// The last key that was derived; requests of one day share it.
#[derive(Default)]
pub(crate) struct KeyCache(RwLock<Option<(UtcDate, Arc<hmac::Key>)>>);

impl KeyCache {
    pub(crate) fn get(
        &self,
        credential: &Credential,
        date: UtcDate,
        service: &str,
    ) -> Arc<hmac::Key> {
        if let Some((day, key)) = &*self.0.read().unwrap_or_else(PoisonError::into_inner)
            && *day == date
        {
            return Arc::clone(key);
        }
        let key = Arc::new(derive(credential, date, service));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some((date, Arc::clone(&key)));
        key
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyCache(..)")
    }
}
