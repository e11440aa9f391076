//! Environment variables of a function, with their values or where these come from.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{KeySelector, ObjectSelector};

/// One environment variable.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!(has(self.value) && has(self.valueFrom))")
        .message(Message::Expression(r#""the entry " + self.name + " of spec.env can't have both value and valueFrom; remove one of them""#.into())),
    validation = Rule::new("!has(self.valueFrom) || has(self.valueFrom.secretKeyRef) != has(self.valueFrom.configMapKeyRef)")
        .field_path(".valueFrom")
        .message(Message::Expression(r#""valueFrom of the entry " + self.name + " of spec.env needs exactly one of secretKeyRef and configMapKeyRef, and has " + (has(self.valueFrom.secretKeyRef) ? "both" : "none") + "; set one and remove the other""#.into()))
)]
pub struct EnvVar {
    /// Name: a letter, then letters, digits and underscores; not one that Lambda reserves.
    #[schemars(length(min = 2, max = 256), regex(pattern = r"^[a-zA-Z]([a-zA-Z0-9_])+$"))]
    pub name: String,
    /// The value, as it is. Default: empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub value: Option<String>,
    /// A value from a Secret or ConfigMap. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "EnvVarSource")]
    pub value_from: Option<EnvVarSource>,
}

/// Where the value of a variable comes from: one of the two, which the rules of the variable check.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct EnvVarSource {
    /// A key of a Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "KeySelector")]
    pub secret_key_ref: Option<KeySelector>,
    /// A key of a ConfigMap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "KeySelector")]
    pub config_map_key_ref: Option<KeySelector>,
}

/// A Secret or ConfigMap, each key of which is a variable.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.secretRef) != has(self.configMapRef)")
        .message("an entry of spec.envFrom needs exactly one of secretRef and configMapRef; set one and remove the other")
)]
pub struct EnvFromSource {
    /// Put in front of each key. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub prefix: Option<String>,
    /// A Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ObjectSelector")]
    pub secret_ref: Option<ObjectSelector>,
    /// A ConfigMap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ObjectSelector")]
    pub config_map_ref: Option<ObjectSelector>,
}
