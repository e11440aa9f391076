//! An object of the manifests, and what would become of it.

use serde::Serialize;
use serde_json::Value;

use super::lines::{Line, lines};
use crate::engine::forecast::{Forecast, Foresee};
use crate::engine::verdict::Verdict;
use crate::plugin::kinds::Kind;
use crate::plugin::object::Object;

/// What would become of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Change {
    /// Its resource is created.
    Create,
    /// Its resource is changed.
    Update,
    /// Its resource is there, and from then on the object's.
    Adopt,
    /// A function is invoked.
    Invoke,
    /// Nothing.
    None,
    /// Nothing before AWS is done with an earlier change.
    Busy,
    /// It can't be worked on before somebody mends something.
    Refused,
}

impl Change {
    /// Whether the operator would do something.
    pub fn is_one(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Adopt | Self::Invoke)
    }
}

/// An object and what would become of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its kind.
    pub kind: String,
    /// Its namespace; empty when it is in none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What would become of it.
    pub change: Change,
    /// The ARN of its resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// What is different afterwards.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Line>,
    /// The changes in their order, as the operator's log names them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
    /// How it then stands, where that isn't Ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What couldn't be looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Entry {
    /// Nothing becomes of it, as far as is known.
    pub fn of(kind: &Kind, manifest: &Value, namespace: &str) -> Self {
        Self {
            kind: kind.name.clone(),
            namespace: namespace.to_owned(),
            name: manifest["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
            change: Change::None,
            resource: None,
            differences: Vec::new(),
            actions: Vec::new(),
            message: None,
            notes: Vec::new(),
        }
    }

    /// Nobody can work on it, for this reason.
    pub fn refused(self, message: impl Into<String>) -> Self {
        Self { change: Change::Refused, message: Some(message.into()), ..self }
    }

    /// Whether the object can't be worked on.
    pub fn is_stuck(&self) -> bool {
        self.change == Change::Refused
    }
}

/// What a forecast says of an object.
pub fn told<K: Foresee>(entry: Entry, object: &K::Object, foreseen: Forecast<K::Status>) -> Entry {
    let resource = K::offering(object, &foreseen.status).arn;
    let Forecast { before, after, actions, differs, unsure, only_takes_over, verdict, status: _ } = foreseen;
    let change = match &verdict {
        _ if !actions.is_empty() && before.is_none() => Change::Create,
        _ if !actions.is_empty() && only_takes_over => Change::Adopt,
        _ if !actions.is_empty() => Change::Update,
        Verdict::Settled(..) => Change::None,
        Verdict::Progress(..) => Change::Busy,
        Verdict::Problem(..) => Change::Refused,
    };
    let differences = match change {
        Change::Create | Change::Update => lines(before.as_ref(), after.as_ref(), &differs),
        _ => Vec::new(),
    };
    let ready = matches!(verdict, Verdict::Settled(..));
    let message = (!ready).then(|| verdict.message().to_owned());
    let notes = entry.notes.into_iter().chain(unsure).collect();
    Entry { change, resource, differences, actions, message, notes, ..entry }
}

/// An invocation is made once.
pub fn invocation(entry: Entry, object: &Object) -> Entry {
    if object.said("completionTime").is_some() || object.is_suspended() {
        return entry;
    }
    Entry { change: Change::Invoke, actions: vec!["Invoke".to_owned()], ..entry }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::object::tests::object;

    #[test]
    fn an_invocation_is_made_once() {
        let change = |more: &str| {
            let object = object(&format!("{{kind: LambdaInvocation, metadata: {{name: a}}{more}}}"));
            invocation(Entry::of(object.kind, &Value::Null, "shop"), &object).change
        };
        assert_eq!(change(""), Change::Invoke);
        assert_eq!(change(", status: {startTime: '2026-01-15T09:30:00Z'}"), Change::Invoke);
        assert_eq!(change(", status: {completionTime: '2026-01-15T09:30:00Z'}"), Change::None);
        assert_eq!(change(", spec: {suspend: true}"), Change::None);
    }
}
