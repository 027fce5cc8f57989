//! One account for all deployments of a process that name the same: its limits, tools and status polling are shared without being passed on.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError, Weak},
};

use ring::digest::{SHA256, digest};

use super::{Account, Inner};
use crate::{config::TencentAgsDeploymentConfig, error::StartFailed};

/// Those that somebody has, by what names them.
static ACCOUNTS: LazyLock<Mutex<HashMap<Vec<u8>, Weak<Inner>>>> = LazyLock::new(Mutex::default);

impl Account {
    /// The account that a configuration names, as [`of`](Self::of) makes it, shared with everything in this process and tokio runtime that
    /// asks for it with the same credentials, endpoint, region and trust.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn shared(config: &TencentAgsDeploymentConfig) -> Result<Self, StartFailed> {
        let name = name(config);
        let mut accounts = ACCOUNTS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(inner) = accounts.get(&name).and_then(Weak::upgrade) {
            return Ok(Self { inner, scope: None });
        }
        let account = Self::of(config)?;
        accounts.retain(|_, inner| inner.strong_count() > 0);
        accounts.insert(name, Arc::downgrade(&account.inner));
        Ok(account)
    }
}

/// What two configurations of one account have in common. A digest: it keeps no key.
fn name(config: &TencentAgsDeploymentConfig) -> Vec<u8> {
    // Connections live in the runtime that they were made in.
    let runtime = tokio::runtime::Handle::try_current().map(|runtime| runtime.id().to_string());
    let parts = serde_json::json!([
        runtime.ok(),
        config.secret_id,
        config.secret_key.expose(),
        config.token.as_ref().map(|token| token.expose()),
        config.http_endpoint,
        config.region,
        config.ca_file,
        config.skip_ssl_verify,
    ]);
    digest(&SHA256, parts.to_string().as_bytes())
        .as_ref()
        .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::TencentAgsDeployment;

    fn config(secret_id: &str) -> TencentAgsDeploymentConfig {
        TencentAgsDeploymentConfig::new(secret_id, "key")
    }

    fn is_same(one: &Account, other: &Account) -> bool {
        Arc::ptr_eq(&one.inner, &other.inner)
    }

    #[test]
    fn deployments_share_the_account_that_they_name() {
        let new = |config| TencentAgsDeployment::new(config).unwrap();
        let one = new(config("one"));
        let mut like_it = config("one");
        like_it.image = "another".to_owned();
        assert!(is_same(one.account(), new(like_it).account()));
        let mut elsewhere = config("one");
        elsewhere.region = "ap-singapore".to_owned();
        let mut newer = config("one");
        newer.secret_key = "another".into();
        for other in [config("two"), elsewhere, newer] {
            assert!(!is_same(one.account(), new(other).account()));
        }
        // Whoever wants one of their own makes it.
        let own = Account::of(&config("one")).unwrap();
        assert!(!is_same(one.account(), &own));
        // Connections belong to a runtime.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let there = runtime.block_on(async { new(config("one")) });
        assert!(!is_same(one.account(), there.account()));
        // Nobody has it, so it is not kept.
        let gone = Arc::downgrade(&one.account().inner);
        drop(one);
        assert!(gone.upgrade().is_none());
    }
}
