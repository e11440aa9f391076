//! How a mapping reads its source, and gets into it.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_SourceAccessConfiguration.html>

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where to start reading.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StartingPosition {
    /// At the oldest record.
    TrimHorizon,
    /// At the records that come after the creation.
    Latest,
    /// At a time; not for DynamoDB.
    AtTimestamp,
}

/// One means of access to a source.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[x_kube(
    validation = Rule::new("has(self.uri) != (self.type in ['IAM_AUTH', 'IAM_OAUTHBEARER_AUTH'])")
        .message(Message::Expression(r#""an entry of spec.sourceAccessConfigurations with the type " + self.type + (has(self.uri) ? " takes no uri; remove it" : " needs a uri; set it")"#.into()))
)]
pub struct SourceAccessConfiguration {
    /// What the entry is: a kind of credentials, or of a place in a VPC.
    #[serde(rename = "type")]
    pub kind: SourceAccessType,
    /// The value: the ARN of a secret in Secrets Manager, `subnet:…`, `security_group:…`, or a name. Required but for
    /// `IAM_AUTH` and `IAM_OAUTHBEARER_AUTH`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200), regex(pattern = r"^[ a-zA-Z0-9/*:_+=.@-]*$"))]
    pub uri: Option<String>,
}

/// Means of access to a source.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum SourceAccessType {
    #[serde(rename = "BASIC_AUTH")]
    BasicAuth,
    #[serde(rename = "VPC_SUBNET")]
    VpcSubnet,
    #[serde(rename = "VPC_SECURITY_GROUP")]
    VpcSecurityGroup,
    #[serde(rename = "SASL_SCRAM_512_AUTH")]
    SaslScram512Auth,
    #[serde(rename = "SASL_SCRAM_256_AUTH")]
    SaslScram256Auth,
    #[serde(rename = "VIRTUAL_HOST")]
    VirtualHost,
    #[serde(rename = "CLIENT_CERTIFICATE_TLS_AUTH")]
    ClientCertificateTlsAuth,
    #[serde(rename = "SERVER_ROOT_CA_CERTIFICATE")]
    ServerRootCaCertificate,
    #[serde(rename = "OAUTHBEARER_AUTH")]
    OauthbearerAuth,
    #[serde(rename = "OAUTHBEARER_SCOPE")]
    OauthbearerScope,
    #[serde(rename = "OAUTHBEARER_AUDIENCE")]
    OauthbearerAudience,
    #[serde(rename = "OAUTHBEARER_LOGICAL_CLUSTER")]
    OauthbearerLogicalCluster,
    #[serde(rename = "OAUTHBEARER_IDENTITY_POOL")]
    OauthbearerIdentityPool,
    #[serde(rename = "IAM_AUTH")]
    IamAuth,
    #[serde(rename = "IAM_OAUTHBEARER_AUTH")]
    IamOauthbearerAuth,
}

/// Settings of a DocumentDB source.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct DocumentDbEventSourceConfig {
    /// The database to watch.
    #[schemars(length(min = 1, max = 63), regex(pattern = r#"^[^ /.$"]*$"#))]
    pub database_name: String,
    /// The collection to watch. Default: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 57), regex(pattern = r"^[_a-zA-Z0-9][^$]*$"))]
    pub collection_name: Option<String>,
    /// What an update shows: only the change, `Default` (default), or the whole document as well, `UpdateLookup`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "FullDocument")]
    pub full_document: Option<FullDocument>,
}

/// What an update of a document shows.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FullDocument {
    /// The change.
    #[default]
    Default,
    /// The change and the whole document.
    UpdateLookup,
}
