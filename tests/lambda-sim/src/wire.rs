//! Between bytes and calls: percent-encoding, queries, forms, and which operation a request is.

use http::{HeaderMap, Method};
use serde_json::Value;

use crate::caller::Caller;
use crate::code;
use crate::error::ApiError;
use crate::merge::into_object;
use crate::protocol::Protocol;
use crate::request::{Object, Request, without_nulls};
use crate::router::{self, Route};

/// An HTTP request as it arrived.
pub(crate) struct Incoming {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: bytes::Bytes,
}

/// What the headers of an invocation say, by the names of the API
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_RequestSyntax>).
const OF_INVOCATION: [(&str, &str); 5] = [
    ("x-amz-invocation-type", "InvocationType"),
    ("x-amz-log-type", "LogType"),
    ("x-amz-client-context", "ClientContext"),
    ("x-amz-tenant-id", "TenantId"),
    ("x-amz-durable-execution-name", "DurableExecutionName"),
];

impl Incoming {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn signed_by(&self) -> Option<Caller> {
        self.header("authorization").and_then(Caller::from_authorization)
    }

    /// The protocol that it speaks: that of the service that it is signed for, since paths of S3 look like any
    /// other's. The query protocol posts a form to the root.
    pub(crate) fn protocol(&self) -> Protocol {
        match self.signed_by().as_ref().map_or("", |caller| caller.service.as_str()) {
            "s3" => Protocol::RestXml,
            "ecr" => Protocol::Json,
            _ if self.method == Method::POST && self.path == "/" => Protocol::Query,
            _ => Protocol::RestJson,
        }
    }

    /// The caller, as the signature names it.
    pub(crate) fn caller(&self) -> Result<Caller, ApiError> {
        self.signed_by().ok_or_else(|| {
            ApiError::new(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        })
    }

    /// The application that the SDK was told of, e.g. of `aws-sdk-rust/1.3 os/linux app/shop` it is `shop`
    /// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-appid.html>).
    pub(crate) fn application(&self) -> Option<String> {
        let mut words = self.header("user-agent").unwrap_or_default().split(' ');
        words.find_map(|word| word.strip_prefix("app/")).map(ToOwned::to_owned)
    }

    /// The operation and its request.
    pub(crate) fn routed(&self) -> Result<(&'static Route, Request), ApiError> {
        let unknown = || ApiError::new(404, "UnknownOperationException", "This operation isn't implemented");
        let (route, mut request) = match self.protocol() {
            Protocol::Query => self.query_call(),
            Protocol::Json => self.json_call()?,
            Protocol::RestXml => self.object_call(),
            Protocol::RestJson => self.rest_call()?,
        }
        .ok_or_else(unknown)?;
        request.operation = route.operation;
        Ok((route, request))
    }

    fn query_call(&self) -> Option<(&'static Route, Request)> {
        let form = pairs(&String::from_utf8_lossy(&self.body));
        let action = form.iter().find(|(key, _)| key == "Action").map_or("", |(_, action)| action.as_str());
        let route = router::query(action)?;
        let body = form.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
        Some((route, Request { body, ..Request::default() }))
    }

    fn json_call(&self) -> Result<Option<(&'static Route, Request)>, ApiError> {
        let route = self.target();
        let body = self.json()?;
        Ok(route.map(|route| (route, Request { body, ..Request::default() })))
    }

    /// A call on `/<bucket>/<key>`; both stand in the body, for the ledger.
    fn object_call(&self) -> Option<(&'static Route, Request)> {
        let route = router::object(self.method.as_str())?;
        let label = decoded(self.path.strip_prefix('/')?);
        let (bucket, key) = label.split_once('/').filter(|(_, key)| !key.is_empty())?;
        let body = [("Bucket", bucket), ("Key", key)];
        let body = body.map(|(name, value)| (name.to_owned(), value.into())).into_iter().collect();
        Some((route, Request { query: pairs(&self.query), body, label, ..Request::default() }))
    }

    fn rest_call(&self) -> Result<Option<(&'static Route, Request)>, ApiError> {
        let found = router::rest(self.method.as_str(), &self.path, &self.query);
        let Some((route, parameters)) = found else { return Ok(None) };
        code::check_request_size(route.operation, self.body.len())?;
        let mut parameters = parameters.into_iter();
        let label = parameters.next().map(|(_, label)| label).unwrap_or_default();
        let body = route.payload.map_or_else(|| self.json(), |member| Ok(self.invocation(member)))?;
        let query = pairs(&self.query);
        let parameters = parameters.collect();
        Ok(Some((route, Request { label, parameters, query, body, ..Request::default() })))
    }

    /// The operation alone, which the body of a JSON protocol has no part in.
    pub(crate) fn operation(&self) -> Option<&'static Route> {
        match self.protocol() {
            Protocol::Query => self.query_call().map(|(route, _)| route),
            Protocol::Json => self.target(),
            Protocol::RestXml => self.object_call().map(|(route, _)| route),
            Protocol::RestJson => {
                router::rest(self.method.as_str(), &self.path, &self.query).map(|(route, _)| route)
            }
        }
    }

    fn target(&self) -> Option<&'static Route> {
        self.header("x-amz-target").and_then(router::target)
    }

    /// The members of an invocation: those of the headers, and the payload as text.
    fn invocation(&self, payload: &str) -> Object {
        let headers =
            OF_INVOCATION.iter().filter_map(|(header, member)| Some((*member, self.header(header)?)));
        let payload = (payload, &*String::from_utf8_lossy(&self.body));
        headers.chain([payload]).map(|(member, text)| (member.to_owned(), text.into())).collect()
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
