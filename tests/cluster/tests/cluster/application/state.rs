//! What AWS has of the application: without ids, times and revisions, to be compared with what it should have.

use std::collections::BTreeMap;

use cluster_tests::World;
use lambda_operator::package;
use lambda_operator_crds::FileContent;
use serde_json::{Map, Value, json};
use test_support::eventually;

use super::lambda::Lambda;
use super::{PATIENCE, source, text};

/// How the ten changes leave it, how drift does, and what there is before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Created,
    Changed,
    Mended,
}

/// Waits until AWS has this, and nothing else.
pub(super) async fn becomes(aws: &Lambda, wanted: Value, label: &str) {
    let what = format!("{label}: AWS has {wanted}");
    eventually(PATIENCE, what, || async {
        let has = observed(aws).await;
        if has == wanted { Ok(()) } else { Err(has.to_string()) }
    })
    .await;
}

/// Asserts that nothing is left.
pub(super) async fn assert_empty(aws: &Lambda, label: &str) {
    let empty = json!({"functions": {}, "layers": {}, "mappings": {}, "signing": []});
    assert_eq!(observed(aws).await, empty, "{label}: nothing is left");
}

/// What AWS should have at this stage.
pub(super) async fn expected(world: &World, stage: Stage) -> Value {
    let created = stage == Stage::Created;
    let pick = |before: Value, after: Value| if created { before } else { after };
    let (utils, prices, published) = match stage {
        Stage::Created => (1, 1, 1),
        Stage::Changed => (2, 2, 5),
        Stage::Mended => (2, 3, 6),
    };
    let layers = [format!("shop-utils:{utils}"), format!("shop-prices:{prices}")];
    let checkout = json!({
        "code": code(world, "shop-checkout").await, "memory": pick(json!(128), json!(256)), "timeout": 20,
        "environment": null, "layers": layers, "state": "Active Successful",
    });
    let live = json!({"version": published.to_string(), "description": pick(json!(""), json!("What customers meet"))});
    let profile = pick(json!("a1b2c3d4e5"), json!("f6e5d4c3b2"));
    let queue_tags = if created { json!({}) } else { json!({"team": "shop"}) };
    json!({
        "functions": {
            "shop-checkout": {
                "latest": checkout, "newest": checkout, "versions": published, "tags": {"team": "shop"},
                "aliases": {"live": live}, "signed": true,
            },
            "shop-stock": {
                "latest": {
                    "code": code(world, "shop-stock").await, "memory": 128, "timeout": 3,
                    "environment": {"WAREHOUSE": pick(json!("north"), json!("south"))},
                    "layers": [layers[0]], "state": "Active Successful",
                },
                "newest": null, "versions": 0, "tags": {"team": "shop"}, "aliases": {}, "signed": !created,
            },
        },
        "layers": {
            "shop-utils": (1..=utils).collect::<Vec<i64>>(), "shop-prices": [prices],
        },
        "mappings": {
            "(queue)": {
                "function": "shop-checkout:live", "batch": pick(json!(10), json!(5)), "state": "Enabled", "tags": queue_tags,
                "responses": ["ReportBatchItemFailures"], "from": null,
            },
            "(stream)": {
                "function": "shop-stock", "batch": 100, "state": pick(json!("Enabled"), json!("Disabled")), "tags": {},
                "responses": [], "from": "LATEST",
            },
        },
        "signing": [{"description": "Signed by the release pipeline", "policy": "Warn", "profiles": [profile], "tags": {}}],
    })
}

/// The hash of the code that the manifest says now.
async fn code(world: &World, function: &str) -> String {
    let object = world.objects("LambdaFunction").api().get(function).await.expect("it is there");
    let files: BTreeMap<String, FileContent> =
        serde_json::from_value(object.data["spec"]["code"]["inline"]["files"].clone()).expect("inline files");
    package::code_sha256(&package::zip("spec.code", &files).expect("a package"))
}

/// What AWS has.
pub(super) async fn observed(aws: &Lambda) -> Value {
    let mut functions = Map::new();
    for listed in aws.list("/2015-03-31/functions", "Functions").await {
        let name = text(&listed["FunctionName"]);
        functions.insert(name.clone(), function(aws, &name).await);
    }
    let mut layers = Map::new();
    for name in ["shop-utils", "shop-prices"] {
        let versions = aws.list(&format!("/2018-10-31/layers/{name}/versions"), "LayerVersions").await;
        let mut numbers: Vec<u64> =
            versions.iter().filter_map(|version| version["Version"].as_u64()).collect();
        numbers.sort_unstable();
        if !numbers.is_empty() {
            layers.insert(name.to_owned(), json!(numbers));
        }
    }
    let mut signing = Vec::new();
    for config in aws.list("/2020-04-22/code-signing-configs", "CodeSigningConfigs").await {
        signing.push(signing_config(aws, &config).await);
    }
    let mut mappings = Map::new();
    for one in aws.list("/2015-03-31/event-source-mappings", "EventSourceMappings").await {
        mappings.insert(source(&one).to_owned(), mapping(aws, &one).await);
    }
    json!({"functions": functions, "layers": layers, "mappings": mappings, "signing": signing})
}

async fn function(aws: &Lambda, name: &str) -> Value {
    let path = format!("/2015-03-31/functions/{name}");
    let latest = aws.get(&path).await;
    let versions = aws.list(&format!("{path}/versions"), "Versions").await;
    let newest = versions.iter().filter_map(|version| text(&version["Version"]).parse::<u64>().ok()).max();
    let published = match newest {
        Some(newest) => configuration(&aws.get(&format!("{path}?Qualifier={newest}")).await),
        None => Value::Null,
    };
    let aliases = aws.list(&format!("{path}/aliases"), "Aliases").await.into_iter().map(|alias| {
        let shown = json!({"version": alias["FunctionVersion"], "description": alias["Description"]});
        (text(&alias["Name"]), shown)
    });
    let link = aws.get(&format!("/2020-06-30/functions/{name}/code-signing-config")).await;
    json!({
        "latest": configuration(&latest), "newest": published, "versions": versions.len() - 1,
        "tags": tags(&latest["Tags"]), "aliases": aliases.collect::<Map<String, Value>>(),
        "signed": link["CodeSigningConfigArn"].is_string(),
    })
}

async fn signing_config(aws: &Lambda, config: &Value) -> Value {
    let profiles = config["AllowedPublishers"]["SigningProfileVersionArns"].as_array().into_iter().flatten();
    json!({
        "description": config["Description"], "policy": config["CodeSigningPolicies"]["UntrustedArtifactOnDeployment"],
        "profiles": profiles.map(|arn| tail(arn, '/')).collect::<Vec<_>>(),
        "tags": aws.tags_of(&config["CodeSigningConfigArn"]).await,
    })
}

async fn mapping(aws: &Lambda, mapping: &Value) -> Value {
    let function = text(&mapping["FunctionArn"]);
    let function = function.split_once(":function:").map_or(function.as_str(), |(_, tail)| tail);
    json!({
        "function": function, "batch": mapping["BatchSize"], "state": mapping["State"],
        "responses": mapping["FunctionResponseTypes"].as_array().cloned().unwrap_or_default(),
        "from": mapping["StartingPosition"], "tags": aws.tags_of(&mapping["EventSourceMappingArn"]).await,
    })
}

fn configuration(function: &Value) -> Value {
    let has = &function["Configuration"];
    let layers = has["Layers"].as_array().into_iter().flatten();
    let layers: Vec<String> = layers.map(|layer| text(&layer["Arn"])).collect();
    let layers: Vec<&str> =
        layers.iter().map(|arn| arn.split_once(":layer:").map_or(arn.as_str(), |(_, tail)| tail)).collect();
    json!({
        "code": has["CodeSha256"], "memory": has["MemorySize"], "timeout": has["Timeout"],
        "environment": has["Environment"]["Variables"], "layers": layers,
        "state": format!("{} {}", text(&has["State"]), text(&has["LastUpdateStatus"])),
    })
}

/// The user's tags. The owner's are asserted: nothing of the application is without them.
pub(super) fn tags(tags: &Value) -> Map<String, Value> {
    let mut tags = tags.as_object().cloned().unwrap_or_default();
    for owned in ["lambda-operator.io/owner", "lambda-operator.io/object"] {
        assert!(tags.remove(owned).is_some(), "{owned} is missing");
    }
    tags
}

fn tail(text: &Value, separator: char) -> &str {
    text.as_str().and_then(|text| text.rsplit(separator).next()).unwrap_or_default()
}
