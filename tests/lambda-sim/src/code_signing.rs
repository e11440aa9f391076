//! Code signing configs, and how they read back
//! (<https://docs.aws.amazon.com/lambda/latest/api/API_CodeSigningConfig.html>).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::function::now_text;
use crate::region::Region;
use crate::request::Object;
use crate::rules::tags;

/// A code signing config.
#[derive(Clone, Debug)]
pub(crate) struct CodeSigningConfig {
    pub(crate) arn: String,
    id: String,
    description: String,
    publishers: Value,
    policies: Value,
    last_modified: String,
    pub(crate) tags: BTreeMap<String, String>,
}

impl CodeSigningConfig {
    /// A new one from the body of a CreateCodeSigningConfig request.
    pub(crate) fn new(region: &Region, body: &Object) -> Self {
        let id = format!("csc-{}", &uuid::Uuid::new_v4().simple().to_string()[..17]);
        let mut config = Self {
            arn: format!("arn:aws:lambda:{}:{}:code-signing-config:{id}", region.name, region.account),
            id,
            description: String::new(),
            publishers: json!({"SigningProfileVersionArns": []}),
            policies: json!({"UntrustedArtifactOnDeployment": "Warn"}),
            last_modified: String::new(),
            tags: tags::of(body),
        };
        config.change(body);
        config
    }

    /// Replaces what is sent and keeps the rest.
    pub(crate) fn change(&mut self, sent: &Object) {
        if let Some(description) = sent.get("Description").and_then(Value::as_str) {
            description.clone_into(&mut self.description);
        }
        if let Some(publishers) = sent.get("AllowedPublishers") {
            self.publishers = publishers.clone();
        }
        if let Some(policy) = sent.get("CodeSigningPolicies").and_then(|policies| policies.get(POLICY)) {
            self.policies[POLICY] = policy.clone();
        }
        self.last_modified = now_text();
    }

    pub(crate) fn shown(&self) -> Value {
        json!({
            "CodeSigningConfigId": self.id,
            "CodeSigningConfigArn": self.arn,
            "Description": self.description,
            "AllowedPublishers": self.publishers,
            "CodeSigningPolicies": self.policies,
            "LastModified": self.last_modified,
        })
    }

    /// Whether packages that aren't signed by an allowed publisher are refused, and not only warned of.
    pub(crate) fn enforces(&self) -> bool {
        self.policies[POLICY] == "Enforce"
    }
}

const POLICY: &str = "UntrustedArtifactOnDeployment";

/// The ARNs of the functions that use a config.
pub(crate) fn users<'a>(region: &'a Region, arn: &'a str) -> impl Iterator<Item = &'a str> {
    let uses = move |function: &&crate::function::Function| function.code_signing.as_deref() == Some(arn);
    region.functions.values().filter(uses).map(|function| function.arn.as_str())
}
