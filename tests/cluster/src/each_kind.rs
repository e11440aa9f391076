//! An object of each kind that stands for something lasting, for what has to hold for all of them: an application whose
//! objects use each other.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::accounts::LABEL;
use crate::{ACCOUNT, World, function};

impl World {
    /// A manifest of each kind but LambdaInvocation, which happens once; named after it in small letters; later ones use
    /// earlier ones.
    pub fn each_kind(&self) -> Vec<Value> {
        let namespaces =
            json!({"selector": {"matchLabels": {"kubernetes.io/metadata.name": self.namespace.name()}}});
        let layer = json!({"content": {"inline": {"files": {"python/tools.py": "A = 1\n"}}}});
        let profile = format!("arn:aws:signer:eu-west-1:{ACCOUNT}:/signing-profiles/release/a1b2c3d4e5");
        let signing = json!({
            "allowedPublishers": {"signingProfileVersionArns": [profile]},
            "codeSigningPolicies": {"untrustedArtifactOnDeployment": "Warn"},
        });
        let function = function(json!({
            "publish": "OnChange", "layers": [{"layerRef": {"name": "lambdalayer"}}],
            "codeSigningConfigRef": {"name": "codesigningconfig"},
        }));
        let alias =
            json!({"aliasName": "live", "functionRef": {"name": "lambdafunction"}, "version": "Latest"});
        let queue = format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:orders");
        let mapping = json!({"aliasRef": {"name": "lambdaalias"}, "eventSourceArn": queue});
        let provider = json!({
            "vpcConfig": {"subnetIds": ["subnet-a"], "securityGroupIds": ["sg-a"]},
            "permissionsConfig": {
                "capacityProviderOperatorRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/capacity"),
            },
        });
        vec![
            self.manifest("LambdaAccount", json!({"accountId": ACCOUNT, "namespaces": namespaces})),
            self.manifest("LambdaLayer", layer),
            self.manifest("CodeSigningConfig", signing),
            self.manifest("LambdaFunction", function),
            self.manifest("LambdaAlias", alias),
            self.manifest("EventSourceMapping", mapping),
            self.manifest("CapacityProvider", provider),
        ]
    }

    fn manifest(&self, kind: &str, mut spec: Value) -> Value {
        let name = kind.to_lowercase();
        let metadata = if kind == "LambdaAccount" {
            json!({"name": self.account_name(&name), "labels": {LABEL: self.namespace.name()}})
        } else {
            spec["accountRef"] = self.account_ref("lambdaaccount");
            json!({"name": name})
        };
        json!({"apiVersion": "lambda-operator.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec})
    }

    /// The objects of these manifests as they are now.
    pub async fn read(&self, manifests: &[Value]) -> Vec<Value> {
        let objects = manifests.iter().map(|manifest| async {
            let (kind, name) = kind_and_name(manifest);
            let object = self.objects(kind).api().get(name).await.expect("the object is there");
            serde_json::to_value(object).expect("it is JSON")
        });
        join_all(objects).await
    }

    /// Waits until the objects of all of these manifests are Ready on their present generation.
    pub async fn all_ready(&self, manifests: &[Value]) -> Vec<Value> {
        join_all(manifests.iter().map(|manifest| async {
            let (kind, name) = kind_and_name(manifest);
            self.objects(kind).ready(name).await
        }))
        .await
    }

    /// Waits until the objects of all of these manifests are as wanted.
    pub async fn all_until(
        &self,
        manifests: &[Value],
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Vec<Value> {
        join_all(manifests.iter().map(|manifest| async {
            let (kind, name) = kind_and_name(manifest);
            self.objects(kind).until(name, what, &wanted).await
        }))
        .await
    }

    /// Waits until the objects of all of these manifests are gone.
    pub async fn all_gone(&self, manifests: &[Value]) {
        join_all(manifests.iter().map(|manifest| async {
            let (kind, name) = kind_and_name(manifest);
            self.objects(kind).gone(name).await;
        }))
        .await;
    }
}

/// Manifests as one file.
pub fn list(manifests: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": manifests}).to_string()
}

/// Kind and name of a manifest or an object.
pub fn kind_and_name(object: &Value) -> (&str, &str) {
    let (kind, name) = (object["kind"].as_str(), object["metadata"]["name"].as_str());
    kind.zip(name).expect("an object has a kind and a name")
}
