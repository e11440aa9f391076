//! Pages of at most 50 (or another number) with a Marker that names the last item returned, so that items which come
//! or go between two pages neither repeat nor hide others.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::request::Request;

/// What a page of most lists holds.
const PAGE: usize = 50;

/// What MaxItems may be, what of it counts, and what counts without it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    accepted: usize,
    honoured: usize,
    usual: usize,
}

impl Sizes {
    /// A page holds 50, whatever MaxItems says
    /// (<https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html>).
    const UP_TO_PAGE: Self = Self { accepted: 10_000, honoured: PAGE, usual: PAGE };
    /// Of layers no more may be asked for
    /// (<https://docs.aws.amazon.com/lambda/latest/api/API_ListLayers.html>).
    pub(crate) const PAGE_AT_MOST: Self = Self { accepted: PAGE, honoured: PAGE, usual: PAGE };
    /// MaxItems counts as it is
    /// (<https://docs.aws.amazon.com/lambda/latest/api/API_ListCodeSigningConfigs.html>).
    pub(crate) const UP_TO_ALL: Self = Self { accepted: 10_000, honoured: 10_000, usual: PAGE };
    /// A page of event source mappings holds 100, whatever MaxItems says
    /// (<https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html>).
    pub(crate) const UP_TO_HUNDRED: Self = Self { accepted: 10_000, honoured: 100, usual: 100 };
}

/// One page of at most 50 items, sorted by their key, as `{member: […], NextMarker: …}`.
pub(crate) fn page<T>(
    request: &Request,
    member: &str,
    items: impl Iterator<Item = (String, T)>,
    show: impl Fn(T) -> Value,
) -> Result<Value, ApiError> {
    page_of(request, Sizes::UP_TO_PAGE, member, items, show)
}

/// One page of items, sorted by their key, as `{member: […], NextMarker: …}`.
pub(crate) fn page_of<T>(
    request: &Request,
    sizes: Sizes,
    member: &str,
    items: impl Iterator<Item = (String, T)>,
    show: impl Fn(T) -> Value,
) -> Result<Value, ApiError> {
    let after = request.query("Marker").map(decode).transpose()?;
    let size = page_size(request, sizes)?;
    let mut rest = items.filter(|(key, _)| after.as_ref().is_none_or(|after| key > after)).peekable();
    let (mut shown, mut last) = (Vec::new(), String::new());
    while shown.len() < size
        && let Some((key, item)) = rest.next()
    {
        shown.push(show(item));
        last = key;
    }
    let mut page = json!({member: shown});
    if rest.peek().is_some() {
        page["NextMarker"] = URL_SAFE_NO_PAD.encode(last).into();
    }
    Ok(page)
}

fn page_size(request: &Request, sizes: Sizes) -> Result<usize, ApiError> {
    let Some(wanted) = request.query("MaxItems") else { return Ok(sizes.usual) };
    let Ok(number) = wanted.parse::<i64>() else {
        // The text is ours.
        return Err(ApiError::new(400, "SerializationException", format!("MaxItems is no number: {wanted}")));
    };
    let constraint = match usize::try_from(number) {
        Ok(size) if (1..=sizes.accepted).contains(&size) => return Ok(size.min(sizes.honoured)),
        Ok(1..) => format!("Member must have value less than or equal to {}", sizes.accepted),
        _ => "Member must have value greater than or equal to 1".to_owned(),
    };
    Err(ApiError::validation(&[format!(
        "Value '{wanted}' at 'maxItems' failed to satisfy constraint: {constraint}"
    )]))
}

fn decode(marker: &str) -> Result<String, ApiError> {
    let bytes = URL_SAFE_NO_PAD.decode(marker).ok();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| ApiError::invalid("Invalid Marker"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: u32) -> impl Iterator<Item = (String, u32)> {
        (0..count).map(|n| (format!("{n:03}"), n))
    }

    #[test]
    fn pages_continue_after_the_marker() {
        let mut request = Request::default();
        let mut seen = Vec::new();
        loop {
            let page = page(&request, "Items", numbers(120), Value::from).unwrap();
            seen.push(page["Items"].as_array().unwrap().len());
            let Some(marker) = page["NextMarker"].as_str() else { break };
            request.query = vec![("Marker".into(), marker.into())];
        }
        assert_eq!(seen, [50, 50, 20]);
    }

    #[test]
    fn max_items_is_limited_as_the_list_says() {
        let with = |size: &str| {
            let query = vec![("MaxItems".to_owned(), size.to_owned())];
            Request { query, ..Request::default() }
        };
        let count = |request: &Request, sizes| {
            let page = page_of(request, sizes, "Items", numbers(120), Value::from).ok()?;
            page["Items"].as_array().map(Vec::len)
        };
        assert_eq!(count(&with("100"), Sizes::UP_TO_PAGE), Some(50));
        assert_eq!(count(&with("100"), Sizes::UP_TO_ALL), Some(100));
        assert_eq!(count(&with("51"), Sizes::PAGE_AT_MOST), None);
        assert_eq!(count(&with("0"), Sizes::UP_TO_ALL), None);
        assert_eq!(count(&Request::default(), Sizes::UP_TO_ALL), Some(50));
        assert_eq!(count(&with("10000"), Sizes::UP_TO_HUNDRED), Some(100));
        assert_eq!(count(&with("10001"), Sizes::UP_TO_HUNDRED), None);
        assert_eq!(count(&Request::default(), Sizes::UP_TO_HUNDRED), Some(100));
    }

    #[test]
    fn a_full_last_page_has_no_marker() {
        let page = page(&Request::default(), "Items", numbers(50), Value::from).unwrap();
        assert!(page.get("NextMarker").is_none());
    }
}
