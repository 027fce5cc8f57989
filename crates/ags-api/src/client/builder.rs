//! What a client is built from.

use std::{fmt, sync::Arc, time::Duration};

use ags_http::{BuildError, HttpClient, HttpService, retry::RetryPolicy};

use super::{Client, Shared, signing::Signing};
use crate::{
    clock::{Clock, SystemClock},
    counters::Tally,
    credential::CredentialSource,
    endpoint::{Endpoint, InvalidEndpoint},
    limit::Limits,
};

/// How long the attempts of a call may take together unless the builder says otherwise: long enough for
/// the first start of a large image.
pub const DEFAULT_OVERALL: Duration = Duration::from_secs(300);

/// Language of error messages unless the builder says otherwise.
pub const DEFAULT_LANGUAGE: &str = "en-US";

/// Longest `X-TC-RequestClient` that the service takes, in characters.
const MAX_REQUEST_CLIENT: usize = 128;

/// Builds a [`Client`].
#[must_use]
#[derive(Debug)]
pub struct ClientBuilder {
    source: Arc<dyn CredentialSource>,
    endpoint: Endpoint,
    region: Option<String>,
    language: String,
    request_client: String,
    http: Option<Arc<dyn HttpService>>,
    clock: Arc<dyn Clock>,
    timeout: Option<Duration>,
    retry: RetryPolicy,
    limits: Limits,
}

impl ClientBuilder {
    pub(super) fn new(source: Arc<dyn CredentialSource>) -> Self {
        Self {
            source,
            endpoint: Endpoint::default(),
            region: None,
            language: DEFAULT_LANGUAGE.to_owned(),
            request_client: concat!("ags-api-rust_", env!("CARGO_PKG_VERSION")).to_owned(),
            http: None,
            clock: Arc::new(SystemClock),
            timeout: None,
            retry: RetryPolicy {
                overall: DEFAULT_OVERALL,
                ..RetryPolicy::default()
            },
            limits: Limits::default(),
        }
    }

    /// Where the API is, as [`Endpoint`] reads it; by default
    /// [`DEFAULT_ENDPOINT`](crate::endpoint::DEFAULT_ENDPOINT).
    ///
    /// # Errors
    /// Text that is no endpoint.
    pub fn endpoint(mut self, endpoint: &str) -> Result<Self, InvalidEndpoint> {
        self.endpoint = endpoint.parse()?;
        Ok(self)
    }

    /// The region, as `ap-chongqing`; most actions need one. Without it none is sent.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Language of error messages, `en-US` or `zh-CN`; by default [`DEFAULT_LANGUAGE`].
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = language.into();
        self
    }

    /// The program's own name, sent after ours in `X-TC-RequestClient`: letters, digits and `-_,;.`.
    pub fn request_client(mut self, name: &str) -> Self {
        self.request_client = format!("{};{name}", self.request_client);
        self
    }

    /// What sends the requests; by default an [`HttpClient`] with its defaults.
    pub fn http(mut self, http: Arc<dyn HttpService>) -> Self {
        self.http = Some(http);
        self
    }

    /// How long one attempt may take, to the end of its reply; by default [`DEFAULT_TIMEOUT`](crate::client::DEFAULT_TIMEOUT), or for an
    /// action whose answer waits for what it begins [`DEFAULT_BLOCKING_TIMEOUT`](crate::client::DEFAULT_BLOCKING_TIMEOUT).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How often and how long to try; by default the policy's own, within [`DEFAULT_OVERALL`].
    ///
    /// `max_attempts` counts those that may have been carried out or were lost on the way. What the
    /// service puts off (`RequestLimitExceeded`, a request still in progress, an image still being
    /// pulled) is bounded by `overall` only, unless `max_attempts` is 1, which means no retry at all.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// The rate limits; by default those that the vendor documents.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The clock; by default the machine's.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Checks what was given. It does not connect.
    ///
    /// # Errors
    /// A region, language or name that cannot be sent, or an HTTP client that cannot be built.
    pub fn build(self) -> Result<Client, ConfigError> {
        if let Some(region) = &self.region
            && !is_region(region)
        {
            return Err(ConfigError::Region(region.clone()));
        }
        for (key, value) in [
            ("language", &self.language),
            ("request client", &self.request_client),
        ] {
            let fits = value.len() <= MAX_REQUEST_CLIENT
                && !value.is_empty()
                && value
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_,;.".contains(&byte));
            if !fits {
                return Err(ConfigError::Name {
                    key,
                    value: value.clone(),
                });
            }
        }
        let http = match self.http {
            Some(http) => http,
            None => Arc::new(HttpClient::builder().build().map_err(ConfigError::Http)?),
        };
        let shared = Shared {
            endpoint: self.endpoint,
            region: self.region,
            language: self.language,
            request_client: self.request_client,
            http,
            signing: Signing::new(self.source, self.clock),
            timeout: self.timeout,
            limits: self.limits,
            tally: Tally::default(),
        };
        Ok(Client {
            shared: Arc::new(shared),
            retry: self.retry,
        })
    }
}

/// Words of lower-case letters and digits with `-` between them.
fn is_region(region: &str) -> bool {
    region.split('-').all(|word| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

/// A client that cannot be built.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// A region that cannot be one.
    Region(String),
    /// A text that cannot be sent.
    Name {
        /// What it is for.
        key: &'static str,
        /// What was given.
        value: String,
    },
    /// The HTTP client cannot be built.
    Http(BuildError),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region(region) => {
                write!(
                    formatter,
                    "region `{}` cannot be one; give one such as `ap-chongqing`",
                    region.escape_debug()
                )
            }
            Self::Name { key, value } => write!(
                formatter,
                "{key} `{}` cannot be sent; use 1 to {MAX_REQUEST_CLIENT} ASCII letters, digits and -_,;.",
                value.escape_debug()
            ),
            Self::Http(_) => formatter.write_str("the HTTP client cannot be built"),
        }
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Http(error) => Some(error),
            Self::Region(_) | Self::Name { .. } => None,
        }
    }
}
