//! What the client knows about an action: its name, its reply, its limit, whether it may be repeated.

use serde::{Serialize, de::DeserializeOwned};

pub use ags_http::retry::Idempotence;

/// A request of the API, implemented by the request structures of [`model`](crate::model).
///
/// Implement it for a structure of your own to call an action that the description does not have yet,
/// or use [`Client::call_json`](crate::Client::call_json).
pub trait Action: Serialize + Send + Sync {
    /// Name of the action, the value of `X-TC-Action`.
    const NAME: &'static str;
    /// Whether a call may be repeated after an unknown outcome. [`Idempotence::SameId`] means that the
    /// request has a `ClientToken`, which the client fills in when it is empty.
    const IDEMPOTENCE: Idempotence;
    /// Documented calls per second, account and region; `None` where nothing is documented.
    const RATE_LIMIT_PER_SECOND: Option<u32>;
    /// What the service answers.
    type Reply: DeserializeOwned + Send;
}
