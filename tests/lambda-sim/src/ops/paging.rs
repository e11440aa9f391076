//! Pages of at most 50 with a Marker that names the last item returned, so that items which come or go between
//! two pages neither repeat nor hide others.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::request::Request;

/// What a page holds at most, whatever MaxItems says
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html>).
const PAGE: usize = 50;

/// One page of items, sorted by their key, as `{member: […], NextMarker: …}`.
pub(crate) fn page<T>(
    request: &Request,
    member: &str,
    items: impl Iterator<Item = (String, T)>,
    show: impl Fn(T) -> Value,
) -> Result<Value, ApiError> {
    let after = request.query("Marker").map(decode).transpose()?;
    let size = page_size(request)?;
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

fn page_size(request: &Request) -> Result<usize, ApiError> {
    let Some(wanted) = request.query("MaxItems") else { return Ok(PAGE) };
    let Ok(number) = wanted.parse::<i64>() else {
        // The text is ours.
        return Err(ApiError::new(400, "SerializationException", format!("MaxItems is no number: {wanted}")));
    };
    let constraint = match usize::try_from(number) {
        Ok(size @ 1..=10_000) => return Ok(size.min(PAGE)),
        Ok(1..) => "Member must have value less than or equal to 10000",
        _ => "Member must have value greater than or equal to 1",
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
    fn a_full_last_page_has_no_marker() {
        let page = page(&Request::default(), "Items", numbers(50), Value::from).unwrap();
        assert!(page.get("NextMarker").is_none());
    }
}
