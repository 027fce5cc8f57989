//! The token that the AGS gateway asks for: what the runtime needs of it, and a cache that renews it in time.

use std::{
    error::Error,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ags_http::BoxFuture;
use tokio::sync::Mutex as AsyncMutex;

use crate::secret::Secret;

/// How long before its end a token is renewed.
pub const RENEW_BEFORE: Duration = Duration::from_secs(60);

/// A token of one instance.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// Sent as `X-Access-Token`.
    pub token: Secret,
    /// What the gateway may want instead, on ports other than envd's.
    pub traffic_token: Option<Secret>,
    /// When it ends, in Unix seconds; `None` if it does not, or nobody knows.
    pub expires_at: Option<i64>,
}

/// Where tokens come from. The runtime asks before each request; an implementation keeps what it has.
///
/// [`TokenCache`] makes one of a function that acquires a token.
pub trait TokenSource: Send + Sync + fmt::Debug {
    /// A token that is good now.
    fn token(&self) -> BoxFuture<'_, Result<AccessToken, TokenError>>;

    /// Another token, because the gateway refused `refused`. Many callers may ask at once: one renewal serves them all.
    fn renew(&self, refused: &AccessToken) -> BoxFuture<'_, Result<AccessToken, TokenError>>;
}

/// Why there is no token.
#[derive(Clone, Debug)]
pub struct TokenError {
    message: String,
    gone: bool,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl TokenError {
    /// An error with one lower-case clause.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            gone: false,
            source: None,
        }
    }

    /// With its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// There is no token because the instance is gone.
    #[must_use]
    pub fn instance_gone(mut self) -> Self {
        self.gone = true;
        self
    }

    /// Whether the instance is gone.
    pub fn is_instance_gone(&self) -> bool {
        self.gone
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for TokenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_ref()
            .map(|source| &**source as &(dyn Error + 'static))
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Acquires a token, as AGS's `AcquireSandboxInstanceToken` does.
pub trait Acquire: Send + Sync + fmt::Debug {
    /// A new token.
    fn acquire(&self) -> BoxFuture<'_, Result<AccessToken, TokenError>>;

    /// The time, in Unix seconds.
    fn now(&self) -> i64;
}

/// Keeps a token until [`RENEW_BEFORE`] its end. Whoever needs a new one while it is being acquired waits for that one.
#[derive(Debug)]
pub struct TokenCache<A> {
    acquire: A,
    current: Mutex<Option<AccessToken>>,
    /// Held while a token is acquired.
    flight: AsyncMutex<()>,
}

impl<A: Acquire> TokenCache<A> {
    /// A cache without a token yet.
    pub fn new(acquire: A) -> Self {
        Self {
            acquire,
            current: Mutex::new(None),
            flight: AsyncMutex::new(()),
        }
    }

    /// A cache that has a token already.
    pub fn starting_with(acquire: A, token: AccessToken) -> Self {
        Self {
            current: Mutex::new(Some(token)),
            ..Self::new(acquire)
        }
    }

    /// The token at hand, if it is good and is not `refused`.
    fn at_hand(&self, refused: Option<&AccessToken>) -> Option<AccessToken> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let token = current.as_ref().filter(|token| Some(*token) != refused)?;
        let margin = i64::try_from(RENEW_BEFORE.as_secs()).unwrap_or(i64::MAX);
        let is_good = token
            .expires_at
            .is_none_or(|end| end.saturating_sub(margin) > self.acquire.now());
        is_good.then(|| token.clone())
    }

    async fn get(&self, refused: Option<&AccessToken>) -> Result<AccessToken, TokenError> {
        if let Some(token) = self.at_hand(refused) {
            return Ok(token);
        }
        let _flight = self.flight.lock().await;
        if let Some(token) = self.at_hand(refused) {
            return Ok(token);
        }
        let token = self.acquire.acquire().await?;
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(token)
    }
}

impl<A: Acquire> TokenSource for TokenCache<A> {
    fn token(&self) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
        Box::pin(self.get(None))
    }

    fn renew(&self, refused: &AccessToken) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
        let refused = refused.clone();
        Box::pin(async move { self.get(Some(&refused)).await })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    /// Gives tokens `t1`, `t2`, … that last 100 s.
    #[derive(Debug, Default)]
    struct Mint {
        now: AtomicI64,
        made: AtomicI64,
    }

    impl Acquire for Arc<Mint> {
        fn acquire(&self) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
            Box::pin(async {
                tokio::task::yield_now().await;
                let number = self.made.fetch_add(1, Ordering::SeqCst) + 1;
                Ok(AccessToken {
                    token: Secret::new(format!("t{number}")),
                    traffic_token: None,
                    expires_at: Some(self.now.load(Ordering::SeqCst) + 100),
                })
            })
        }

        fn now(&self) -> i64 {
            self.now.load(Ordering::SeqCst)
        }
    }

    #[tokio::test]
    async fn a_token_is_kept_until_a_minute_before_its_end() {
        let mint = Arc::new(Mint::default());
        let cache = TokenCache::new(Arc::clone(&mint));
        assert_eq!(cache.token().await.unwrap().token.expose(), "t1");
        mint.now.store(39, Ordering::SeqCst);
        assert_eq!(cache.token().await.unwrap().token.expose(), "t1");
        mint.now.store(40, Ordering::SeqCst);
        assert_eq!(cache.token().await.unwrap().token.expose(), "t2");
    }

    #[tokio::test]
    async fn one_renewal_serves_all_who_were_refused() {
        let mint = Arc::new(Mint::default());
        let cache = TokenCache::new(Arc::clone(&mint));
        let first = cache.token().await.unwrap();
        let renewals = futures_util::future::join_all((0..50).map(|_| cache.renew(&first))).await;
        assert!(
            renewals
                .iter()
                .all(|token| token.as_ref().unwrap().token.expose() == "t2")
        );
        assert_eq!(mint.made.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_token_is_not_shown() {
        let secret = || Secret::new("marker");
        let token = AccessToken {
            token: secret(),
            traffic_token: Some(secret()),
            expires_at: Some(1),
        };
        assert!(!format!("{token:?}{:?}", secret()).contains("marker"));
    }
}
