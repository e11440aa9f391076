//! What differs between two specs, path by path. Values that may be secret are left out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

/// Fields that tell the items of a list apart.
const KEYS: [&str; 2] = ["name", "statementId"];

/// Values under these paths are never shown.
const SECRETS: [&str; 2] = ["env", "eventSourceToken"];

/// What one path comes to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The path in the spec.
    pub path: String,
    /// What it is; absent: nothing, or AWS's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it will be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// The values are left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

/// What differs. `also` are paths that are known to differ, where neither spec says it.
pub fn lines(before: Option<&Value>, after: Option<&Value>, also: &[String]) -> Vec<Line> {
    let (before, after) = (leaves_of(before), leaves_of(after));
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differing = paths.into_iter().filter(|path| before.get(*path) != after.get(*path));
    let mut lines: Vec<Line> = differing
        .map(|path| {
            let hidden = is_secret(path);
            let shown = |all: &BTreeMap<String, Value>| all.get(path).filter(|_| !hidden).cloned();
            Line { path: path.clone(), before: shown(&before), after: shown(&after), hidden }
        })
        .collect();
    for path in also {
        let covers = |line: &Line| {
            line.path == *path
                || line.path.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('.'))
        };
        if !lines.iter().any(covers) {
            lines.push(Line { path: path.clone(), before: None, after: None, hidden: true });
        }
    }
    lines
}

fn is_secret(path: &str) -> bool {
    path.split('.').any(|part| SECRETS.contains(&part))
}

fn leaves_of(spec: Option<&Value>) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    if let Some(spec) = spec {
        walk(String::new(), spec, &mut leaves);
    }
    leaves
}

/// Lists are one value, but for those whose items have a key.
fn walk(path: String, value: &Value, leaves: &mut BTreeMap<String, Value>) {
    let within = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Null => {}
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().for_each(|(key, value)| walk(within(key), value, leaves));
        }
        Value::Array(items) if !items.is_empty() && items.iter().all(|item| key_of(item).is_some()) => {
            for item in items {
                let Some((field, key)) = key_of(item) else { continue };
                let mut rest = item.clone();
                rest.as_object_mut().map(|fields| fields.remove(field));
                walk(within(key), &rest, leaves);
            }
        }
        value => drop(leaves.insert(path, value.clone())),
    }
}

fn key_of(item: &Value) -> Option<(&'static str, &str)> {
    KEYS.into_iter().find_map(|field| Some((field, item[field].as_str()?)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(before: &Value, after: &Value, also: &[&str]) -> Vec<(String, Value, Value, bool)> {
        let also: Vec<String> = also.iter().map(ToString::to_string).collect();
        let lines = lines(Some(before), Some(after), &also);
        let of = |value: Option<Value>| value.unwrap_or(Value::Null);
        lines.into_iter().map(|line| (line.path, of(line.before), of(line.after), line.hidden)).collect()
    }

    #[test]
    fn only_what_differs_is_named_by_its_path() {
        let before = json!({"timeout": 3, "vpcConfig": {"subnetIds": ["a", "b"]}, "tags": {"a": "1"}});
        let after =
            json!({"timeout": 9, "vpcConfig": {"subnetIds": ["a"]}, "description": "d", "tags": {"a": "1"}});
        assert_eq!(
            shown(&before, &after, &["timeout", "code"]),
            [
                ("description".into(), Value::Null, json!("d"), false),
                ("timeout".into(), json!(3), json!(9), false),
                ("vpcConfig.subnetIds".into(), json!(["a", "b"]), json!(["a"]), false),
                ("code".into(), Value::Null, Value::Null, true),
            ]
        );
    }

    #[test]
    fn items_are_known_by_their_keys_and_secrets_are_not_shown() {
        let before = json!({"env": [{"name": "A", "value": "hunter2"}, {"name": "B", "value": "x"}]});
        let after = json!({
            "env": [{"name": "A", "value": "hunter3"}, {"name": "B", "value": "x"}],
            "permissions": [{"statementId": "s3", "principal": "s3.amazonaws.com", "eventSourceToken": "hunter4"}],
        });
        let lines = shown(&before, &after, &[]);
        let paths: Vec<&str> = lines.iter().map(|line| line.0.as_str()).collect();
        assert_eq!(paths, ["env.A.value", "permissions.s3.eventSourceToken", "permissions.s3.principal"]);
        assert!(!format!("{lines:?}").contains("hunter"), "{lines:?}");
    }
}
