//! UpdateFunctionConfiguration: each field set, changed and cleared, with what stays as it was.

use conformance::requests::{FUNCTIONS, arn, function, part, zip};
use conformance::{Step, agree};
use serde_json::{Value, json};

use crate::settled;

/// Name of the update, name of the read after it, and what is sent.
type Change = (&'static str, &'static str, Value);

fn after_each(function_name: &'static str, changes: Vec<Change>) -> Vec<Step> {
    let mut steps =
        vec![Step::post("create", FUNCTIONS, function(function_name)), settled("settled", function_name)];
    for (update, read, body) in changes {
        steps.push(Step::put(update, part(function_name, "configuration"), body));
        steps.push(settled(read, function_name));
    }
    steps
}

#[tokio::test]
async fn numbers_and_texts() {
    let changes = vec![
        ("nothing", "read nothing", json!({})),
        ("timeout", "read timeout", json!({"Timeout": 30})),
        ("memory", "read memory", json!({"MemorySize": 1024})),
        ("storage", "read storage", json!({"EphemeralStorage": {"Size": 2048}})),
        ("description", "read description", json!({"Description": "text"})),
        ("no description", "read no description", json!({"Description": ""})),
        ("runtime", "read runtime", json!({"Runtime": "python3.12"})),
        ("handler", "read handler", json!({"Handler": "other.main"})),
        ("role", "read role", json!({"Role": "arn:aws:iam::{account}:role/path/other"})),
        ("several", "read several", json!({"Timeout": 5, "MemorySize": 256, "Description": "both"})),
    ];
    agree("scalar fields", after_each("scalars", changes)).await;
}

#[tokio::test]
async fn environments_and_their_key() {
    let key = arn("kms", "key/11111111-2222-3333-4444-555555555555");
    let changes = vec![
        ("set", "read set", json!({"Environment": {"Variables": {"ONE": "1", "TWO": "2"}}})),
        ("replace", "read replaced", json!({"Environment": {"Variables": {"THREE": "3"}}})),
        ("key", "read key", json!({"KMSKeyArn": key})),
        ("no key", "read no key", json!({"KMSKeyArn": ""})),
        ("clear", "read cleared", json!({"Environment": {"Variables": {}}})),
        ("clear all", "read all cleared", json!({"Environment": {}})),
    ];
    agree("environment", after_each("environment", changes)).await;
}

#[tokio::test]
async fn logs_traces_and_snapshots() {
    let changes = vec![
        ("json", "read json", json!({"LoggingConfig": {"LogFormat": "JSON"}})),
        (
            "levels",
            "read levels",
            json!({"LoggingConfig": {"ApplicationLogLevel": "ERROR", "SystemLogLevel": "WARN"}}),
        ),
        ("group", "read group", json!({"LoggingConfig": {"LogGroup": "/other"}})),
        ("text", "read text", json!({"LoggingConfig": {"LogFormat": "Text"}})),
        ("traces", "read traces", json!({"TracingConfig": {"Mode": "Active"}})),
        ("no traces", "read no traces", json!({"TracingConfig": {"Mode": "PassThrough"}})),
        ("snapshots", "read snapshots", json!({"SnapStart": {"ApplyOn": "PublishedVersions"}})),
        ("no snapshots", "read no snapshots", json!({"SnapStart": {"ApplyOn": "None"}})),
    ];
    agree("logs, traces, snapshots", after_each("logs", changes)).await;
}

#[tokio::test]
async fn dead_letters_networks_and_files() {
    let mut steps = vec![
        Step::prepare("there are subnets", "ec2", "Action=DescribeSubnets&Version=2016-11-15")
            .saves("subnet", "/subnetId"),
        Step::prepare("there are groups", "ec2", "Action=DescribeSecurityGroups&Version=2016-11-15")
            .saves("group", "/groupId"),
        Step::queue("there is a queue", "dead"),
    ];
    let files = json!([{
        "Arn": arn("elasticfilesystem", "access-point/fsap-0123456789abcdef0"),
        "LocalMountPath": "/mnt/data",
    }]);
    let changes = vec![
        ("dead letters", "read dead letters", json!({"DeadLetterConfig": {"TargetArn": arn("sqs", "dead")}})),
        ("no dead letters", "read no dead letters", json!({"DeadLetterConfig": {"TargetArn": ""}})),
        (
            "network",
            "read network",
            json!({"VpcConfig": {"SubnetIds": ["{subnet}"], "SecurityGroupIds": ["{group}"]}}),
        ),
        ("files", "read files", json!({"FileSystemConfigs": files})),
        ("no files", "read no files", json!({"FileSystemConfigs": []})),
        (
            "both stacks",
            "read both stacks",
            json!({"VpcConfig": {"SubnetIds": ["{subnet}"], "SecurityGroupIds": ["{group}"], "Ipv6AllowedForDualStack": true}}),
        ),
        ("no network", "read no network", json!({"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []}})),
    ];
    steps.extend(after_each("networks", changes));
    agree("dead letters, networks, files", steps).await;
}

#[tokio::test]
async fn layers_in_their_order() {
    let publish = |name, layer: &str, content: &str| {
        let content = json!({"Content": {"ZipFile": zip(content)}});
        Step::post(name, format!("/2018-10-31/layers/{layer}/versions"), content)
    };
    let (one, two) = (arn("lambda", "layer:one:1"), arn("lambda", "layer:two:1"));
    let mut steps = vec![
        publish("publish one", "one", "1"),
        publish("publish two", "two", "2"),
        publish("publish two again", "two", "22"),
    ];
    let changes = vec![
        ("add", "read added", json!({"Layers": [one, two]})),
        ("turn", "read turned", json!({"Layers": [two, one]})),
        ("move", "read moved", json!({"Layers": [arn("lambda", "layer:two:2")]})),
        ("clear", "read cleared", json!({"Layers": []})),
    ];
    steps.extend(after_each("layered", changes));
    let update =
        |name, layers: Value| Step::put(name, part("layered", "configuration"), json!({"Layers": layers}));
    steps.extend([
        update("a layer twice", json!([arn("lambda", "layer:two:1"), arn("lambda", "layer:two:2")])),
        update("a layer that isn't", json!([arn("lambda", "layer:none:1")])),
        update("a version that isn't", json!([arn("lambda", "layer:two:9")])),
        update("no version", json!([arn("lambda", "layer:two")])),
    ]);
    agree("layers of functions", steps).await;
}

#[tokio::test]
async fn revisions_guard_updates() {
    let configuration = || part("guarded", "configuration");
    let stale = json!({"Timeout": 9, "RevisionId": "11111111-2222-3333-4444-555555555555"});
    let steps = vec![
        Step::post("create", FUNCTIONS, function("guarded")),
        settled("settled", "guarded").saves("revision", "/Configuration/RevisionId"),
        Step::put("stale", configuration(), stale.clone()),
        Step::put(
            "stale code",
            part("guarded", "code"),
            json!({"ZipFile": zip("2"), "RevisionId": stale["RevisionId"]}),
        ),
        Step::put("fresh", configuration(), json!({"Timeout": 9, "RevisionId": "{revision}"})),
        settled("settled again", "guarded"),
        Step::put("stale by now", configuration(), json!({"Timeout": 10, "RevisionId": "{revision}"})),
    ];
    agree("revisions", steps).await;
}
