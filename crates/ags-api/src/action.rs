//! What the client knows about an action: its name, its reply, its limit, whether it may be repeated.

use serde::{Serialize, de::DeserializeOwned};

/// Whether a call may be repeated after an unknown outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotence {
    /// A repeat changes nothing.
    Safe,
    /// A repeat with the same id changes nothing.
    SameId,
    /// A repeat may do it twice.
    Never,
}

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
