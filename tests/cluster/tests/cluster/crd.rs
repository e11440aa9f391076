//! The custom resource definition as people meet it: installed, explained, listed, with samples that work.

use cluster_tests::{World, condition, function, install};
use serde_json::json;

const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../crds/lambdafunctions.yaml");
const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/samples");

async fn kubectl(arguments: &[&str]) -> String {
    let cluster = install().await;
    cluster.kubectl(cluster.admin_kubeconfig()).args(arguments.iter().copied()).run().await.stdout
}

#[tokio::test]
async fn it_is_installed_by_a_plain_apply_and_by_a_server_side_one() {
    kubectl(&["apply", "-f", MANIFEST]).await;
    let name = "customresourcedefinition/lambdafunctions.lambda-operator.io";
    let annotation = r"jsonpath={.metadata.annotations.kubectl\.kubernetes\.io/last-applied-configuration}";
    let applied = kubectl(&["get", name, "-o", annotation]).await;
    assert!(applied.contains("lambdafunctions"), "a plain apply keeps the whole manifest in an annotation");
    kubectl(&["apply", "--server-side", "--force-conflicts", "-f", MANIFEST]).await;
    kubectl(&["wait", "--for=condition=Established", name]).await;
    let conditions = kubectl(&["get", name, "-o", "jsonpath={.status.conditions[*].type}"]).await;
    assert!(!conditions.contains("NonStructuralSchema"), "{conditions}");
}

#[tokio::test]
async fn explain_tells_what_a_field_means() {
    let text = kubectl(&["explain", "lambdafunction.spec.env"]).await;
    for word in ["FIELD: env", "valueFrom", "wins over `envFrom`", "A value from a Secret or ConfigMap"] {
        assert!(text.contains(word), "no {word} in\n{text}");
    }
    let text = kubectl(&["explain", "lambdafunction.spec.memorySize"]).await;
    assert!(text.contains("Default: 128"), "{text}");
}

#[tokio::test]
async fn the_columns_show_how_it_stands() {
    let world = World::start("columns").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    let namespace = world.namespace.name();
    let narrow = kubectl(&["-n", namespace, "get", "lfn"]).await;
    let rows: Vec<Vec<&str>> = narrow.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["NAME", "READY", "REASON", "STATE", "RUNTIME", "REGION", "AGE"]);
    assert_eq!(rows[1][..6], ["hello", "True", "Available", "Active", "python3.14", "eu-west-1"]);
    let wide = kubectl(&["-n", namespace, "get", "lambda", "-o", "wide"]).await;
    // LambdaAccounts of other tests are in the category, too.
    let functions = wide.split("\n\n").find(|table| table.contains("function:hello")).unwrap();
    let head: Vec<&str> = functions.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(head[7..], ["ARN", "MESSAGE"]);
    assert!(wide.contains("arn:aws:lambda:eu-west-1:111122223333:function:hello matches the spec"), "{wide}");
}

#[tokio::test]
async fn every_sample_applies_and_becomes_ready() {
    let world = World::builder("samples").without_operator().start().await;
    let legacy = json!({
        "FunctionName": "legacy-report", "Role": "arn:aws:iam::111122223333:role/lambda-legacy",
        "Runtime": "python3.13", "Handler": "report.handler", "MemorySize": 256, "Timeout": 60,
        "Code": {"S3Bucket": "legacy", "S3Key": "report.zip"},
    });
    world.aws().put_function(legacy.clone()).await;
    kubectl(&["-n", world.namespace.name(), "apply", "-k", SAMPLES]).await;
    let mut world = world;
    world.start_operator();
    for name in ["hello", "orders", "thumbnails", "render", "billing", "legacy-report"] {
        world.ready(name).await;
    }
    for name in ["invoices", "fulfilment", "quotes", "payments", "shop-checkout", "shop-stock"] {
        world.ready(name).await;
    }
    for name in ["ratings", "shipments", "reports"] {
        world.ready(name).await;
    }
    for (kind, name) in [
        ("LambdaLayer", "amounts"),
        ("EventSourceMapping", "fulfilment-orders"),
        ("EventSourceMapping", "fulfilment-stock"),
        ("LambdaAlias", "quotes-live"),
        ("LambdaAlias", "quotes-stable"),
        ("CodeSigningConfig", "release"),
        ("CapacityProvider", "compute"),
        ("CapacityProvider", "steady"),
        ("LambdaLayer", "shop-utils"),
        ("LambdaLayer", "shop-prices"),
        ("LambdaAlias", "shop-checkout-live"),
        ("EventSourceMapping", "shop-orders"),
        ("EventSourceMapping", "shop-stock"),
        ("CodeSigningConfig", "shop-release"),
    ] {
        world.objects(kind).ready(name).await;
    }
    for name in ["hello-migration", "quotes-price"] {
        world.objects("LambdaInvocation").reason(name, "Completed").await;
    }
    let functions = world.aws().functions().await;
    let expected = [
        "billing-production",
        "fulfilment",
        "hello",
        "invoices",
        "legacy-report",
        "orders",
        "payments",
        "previews",
        "quotes",
        "ratings",
        "render",
        "reports",
        "shipments",
        "shop-checkout",
        "shop-stock",
        "thumbnails",
    ];
    assert_eq!(functions, expected);
    let observed = world.functions().get("legacy-report").await.unwrap();
    let drifted = condition(&observed, "Drifted").map(|condition| condition.status.clone());
    assert_eq!(drifted.as_deref(), Some("False"), "the sample describes what is there");
    let writes: Vec<_> = world.ledger().await.into_iter().filter(lambda_sim::Call::is_write).collect();
    assert!(writes.iter().all(|call| call.resource.as_deref() != Some("legacy-report")), "{writes:?}");
}
