//! One call after routing: what the handlers of `ops` get and what they answer.

use std::time::Instant;

use serde_json::{Map, Value};

use crate::caller::{Caller, Sessions};
use crate::error::ApiError;
use crate::region::Region;

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// A routed call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) operation: &'static str,
    /// As in the header `x-amzn-requestid` of the answer.
    pub(crate) id: String,
    /// The parameter in the path, decoded: a function's name or an ARN; empty if the path has none.
    pub(crate) label: String,
    pub(crate) query: Vec<(String, String)>,
    /// The JSON body without its nulls (a null member and an absent one are the same to the service), or the
    /// form of a query-protocol call.
    pub(crate) body: Object,
}

impl Request {
    /// A query parameter; an empty one counts as absent.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    pub(crate) fn query_all(&self, name: &str) -> Vec<&str> {
        self.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// A string member of the body.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    /// A boolean member of the body; absent is false.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.body.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The name of the function that the call is about, for the ledger, faults and texts.
    pub(crate) fn resource(&self) -> Option<String> {
        let raw = if self.label.is_empty() { self.text("FunctionName")? } else { &self.label };
        Some(crate::naming::bare_name(raw).to_owned())
    }
}

/// What a handler works on: the state of one account and region, under the lock.
pub(crate) struct Ctx<'a> {
    pub(crate) region: &'a mut Region,
    pub(crate) caller: &'a Caller,
    pub(crate) sessions: &'a mut Sessions,
    pub(crate) now: Instant,
}

/// The body of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    Empty,
    Json(Value),
    Xml(String),
}

/// A successful answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Body,
}

impl Reply {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, body: Body::Json(body) }
    }

    pub(crate) fn no_content() -> Self {
        Self { status: 204, body: Body::Empty }
    }
}

/// The implementation of one operation.
pub(crate) type Handler = fn(&mut Ctx<'_>, &Request) -> Result<Reply, ApiError>;

/// Removes null members at every depth.
pub(crate) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key, without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}
