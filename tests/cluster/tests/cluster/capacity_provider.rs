//! CapacityProvider: minutes of work for AWS after each change, most of it fixed for good, and never deleted under a
//! function.

mod fixed;
mod life;
mod ownership;
mod trouble;

use cluster_tests::World;
use serde_json::{Value, json};

const KIND: &str = "CapacityProvider";
const ROLE: &str = "arn:aws:iam::111122223333:role/capacity";

/// What one look at a provider takes that AWS isn't at work on.
const LOOK: [&str; 3] = ["GetCapacityProvider", "ListTags", "ListFunctionVersionsByCapacityProvider"];

fn provider(extra: Value) -> Value {
    let mut spec = json!({
        "vpcConfig": {"subnetIds": ["subnet-a", "subnet-b"], "securityGroupIds": ["sg-a"]},
        "permissionsConfig": {"capacityProviderOperatorRoleArn": ROLE},
    });
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    spec
}

/// What somebody else makes in the console.
fn by_hand(name: &str, tags: Value) -> Value {
    json!({
        "CapacityProviderName": name, "Tags": tags,
        "VpcConfig": {"SubnetIds": ["subnet-b", "subnet-a"], "SecurityGroupIds": ["sg-a"]},
        "PermissionsConfig": {"CapacityProviderOperatorRoleArn": ROLE},
    })
}

async fn in_aws(world: &World) -> Value {
    world.aws().capacity_provider("compute").await.unwrap_or_default()
}

/// A function with a version that runs on the provider.
async fn attach(world: &World) {
    let arn = "arn:aws:lambda:eu-west-1:111122223333:capacity-provider:compute";
    let function = json!({
        "FunctionName": "somebody", "Role": "arn:aws:iam::111122223333:role/service", "Runtime": "python3.14",
        "Handler": "i.h", "Code": {"S3Bucket": "bucket", "S3Key": "k"},
        "CapacityProviderConfig": {"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": arn}},
    });
    world.aws().put_function(function).await;
    world.aws().publish_version("somebody", None).await;
}
