//! What the API server takes, and what can be changed of an invocation that exists: by dry runs.

use cluster_tests::World;
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::{KIND, apply, of_hello};

fn refused(error: kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message,
        other => other.to_string(),
    }
}

async fn created(world: &World, spec: &Value) -> Result<(), String> {
    let object = json!({
        "apiVersion": "lambda-operator.io/v1alpha1", "kind": KIND, "metadata": {"name": "once"}, "spec": spec,
    });
    let object: DynamicObject = serde_json::from_value(object).unwrap();
    let params = PostParams { dry_run: true, ..PostParams::default() };
    world.objects(KIND).api().create(&params, &object).await.map(drop).map_err(refused)
}

async fn changed(world: &World, name: &str, spec: &Value) -> Result<(), String> {
    let params = PatchParams { dry_run: true, ..PatchParams::default() };
    let patch = Patch::Merge(json!({"spec": spec}));
    world.objects(KIND).api().patch(name, &params, &patch).await.map(drop).map_err(refused)
}

fn check(answer: Result<(), String>, words: &[&str], what: &Value) {
    match (answer, words) {
        (Ok(()), []) => {}
        (Ok(()), _) => panic!("{what} was taken"),
        (Err(message), []) => panic!("{what} was refused: {message}"),
        (Err(message), words) => {
            for word in words {
                assert!(message.contains(word), "no {word:?} for {what} in: {message}");
            }
        }
    }
}

#[tokio::test]
async fn each_rule_names_the_field_and_what_to_do() {
    let world = World::builder("inv-rules").without_operator().start().await;
    let secret = json!({"secretKeyRef": {"name": "s", "key": "k"}});
    let both =
        json!({"secretKeyRef": {"name": "s", "key": "k"}, "configMapKeyRef": {"name": "m", "key": "k"}});
    let cases: [(Value, &[&str]); 18] = [
        (json!({}), &[]),
        (
            json!({"qualifier": "$LATEST", "tenantId": "a b@c", "timeout": 900, "ttlSecondsAfterFinished": 0}),
            &[],
        ),
        (json!({"functionName": null}), &["exactly one of functionRef, aliasRef and functionName"]),
        (json!({"functionRef": {"name": "f"}}), &["exactly one of", "functionRef functionName"]),
        (
            json!({"functionName": null, "aliasRef": {"name": "a"}, "qualifier": "1"}),
            &["spec.qualifier", "spec.aliasRef"],
        ),
        (json!({"functionName": "a b"}), &["spec.functionName", "should match"]),
        (json!({"qualifier": "a b"}), &["spec.qualifier", "should match"]),
        (json!({"payload": ""}), &["spec.payload", "at least 1"]),
        (
            json!({"payload": "1", "payloadFrom": secret}),
            &["spec.payload and spec.payloadFrom exclude each other"],
        ),
        (json!({"payloadFrom": {}}), &["spec.payloadFrom needs exactly one", "has none"]),
        (json!({"payloadFrom": both}), &["spec.payloadFrom needs exactly one", "has both"]),
        (
            json!({"payloadFrom": secret, "recordResult": true}),
            &["spec.recordResult", "Secret", "remove recordResult"],
        ),
        (json!({"payloadFrom": secret, "recordResult": false}), &[]),
        (
            json!({"invocationType": "Event", "recordResult": true}),
            &["spec.invocationType Event", "no answer"],
        ),
        (json!({"invocationType": "Later"}), &["spec.invocationType", "Later", "DryRun"]),
        (json!({"timeout": 901}), &["spec.timeout", "901", "900"]),
        (json!({"ttlSecondsAfterFinished": -1}), &["spec.ttlSecondsAfterFinished", "-1", "0"]),
        (json!({"retry": "Sometimes"}), &["spec.retry", "Sometimes", "Allowed"]),
    ];
    for (change, words) in cases {
        check(created(&world, &of_hello(change.clone())).await, words, &change);
    }
}

#[tokio::test]
async fn what_is_asked_for_can_not_be_changed_and_when_it_is_made_can() {
    let world = World::builder("inv-fixed").without_operator().start().await;
    apply(&world, "plain", of_hello(json!({}))).await;
    let full = json!({
        "functionName": null, "functionRef": {"name": "f"}, "qualifier": "1", "payload": "{\"n\": 1}", "tenantId": "a",
        "timeout": 60, "invocationType": "RequestResponse", "recordResult": false,
    });
    apply(&world, "full", of_hello(full)).await;
    let map = |key: &str| json!({"payloadFrom": {"configMapKeyRef": {"name": "m", "key": key}}});
    apply(&world, "from", of_hello(map("a"))).await;
    let fixed = "a LambdaInvocation happens once, as it was asked for, and can't be changed in";
    let cases: [(&str, Value, &str); 17] = [
        // Set, add, remove.
        ("plain", json!({"functionName": "other"}), "spec.functionName"),
        (
            "plain",
            json!({"functionName": null, "functionRef": {"name": "hello"}}),
            "spec.functionRef spec.functionName",
        ),
        ("plain", json!({"qualifier": "1"}), "spec.qualifier"),
        ("plain", json!({"payload": "1"}), "spec.payload"),
        ("plain", map("a"), "spec.payloadFrom"),
        ("plain", json!({"invocationType": "DryRun"}), "spec.invocationType"),
        ("plain", json!({"recordResult": true}), "spec.recordResult"),
        ("plain", json!({"timeout": 900}), "spec.timeout"),
        ("plain", json!({"tenantId": "a"}), "spec.tenantId"),
        ("full", json!({"functionRef": {"name": "g"}}), "spec.functionRef"),
        ("full", json!({"functionRef": null, "aliasRef": {"name": "f"}, "qualifier": null}), "spec.aliasRef"),
        ("full", json!({"qualifier": null}), "spec.qualifier"),
        ("full", json!({"payload": "{\"n\": 2}"}), "spec.payload"),
        ("full", json!({"payload": null}), "spec.payload"),
        ("full", json!({"timeout": null}), "spec.timeout"),
        ("from", map("b"), "spec.payloadFrom"),
        ("from", json!({"payloadFrom": null, "payload": "1"}), "spec.payload spec.payloadFrom"),
    ];
    for (name, change, field) in cases {
        let words = [fixed, field, "create a new LambdaInvocation and delete this one"];
        check(changed(&world, name, &change).await, &words, &change);
    }
    for (name, change) in [
        ("plain", json!({"suspend": true, "retry": "Allowed", "ttlSecondsAfterFinished": 60})),
        // What means the same.
        ("plain", json!({"invocationType": "RequestResponse", "recordResult": false})),
        ("full", json!({"invocationType": null, "recordResult": null})),
    ] {
        check(changed(&world, name, &change).await, &[], &change);
    }
}

#[tokio::test]
async fn account_and_region_stay_once_they_are_pinned() {
    let world = super::world("inv-pinned").await;
    apply(&world, "once", of_hello(json!({}))).await;
    super::ended(&world, "once", "Completed").await;
    let words = ["spec.region can't be changed from eu-west-1", "create a new LambdaInvocation"];
    check(changed(&world, "once", &json!({"region": "us-east-1"})).await, &words, &json!("region"));
    let words = ["spec.accountRef can't be changed", "create a new LambdaInvocation"];
    check(changed(&world, "once", &json!({"accountRef": {"name": "a"}})).await, &words, &json!("account"));
    check(changed(&world, "once", &json!({"region": "eu-west-1"})).await, &[], &json!("the same region"));
}
