//! `import`: what an account has becomes objects, and applying them changes nothing.

use std::collections::BTreeMap;
use std::path::Path;

use cluster_tests::mixed_account::{FUNCTIONS, mixed_account};
use cluster_tests::{ACCOUNT, REGION, ROLE, World, kind_and_name};
use lambda_sim::Call;
use serde_json::{Value, json};
use test_support::ToolOutput;

const OWNERSHIP: [&str; 2] = ["lambda-operator.io/object", "lambda-operator.io/owner"];

/// `kubectl lambda import` in the region of the world.
async fn import(world: &World, arguments: &[&str]) -> ToolOutput {
    let arguments = [&["import", "--region", REGION], arguments].concat();
    world.lambda(&arguments).await.run().await
}

/// The manifests as JSON.
async fn imported(world: &World, arguments: &[&str]) -> Vec<Value> {
    let output = import(world, &[arguments, &["-o", "json"]].concat()).await;
    assert!(!output.stderr.contains("warning"), "{}", output.stderr);
    let list: Value = serde_json::from_str(&output.stdout).unwrap();
    list["items"].as_array().unwrap().clone()
}

/// A file with the manifests.
fn file(world: &World, manifests: &[Value]) -> String {
    let file = world.cluster.directory().join(format!("{}-import.json", world.namespace.name()));
    std::fs::write(&file, cluster_tests::list(manifests)).unwrap();
    file.into_os_string().into_string().unwrap()
}

async fn apply(world: &World, manifests: &[Value]) {
    world.kubectl(&["apply", "--server-side", "-f", &file(world, manifests)]).run().await;
}

/// What `kubectl lambda plan` says would become of the manifests: how many objects by what it is. Nothing may differ.
async fn planned(world: &World, manifests: &[Value]) -> BTreeMap<String, usize> {
    let arguments = ["plan", "-f", &file(world, manifests), "--region", REGION, "-o", "json"];
    let plan: Value = serde_json::from_str(&world.lambda_says(&arguments).await).unwrap();
    let mut changes = BTreeMap::new();
    for object in plan["objects"].as_array().unwrap() {
        assert!(object.get("differences").is_none() && object.get("notes").is_none(), "{object}");
        *changes.entry(object["change"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    changes
}

/// Objects of the group.
fn of_the_group(manifests: &[Value]) -> Vec<Value> {
    let ours = |manifest: &&Value| manifest["apiVersion"] == "lambda-operator.io/v1alpha1";
    manifests.iter().filter(ours).cloned().collect()
}

/// Applies the manifests, waits until all is Ready, and asserts that so many resources were tagged and nothing else was done.
async fn adopt(world: &World, manifests: &[Value], resources: usize) {
    world.aws().clear_ledger().await;
    apply(world, manifests).await;
    world.all_ready(&of_the_group(manifests)).await;
    let mut tagged = BTreeMap::new();
    for call in world.aws().writes().await {
        assert_eq!(call.operation, "TagResource", "{call:?}");
        let tags: Vec<&String> = call.request["Tags"].as_object().unwrap().keys().collect();
        assert_eq!(tags, OWNERSHIP, "{call:?}");
        *tagged.entry(resource(&call)).or_insert(0) += 1;
    }
    assert_eq!(tagged.len(), resources, "{tagged:?}");
    assert!(tagged.values().all(|times| *times == 1), "{tagged:?}");
}

fn resource(call: &Call) -> String {
    call.resource.clone().unwrap()
}

#[tokio::test]
async fn a_mixed_account_of_a_hundred_functions_is_taken_over_without_a_change() {
    let world = World::start("plugin-import").await;
    let made = mixed_account(&world.aws()).await;
    let before = configuration(&world, "orders-00").await;
    let manifests = imported(&world, &[]).await;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for manifest in &manifests {
        *kinds.entry(kind_and_name(manifest).0).or_default() += 1;
        assert_eq!(manifest["metadata"]["namespace"], world.namespace.name());
        assert_eq!(
            (&manifest["spec"]["region"], &manifest["spec"]["adopt"]),
            (&json!(REGION), &json!("Unowned"))
        );
    }
    assert_eq!((kinds["LambdaFunction"], kinds["LambdaLayer"]), (FUNCTIONS, 3));
    assert_eq!((kinds["EventSourceMapping"], kinds["CodeSigningConfig"]), (made.mappings, made.signing));
    assert_eq!(kinds["CapacityProvider"], made.providers);
    assert!(kinds["LambdaAlias"] > 40 && made.mappings > 30, "{kinds:?}");
    assert_each_feature(&manifests);

    // A plan for them is empty but for who owns what. Layers carry no owner, and are left to whoever publishes them.
    let layers = kinds["LambdaLayer"];
    let owned = BTreeMap::from([("Adopt".to_owned(), manifests.len() - layers), ("None".to_owned(), layers)]);
    assert_eq!(planned(&world, &manifests).await, owned);
    adopt(&world, &manifests, FUNCTIONS + made.mappings + made.signing + made.providers).await;
    assert_eq!(planned(&world, &manifests).await, BTreeMap::from([("None".to_owned(), manifests.len())]));
    assert_eq!(configuration(&world, "orders-00").await, before);

    let again = import(&world, &["-o", "json"]).await;
    assert!(again.stderr.contains("100 functions"), "objects have them by now: {}", again.stderr);
    let again: Value = serde_json::from_str(&again.stdout).unwrap();
    let kinds = again["items"].as_array().unwrap().iter().map(|manifest| kind_and_name(manifest).0);
    assert_eq!(kinds.collect::<Vec<_>>(), ["LambdaLayer"; 3], "they take no tags");
}

/// What AWS has of a function; tags give it another revision.
async fn configuration(world: &World, name: &str) -> Value {
    let mut configuration = world.aws().function(name).await.unwrap()["Configuration"].take();
    configuration["RevisionId"].take();
    configuration
}

/// Each feature of the account is in some manifest.
fn assert_each_feature(manifests: &[Value]) {
    let specs: Vec<&Value> = manifests.iter().map(|manifest| &manifest["spec"]).collect();
    for pointer in [
        "/adopt",
        "/aliasRef/name",
        "/amazonManagedKafkaEventSourceConfig/consumerGroupId",
        "/architectures/0",
        "/capacityProviderConfig/capacityProviderRef/name",
        "/codeSigningConfigRef/name",
        "/deadLetterConfig/targetArn",
        "/durable/executionTimeout",
        "/enabled",
        "/ephemeralStorage/size",
        "/eventInvokeConfig/destinationConfig/onFailure/destination",
        "/fileSystemConfigs/0/arn",
        "/filterCriteria/filters/0/pattern",
        "/functionName",
        "/functionRef/name",
        "/functionUrl/cors/maxAge",
        "/ignoreDrift/0",
        "/imageConfig/command/0",
        "/kmsKeyArn",
        "/layerName",
        "/layers/0/arn",
        "/layers/0/layerRef/name",
        "/layers/1/layerRef/name",
        "/loggingConfig/logGroup",
        "/permissions/0/principal",
        "/provisionedConcurrency/provisionedConcurrentExecutions",
        "/recursiveLoop",
        "/reservedConcurrentExecutions",
        "/routingConfig/additionalVersionWeights/1",
        "/runtimeManagement/runtimeVersionArn",
        "/selfManagedEventSource/endpoints/kafkaBootstrapServers/1",
        "/snapStart/applyOn",
        "/tags/team",
        "/tenancyConfig/tenantIsolationMode",
        "/tracingConfig/mode",
        "/vpcConfig/subnetIds/0",
    ] {
        assert!(specs.iter().any(|spec| spec.pointer(pointer).is_some()), "no manifest has {pointer}");
    }
    let text = serde_json::to_string(manifests).unwrap();
    assert!(!text.contains("hush-"), "values of the environment are written");
    assert!(!text.contains("aws:cloudformation"), "tags of AWS are written");
}

async fn put(world: &World, name: &str, extra: Value) {
    let mut function = json!({
        "FunctionName": name, "Role": ROLE, "Runtime": "python3.14", "Handler": "index.handler",
        "Code": {"S3Bucket": "packages", "S3Key": format!("{name}.zip")},
    });
    function.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    world.aws().put_function(function).await;
}

#[tokio::test]
async fn chosen_functions_are_written_to_files_that_are_not_overwritten() {
    let world = World::builder("import-files").without_operator().start().await;
    put(&world, "Orders_EU", json!({"Environment": {"Variables": {"KEY": "s3cret"}}})).await;
    put(&world, "other", json!({})).await;
    let folder = world.cluster.directory().join(format!("{}-manifests", world.namespace.name()));
    let folder = folder.to_str().unwrap();
    let arguments = ["Orders_EU", "--output-dir", folder, "--account-ref", "shop"];
    let output = import(&world, &arguments).await;
    assert_eq!(output.stdout, "");
    assert!(
        output.stderr.contains(&format!("2 objects of account {ACCOUNT}, {REGION} were written to")),
        "{}",
        output.stderr
    );
    let read = |file: &str| std::fs::read_to_string(Path::new(folder).join(file)).unwrap();
    let function = read("LambdaFunction-orders-eu.yaml");
    for text in
        ["functionName: Orders_EU", "name: shop", "# The values of KEY stay as they are", "external: {}"]
    {
        assert!(function.contains(text), "{text}: {function}");
    }
    assert!(!function.contains("s3cret"));
    let account = read("LambdaAccount-shop.yaml");
    assert!(
        account.contains("allowAdoption: true") && account.contains("# Say in spec.namespaces"),
        "{account}"
    );

    let arguments: Vec<&str> = ["import", "--region", REGION].into_iter().chain(arguments).collect();
    let refused = world.lambda_fails(1, &arguments).await.stderr;
    assert!(refused.contains("nothing was written") && refused.contains("--force"), "{refused}");
    world.lambda_says(&[&arguments[..], &["--force"]].concat()).await;
    let unknown = world.lambda_fails(1, &["import", "nobody", "other", "--region", REGION]).await;
    assert_eq!(unknown.stdout, "");
    assert!(unknown.stderr.contains("no function nobody in eu-west-1"), "{}", unknown.stderr);
}

#[tokio::test]
async fn variables_are_kept_or_written_as_values_or_as_a_secret() {
    let world = World::start("import-env").await;
    for name in ["keep", "plain", "secret"] {
        put(&world, name, json!({"Environment": {"Variables": {"KEY": "s3cret", "EMPTY": ""}}})).await;
        let manifests = imported(&world, &[name, "--env", name]).await;
        let spec = &manifests.last().unwrap()["spec"];
        match name {
            "keep" => assert_eq!(spec["ignoreDrift"], json!(["env"])),
            "plain" => {
                assert_eq!(spec["env"], json!([{"name": "EMPTY"}, {"name": "KEY", "value": "s3cret"}]));
            }
            _ => {
                assert_eq!(spec["envFrom"], json!([{"secretRef": {"name": "secret-env"}}]));
                assert_eq!(manifests[0]["stringData"], json!({"EMPTY": "", "KEY": "s3cret"}));
            }
        }
        adopt(&world, &manifests, 1).await;
        assert_eq!(world.calls_of(name).await.iter().filter(|call| call.starts_with("Update")).count(), 0);
    }
    let error = json!({"Error": {"ErrorCode": "AccessDeniedException", "Message": "no key"}});
    put(&world, "sealed", json!({})).await;
    world.aws().edit_function("sealed", json!({"Environment": error})).await;
    let manifests = imported(&world, &["sealed"]).await;
    assert_eq!(manifests[0]["spec"]["ignoreDrift"], json!(["env"]));
    let lost = world.lambda_fails(1, &["import", "sealed", "--env", "plain", "--region", REGION]).await;
    assert!(lost.stdout.is_empty() && lost.stderr.contains("kms:Decrypt"), "{}", lost.stderr);
}

#[tokio::test]
async fn code_is_exported_and_managed_where_a_manifest_can_say_what_it_is() {
    let world = World::start("import-code").await;
    let files = |text: &str| {
        let files =
            BTreeMap::from([("index.py".to_owned(), lambda_operator_crds::FileContent(text.to_owned()))]);
        lambda_operator::package::zip("", &files).unwrap()
    };
    let inline = files("def handler(event, context):\n    return 'hi'\n");
    world.aws().s3_put("packages", "inline.zip", &inline).await;
    put(&world, "inline", json!({})).await;
    put(&world, "elsewhere", json!({})).await;
    put(&world, "broken", json!({})).await;
    world.aws().edit_function("broken", json!({"CodeSha256": "c3VtIG9mIHNvbWV0aGluZyBlbHNl"})).await;
    put(
        &world,
        "referenced",
        json!({"Code": {"S3Bucket": "packages", "S3Key": "r.zip", "S3ObjectStorageMode": "REFERENCE"}}),
    )
    .await;
    let image = format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/app:v1");
    world.aws().put_function(json!({"FunctionName": "image", "Role": ROLE, "PackageType": "Image", "Code": {"ImageUri": image}})).await;
    world.aws().s3_put("packages", "layer.zip", &inline).await;
    let layer = json!({"Content": {"S3Bucket": "packages", "S3Key": "layer.zip"}, "Description": "tools"});
    world.aws().publish_layer("tools", layer).await;
    world
        .aws()
        .put_layer_permission(
            "tools",
            1,
            json!({"StatementId": "all", "Action": "lambda:GetLayerVersion", "Principal": "*"}),
        )
        .await;

    let folder = world.cluster.directory().join(format!("{}-code", world.namespace.name()));
    let arguments = ["import", "--region", REGION, "-o", "json", "--export-code", folder.to_str().unwrap()];
    let output = world.lambda_fails(1, &arguments).await;
    let said = &output.stderr;
    assert!(
        said.contains("The code of broken can't be exported: what was downloaded has the SHA-256"),
        "{said}"
    );
    assert!(
        said.contains("1 packages in") && said.contains("code.s3") && !said.contains("warning"),
        "{said}"
    );
    let list: Value = serde_json::from_str(&output.stdout).unwrap();
    let manifests = list["items"].as_array().unwrap();
    let spec =
        |name: &str| &manifests.iter().find(|manifest| kind_and_name(manifest).1 == name).unwrap()["spec"];
    assert!(spec("inline")["code"]["inline"]["files"]["index.py"].as_str().unwrap().contains("return 'hi'"));
    assert_eq!(spec("elsewhere")["code"], json!({"external": {}}));
    assert_eq!(spec("broken")["code"], json!({"external": {}}));
    assert_eq!(spec("referenced")["code"]["s3"]["objectStorageMode"], "REFERENCE");
    assert!(spec("image")["code"]["image"]["uri"].as_str().unwrap().contains("app@sha256:"));
    assert!(spec("tools")["content"]["inline"].is_object());
    assert_eq!(spec("tools")["permissions"], json!([{"statementId": "all", "principal": "*"}]));
    let mut there: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    there.sort();
    assert_eq!(there, ["elsewhere.zip", "inline.zip", "layer-tools-1.zip"]);
    assert_eq!(std::fs::read(folder.join("inline.zip")).unwrap(), *inline);
    let again = world.lambda_fails(1, &arguments).await.stderr;
    assert!(again.contains("elsewhere.zip is there already; use --force"), "{again}");
    adopt(&world, manifests, 5).await;
}
