//! Tokens for the gateway, from AGS.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use ags_api::model::AcquireSandboxInstanceTokenRequest;
use ags_http::BoxFuture;
use swerex_ags_runtime::{AccessToken, Acquire, Secret, TokenError};

use crate::account::Account;

/// How long a token is taken to last when AGS does not say, in seconds.
const UNSAID_LIFETIME: i64 = 3600;

/// Acquires tokens of one instance.
#[derive(Debug)]
pub(crate) struct InstanceTokens {
    account: Account,
    instance_id: String,
    /// Whether the instance has had one.
    had_one: AtomicBool,
}

impl InstanceTokens {
    pub(crate) fn new(account: Account, instance_id: String) -> Self {
        Self {
            account,
            instance_id,
            had_one: AtomicBool::new(false),
        }
    }

    /// A new token, within `limit` if there is one.
    pub(crate) async fn fetch(
        &self,
        limit: Option<Duration>,
    ) -> Result<AccessToken, ags_api::Error> {
        let request = AcquireSandboxInstanceTokenRequest {
            instance_id: Some(self.instance_id.clone()),
            ..Default::default()
        };
        let client = self.account.client();
        let client = limit.map_or_else(|| client.clone(), |limit| client.within(limit));
        let reply = client.call(&request).await?.reply;
        if self.had_one.swap(true, Ordering::Relaxed) {
            self.account.tally().refreshes.one_more();
        }
        let secret = |secret: ags_api::Secret| Secret::new(secret.expose());
        let token = reply.token.map(secret).unwrap_or_else(|| Secret::new(""));
        let expires_at = match reply.expires_at {
            Some(at) => at.unix_seconds(),
            None => Some(self.now() + UNSAID_LIFETIME),
        };
        tracing::debug!(
            instance_id = self.instance_id,
            expires_at,
            "a token for the gateway"
        );
        Ok(AccessToken {
            token,
            traffic_token: reply
                .traffic_token
                .filter(|token| !token.is_empty())
                .map(secret),
            expires_at,
        })
    }
}

impl Acquire for InstanceTokens {
    fn acquire(&self) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
        Box::pin(async {
            self.fetch(None).await.map_err(|error| {
                let message = format!("no token for the instance {}", self.instance_id);
                let gone = error.is_not_found();
                let token_error = TokenError::new(message).with_source(error);
                if gone {
                    token_error.instance_gone()
                } else {
                    token_error
                }
            })
        })
    }

    fn now(&self) -> i64 {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }
}
