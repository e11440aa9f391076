//! From a spec to what an alias is to be: parsed, references resolved. After this the raw object is not touched.

use std::collections::BTreeSet;

use kube::ResourceExt;
use lambda_operator_crds::{LambdaAlias, LambdaAliasSpec, LambdaAliasStatus};

use crate::alias::model::{Look, Weights};
use crate::alias::status;
use crate::engine::kind::{Inputs, Unready};
use crate::engine::usage;
use crate::k8s::references::{Offer, ReferenceKey, ReferenceKind, References};
use crate::section::{self, Wanted};

/// An alias as it is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// Its function.
    pub function: Function,
    /// Its name in AWS.
    pub name: String,
    /// The version that it is to point to.
    pub target: Target,
    /// Description, empty when none.
    pub description: String,
    /// How the traffic is to be split, empty when it isn't.
    pub weights: Weights,
    /// The sections.
    pub sections: Wanted,
    /// What is not compared.
    pub ignored: Ignored,
}

/// The function of an alias.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Function {
    /// Its name in AWS.
    pub name: String,
    /// How the spec names it, for texts.
    pub named: String,
    /// Its account and region, as far as the spec or the LambdaFunction says.
    pub account: Option<String>,
    /// See `account`.
    pub region: Option<String>,
}

/// The version that an alias is to point to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// This one, because the spec names it or it is the newest.
    Version(String),
    /// The newest one that is Active: AWS has to be asked which.
    Newest,
}

/// The parsed `ignoreDrift`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// The version.
    pub version: bool,
    /// The description.
    pub description: bool,
    /// The weights.
    pub routing: bool,
}

impl Desired {
    /// What has to be read along with the alias.
    pub fn look(&self, status: &LambdaAliasStatus) -> Look {
        let expected =
            || [Some(self.weights.clone()), status::settled_weights(status)].into_iter().flatten().collect();
        Look {
            newest: self.target == Target::Newest && !self.ignored.version,
            weights: (!self.ignored.routing).then(expected),
        }
    }
}

/// The alias's name in AWS.
pub fn aws_name(object: &LambdaAlias) -> String {
    object.spec.alias_name.clone().unwrap_or_else(|| object.name_any())
}

/// The LambdaFunction that the spec refers to.
pub fn function_key(object: &LambdaAlias) -> Option<ReferenceKey> {
    let name = &object.spec.function_ref.as_ref()?.name;
    let namespace = object.namespace().unwrap_or_default();
    Some(ReferenceKey::new(ReferenceKind::LambdaFunction, &namespace, name))
}

/// What `spec.functionName` says: a name or an ARN.
pub fn named_function(text: &str) -> Function {
    let parts: Vec<&str> = text.split(':').collect();
    let (name, account, region) = match parts[..] {
        ["arn", _, "lambda", region, account, "function", name] => (name, Some(account), Some(region)),
        _ => (text, None, None),
    };
    Function {
        name: name.to_owned(),
        named: format!("spec.functionName {text}"),
        account: account.map(str::to_owned),
        region: region.map(str::to_owned),
    }
}

/// What the alias is called within its account and region, once its function is known: nothing in AWS says which of two
/// objects it belongs to.
pub fn claim(object: &LambdaAlias, status: &LambdaAliasStatus, references: &References) -> Option<String> {
    let spec = || match function_key(object) {
        Some(key) => references.offer(&key).map(|offer| offer.name).filter(|name| !name.is_empty()),
        None => object.spec.function_name.as_deref().map(|text| named_function(text).name),
    };
    let function = status.function_name.clone().or_else(spec)?;
    Some(format!("{function}:{}", aws_name(object)))
}

/// The versions that the spec names, as [`usage`] knows them.
pub fn versions(object: &LambdaAlias, status: &LambdaAliasStatus) -> BTreeSet<String> {
    let spec = &object.spec;
    let weights =
        spec.routing_config.iter().filter_map(|routing| routing.additional_version_weights.as_ref());
    let numbers = spec.function_version.iter().chain(weights.flat_map(|weights| weights.keys()));
    let named = |number: &String| match (function_key(object), &spec.function_name) {
        (Some(key), _) => Some(usage::version_of(&key, number)),
        (None, Some(text)) => {
            let Function { name, account, region, .. } = named_function(text);
            let common = &status.common;
            let account = account.or_else(|| common.account.clone())?;
            let region = region.or_else(|| common.region.clone())?;
            Some(usage::version_at(&account, &region, &name, number))
        }
        (None, None) => None,
    };
    numbers.filter_map(named).collect()
}

/// Parses a LambdaAlias.
///
/// # Errors
/// What is wrong with the spec, or what it needs and isn't there.
pub fn desired(object: &LambdaAlias, inputs: &Inputs) -> Result<Desired, Unready> {
    let LambdaAliasSpec {
        common,
        function_ref,
        function_name,
        alias_name: _,
        function_version,
        version: _,
        description,
        routing_config,
        sections: _,
        provisioned_concurrency: _,
    } = &object.spec;
    let ignored = ignored(common.ignore_drift.as_deref().unwrap_or_default()).map_err(Unready::Invalid)?;
    let offer = match function_key(object) {
        Some(key) => Some(inputs.usable(&key)?),
        None => None,
    };
    let function = match (function_ref, offer, function_name) {
        (Some(reference), Some(offer), _) => offered_function(&reference.name, offer),
        (_, _, Some(text)) => named_function(text),
        _ => return Err(Unready::Invalid("spec needs functionRef or functionName; set one.".into())),
    };
    let target = match (function_version, offer) {
        (Some(number), _) => Target::Version(number.clone()),
        (None, Some(offer)) => Target::Version(offer.version.clone().ok_or_else(|| unpublished(&function))?),
        (None, None) => Target::Newest,
    };
    let weights = routing_config.iter().filter_map(|routing| routing.additional_version_weights.as_ref());
    Ok(Desired {
        function,
        name: aws_name(object),
        target,
        description: description.clone().unwrap_or_default(),
        weights: weights.flatten().map(|(version, weight)| (version.clone(), weight.0)).collect(),
        sections: Wanted::of_alias(&object.spec),
        ignored,
    })
}

fn offered_function(named: &str, offer: &Offer) -> Function {
    let known = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    Function {
        name: offer.name.clone(),
        named: format!("LambdaFunction {named}"),
        account: known(&offer.account),
        region: known(&offer.region),
    }
}

fn unpublished(function: &Function) -> Unready {
    Unready::Missing(format!(
        "{} has no published version that is Active, and spec.version is Latest. Set spec.publish to OnChange there, or \
         name a version in spec.functionVersion.",
        function.named
    ))
}

fn ignored(paths: &[String]) -> Result<Ignored, String> {
    let mut ignored = Ignored::default();
    for path in paths {
        match path.as_str() {
            "functionVersion" | "version" => ignored.version = true,
            "description" => ignored.description = true,
            "routingConfig" => ignored.routing = true,
            path if section::is_of_aliases(path) => {}
            other => {
                return Err(format!(
                    "spec.ignoreDrift: {other:?} is unknown. Use functionVersion, version, description, routingConfig, {}.",
                    section::paths_of_aliases()
                ));
            }
        }
    }
    Ok(ignored)
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, reason = "helpers take `json!` as it is written")]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// An alias `live` of the LambdaFunction `quotes`, which is `quotes-prod` in AWS.
    pub(in crate::alias) fn object(spec: Value) -> LambdaAlias {
        let mut all = json!({"functionRef": {"name": "quotes"}});
        all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        serde_json::from_value(json!({
            "apiVersion": "lambda-operator.io/v1alpha1", "kind": "LambdaAlias",
            "metadata": {"name": "live", "namespace": "shop", "uid": "uid-1"}, "spec": all,
        }))
        .unwrap()
    }

    /// What the LambdaFunction offers.
    pub(in crate::alias) fn inputs(version: Option<&str>) -> Inputs {
        let mut inputs = Inputs::new();
        let offer = Offer {
            uid: "uid-f".into(),
            account: "111122223333".into(),
            region: "eu-west-1".into(),
            name: "quotes-prod".into(),
            arn: "arn:aws:lambda:eu-west-1:111122223333:function:quotes-prod".into(),
            version: version.map(str::to_owned),
            ..Offer::default()
        };
        inputs.insert_offer(ReferenceKey::new(ReferenceKind::LambdaFunction, "shop", "quotes"), Some(offer));
        inputs
    }

    fn parsed(spec: Value) -> Result<Desired, Unready> {
        desired(&object(spec), &inputs(Some("7")))
    }

    #[test]
    fn absent_means_aws_default() {
        let Desired { function, name, target, description, weights, sections, ignored } =
            parsed(json!({"functionVersion": "3"})).unwrap();
        assert_eq!((function.name.as_str(), name.as_str()), ("quotes-prod", "live"));
        assert_eq!(target, Target::Version("3".into()));
        assert!(description.is_empty() && weights.is_empty() && ignored == Ignored::default());
        assert_eq!(sections, Wanted::default());
    }

    #[test]
    fn latest_is_the_newest_version_that_the_function_offers() {
        let alias = object(json!({"version": "Latest"}));
        assert_eq!(desired(&alias, &inputs(Some("7"))).unwrap().target, Target::Version("7".into()));
        let Err(Unready::Missing(text)) = desired(&alias, &inputs(None)) else { panic!("there is none") };
        assert!(text.contains("LambdaFunction quotes") && text.contains("spec.publish"), "{text}");
    }

    #[test]
    fn of_a_function_that_is_only_named_aws_knows_the_newest_version() {
        let arn = "arn:aws:lambda:us-east-1:444455556666:function:quotes";
        for (text, account) in [("quotes", None), (arn, Some("444455556666"))] {
            let alias = object(json!({"functionRef": null, "functionName": text, "version": "Latest"}));
            let desired = desired(&alias, &Inputs::new()).unwrap();
            assert_eq!(
                (desired.function.name.as_str(), desired.function.account.as_deref()),
                ("quotes", account)
            );
            assert_eq!(desired.target, Target::Newest);
            assert!(desired.look(&LambdaAliasStatus::default()).newest);
        }
    }

    #[test]
    fn a_function_that_is_not_there_is_named() {
        let Err(Unready::Missing(text)) = desired(&object(json!({"version": "Latest"})), &Inputs::new())
        else {
            panic!("it isn't there")
        };
        assert!(text.contains("LambdaFunction quotes does not exist"), "{text}");
    }

    #[test]
    fn the_claim_is_known_as_soon_as_the_function_is() {
        let (references, _woken) = References::new();
        let claimed = |spec: Value, status: &LambdaAliasStatus| claim(&object(spec), status, &references);
        let unseen = LambdaAliasStatus::default();
        assert_eq!(
            claimed(json!({}), &unseen),
            None,
            "nobody knows what the LambdaFunction is called in AWS"
        );
        let named = json!({"functionRef": null, "functionName": "quotes-prod", "aliasName": "stable"});
        assert_eq!(claimed(named, &unseen).as_deref(), Some("quotes-prod:stable"));
        let pinned = LambdaAliasStatus { function_name: Some("old".into()), ..LambdaAliasStatus::default() };
        assert_eq!(claimed(json!({}), &pinned).as_deref(), Some("old:live"));
        let key = ReferenceKey::new(ReferenceKind::LambdaFunction, "shop", "quotes");
        references.offered(key, Offer { name: "quotes-prod".into(), ..Offer::default() });
        assert_eq!(claimed(json!({}), &unseen).as_deref(), Some("quotes-prod:live"));
    }

    #[test]
    fn the_versions_that_it_names_are_in_use() {
        let weights = json!({"additionalVersionWeights": {"4": 0.1}});
        let named = json!({"functionVersion": "3", "routingConfig": weights});
        let used = |spec: &Value, status: &LambdaAliasStatus| versions(&object(spec.clone()), status);
        let mut status = LambdaAliasStatus::default();
        let by_reference = ["LambdaFunction shop/quotes:3", "LambdaFunction shop/quotes:4"];
        assert_eq!(used(&named, &status), BTreeSet::from(by_reference.map(str::to_owned)));
        let mut of_name = named.clone();
        (of_name["functionRef"], of_name["functionName"]) = (json!(null), json!("quotes-prod"));
        assert_eq!(used(&of_name, &status), BTreeSet::new(), "nobody knows in which account");
        let pinned = ["111122223333/eu-west-1/quotes-prod:3", "111122223333/eu-west-1/quotes-prod:4"];
        status.common.account = Some("111122223333".into());
        status.common.region = Some("eu-west-1".into());
        assert_eq!(used(&of_name, &status), BTreeSet::from(pinned.map(str::to_owned)));
        of_name["functionName"] = json!("arn:aws-cn:lambda:cn-north-1:444455556666:function:quotes");
        let elsewhere = ["444455556666/cn-north-1/quotes:3", "444455556666/cn-north-1/quotes:4"];
        assert_eq!(used(&of_name, &status), BTreeSet::from(elsewhere.map(str::to_owned)));
        assert_eq!(used(&json!({"version": "Latest"}), &status), BTreeSet::new());
    }

    #[test]
    fn an_unknown_path_is_refused_with_the_known_ones() {
        let spec = json!({"functionVersion": "1", "ignoreDrift": ["tags.team"]});
        let Err(Unready::Invalid(text)) = parsed(spec) else { panic!("it is accepted") };
        assert!(text.contains("tags.team") && text.contains("routingConfig"), "{text}");
    }
}
