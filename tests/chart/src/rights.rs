//! What Roles allow, compared with what the API server was asked for: a right that nobody uses is one too many, and a
//! request that was refused is one too few.

use std::collections::BTreeSet;

use serde_json::Value;

/// One right of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// Group of the API; empty: the core.
    pub group: String,
    /// Resource, with its subresource after a slash.
    pub resource: String,
    /// What is done.
    pub verb: String,
    /// The only object that it holds for.
    pub name: Option<String>,
}

/// What an audit log says that somebody asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// What was asked for and allowed.
    pub allowed: BTreeSet<Right>,
    /// What was refused.
    pub refused: BTreeSet<Right>,
}

impl std::fmt::Display for Right {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { group, resource, verb, name } = self;
        write!(f, "{verb} {resource}")?;
        if !group.is_empty() {
            write!(f, ".{group}")?;
        }
        name.as_ref().map_or(Ok(()), |name| write!(f, " {name}"))
    }
}

/// Every right of the rules of Roles or ClusterRoles.
pub fn of_roles<'a>(roles: impl IntoIterator<Item = &'a Value>) -> BTreeSet<Right> {
    let all = roles.into_iter().flat_map(|role| role["rules"].as_array().into_iter().flatten());
    all.flat_map(of_rule).collect()
}

fn of_rule(rule: &Value) -> Vec<Right> {
    let names: Vec<Option<String>> = match rule["resourceNames"].as_array() {
        Some(names) => names.iter().map(|name| name.as_str().map(ToOwned::to_owned)).collect(),
        None => vec![None],
    };
    let mut rights = Vec::new();
    for group in texts(&rule["apiGroups"]) {
        for resource in texts(&rule["resources"]) {
            for verb in texts(&rule["verbs"]) {
                let right = |name: &Option<String>| Right {
                    group: group.to_owned(),
                    resource: resource.to_owned(),
                    verb: verb.to_owned(),
                    name: name.clone(),
                };
                rights.extend(names.iter().map(right));
            }
        }
    }
    rights
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// What a ServiceAccount asked for, from an audit log. What every identity may ask (the API's own description, reviews of
/// its rights) isn't of interest.
pub fn requested(log: &str, namespace: &str, account: &str) -> Requests {
    let user = format!("system:serviceaccount:{namespace}:{account}");
    let events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut requests = Requests::default();
    for event in events.filter(|event| event["user"]["username"] == user.as_str()) {
        let Some(right) = of_event(&event) else { continue };
        match event["annotations"]["authorization.k8s.io/decision"].as_str() {
            Some("allow") => requests.allowed.insert(right),
            _ => requests.refused.insert(right),
        };
    }
    requests
}

/// `None`: it concerns no resource.
fn of_event(event: &Value) -> Option<Right> {
    let object = &event["objectRef"];
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let resource = text(&object["resource"])?;
    let resource = match object["subresource"].as_str() {
        Some(subresource) => format!("{resource}/{subresource}"),
        None => resource,
    };
    let group = text(&object["apiGroup"]).unwrap_or_default();
    Some(Right { group, resource, verb: text(&event["verb"])?, name: text(&object["name"]) })
}

/// The rights that none of the requests needed.
pub fn unused(rights: &BTreeSet<Right>, requests: &BTreeSet<Right>) -> Vec<String> {
    let serves = |right: &Right, request: &Right| {
        (&right.group, &right.resource, &right.verb) == (&request.group, &request.resource, &request.verb)
            && (right.name.is_none() || right.name == request.name)
    };
    let idle = rights.iter().filter(|right| !requests.iter().any(|request| serves(right, request)));
    idle.map(ToString::to_string).collect()
}

/// The operations that an application called, from the simulators' file of them (`lambda_sim::Options::called`).
pub fn called(file: &str, application: &str) -> BTreeSet<String> {
    let pairs = file.lines().filter_map(|line| line.split_once(' '));
    pairs.filter(|(of, _)| *of == application).map(|(_, operation)| operation.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn right(verb: &str, resource: &str, name: Option<&str>) -> Right {
        let name = name.map(ToOwned::to_owned);
        Right { group: String::new(), resource: resource.to_owned(), verb: verb.to_owned(), name }
    }

    #[test]
    fn a_rule_is_as_many_rights_as_it_has_combinations() {
        let role = json!({"rules": [
            {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["get", "list"]},
            {"apiGroups": [""], "resources": ["namespaces"], "resourceNames": ["kube-system"], "verbs": ["get"]},
        ]});
        let rights = of_roles([&role]);
        assert_eq!(rights.len(), 5);
        assert!(rights.contains(&right("list", "configmaps", None)));
        assert!(rights.contains(&right("get", "namespaces", Some("kube-system"))));
    }

    #[test]
    fn an_audit_log_says_what_was_asked_for_and_what_was_refused() {
        let event = |user: &str, verb: &str, object: Value, decision: &str| {
            let annotations = json!({"authorization.k8s.io/decision": decision});
            json!({"user": {"username": user}, "verb": verb, "objectRef": object, "annotations": annotations})
                .to_string()
        };
        let ours = "system:serviceaccount:ops:operator";
        let functions = json!({"apiGroup": "lambda-operator.io", "resource": "lambdafunctions", "subresource": "status", "name": "a"});
        let log = [
            event(ours, "patch", functions, "allow"),
            event(ours, "list", json!({"resource": "pods"}), "forbid"),
            event(ours, "get", Value::Null, "allow"),
            event("system:serviceaccount:ops:other", "get", json!({"resource": "secrets"}), "allow"),
            "{\"cut".to_owned(),
        ];
        let requests = requested(&log.join("\n"), "ops", "operator");
        let shown = |rights: &BTreeSet<Right>| rights.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(shown(&requests.allowed), ["patch lambdafunctions/status.lambda-operator.io a"]);
        assert_eq!(shown(&requests.refused), ["list pods"]);
    }

    #[test]
    fn a_right_for_one_object_is_used_only_with_it() {
        let rights = BTreeSet::from([
            right("get", "secrets", None),
            right("get", "namespaces", Some("kube-system")),
            right("list", "secrets", None),
        ]);
        let requests =
            BTreeSet::from([right("get", "secrets", Some("a")), right("get", "namespaces", Some("b"))]);
        assert_eq!(unused(&rights, &requests), ["get namespaces kube-system", "list secrets"]);
    }
}
