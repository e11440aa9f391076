//! One call after routing: what the handlers of `ops` get and what they answer.

use std::time::Instant;

use serde_json::{Map, Value};

use crate::caller::{Caller, Sessions};
use crate::error::ApiError;
use crate::layer::Layers;
use crate::region::Region;
use crate::subject::Subject;

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// A parameter in a path, by its name; the first of a path has none.
pub(crate) type Parameter = (&'static str, String);

/// A routed call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) operation: &'static str,
    /// As in the header `x-amzn-requestid` of the answer.
    pub(crate) id: String,
    /// The first parameter in the path, decoded: a name or an ARN; empty if the path has none.
    pub(crate) label: String,
    /// The further parameters in the path, decoded.
    pub(crate) parameters: Vec<Parameter>,
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

    /// A further parameter of the path.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// A string member of the body.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    /// A boolean member of the body; absent is false.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.body.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The name of what the call is about, for the ledger and faults.
    pub(crate) fn resource(&self) -> Option<String> {
        Subject::of(self).map(|subject| subject.name)
    }
}

/// What a handler works on: the state of one account and region, under the lock.
pub(crate) struct Ctx<'a> {
    pub(crate) region: &'a mut Region,
    pub(crate) layers: &'a mut Layers,
    pub(crate) caller: &'a Caller,
    pub(crate) sessions: &'a mut Sessions,
    pub(crate) now: Instant,
}

impl Ctx<'_> {
    /// Whom IAM's texts call the caller.
    pub(crate) fn principal(&self) -> String {
        self.caller.principal(self.sessions)
    }

    /// Refuses more code than the region may store, layers included.
    pub(crate) fn check_code_storage(&self, more: u64) -> Result<(), ApiError> {
        let of_layers = self.layers.code_size(&self.region.account, &self.region.name);
        self.region.check_code_storage(of_layers.saturating_add(more))
    }
}

/// The body of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    Empty,
    Json(Value),
    Xml(String),
    Object(StoredObject),
    Invoked(Invoked),
}

/// The answer of a function, or the stream of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invoked {
    pub(crate) kind: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) content: Vec<u8>,
}

/// An object of S3 as an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredObject {
    pub(crate) etag: String,
    /// Only if the bucket has versions.
    pub(crate) version: Option<String>,
    /// SHA-256 in base64; only if it was uploaded with one.
    pub(crate) sha256: Option<String>,
    pub(crate) content: Vec<u8>,
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
        Self::empty(204)
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, body: Body::Empty }
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
