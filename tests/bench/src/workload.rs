//! What is created: functions alone, or applications of several kinds that build on each other. Pure.

use cluster_tests::{ACCOUNT, REGION, function};
use serde_json::{Value, json};

/// The layer that all applications share.
const LAYER: &str = "shared";

/// What is created so many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Workload {
    /// A function.
    Functions,
    /// A function that publishes a version and uses the layer that all share, an alias that follows the versions, and a
    /// mapping from a queue of its own to the alias.
    Applications,
}

/// An object to be created.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) kind: &'static str,
    pub(crate) manifest: Value,
}

impl Workload {
    /// What one of them is called, in the plural.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Functions => "functions",
            Self::Applications => "applications",
        }
    }

    /// The kinds of its objects.
    pub(crate) fn kinds(self) -> &'static [&'static str] {
        match self {
            Self::Functions => &["LambdaFunction"],
            Self::Applications => &["LambdaLayer", "LambdaFunction", "LambdaAlias", "EventSourceMapping"],
        }
    }

    /// The calls that each of them needs at least of those that share AWS's rate of 15 a second: for an application
    /// CreateFunction, PublishVersion, CreateAlias and CreateEventSourceMapping, and a look at whether the mapping is Enabled.
    /// GetFunction has a rate of its own.
    pub(crate) fn least_calls(self) -> f64 {
        match self {
            Self::Functions => 1.0,
            Self::Applications => 5.0,
        }
    }

    /// All objects, in the order in which they are created.
    pub(crate) fn objects(self, count: usize) -> Vec<Object> {
        let numbers = 0..count;
        match self {
            Self::Functions => numbers.map(|number| lambda_function(number, json!({}))).collect(),
            Self::Applications => std::iter::once(layer()).chain(numbers.flat_map(application)).collect(),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "specs are `json!` as it is written")]
fn object(kind: &'static str, name: &str, spec: Value) -> Object {
    let manifest = json!({
        "apiVersion": "lambda-operator.io/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec,
    });
    Object { kind, manifest }
}

fn lambda_function(number: usize, extra: Value) -> Object {
    object("LambdaFunction", &format!("function-{number}"), function(extra))
}

fn layer() -> Object {
    let files = json!({"python/shared.py": "VALUE = 1\n"});
    object("LambdaLayer", LAYER, json!({"content": {"inline": {"files": files}}}))
}

fn application(number: usize) -> [Object; 3] {
    let (name, alias) = (format!("function-{number}"), format!("live-{number}"));
    let queue = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:queue-{number}");
    let layers = json!([{"layerRef": {"name": LAYER}}]);
    [
        lambda_function(number, json!({"publish": "OnChange", "layers": layers})),
        object("LambdaAlias", &alias, json!({"functionRef": {"name": name}, "version": "Latest"})),
        object(
            "EventSourceMapping",
            &format!("queue-{number}"),
            json!({"aliasRef": {"name": alias}, "eventSourceArn": queue}),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_object_is_of_a_kind_of_its_workload_and_has_a_name_of_its_own() {
        for (workload, objects) in [(Workload::Functions, 3), (Workload::Applications, 10)] {
            let all = workload.objects(3);
            assert!(all.iter().all(|object| workload.kinds().contains(&object.kind)));
            let names: BTreeSet<String> = all
                .iter()
                .map(|object| format!("{} {}", object.kind, object.manifest["metadata"]["name"]))
                .collect();
            assert_eq!((all.len(), names.len()), (objects, objects));
        }
    }
}
