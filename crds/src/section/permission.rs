//! Who may do what with a function or an alias.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::url::UrlAuthType;

/// Lets somebody use the function or the alias: a statement of its resource policy.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html>
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.principalOrgID) || self.principal == '*'")
        .message(Message::Expression(r#""the entry " + self.statementId + " of spec.permissions has principalOrgID and the principal " + self.principal + "; set principal to * or remove principalOrgID""#.into())),
    validation = Rule::new("!has(self.functionUrlAuthType) || (has(self.action) && self.action == 'lambda:InvokeFunctionUrl')")
        .message(Message::Expression(r#""the entry " + self.statementId + " of spec.permissions has functionUrlAuthType, which belongs to the action lambda:InvokeFunctionUrl; set action or remove functionUrlAuthType""#.into()))
)]
pub struct Permission {
    /// Name of the statement in the policy. Statements that others made are left alone.
    #[schemars(length(min = 1, max = 100), regex(pattern = r"^[a-zA-Z0-9_-]+$"))]
    pub statement_id: String,

    /// What is allowed. Default: `lambda:InvokeFunction`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128), regex(pattern = r"^(lambda:(\*|[a-zA-Z]+)|\*)$"))]
    pub action: Option<String>,

    /// Who is allowed: a service such as `s3.amazonaws.com`, an account id, the ARN of a role or user, or `*`, which is
    /// everybody.
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^[^\s]+$"))]
    pub principal: String,

    /// Only for this resource, such as the ARN of a bucket or a rule; `*` and `?` stand for anything. Default: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^arn:(aws[a-zA-Z0-9-]*):[a-zA-Z0-9-]+:.*$"))]
    pub source_arn: Option<String>,

    /// Only for resources of this account. Set it for buckets, whose ARNs don't name one. Default: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 12), regex(pattern = r"^\d{12}$"))]
    pub source_account: Option<String>,

    /// Only for accounts of this organization, with the principal `*`. Default: any.
    #[serde(default, rename = "principalOrgID", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 34), regex(pattern = r"^o-[a-z0-9]{10,32}$"))]
    pub principal_org_id: Option<String>,

    /// Token that an Alexa skill has to send. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256), regex(pattern = r"^[a-zA-Z0-9._\-]+$"))]
    pub event_source_token: Option<String>,

    /// Only while the function URL has this type, with the action `lambda:InvokeFunctionUrl`. Default: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "UrlAuthType")]
    pub function_url_auth_type: Option<UrlAuthType>,

    /// `true`: only by way of the function URL. Default: `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoked_via_function_url: Option<bool>,
}

/// A whole resource policy, as AWS writes it: `Version` and `Statement`.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_PutResourcePolicy.html>
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(extend("type" = "object", "x-kubernetes-preserve-unknown-fields" = true), transform = drop_additional)]
pub struct ResourcePolicy(pub Map<String, Value>);

/// An object of which the API server keeps everything.
fn drop_additional(schema: &mut schemars::Schema) {
    schema.remove("additionalProperties");
}
