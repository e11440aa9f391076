//! Between bytes and calls: percent-encoding, queries, forms, and which operation a request is.

use http::Method;
use serde_json::Value;

use crate::caller::Caller;
use crate::code;
use crate::error::ApiError;
use crate::merge::into_object;
use crate::request::{Object, Request, without_nulls};
use crate::router::{self, Route};

/// An HTTP request as it arrived.
pub(crate) struct Incoming {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: bytes::Bytes,
}

impl Incoming {
    /// Whether it is for STS: the query protocol posts a form to the root.
    pub(crate) fn is_query_protocol(&self) -> bool {
        self.method == Method::POST && self.path == "/"
    }

    /// The caller, as the signature names it.
    pub(crate) fn caller(&self) -> Result<Caller, ApiError> {
        let caller = self.authorization.as_deref().and_then(Caller::from_authorization);
        caller.ok_or_else(|| {
            ApiError::new(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        })
    }

    /// The operation and its request.
    pub(crate) fn routed(&self) -> Result<(&'static Route, Request), ApiError> {
        let unknown = || ApiError::new(404, "UnknownOperationException", "This operation isn't implemented");
        if self.is_query_protocol() {
            let form = pairs(&String::from_utf8_lossy(&self.body));
            let action =
                form.iter().find(|(key, _)| key == "Action").map_or("", |(_, action)| action.as_str());
            let route = router::query(action).ok_or_else(unknown)?;
            let body = form.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
            return Ok((route, Request { operation: route.operation, body, ..Request::default() }));
        }
        let (route, label) = router::rest(self.method.as_str(), &self.path).ok_or_else(unknown)?;
        code::check_request_size(route.operation, self.body.len())?;
        let (query, body) = (pairs(&self.query), self.json()?);
        Ok((route, Request { operation: route.operation, label, query, body, ..Request::default() }))
    }

    /// The operation alone, which the body has no part in.
    pub(crate) fn operation(&self) -> Option<&'static Route> {
        if self.is_query_protocol() {
            return self.routed().ok().map(|(route, _)| route);
        }
        router::rest(self.method.as_str(), &self.path).map(|found| found.0)
    }

    /// What stands for the operation when there is none, e.g. `GET /2015-03-31/nothing`.
    pub(crate) fn method_and_path(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn json(&self) -> Result<Object, ApiError> {
        if self.body.is_empty() {
            return Ok(Object::new());
        }
        let unreadable = |why: &str| {
            ApiError::new(400, "SerializationException", format!("Could not parse the request body: {why}"))
        };
        let parsed = serde_json::from_slice::<Value>(&self.body);
        match parsed.map_err(|error| unreadable(&error.to_string()))? {
            object @ Value::Object(_) => Ok(into_object(without_nulls(object))),
            _ => Err(unreadable("it is no object")),
        }
    }
}

/// The pairs of a query or a form.
fn pairs(text: &str) -> Vec<(String, String)> {
    let plain = |text: &str| decoded(&text.replace('+', " "));
    let parts = text.split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or((part, ""))).map(|(k, v)| (plain(k), plain(v))).collect()
}

/// Undoes percent-encoding.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail.get(..2).filter(|_| first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        let expected = vec![("tagKeys".to_owned(), "a/b c".to_owned()), ("x".to_owned(), String::new())];
        assert_eq!(pairs("tagKeys=a%2Fb+c&x="), expected);
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%E2%82%AC"), "€");
    }
}
