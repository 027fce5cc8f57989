//! Pages of a list: by offset and limit, or by token.

use super::error::ApiError;

/// The page size where none is asked for.
const DEFAULT_SIZE: usize = 20;
/// The largest page.
const MAX_SIZE: usize = 100;
/// The largest offset.
const MAX_OFFSET: i64 = 10_000;
/// How many ids a request may name.
const MAX_IDS: usize = 100;

/// The items from `offset` on, `limit` of them at most.
pub(super) fn by_offset<T>(
    items: impl Iterator<Item = T>,
    offset: Option<i64>,
    limit: Option<i64>,
) -> Result<Vec<T>, ApiError> {
    let offset = offset.unwrap_or(0);
    if offset > MAX_OFFSET {
        return Err(ApiError::new(
            "InvalidParameterValue.OffsetTooLarge",
            format!("Offset {offset} is larger than {MAX_OFFSET}; use NextToken"),
        ));
    }
    let offset = usize::try_from(offset).map_err(|_| {
        ApiError::new(
            "InvalidParameter.Offset",
            format!("Offset {offset} is negative"),
        )
    })?;
    Ok(items.skip(offset).take(size("Limit", limit)?).collect())
}

/// The page that begins after `token`, and the token of the next.
///
/// `fingerprint` stands for the other parameters, which must be the same for every page. Items come with
/// the key that a token remembers, in descending order of it.
pub(super) fn by_token<T>(
    items: impl Iterator<Item = (u64, T)>,
    size_wanted: Option<i64>,
    token: Option<&str>,
    fingerprint: &str,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let size = size("MaxResults", size_wanted)?;
    let after = token
        .filter(|token| !token.is_empty())
        .map(|token| read(token, fingerprint))
        .transpose()?;
    let mut rest = items.filter(|(key, _)| after.is_none_or(|after| *key < after));
    let mut last = None;
    let page: Vec<T> = rest
        .by_ref()
        .take(size)
        .map(|(key, item)| {
            last = Some(key);
            item
        })
        .collect();
    let next = match (last, rest.next()) {
        (Some(last), Some(_)) => Some(format!("{last}.{}", digest(fingerprint))),
        _ => None,
    };
    Ok((page, next))
}

/// Refuses more ids than a request may name.
pub(super) fn ids(ids: Option<&Vec<String>>, code: &'static str) -> Result<(), ApiError> {
    match ids {
        Some(ids) if ids.len() > MAX_IDS => Err(ApiError::new(
            code,
            format!("{} ids are more than {MAX_IDS}", ids.len()),
        )),
        _ => Ok(()),
    }
}

fn size(name: &str, wanted: Option<i64>) -> Result<usize, ApiError> {
    let Some(wanted) = wanted else {
        return Ok(DEFAULT_SIZE);
    };
    usize::try_from(wanted)
        .ok()
        .filter(|wanted| (1..=MAX_SIZE).contains(wanted))
        .ok_or_else(|| {
            ApiError::new(
                "InvalidParameter.Limit",
                format!("{name} {wanted} is not from 1 to {MAX_SIZE}"),
            )
        })
}

fn read(token: &str, fingerprint: &str) -> Result<u64, ApiError> {
    token
        .split_once('.')
        .filter(|(_, of)| *of == digest(fingerprint))
        .and_then(|(key, _)| key.parse().ok())
        .ok_or_else(|| ApiError::value("NextToken is not valid for these parameters"))
}

/// Not secret and not unguessable: it tells a token of other parameters.
fn digest(text: &str) -> String {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_lead_through_all_pages() {
        let items = || (0..45_u64).rev().map(|key| (key, key));
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let (page, next) = by_token(items(), Some(20), token.as_deref(), "x").unwrap();
            seen.extend(page);
            token = next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, (0..45).rev().collect::<Vec<_>>());
    }

    #[test]
    fn a_token_is_for_its_parameters() {
        let items = || (0..45_u64).rev().map(|key| (key, key));
        let (_, next) = by_token(items(), None, None, "x").unwrap();
        assert!(by_token(items(), None, next.as_deref(), "y").is_err());
        assert!(by_token(items(), None, Some("garbage"), "x").is_err());
    }

    #[test]
    fn limits_hold() {
        let page = |offset, limit| by_offset(0..45, offset, limit).map(|page| page.len());
        assert_eq!(page(None, None), Ok(20));
        assert_eq!(page(Some(40), Some(100)), Ok(5));
        assert_eq!(
            page(Some(10_001), None).unwrap_err().code,
            "InvalidParameterValue.OffsetTooLarge"
        );
        assert!(page(Some(-1), None).is_err());
        assert!(page(None, Some(0)).is_err());
        assert!(page(None, Some(101)).is_err());
    }
}
