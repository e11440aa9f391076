//! What each operation that the operator calls needs in IAM, in one table: `lambda-operator iam-policy` makes the
//! least-privilege policies of `config/iam` of it, and a call that isn't in it fails in every test.
//!
//! Resource types and condition keys are those of
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html>; a test compares them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// The tag that says which cluster and object own a resource.
const OWNER: &str = "lambda-operator.io/owner";

/// What an action is allowed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum On {
    /// IAM knows no resource for it.
    Anything,
    Functions,
    /// Versions and aliases.
    Qualified,
    Mappings,
    CodeSigning,
    CapacityProviders,
    Layers,
    LayerVersions,
    Roles,
    Buckets,
    Objects,
    Repositories,
}

/// Under which condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum When {
    /// Always: it only looks, or tags can't tell.
    Always,
    /// The resource carries the tag of this cluster.
    Owned,
    /// The request gives it that tag.
    Marked,
    /// The role is for Lambda.
    ForLambda,
}

/// Operation → IAM action, what it is allowed on, and when. An operation may need several actions.
const TABLE: &[(&str, &str, On, When)] = &[
    // Functions.
    ("GetFunction", "lambda:GetFunction", On::Functions, When::Always),
    ("ListFunctions", "lambda:ListFunctions", On::Anything, When::Always),
    ("ListTags", "lambda:ListTags", On::Functions, When::Always),
    ("ListTags", "lambda:ListTags", On::Mappings, When::Always),
    ("ListTags", "lambda:ListTags", On::CodeSigning, When::Always),
    ("ListTags", "lambda:ListTags", On::CapacityProviders, When::Always),
    ("CreateFunction", "lambda:CreateFunction", On::Functions, When::Marked),
    // Tags in the request of a create need it too, before the resource has any.
    ("CreateFunction", "lambda:TagResource", On::Functions, When::Marked),
    ("CreateFunction", "iam:PassRole", On::Roles, When::ForLambda),
    ("CreateFunction", "lambda:GetLayerVersion", On::LayerVersions, When::Always),
    // Of anybody's provider: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-troubleshooting.html>.
    ("CreateFunction", "lambda:PassCapacityProvider", On::CapacityProviders, When::Always),
    ("CreateFunction", "s3:GetObject", On::Objects, When::Always),
    ("CreateFunction", "s3:GetObjectVersion", On::Objects, When::Always),
    ("CreateFunction", "ecr:BatchGetImage", On::Repositories, When::Always),
    // What code comes from. Without ListBucket an object that is missing looks like one that is forbidden:
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>.
    ("HeadObject", "s3:GetObject", On::Objects, When::Always),
    ("HeadObject", "s3:GetObjectVersion", On::Objects, When::Always),
    ("HeadObject", "s3:ListBucket", On::Buckets, When::Always),
    ("BatchGetImage", "ecr:BatchGetImage", On::Repositories, When::Always),
    ("UpdateFunctionConfiguration", "lambda:UpdateFunctionConfiguration", On::Functions, When::Owned),
    ("UpdateFunctionConfiguration", "lambda:PassCapacityProvider", On::CapacityProviders, When::Always),
    ("UpdateFunctionCode", "lambda:UpdateFunctionCode", On::Functions, When::Owned),
    ("DeleteFunction", "lambda:DeleteFunction", On::Functions, When::Owned),
    ("PutFunctionConcurrency", "lambda:PutFunctionConcurrency", On::Functions, When::Owned),
    ("DeleteFunctionConcurrency", "lambda:DeleteFunctionConcurrency", On::Functions, When::Owned),
    ("TagResource", "lambda:TagResource", On::Functions, When::Owned),
    ("UntagResource", "lambda:UntagResource", On::Functions, When::Owned),
    // Versions, and what holds them.
    ("PublishVersion", "lambda:PublishVersion", On::Functions, When::Owned),
    ("ListVersionsByFunction", "lambda:ListVersionsByFunction", On::Functions, When::Always),
    ("ListAliases", "lambda:ListAliases", On::Functions, When::Always),
    (
        "ListProvisionedConcurrencyConfigs",
        "lambda:ListProvisionedConcurrencyConfigs",
        On::Functions,
        When::Always,
    ),
    ("ListFunctionEventInvokeConfigs", "lambda:ListFunctionEventInvokeConfigs", On::Functions, When::Always),
    (
        "ListDurableExecutionsByFunction",
        "lambda:ListDurableExecutionsByFunction",
        On::Functions,
        When::Always,
    ),
    // An execution's ARN begins as its version's; whether the function's tags count for it is not documented.
    ("StopDurableExecution", "lambda:StopDurableExecution", On::Qualified, When::Always),
    ("GetPolicy", "lambda:GetPolicy", On::Functions, When::Always),
    // Aliases, also of functions that somebody else owns.
    ("GetAlias", "lambda:GetAlias", On::Functions, When::Always),
    ("CreateAlias", "lambda:CreateAlias", On::Functions, When::Always),
    ("UpdateAlias", "lambda:UpdateAlias", On::Functions, When::Always),
    ("DeleteAlias", "lambda:DeleteAlias", On::Functions, When::Always),
    (
        "GetProvisionedConcurrencyConfig",
        "lambda:GetProvisionedConcurrencyConfig",
        On::Qualified,
        When::Always,
    ),
    // Sections of functions and aliases.
    ("GetFunctionEventInvokeConfig", "lambda:GetFunctionEventInvokeConfig", On::Functions, When::Always),
    ("PutFunctionEventInvokeConfig", "lambda:PutFunctionEventInvokeConfig", On::Functions, When::Owned),
    ("DeleteFunctionEventInvokeConfig", "lambda:DeleteFunctionEventInvokeConfig", On::Functions, When::Owned),
    ("GetFunctionRecursionConfig", "lambda:GetFunctionRecursionConfig", On::Functions, When::Always),
    ("PutFunctionRecursionConfig", "lambda:PutFunctionRecursionConfig", On::Functions, When::Owned),
    ("GetRuntimeManagementConfig", "lambda:GetRuntimeManagementConfig", On::Functions, When::Always),
    ("PutRuntimeManagementConfig", "lambda:PutRuntimeManagementConfig", On::Functions, When::Owned),
    ("GetFunctionScalingConfig", "lambda:GetFunctionScalingConfig", On::Functions, When::Always),
    ("PutFunctionScalingConfig", "lambda:PutFunctionScalingConfig", On::Functions, When::Owned),
    ("GetFunctionUrlConfig", "lambda:GetFunctionUrlConfig", On::Functions, When::Always),
    ("CreateFunctionUrlConfig", "lambda:CreateFunctionUrlConfig", On::Functions, When::Owned),
    ("UpdateFunctionUrlConfig", "lambda:UpdateFunctionUrlConfig", On::Functions, When::Owned),
    ("DeleteFunctionUrlConfig", "lambda:DeleteFunctionUrlConfig", On::Functions, When::Owned),
    ("AddPermission", "lambda:AddPermission", On::Functions, When::Owned),
    ("RemovePermission", "lambda:RemovePermission", On::Functions, When::Owned),
    ("GetResourcePolicy", "lambda:GetResourcePolicy", On::Functions, When::Always),
    ("PutResourcePolicy", "lambda:PutResourcePolicy", On::Functions, When::Owned),
    ("DeleteResourcePolicy", "lambda:DeleteResourcePolicy", On::Functions, When::Owned),
    (
        "PutProvisionedConcurrencyConfig",
        "lambda:PutProvisionedConcurrencyConfig",
        On::Qualified,
        When::Always,
    ),
    (
        "DeleteProvisionedConcurrencyConfig",
        "lambda:DeleteProvisionedConcurrencyConfig",
        On::Qualified,
        When::Always,
    ),
    // Event source mappings.
    ("GetEventSourceMapping", "lambda:GetEventSourceMapping", On::Mappings, When::Always),
    ("ListEventSourceMappings", "lambda:ListEventSourceMappings", On::Anything, When::Always),
    ("CreateEventSourceMapping", "lambda:CreateEventSourceMapping", On::Anything, When::Marked),
    ("CreateEventSourceMapping", "lambda:TagResource", On::Mappings, When::Marked),
    ("UpdateEventSourceMapping", "lambda:UpdateEventSourceMapping", On::Mappings, When::Owned),
    ("DeleteEventSourceMapping", "lambda:DeleteEventSourceMapping", On::Mappings, When::Owned),
    ("TagResource", "lambda:TagResource", On::Mappings, When::Owned),
    ("UntagResource", "lambda:UntagResource", On::Mappings, When::Owned),
    // Code-signing configurations.
    ("GetCodeSigningConfig", "lambda:GetCodeSigningConfig", On::CodeSigning, When::Always),
    ("ListCodeSigningConfigs", "lambda:ListCodeSigningConfigs", On::Anything, When::Always),
    (
        "ListFunctionsByCodeSigningConfig",
        "lambda:ListFunctionsByCodeSigningConfig",
        On::CodeSigning,
        When::Always,
    ),
    ("CreateCodeSigningConfig", "lambda:CreateCodeSigningConfig", On::Anything, When::Marked),
    ("CreateCodeSigningConfig", "lambda:TagResource", On::CodeSigning, When::Marked),
    ("UpdateCodeSigningConfig", "lambda:UpdateCodeSigningConfig", On::CodeSigning, When::Owned),
    ("DeleteCodeSigningConfig", "lambda:DeleteCodeSigningConfig", On::CodeSigning, When::Owned),
    ("TagResource", "lambda:TagResource", On::CodeSigning, When::Owned),
    ("UntagResource", "lambda:UntagResource", On::CodeSigning, When::Owned),
    ("GetFunctionCodeSigningConfig", "lambda:GetFunctionCodeSigningConfig", On::Functions, When::Always),
    ("PutFunctionCodeSigningConfig", "lambda:PutFunctionCodeSigningConfig", On::Functions, When::Owned),
    ("PutFunctionCodeSigningConfig", "lambda:PutFunctionCodeSigningConfig", On::CodeSigning, When::Always),
    ("DeleteFunctionCodeSigningConfig", "lambda:DeleteFunctionCodeSigningConfig", On::Functions, When::Owned),
    // Capacity providers.
    ("GetCapacityProvider", "lambda:GetCapacityProvider", On::CapacityProviders, When::Always),
    (
        "ListFunctionVersionsByCapacityProvider",
        "lambda:ListFunctionVersionsByCapacityProvider",
        On::CapacityProviders,
        When::Always,
    ),
    ("CreateCapacityProvider", "lambda:CreateCapacityProvider", On::CapacityProviders, When::Marked),
    ("CreateCapacityProvider", "lambda:TagResource", On::CapacityProviders, When::Marked),
    ("CreateCapacityProvider", "iam:PassRole", On::Roles, When::ForLambda),
    ("UpdateCapacityProvider", "lambda:UpdateCapacityProvider", On::CapacityProviders, When::Owned),
    ("DeleteCapacityProvider", "lambda:DeleteCapacityProvider", On::CapacityProviders, When::Owned),
    ("TagResource", "lambda:TagResource", On::CapacityProviders, When::Owned),
    ("UntagResource", "lambda:UntagResource", On::CapacityProviders, When::Owned),
    // Layers, which take no tags.
    ("GetLayerVersion", "lambda:GetLayerVersion", On::LayerVersions, When::Always),
    ("ListLayerVersions", "lambda:ListLayerVersions", On::Anything, When::Always),
    ("PublishLayerVersion", "lambda:PublishLayerVersion", On::Layers, When::Always),
    ("DeleteLayerVersion", "lambda:DeleteLayerVersion", On::LayerVersions, When::Always),
    ("GetLayerVersionPolicy", "lambda:GetLayerVersionPolicy", On::LayerVersions, When::Always),
    ("AddLayerVersionPermission", "lambda:AddLayerVersionPermission", On::LayerVersions, When::Always),
    ("RemoveLayerVersionPermission", "lambda:RemoveLayerVersionPermission", On::LayerVersions, When::Always),
    // Invocations. The pattern of functions includes their versions and aliases, for which the function's tags count:
    // <https://aws.amazon.com/about-aws/whats-new/2022/11/aws-lambda-support-abac-aws-govcloud-us-regions/>.
    ("Invoke", "lambda:InvokeFunction", On::Functions, When::Owned),
    // LambdaAccounts.
    ("GetAccountSettings", "lambda:GetAccountSettings", On::Anything, When::Always),
];

/// For what needs no permission, or the trust of a role: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>.
const BESIDES: [&str; 2] = ["GetCallerIdentity", "AssumeRole"];

/// Whether the policy allows an operation.
pub fn covers(operation: &str) -> bool {
    BESIDES.contains(&operation) || TABLE.iter().any(|(of, ..)| *of == operation)
}

/// What the table has: the operations that the operator calls.
pub fn operations() -> BTreeSet<&'static str> {
    TABLE.iter().map(|(operation, ..)| *operation).chain(BESIDES).collect()
}

/// The least that the operator needs, as a policy of IAM. `cluster`: the cluster id in the owner tags, or `*` for any;
/// `adoption`: it may also change what doesn't carry its tag yet, as `spec.adopt` asks for.
pub fn policy(cluster: &str, adoption: bool) -> Value {
    let mut statements: BTreeMap<(On, When), Vec<&str>> = BTreeMap::new();
    for (_, action, on, when) in TABLE {
        let when = if adoption && *when == When::Owned { When::Always } else { *when };
        let actions = statements.entry((*on, when)).or_default();
        if !actions.contains(action) {
            actions.push(action);
        }
    }
    let statements: Vec<Value> =
        statements.iter().map(|(key, actions)| statement(*key, actions, cluster)).collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn statement((on, when): (On, When), actions: &[&str], cluster: &str) -> Value {
    let mut actions = actions.to_vec();
    actions.sort_unstable();
    let suffix = if when == When::Always { String::new() } else { format!("{when:?}") };
    let mut statement = json!({
        "Sid": format!("{on:?}{suffix}"), "Effect": "Allow", "Action": actions, "Resource": resource(on),
    });
    let owner = format!("{cluster}/*");
    let condition = match when {
        When::Always => return statement,
        When::Owned => json!({"StringLike": {format!("aws:ResourceTag/{OWNER}"): owner}}),
        When::Marked => json!({"StringLike": {format!("aws:RequestTag/{OWNER}"): owner}}),
        When::ForLambda => json!({"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}),
    };
    statement["Condition"] = condition;
    statement
}

fn resource(on: On) -> &'static str {
    match on {
        On::Anything => "*",
        On::Functions => "arn:aws:lambda:*:*:function:*",
        On::Qualified => "arn:aws:lambda:*:*:function:*:*",
        On::Mappings => "arn:aws:lambda:*:*:event-source-mapping:*",
        On::CodeSigning => "arn:aws:lambda:*:*:code-signing-config:*",
        On::CapacityProviders => "arn:aws:lambda:*:*:capacity-provider:*",
        On::Layers => "arn:aws:lambda:*:*:layer:*",
        On::LayerVersions => "arn:aws:lambda:*:*:layer:*:*",
        On::Roles => "arn:aws:iam::*:role/*",
        On::Buckets => "arn:aws:s3:::*",
        On::Objects => "arn:aws:s3:::*/*",
        On::Repositories => "arn:aws:ecr:*:*:repository/*",
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_change_of_what_takes_tags_asks_for_the_tag() {
        let aliases = ["CreateAlias", "UpdateAlias", "DeleteAlias"];
        for (operation, action, on, when) in TABLE {
            let reads = ["Get", "List"].iter().any(|verb| operation.starts_with(verb));
            let tagged = matches!(on, On::Functions | On::Mappings | On::CodeSigning | On::CapacityProviders);
            let link = *operation == "PutFunctionCodeSigningConfig" && *on == On::CodeSigning;
            let passes = *action == "lambda:PassCapacityProvider";
            if tagged && !reads && !aliases.contains(operation) && !link && !passes {
                assert!(matches!(when, When::Owned | When::Marked), "{action} for {operation}");
            }
        }
    }

    #[test]
    fn the_cluster_is_in_the_conditions() {
        let policy = policy("production", false);
        let statements = policy["Statement"].as_array().unwrap();
        let of = |sid: &str| statements.iter().find(|statement| statement["Sid"] == sid).unwrap();
        let tag = "aws:ResourceTag/lambda-operator.io/owner";
        assert_eq!(of("FunctionsOwned")["Condition"], json!({"StringLike": {tag: "production/*"}}));
        assert!(of("Functions").get("Condition").is_none());
        let adopting = super::policy("production", true);
        assert!(
            adopting["Statement"]
                .as_array()
                .unwrap()
                .iter()
                .all(|statement| statement["Sid"] != "FunctionsOwned")
        );
    }

    #[test]
    fn the_policies_in_config_are_those_of_the_table() {
        for (file, adoption) in [("policy.json", false), ("policy-with-adoption.json", true)] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/iam").join(file);
            let written = std::fs::read_to_string(path).unwrap_or_default();
            let wanted = serde_json::to_string_pretty(&policy("*", adoption)).unwrap() + "\n";
            assert!(written == wanted, "config/iam/{file} isn't what the table says: run `make generate`");
        }
    }
}
