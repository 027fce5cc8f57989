//! The actions of pre-cached images: their records only, nothing is pulled.

use ags_api::model::{
    CreatePreCacheImageTaskRequest, CreatePreCacheImageTaskResponse, DeletePreCacheImageRequest,
    DeletePreCacheImageResponse, DescribePreCacheImageListRequest,
    DescribePreCacheImageListResponse, DescribePreCacheImageTaskRequest,
    DescribePreCacheImageTaskResponse, ImageRegistryType, PreCacheImage, PreCacheImageStatus,
    PreCacheSource, PreCacheTaskStatus,
};

use super::{check, configuration::image_digest, error::ApiError, page, time};
use crate::shared::Shared;

pub(super) fn create(
    shared: &Shared,
    request: CreatePreCacheImageTaskRequest,
) -> Result<CreatePreCacheImageTaskResponse, ApiError> {
    let image = request.image.unwrap_or_default();
    let kind = request.image_registry_type.unwrap_or_default();
    check::configuration(&ags_api::model::CustomConfiguration {
        image: Some(image.clone()),
        image_registry_type: Some(kind.clone()),
        ..Default::default()
    })?;
    let digest = image_digest(&image);
    let now = time::shown(shared.clock.now());
    let mut state = shared.state();
    let key = Key::Image(&image, &digest, &kind);
    let known = state.images.values().find(|cached| key.is(cached)).cloned();
    let cached = known.unwrap_or_else(|| {
        let cached = PreCacheImage {
            image: Some(image),
            image_digest: Some(digest),
            image_registry_type: Some(kind),
            status: Some(PreCacheImageStatus::SUCCESS),
            create_time: Some(now),
            pre_cache_image_id: Some(state.ids.image()),
            source_type: Some(PreCacheSource::EXPLICIT),
            cached_image_size_bytes: Some(0),
            ..PreCacheImage::default()
        };
        let sequence = state.ids.sequence();
        state.images.insert(sequence, cached.clone());
        cached
    });
    Ok(CreatePreCacheImageTaskResponse {
        image: cached.image,
        image_digest: cached.image_digest,
        image_registry_type: cached.image_registry_type,
        pre_cache_image_id: cached.pre_cache_image_id,
        ..CreatePreCacheImageTaskResponse::default()
    })
}

pub(super) fn describe(
    shared: &Shared,
    request: DescribePreCacheImageTaskRequest,
) -> Result<DescribePreCacheImageTaskResponse, ApiError> {
    let key = Key::new(
        request.pre_cache_image_id.as_deref(),
        request.image.as_deref(),
        request.image_digest.as_deref(),
        request.image_registry_type.as_ref(),
    )?;
    let state = shared.state();
    let cached = state
        .images
        .values()
        .find(|cached| key.is(cached))
        .cloned()
        .ok_or_else(not_found)?;
    Ok(DescribePreCacheImageTaskResponse {
        image: cached.image,
        image_digest: cached.image_digest,
        image_registry_type: cached.image_registry_type,
        status: Some(PreCacheTaskStatus::SUCCESS),
        message: Some(String::new()),
        create_time: cached.create_time,
        pre_cache_image_id: cached.pre_cache_image_id,
        source_type: cached.source_type,
        cached_image_size_bytes: cached.cached_image_size_bytes,
        last_used_time: cached.last_used_time,
        ..DescribePreCacheImageTaskResponse::default()
    })
}

pub(super) fn list(
    shared: &Shared,
    request: DescribePreCacheImageListRequest,
) -> Result<DescribePreCacheImageListResponse, ApiError> {
    let filters = request.filters.unwrap_or_default();
    if let Some(filter) = filters
        .iter()
        .find(|filter| filter.name.as_deref() != Some("status"))
    {
        let name = filter.name.as_deref().unwrap_or_default();
        return Err(ApiError::new(
            "InvalidParameter.Filters",
            format!("the filter {name:?} is not status"),
        ));
    }
    let state = shared.state();
    let passes = |cached: &PreCacheImage| {
        let status = cached.status.as_ref().map_or("", |status| status.as_str());
        filters.iter().all(|filter| {
            filter
                .values
                .as_ref()
                .is_none_or(|values| values.iter().any(|wanted| wanted == status))
        })
    };
    let found: Vec<(u64, &PreCacheImage)> = state
        .images
        .iter()
        .rev()
        .filter(|(_, cached)| passes(cached))
        .map(|(key, cached)| (*key, cached))
        .collect();
    let total = i64::try_from(found.len()).ok();
    let (page, next) = page::by_token(
        found.into_iter(),
        request.max_results,
        request.next_token.as_deref(),
        &format!("{filters:?}"),
    )?;
    Ok(DescribePreCacheImageListResponse {
        pre_cache_image_list: Some(page.into_iter().cloned().collect()),
        total_count: if request.need_total_count.unwrap_or(false) {
            total
        } else {
            Some(0)
        },
        next_token: Some(next.unwrap_or_default()),
        ..DescribePreCacheImageListResponse::default()
    })
}

pub(super) fn delete(
    shared: &Shared,
    request: DeletePreCacheImageRequest,
) -> Result<DeletePreCacheImageResponse, ApiError> {
    let key = Key::new(
        request.pre_cache_image_id.as_deref(),
        request.image.as_deref(),
        request.image_digest.as_deref(),
        request.image_registry_type.as_ref(),
    )?;
    let mut state = shared.state();
    let before = state.images.len();
    state.images.retain(|_, cached| !key.is(cached));
    if state.images.len() == before {
        Err(not_found())
    } else {
        Ok(DeletePreCacheImageResponse::default())
    }
}

fn not_found() -> ApiError {
    ApiError::new("ResourceNotFound.Image", "the image is not pre-cached")
}

/// How a request names an image: by id, or by reference, digest and registry type, not both.
enum Key<'a> {
    Id(&'a str),
    Image(&'a str, &'a str, &'a ImageRegistryType),
}

impl<'a> Key<'a> {
    fn new(
        id: Option<&'a str>,
        image: Option<&'a str>,
        digest: Option<&'a str>,
        kind: Option<&'a ImageRegistryType>,
    ) -> Result<Self, ApiError> {
        match (id.filter(|id| !id.is_empty()), image, digest, kind) {
            (Some(id), None, None, None) => Ok(Self::Id(id)),
            (None, Some(image), Some(digest), Some(kind)) => Ok(Self::Image(image, digest, kind)),
            (Some(_), ..) => Err(ApiError::new(
                "InvalidParameter",
                "PreCacheImageId excludes Image, ImageDigest and ImageRegistryType",
            )),
            (None, ..) => Err(ApiError::missing("PreCacheImageId")),
        }
    }

    fn is(&self, cached: &PreCacheImage) -> bool {
        match self {
            Self::Id(id) => cached.pre_cache_image_id.as_deref() == Some(id),
            Self::Image(image, digest, kind) => {
                cached.image.as_deref() == Some(image)
                    && cached.image_digest.as_deref() == Some(digest)
                    && cached.image_registry_type.as_ref() == Some(kind)
            }
        }
    }
}
