//! All instances of the account, listed once for all who look at the same time.

use std::sync::Arc;

use ags_api::{
    Error,
    model::{DescribeSandboxInstanceListRequest, SandboxInstance},
};
use tokio::{sync::Mutex, time::Instant};

use super::Account;

/// All instances as AGS listed them.
type All = Arc<Vec<SandboxInstance>>;

/// The last listing and when it began.
#[derive(Debug, Default)]
pub(super) struct Listing(Mutex<Option<(Instant, All)>>);

impl Account {
    /// All instances, in a listing that has begun after this call. Whoever waits for one that is under way shares the next.
    pub(crate) async fn listed(&self) -> Result<All, Error> {
        let asked = Instant::now();
        let mut last = self.inner.listing.0.lock().await;
        if let Some((begun, all)) = &*last
            && *begun >= asked
        {
            return Ok(Arc::clone(all));
        }
        let begun = Instant::now();
        let request = DescribeSandboxInstanceListRequest::default();
        let all = Arc::new(self.client().list_all(&request).await?);
        *last = Some((begun, Arc::clone(&all)));
        Ok(all)
    }
}
