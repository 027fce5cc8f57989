//! Lists a page at a time, as streams.

use std::time::Duration;

use futures_util::{
    Stream, StreamExt as _,
    stream::{self, BoxStream},
};

use tokio::time::Instant;

use crate::{
    action::Action,
    client::Client,
    error::{Error, Phase},
    model::*,
};

/// Items per page: the most that the service gives.
pub const PAGE_SIZE: u32 = 100;

/// The most pages that are collected: the service takes no offset beyond 10,000, and what lists have in truth is far less. How many items there
/// are is the service's word, which is not believed for ever.
pub const MOST_PAGES: usize = 500;

/// How long all pages that are collected may take together.
pub const LONGEST_LIST: Duration = Duration::from_secs(120);

/// A list action.
pub trait Paged: Action + Clone {
    /// What it lists.
    type Item: Send;

    /// Makes this the request for one page.
    fn turn_to(&mut self, cursor: &Cursor, size: u32);

    /// Takes a reply apart.
    fn take(reply: Self::Reply) -> Page<Self::Item>;

    /// Where the first page is; a list that is paged by token overrides it.
    #[must_use]
    fn first() -> Cursor {
        Cursor::Offset(0)
    }
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// After this many items.
    Offset(i64),
    /// Where this token says; an empty one is the beginning.
    Token(String),
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Its items.
    pub items: Vec<T>,
    /// How many items all pages have; `None` or 0 if the service does not say.
    pub total: Option<i64>,
    /// Where the next page begins, in a list that is paged by token.
    pub next_token: Option<String>,
}

impl Client {
    /// Every item of a list, a page of [`PAGE_SIZE`] after the other, each fetched when it is needed.
    ///
    /// The request's own page members are ignored. What is created or deleted meanwhile may be missed or
    /// seen twice. The stream ends after the first error.
    ///
    /// # Errors
    /// As [`Client::call`], for the page that failed.
    pub fn list<A: Paged + 'static>(
        &self,
        request: &A,
    ) -> BoxStream<'static, Result<A::Item, Error>> {
        self.pages(request)
            .flat_map(|page| match page {
                Ok(page) => stream::iter(page.items.into_iter().map(Ok).collect::<Vec<_>>()),
                Err(error) => stream::iter(vec![Err(error)]),
            })
            .boxed()
    }

    /// As [`Client::list`], by the page.
    ///
    /// # Errors
    /// As [`Client::call`], for the page that failed.
    pub fn pages<A: Paged + 'static>(
        &self,
        request: &A,
    ) -> impl Stream<Item = Result<Page<A::Item>, Error>> + Send + 'static {
        let (client, request) = (self.clone(), request.clone());
        stream::unfold(Some(A::first()), move |cursor| {
            let (client, request) = (client.clone(), request.clone());
            async move {
                let cursor = cursor?;
                match client.page(&request, &cursor).await {
                    Ok(page) => {
                        let next = page.next(&cursor);
                        Some((Ok(page), next))
                    }
                    Err(error) => Some((Err(error), None)),
                }
            }
        })
    }

    /// Every item of a list, collected. All pages together may take [`LONGEST_LIST`], and be [`MOST_PAGES`].
    ///
    /// # Errors
    /// As [`Client::call`], for the first page that fails; a list that is longer.
    pub async fn list_all<A: Paged + 'static>(&self, request: &A) -> Result<Vec<A::Item>, Error> {
        let begun = Instant::now();
        let overall = self.overall().min(LONGEST_LIST);
        let mut all = Vec::new();
        let mut cursor = Some(A::first());
        for _ in 0..MOST_PAGES {
            let Some(here) = cursor else { return Ok(all) };
            let left = overall.saturating_sub(begun.elapsed());
            if left.is_zero() {
                let last = None;
                return Err(Error::new(A::NAME, Phase::Deadline { overall, last }));
            }
            let page = self.within(left).page(request, &here).await?;
            cursor = page.next(&here);
            all.extend(page.items);
        }
        if cursor.is_none() {
            return Ok(all);
        }
        let problem = format!(
            "its list goes on after {MOST_PAGES} pages with {} items: ask for fewer with a filter",
            all.len()
        );
        Err(Error::new(A::NAME, Phase::Endless { problem }))
    }

    async fn page<A: Paged>(&self, request: &A, cursor: &Cursor) -> Result<Page<A::Item>, Error> {
        let mut request = request.clone();
        request.turn_to(cursor, PAGE_SIZE);
        Ok(A::take(self.call(&request).await?.reply))
    }
}

impl<T> Page<T> {
    /// Where the page after this one begins, if there is one.
    fn next(&self, cursor: &Cursor) -> Option<Cursor> {
        match cursor {
            Cursor::Offset(offset) => {
                let here = i64::try_from(self.items.len()).ok()?;
                let next = offset.checked_add(here)?;
                let more = match self.total {
                    Some(total) if total > 0 => next < total,
                    // No total: a full page may have another one after it.
                    _ => here >= i64::from(PAGE_SIZE),
                };
                (here > 0 && more).then_some(Cursor::Offset(next))
            }
            Cursor::Token(token) => {
                // A token that leads to itself would never end.
                let next = self
                    .next_token
                    .as_deref()
                    .filter(|next| !next.is_empty() && next != token)?;
                Some(Cursor::Token(next.to_owned()))
            }
        }
    }
}

/// Lists by `Offset` and `Limit`.
macro_rules! paged_by_offset {
    ($($request:ident -> $reply:ident . $items:ident : $item:ident as $number:ty),* $(,)?) => {$(
        impl Paged for $request {
            type Item = $item;

            fn turn_to(&mut self, cursor: &Cursor, size: u32) {
                if let Cursor::Offset(offset) = cursor {
                    self.offset = <$number>::try_from(*offset).ok();
                    self.limit = Some(<$number>::from(size));
                }
            }

            fn take(reply: $reply) -> Page<$item> {
                let total = reply.total_count.and_then(|total| i64::try_from(total).ok());
                Page { items: reply.$items.unwrap_or_default(), total, next_token: None }
            }
        }
    )*};
}

paged_by_offset! {
    DescribeSandboxToolListRequest -> DescribeSandboxToolListResponse.sandbox_tool_set: SandboxTool as i64,
    DescribeSandboxInstanceListRequest -> DescribeSandboxInstanceListResponse.instance_set: SandboxInstance as i64,
    DescribeSandboxSnapshotListRequest -> DescribeSandboxSnapshotListResponse.snapshot_set: SandboxSnapshot as i64,
    DescribeQuotaOverviewRequest -> DescribeQuotaOverviewResponse.quota_group_set: QuotaGroupOverview as i64,
    DescribeDeploymentListRequest -> DescribeDeploymentListResponse.deployment_set: Deployment as i64,
    DescribeEventsRequest -> DescribeEventsResponse.events: EventInfo as i64,
    DescribeSessionSpacesRequest -> DescribeSessionSpacesResponse.session_spaces: SessionSpaceInfo as i64,
    DescribeSessionsRequest -> DescribeSessionsResponse.sessions: SessionInfo as u64,
    DescribeRegistryListRequest -> DescribeRegistryListResponse.registry_set: CloudRegistry as i64,
    DescribeRegistryRecordListRequest -> DescribeRegistryRecordListResponse.record_set: CloudRecord as i64,
    DescribeRegistryRecordVersionListRequest -> DescribeRegistryRecordVersionListResponse.version_set: CloudRecordVersion as i64,
    DescribeRegistryAuditLogListRequest -> DescribeRegistryAuditLogListResponse.audit_log_set: CloudAuditLog as i64,
}

impl Paged for DescribePreCacheImageListRequest {
    type Item = PreCacheImage;

    fn first() -> Cursor {
        Cursor::Token(String::new())
    }

    fn turn_to(&mut self, cursor: &Cursor, size: u32) {
        if let Cursor::Token(token) = cursor {
            self.next_token = Some(token.clone()).filter(|token| !token.is_empty());
            self.max_results = Some(i64::from(size));
        }
    }

    fn take(reply: DescribePreCacheImageListResponse) -> Page<PreCacheImage> {
        Page {
            items: reply.pre_cache_image_list.unwrap_or_default(),
            total: reply.total_count,
            next_token: reply.next_token,
        }
    }
}
