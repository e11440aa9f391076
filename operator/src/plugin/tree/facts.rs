//! What is worth a glance of an object that is as it is to be, and the versions that a status knows. Pure.

use serde_json::Value;

use super::{Node, VERSION};
use crate::plugin::object::{Health, Object};

/// The facts of an object, with commas.
pub(super) fn details(object: &Object) -> String {
    let status = object.status();
    let facts: Vec<Option<String>> = match object.kind.name.as_str() {
        "LambdaFunction" => vec![
            object.spec()["runtime"].as_str().or(image(object)).map(str::to_owned),
            object.said("state").filter(|state| *state != "Active").map(str::to_owned),
            object.said("version").map(|version| format!("version {version}")),
            object.said("functionUrl").map(str::to_owned),
        ],
        "LambdaAlias" => {
            vec![Some(shares(object)), provisioned(object), object.said("functionUrl").map(str::to_owned)]
        }
        "EventSourceMapping" => {
            vec![object.said("state").map(str::to_owned), object.said("eventSourceArn").map(last_part)]
        }
        "LambdaInvocation" => vec![
            object.spec()["invocationType"].as_str().map(str::to_owned),
            object.said("duration").map(|duration| format!("took {duration}")),
        ],
        "LambdaLayer" => vec![status["latestVersion"].as_i64().map(|version| format!("version {version}"))],
        "CodeSigningConfig" => {
            let policy = &object.spec()["codeSigningPolicies"]["untrustedArtifactOnDeployment"];
            vec![Some(policy.as_str().unwrap_or("Warn").to_owned())]
        }
        "CapacityProvider" => vec![object.said("state").map(str::to_owned)],
        "LambdaAccount" => vec![object.spec()["accountId"].as_str().map(str::to_owned)],
        _ => Vec::new(),
    };
    facts.into_iter().flatten().filter(|fact| !fact.is_empty()).collect::<Vec<_>>().join(", ")
}

fn image(function: &Object) -> Option<&'static str> {
    function.spec()["code"]["image"].is_object().then_some("container image")
}

/// `arn:aws:sqs:eu-west-1:111122223333:orders` → `sqs orders`.
fn last_part(arn: &str) -> String {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        [_, _, service, _, _, resource] => format!("{service} {resource}"),
        _ => arn.to_owned(),
    }
}

/// `version 3`, or `version 3 (90 %), version 4 (10 %)`.
fn shares(alias: &Object) -> String {
    let Some(version) = alias.said("functionVersion") else { return String::new() };
    let weights = further(alias);
    if weights.is_empty() {
        return format!("version {version}");
    }
    let rest = 1.0 - weights.iter().map(|(_, weight)| weight).sum::<f64>();
    let all =
        std::iter::once((version, rest)).chain(weights.iter().map(|(version, weight)| (*version, *weight)));
    all.map(|(version, share)| format!("version {version} ({})", percent(share)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// `4 of 5 provisioned`.
fn provisioned(alias: &Object) -> Option<String> {
    let provisioned = &alias.status()["provisionedConcurrency"];
    let (available, requested) = (provisioned["available"].as_i64(), provisioned["requested"].as_i64());
    requested.map(|requested| format!("{} of {requested} provisioned", available.unwrap_or_default()))
}

/// The versions that get a share besides the alias's own.
fn further(alias: &Object) -> Vec<(&str, f64)> {
    let weights = alias.status()["routingConfig"]["additionalVersionWeights"].as_object();
    weights
        .into_iter()
        .flatten()
        .filter_map(|(version, weight)| Some((version.as_str(), weight.as_f64()?)))
        .collect()
}

fn percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The versions that a status knows to be there, in ascending order, with the aliases of the cluster that lead to each.
pub(super) fn versions(object: &Object, aliases: &[&Object]) -> Vec<Node> {
    let mut numbers: Vec<String> = object.published_versions().map(|number| number.to_string()).collect();
    let published = &object.status()["published"];
    if let Some(newest) =
        published["version"].as_str().filter(|newest| !numbers.iter().any(|known| known == newest))
    {
        numbers.push(newest.to_owned());
    }
    numbers.into_iter().map(|number| version(object, &number, published, aliases)).collect()
}

fn version(object: &Object, number: &str, published: &Value, aliases: &[&Object]) -> Node {
    let mut used: Vec<String> = aliases
        .iter()
        .filter(|alias| {
            alias.said("functionVersion") == Some(number)
                || further(alias).iter().any(|(version, _)| *version == number)
        })
        .map(|alias| alias.alias_name())
        .collect();
    used.sort();
    let state = published["state"].as_str().filter(|_| published["version"] == number);
    Node {
        kind: VERSION.to_owned(),
        name: number.to_owned(),
        namespace: object.namespace(),
        health: state.map(|state| health(state, published)),
        details: used.join(", "),
        children: Vec::new(),
    }
}

/// How AWS has the version that was published last.
fn health(state: &str, published: &Value) -> Health {
    let ready = match state {
        "Failed" => "False",
        "Pending" => "Unknown",
        _ => "True",
    };
    let message = published["stateReason"].as_str().unwrap_or_default().to_owned();
    Health { ready: ready.to_owned(), reason: state.to_owned(), message, stalled: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::object::tests::object;

    #[test]
    fn each_kind_has_its_facts() {
        for (yaml, expected) in [
            (
                "{kind: LambdaFunction, metadata: {name: a}, spec: {runtime: python3.14}, status: {state: Active, version: '3'}}",
                "python3.14, version 3",
            ),
            ("{kind: LambdaFunction, metadata: {name: a}, status: {state: Inactive}}", "Inactive"),
            (
                "{kind: EventSourceMapping, metadata: {name: a}, status: {state: Enabled, eventSourceArn: 'arn:aws:sqs:eu-west-1:111122223333:orders'}}",
                "Enabled, sqs orders",
            ),
            (
                "{kind: LambdaFunction, metadata: {name: a}, spec: {code: {image: {uri: u}}}, status: {state: Active}}",
                "container image",
            ),
            (
                "{kind: LambdaInvocation, metadata: {name: a}, spec: {invocationType: Event}, status: {duration: 0.5s}}",
                "Event, took 0.5s",
            ),
            ("{kind: LambdaLayer, metadata: {name: a}, status: {latestVersion: 7}}", "version 7"),
            ("{kind: CodeSigningConfig, metadata: {name: a}, spec: {}}", "Warn"),
            ("{kind: CapacityProvider, metadata: {name: a}, status: {state: Active}}", "Active"),
            ("{kind: LambdaAccount, metadata: {name: a}, spec: {accountId: '111122223333'}}", "111122223333"),
            (
                "{kind: LambdaAlias, metadata: {name: a}, status: {functionVersion: '3', routingConfig: {additionalVersionWeights: {'4': 0.125}}}}",
                "version 3 (87.5 %), version 4 (12.5 %)",
            ),
            ("{kind: LambdaAlias, metadata: {name: a}, status: {functionVersion: '3'}}", "version 3"),
            (
                "{kind: LambdaAlias, metadata: {name: a}, status: {functionVersion: '3', functionUrl: 'https://a.on.aws/',
                  provisionedConcurrency: {requested: 5, available: 4}}}",
                "version 3, 4 of 5 provisioned, https://a.on.aws/",
            ),
            ("{kind: LambdaAlias, metadata: {name: a}}", ""),
        ] {
            assert_eq!(details(&object(yaml)), expected, "{yaml}");
        }
    }

    #[test]
    fn a_version_says_who_uses_it_and_how_the_newest_stands() {
        let function = object(
            "{kind: LambdaFunction, metadata: {name: a}, status: {publishedVersions: [1, 2],
              published: {version: '3', state: Failed, stateReason: no snapshot}}}",
        );
        let live = object(
            "{kind: LambdaAlias, metadata: {name: a-live}, status: {aliasName: live, functionVersion: '1',
              routingConfig: {additionalVersionWeights: {'2': 0.1}}}}",
        );
        let nodes = versions(&function, &[&live]);
        let told: Vec<_> = nodes.iter().map(|node| (node.name.as_str(), node.details.as_str())).collect();
        assert_eq!(told, [("1", "live"), ("2", "live"), ("3", "")]);
        let failed = nodes[2].health.as_ref().unwrap();
        assert_eq!((failed.ready.as_str(), failed.message.as_str()), ("False", "no snapshot"));
    }
}
