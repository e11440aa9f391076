//! From what AWS has to the shortest spec that means it: the reverse of `desired`. Pure.

use std::collections::BTreeMap;

use lambda_operator_crds::{AliasRoutingConfig, CommonSpec, LambdaAliasSpec, ObjectRef, VersionWeight};

use crate::alias::model::{Alias, Observed, Weights};
use crate::manifest::{Unsaid, unless};
use crate::section;

/// What a manifest says besides what AWS has.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// Where, and how it is taken over.
    pub common: CommonSpec,
    /// The function.
    pub function: ObjectRef,
    /// The alias's name in AWS.
    pub alias_name: String,
}

/// The spec of an alias. It stays on its version.
pub fn spec(observed: &Observed, setting: Setting) -> LambdaAliasSpec {
    let Setting { common, function, alias_name } = setting;
    let Alias { arn: _, version, description, weights, revision_id: _ } = observed.alias.clone();
    let mut unsaid = Unsaid::default();
    let provisioned = observed.sections.provisioned.as_ref();
    let moving = observed.is_shifting() || provisioned.is_some_and(section::Provisioned::is_moving);
    let routing_config = routing(weights, moving, &mut unsaid);
    let section::manifest::Sections {
        common: sections,
        provisioned,
        recursive_loop: _,
        runtime_management: _,
    } = section::manifest::of(&observed.sections, &mut unsaid);
    LambdaAliasSpec {
        common: CommonSpec { ignore_drift: unsaid.into_paths(common.ignore_drift), ..common },
        function_ref: Some(function),
        function_name: None,
        alias_name: Some(alias_name),
        function_version: Some(version),
        version: None,
        description: unless(description, &String::new()),
        routing_config,
        sections,
        provisioned_concurrency: provisioned,
    }
}

/// While AWS moves provisioned concurrency the weights are its own, and end by themselves.
fn routing(weights: Weights, moving: bool, unsaid: &mut Unsaid) -> Option<AliasRoutingConfig> {
    if weights.is_empty() || moving {
        return None;
    }
    if weights.values().any(|weight| *weight <= 0.0 || *weight >= 1.0) {
        unsaid.add("routingConfig");
        return None;
    }
    let weights: BTreeMap<_, _> =
        weights.into_iter().map(|(version, weight)| (version, VersionWeight(weight))).collect();
    Some(AliasRoutingConfig { additional_version_weights: Some(weights) })
}

#[cfg(test)]
mod tests {
    use lambda_operator_crds::{AdoptPolicy, LambdaAlias};
    use serde_json::json;

    use super::*;
    use crate::alias::Aliases;
    use crate::alias::plan_tests::observed;
    use crate::engine::kind::Inputs;
    use crate::k8s::references::{Offer, ReferenceKey, ReferenceKind};
    use crate::manifest::changes;
    use crate::section::{EventInvoke, Has, Provisioned, Section, Value};

    fn written(observed: &Observed) -> LambdaAlias {
        let common = CommonSpec { adopt: Some(AdoptPolicy::Unowned), ..CommonSpec::default() };
        let (function, alias_name) = (ObjectRef { name: "quotes".into() }, "live".to_owned());
        LambdaAlias::new("quotes-live", spec(observed, Setting { common, function, alias_name }))
    }

    fn changed(observed: &Observed) -> Vec<String> {
        let mut inputs = Inputs::new();
        let offer = Offer { name: "quotes-prod".into(), ..Offer::default() };
        inputs.insert_offer(ReferenceKey::new(ReferenceKind::LambdaFunction, "", "quotes"), Some(offer));
        changes::<Aliases>(&written(observed), &inputs, observed)
    }

    fn with(mut observed: Observed, provisioned: Provisioned) -> Observed {
        let invoke = EventInvoke { retries: Some(1), ..EventInvoke::default() };
        let values = [
            (Section::EventInvoke, Some(Value::EventInvoke(invoke))),
            (Section::Provisioned, Some(Value::Provisioned(provisioned.requested))),
        ];
        observed.moving = provisioned.is_moving();
        observed.sections = Has { values: values.into(), provisioned: Some(provisioned), ..Has::default() };
        observed
    }

    #[test]
    fn an_alias_that_is_taken_over_by_its_manifest_is_not_changed() {
        let ready = Provisioned { requested: 2, status: "READY".into(), ..Provisioned::default() };
        let moving = Provisioned { status: "IN_PROGRESS".into(), ..ready.clone() };
        for observed in [
            observed("3", "", &[]),
            observed("$LATEST", "d", &[]),
            observed("3", "d", &[("2", 0.25)]),
            observed("3", "", &[("2", 1.0)]),
            with(observed("3", "d", &[]), ready),
            with(observed("3", "d", &[("2", 0.25)]), moving),
        ] {
            assert_eq!(changed(&observed), Vec::<String>::new(), "{observed:?}");
        }
    }

    #[test]
    fn it_stays_on_its_version() {
        let spec = serde_json::to_value(written(&observed("3", "", &[("2", 0.25)])).spec).unwrap();
        let expected = json!({
            "adopt": "Unowned", "functionRef": {"name": "quotes"}, "aliasName": "live", "functionVersion": "3",
            "routingConfig": {"additionalVersionWeights": {"2": 0.25}},
        });
        assert_eq!(spec, expected);
    }
}
