//! Whether something else writes an object's spec: Argo CD, Flux or Helm would undo what a person changes. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// Annotations by which an owner marks what it applies.
/// <https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/>,
/// <https://helm.sh/docs/faq/changes_since_helm2/#improved-upgrade-strategy-3-way-strategic-merge-patches>
const ANNOTATIONS: [(&str, &str); 2] =
    [("argocd.argoproj.io/tracking-id", "Argo CD"), ("meta.helm.sh/release-name", "Helm")];

/// Labels by which an owner marks what it applies. <https://fluxcd.io/flux/faq/>
const LABELS: [(&str, &str); 3] = [
    ("argocd.argoproj.io/instance", "Argo CD"),
    ("kustomize.toolkit.fluxcd.io/name", "Flux"),
    ("helm.toolkit.fluxcd.io/name", "Flux"),
];

/// Names under which an owner writes fields, where it leaves no mark of its own: Argo CD's label is anybody's.
const MANAGERS: [(&str, &str); 4] = [
    ("argocd-controller", "Argo CD"),
    ("kustomize-controller", "Flux"),
    ("helm-controller", "Flux"),
    ("helm", "Helm"),
];

/// Who writes the spec of an object, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manager {
    /// `Argo CD`, `Flux` or `Helm`.
    pub name: &'static str,
    /// `the annotation …`.
    pub mark: String,
}

/// Who else writes the spec of an object. A release of Flux is Flux's, though Helm's marks are on it too.
pub fn manager(meta: &ObjectMeta) -> Option<Manager> {
    let labels = meta.labels.iter().flatten();
    let labels =
        labels.filter_map(|(key, value)| Some((of(&LABELS, key)?, format!("the label {key}={value}"))));
    let annotations = meta.annotations.iter().flatten();
    let annotations = annotations
        .filter_map(|(key, value)| Some((of(&ANNOTATIONS, key)?, format!("the annotation {key}: {value}"))));
    let managers = meta.managed_fields.iter().flatten().filter_map(|entry| entry.manager.as_deref());
    let managers = managers
        .filter_map(|manager| Some((of(&MANAGERS, manager)?, format!("the field manager {manager}"))));
    let (name, mark) = labels.chain(annotations).chain(managers).next()?;
    Some(Manager { name, mark })
}

fn of(table: &[(&str, &'static str)], key: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == key).map(|(_, owner)| *owner)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn found(meta: Value) -> Option<&'static str> {
        manager(&serde_json::from_value(meta).unwrap()).map(|manager| manager.name)
    }

    #[test]
    fn owners_are_known_by_their_marks() {
        for (meta, expected) in [
            (
                json!({"annotations": {"argocd.argoproj.io/tracking-id": "shop:lambda-operator.io/LambdaAlias:shop/live"}}),
                "Argo CD",
            ),
            (json!({"managedFields": [{"manager": "argocd-controller"}]}), "Argo CD"),
            (json!({"labels": {"kustomize.toolkit.fluxcd.io/name": "shop"}}), "Flux"),
            (json!({"annotations": {"meta.helm.sh/release-name": "shop"}}), "Helm"),
            (
                json!({"labels": {"helm.toolkit.fluxcd.io/name": "shop"}, "annotations": {"meta.helm.sh/release-name": "shop"}}),
                "Flux",
            ),
        ] {
            assert_eq!(found(meta.clone()), Some(expected), "{meta}");
        }
        let own = json!({
            "labels": {"app.kubernetes.io/instance": "shop"},
            "managedFields": [{"manager": "kubectl"}, {"manager": "lambda-operator"}, {"manager": "kubectl-lambda"}],
        });
        assert_eq!(found(own), None);
    }
}
