//! An object of any kind of the group, and how it stands: what its conditions say, if they are about its present generation.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt as _;
use kube::api::DynamicObject;
use lambda_operator_crds::conditions::ConditionType;
use serde::Serialize;
use serde_json::Value;

use super::kinds::Kind;

/// Kind, namespace and name.
pub type Key = (String, String, String);

/// An object with its kind.
#[derive(Clone, Debug)]
pub struct Object {
    /// The kind.
    pub kind: &'static Kind,
    /// All that the API server knows of it.
    pub inner: DynamicObject,
}

impl Object {
    /// An object of this kind.
    pub fn new(kind: &'static Kind, inner: DynamicObject) -> Self {
        Self { kind, inner }
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.inner.name_any()
    }

    /// Its namespace; empty when it is in none.
    pub fn namespace(&self) -> String {
        self.inner.namespace().unwrap_or_default()
    }

    /// What tells it from all others.
    pub fn key(&self) -> Key {
        (self.kind.name.clone(), self.namespace(), self.name())
    }

    /// `LambdaFunction/hello`.
    pub fn label(&self) -> String {
        format!("{}/{}", self.kind.name, self.name())
    }

    /// Its spec.
    pub fn spec(&self) -> &Value {
        &self.inner.data["spec"]
    }

    /// Its status.
    pub fn status(&self) -> &Value {
        &self.inner.data["status"]
    }

    /// A text of its status; empty counts as absent.
    pub fn said(&self, field: &str) -> Option<&str> {
        self.status()[field].as_str().filter(|text| !text.is_empty())
    }

    /// The name of an alias in AWS.
    pub fn alias_name(&self) -> String {
        self.said("aliasName").map_or_else(|| self.name(), str::to_owned)
    }

    /// The versions that the operator published for a function and hasn't deleted, in ascending order.
    pub fn published_versions(&self) -> impl Iterator<Item = i64> {
        self.status()["publishedVersions"].as_array().into_iter().flatten().filter_map(Value::as_i64)
    }

    /// Whether its deletion was asked for.
    pub fn is_deleting(&self) -> bool {
        self.inner.metadata.deletion_timestamp.is_some()
    }

    /// Whether its spec tells the operator to leave it alone.
    pub fn is_suspended(&self) -> bool {
        self.spec()["suspend"] == true
    }

    /// A condition of its present generation.
    fn condition(&self, kind: ConditionType) -> Option<Condition> {
        let all = self.status()["conditions"].as_array()?;
        let found = all.iter().find(|condition| condition["type"] == kind.as_str())?;
        let found: Condition = serde_json::from_value(found.clone()).ok()?;
        Some(found).filter(|found| found.observed_generation == self.inner.metadata.generation)
    }
}

/// How an object stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// `True`, `Unknown` or `False`, as the condition Ready of the present generation; `Unknown` without one.
    pub ready: String,
    /// The condition's reason; `NotObserved` and `Suspended` are this program's own.
    pub reason: String,
    /// The condition's message, or what to do.
    pub message: String,
    /// Nothing helps before somebody changes something.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stalled: bool,
}

/// How an object stands.
pub fn health(object: &Object) -> Health {
    if let Some(suspended) = object.condition(ConditionType::Suspended) {
        let (reason, message) = (suspended.reason, suspended.message);
        return Health { ready: "Unknown".to_owned(), reason, message, stalled: false };
    }
    let generation = object.inner.metadata.generation;
    let observed = object.status()["observedGeneration"].as_i64();
    match object.condition(ConditionType::Ready).filter(|_| observed == generation) {
        Some(ready) => Health {
            ready: ready.status,
            reason: ready.reason,
            message: ready.message,
            stalled: object.condition(ConditionType::Stalled).is_some_and(|stalled| stalled.status == "True"),
        },
        None => not_observed(generation.unwrap_or_default()),
    }
}

fn not_observed(generation: i64) -> Health {
    Health {
        ready: "Unknown".to_owned(),
        reason: "NotObserved".to_owned(),
        message: format!(
            "The operator hasn't looked at generation {generation} yet. If that lasts, see whether it runs and watches this namespace."
        ),
        stalled: false,
    }
}

/// The same of an object that isn't there, though another names it.
pub fn missing() -> Health {
    Health {
        ready: "False".to_owned(),
        reason: "NotFound".to_owned(),
        message: "There is no such object.".to_owned(),
        stalled: false,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;
    use crate::plugin::kinds;

    /// An object from its YAML; namespace `shop` and generation 1 unless it says otherwise.
    pub(in crate::plugin) fn object(yaml: &str) -> Object {
        let mut read: Value = serde_saphyr::from_str(yaml).unwrap();
        let kind = kinds::named(read["kind"].as_str().unwrap()).unwrap();
        read["apiVersion"] = json!("lambda-operator.io/v1alpha1");
        let metadata = read["metadata"].as_object_mut().unwrap();
        metadata.entry("generation").or_insert(json!(1));
        if kind.namespaced {
            metadata.entry("namespace").or_insert(json!("shop"));
        }
        Object::new(kind, serde_json::from_value(read).unwrap())
    }

    /// A status whose condition Ready is of generation 1.
    pub(in crate::plugin) fn status(ready: &str, reason: &str, message: &str) -> Value {
        let condition = |kind: &str, status: &str| {
            json!({"type": kind, "status": status, "reason": reason, "message": message, "observedGeneration": 1,
                   "lastTransitionTime": "2026-01-15T09:30:00Z"})
        };
        let mut conditions = vec![condition("Ready", ready)];
        if reason == "InvalidSpec" {
            conditions.push(condition("Stalled", "True"));
        }
        json!({"observedGeneration": 1, "conditions": conditions})
    }

    fn with(status: &Value, generation: i64) -> Health {
        health(&object(&format!(
            "{{kind: LambdaFunction, metadata: {{name: hello, generation: {generation}}}, status: {status}}}"
        )))
    }

    #[test]
    fn only_what_is_said_of_the_present_generation_counts() {
        let ready = status("True", "Available", "fine");
        assert_eq!(with(&ready, 1).ready, "True");
        let stale = with(&ready, 2);
        assert_eq!((stale.ready.as_str(), stale.reason.as_str()), ("Unknown", "NotObserved"));
        assert!(stale.message.contains("generation 2"), "{}", stale.message);
        assert_eq!(with(&json!({"observedGeneration": -1}), 1).reason, "NotObserved");
        assert_eq!(with(&Value::Null, 1).reason, "NotObserved");
    }

    #[test]
    fn what_is_stalled_or_suspended_says_so() {
        let refused = with(&status("False", "InvalidSpec", "no such runtime"), 1);
        assert!(refused.stalled && refused.message == "no such runtime");
        assert!(!with(&status("False", "Throttled", "slow"), 1).stalled);
        let mut suspended = status("True", "Available", "fine");
        suspended["conditions"].as_array_mut().unwrap().push(json!({
            "type": "Suspended", "status": "True", "reason": "Suspended", "message": "paused", "observedGeneration": 2,
            "lastTransitionTime": "2026-01-15T09:30:00Z"
        }));
        let suspended = with(&suspended, 2);
        assert_eq!((suspended.ready.as_str(), suspended.reason.as_str()), ("Unknown", "Suspended"));
    }
}
