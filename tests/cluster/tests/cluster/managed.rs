//! Functions on a capacity provider with their `$LATEST.PUBLISHED` and its scaling, durable functions, and functions with
//! tenants.

mod durable;
mod instances;
mod latest;
mod scaling;
mod tenancy;

use cluster_tests::{ROLE, World, function};
use lambda_operator_crds::LambdaFunction;
use serde_json::{Value, json};

const PROVIDER: &str = "arn:aws:lambda:eu-west-1:111122223333:capacity-provider:compute";
const LATEST_PUBLISHED: &str = "$LATEST.PUBLISHED";

/// A function on a capacity provider whose `$LATEST.PUBLISHED` is wanted.
fn managed(extra: Value) -> Value {
    let mut spec = function(json!({
        "capacityProviderConfig": {"capacityProviderArn": PROVIDER}, "publish": "LatestPublished",
    }));
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    spec
}

/// What somebody else makes in the console, with the code that [`function`] doesn't have.
fn by_hand(extra: Value) -> Value {
    let mut body = json!({
        "FunctionName": "hello", "Role": ROLE, "Runtime": "python3.14", "Handler": "index.handler",
        "Code": {"S3Bucket": "packages", "S3Key": "hello.zip"},
    });
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    body
}

async fn changed(world: &World, spec: Value) -> LambdaFunction {
    world.patch("hello", json!({"spec": spec})).await;
    world.ready("hello").await
}

/// The configuration of `$LATEST.PUBLISHED` in AWS.
async fn published(world: &World) -> Value {
    world.aws().version("hello", LATEST_PUBLISHED).await.unwrap_or_default()["Configuration"].clone()
}
