//! The kinds of the group, by every name that people give them.

use std::any::TypeId;
use std::sync::LazyLock;

use kube::core::NamespaceResourceScope;
use kube::discovery::ApiResource;
use kube::{CustomResourceExt, Resource};
use lambda_operator_crds::{
    CapacityProvider, CodeSigningConfig, EventSourceMapping, LambdaAccount, LambdaAlias, LambdaFunction,
    LambdaInvocation, LambdaLayer,
};

static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    vec![
        Kind::of::<LambdaFunction>(),
        Kind::of::<LambdaAlias>(),
        Kind::of::<EventSourceMapping>(),
        Kind::of::<LambdaInvocation>(),
        Kind::of::<LambdaLayer>(),
        Kind::of::<CodeSigningConfig>(),
        Kind::of::<CapacityProvider>(),
        Kind::of::<LambdaAccount>(),
    ]
});

/// The name of the kind that everything else is about.
pub const FUNCTION: &str = "LambdaFunction";
/// The kind that belongs to no namespace.
pub const ACCOUNT: &str = "LambdaAccount";
/// The kind of aliases.
pub const ALIAS: &str = "LambdaAlias";

/// A kind of the group. Two of the same name are the same.
#[derive(Debug)]
pub struct Kind {
    /// As in manifests: `LambdaFunction`.
    pub name: String,
    /// As in URLs: `lambdafunctions`.
    pub plural: String,
    /// As kubectl knows it besides: `lfn`.
    pub short: &'static [&'static str],
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
    /// The field of other objects that names one of it: `functionRef`.
    pub reference: String,
    /// For a client.
    pub resource: ApiResource,
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Kind {
    fn of<K>() -> Self
    where
        K: Resource<DynamicType = ()> + CustomResourceExt,
        K::Scope: 'static,
    {
        let resource = K::api_resource();
        Self {
            name: resource.kind.clone(),
            plural: resource.plural.clone(),
            short: K::shortnames(),
            namespaced: TypeId::of::<K::Scope>() == TypeId::of::<NamespaceResourceScope>(),
            reference: reference(&resource.kind),
            resource,
        }
    }

    /// Whether people may mean it by this: kind, singular, plural, short name, each also with the group behind it.
    fn answers_to(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let group = format!(".{}", lambda_operator_crds::GROUP);
        let text = text.strip_suffix(&group).unwrap_or(&text);
        text == self.name.to_lowercase() || text == self.plural || self.short.contains(&text)
    }
}

/// `LambdaFunction` → `functionRef`.
fn reference(kind: &str) -> String {
    let bare = kind.strip_prefix("Lambda").unwrap_or(kind);
    let (first, rest) = bare.split_at(1);
    format!("{}{rest}Ref", first.to_lowercase())
}

/// Every kind, functions first.
pub fn all() -> &'static [Kind] {
    &KINDS
}

/// The kinds whose objects are in namespaces.
pub fn namespaced() -> impl Iterator<Item = &'static Kind> {
    all().iter().filter(|kind| kind.namespaced)
}

/// The kind that people mean by this.
pub fn named(text: &str) -> Option<&'static Kind> {
    all().iter().find(|kind| kind.answers_to(text))
}

/// A kind by a constant of this module.
///
/// # Panics
/// When there is none of the name, which a test excludes.
pub fn known(name: &'static str) -> &'static Kind {
    all().iter().find(|kind| kind.name == name).expect("a constant of this module")
}

/// The kind of what a field such as `functionRef` names; `None` also for Secrets and ConfigMaps.
pub fn referred(field: &str) -> Option<&'static Kind> {
    all().iter().find(|kind| kind.reference == field)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Secrets and ConfigMaps, which fields refer to as well.
    const OTHERS: [&str; 4] = ["secretKeyRef", "configMapKeyRef", "secretRef", "configMapRef"];

    #[test]
    fn every_kind_of_the_group_is_known() {
        let definitions = lambda_operator_crds::all();
        let mut of_the_group: Vec<_> =
            definitions.iter().map(|definition| definition.spec.names.kind.as_str()).collect();
        let mut ours: Vec<_> = all().iter().map(|kind| kind.name.as_str()).collect();
        of_the_group.sort_unstable();
        ours.sort_unstable();
        assert_eq!(ours, of_the_group, "add the kind to plugin/kinds.rs");
        for definition in &definitions {
            let kind = named(&definition.spec.names.kind).unwrap();
            assert_eq!(kind.namespaced, definition.spec.scope == "Namespaced", "{}", kind.name);
        }
        for name in [FUNCTION, ACCOUNT, ALIAS] {
            assert_eq!(known(name).name, name);
        }
    }

    #[test]
    fn kinds_answer_to_all_that_kubectl_takes() {
        for text in [
            "LambdaFunction",
            "lambdafunction",
            "lambdafunctions",
            "lfn",
            "LFN",
            "lambdafunctions.lambda-operator.io",
        ] {
            assert_eq!(named(text).unwrap().name, FUNCTION, "{text}");
        }
        assert_eq!(named("lesm").unwrap().name, "EventSourceMapping");
        assert!(named("pods").is_none() && named("").is_none());
    }

    /// The names of fields that end with `Ref`, at any depth of a schema.
    fn references_of(schema: &Value, found: &mut Vec<String>) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if name.ends_with("Ref") {
                found.push(name.clone());
            }
            references_of(property, found);
        }
        for within in ["items", "additionalProperties"] {
            if schema[within].is_object() {
                references_of(&schema[within], found);
            }
        }
    }

    #[test]
    fn every_reference_in_a_spec_leads_to_a_kind() {
        let mut fields = Vec::new();
        for definition in lambda_operator_crds::all() {
            let definition = serde_json::to_value(definition).unwrap();
            let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
            references_of(&schema["properties"]["spec"], &mut fields);
        }
        assert!(fields.iter().any(|field| field == "functionRef"), "{fields:?}");
        for field in fields.iter().filter(|field| !OTHERS.contains(&field.as_str())) {
            assert!(referred(field).is_some(), "{field} names objects of no kind");
        }
    }
}
