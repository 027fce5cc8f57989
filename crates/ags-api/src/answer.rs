//! A reply with the id of the request.

use std::ops::Deref;

/// What the service answered, and the id under which it did.
///
/// It dereferences to the reply.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Answer<T> {
    /// `RequestId`, for the vendor's support; empty if the service gave none.
    pub request_id: String,
    /// The reply itself.
    pub reply: T,
}

impl<T> Answer<T> {
    /// A reply with the id of its request.
    #[must_use]
    pub fn new(request_id: impl Into<String>, reply: T) -> Self {
        Self {
            request_id: request_id.into(),
            reply,
        }
    }
}

impl<T> Deref for Answer<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.reply
    }
}
