//! The HTTPS endpoint of a function or an alias.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An HTTPS endpoint. AWS gives it a name, which is lost when the section is removed.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunctionUrlConfig.html>
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct FunctionUrl {
    /// Who may call it: `NONE` is everybody, and brings the two statements that AWS asks for; `AWS_IAM` is whoever IAM or
    /// `permissions` allow to.
    pub auth_type: UrlAuthType,

    /// Whether the answer is collected or streamed (`RESPONSE_STREAM`). Default: `BUFFERED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "UrlInvokeMode")]
    pub invoke_mode: Option<UrlInvokeMode>,

    /// What browsers may do with it from pages of other origins. Default: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Cors")]
    pub cors: Option<Cors>,
}

/// Who may call a function URL.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlAuthType {
    /// Everybody.
    #[serde(rename = "NONE")]
    None,
    /// Whoever has the permission.
    #[serde(rename = "AWS_IAM")]
    AwsIam,
}

/// How an answer is passed on.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UrlInvokeMode {
    /// When it is complete.
    #[default]
    #[serde(rename = "BUFFERED")]
    Buffered,
    /// As it is made.
    #[serde(rename = "RESPONSE_STREAM")]
    ResponseStream,
}

/// Cross-origin resource sharing.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Cors {
    /// Whether cookies and credentials are sent. Default: `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_credentials: Option<bool>,

    /// Headers that a request may have. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allow_headers: Option<Vec<CorsEntry>>,

    /// Methods that a request may have, or `*`. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 6))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allow_methods: Option<Vec<CorsMethod>>,

    /// Origins, such as `https://example.com`, or `*`. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allow_origins: Option<Vec<CorsEntry>>,

    /// Headers of the answer that a page may see. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub expose_headers: Option<Vec<CorsEntry>>,

    /// Seconds for which a browser may keep this. Default: 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 86400))]
    pub max_age: Option<i32>,
}

/// A header or an origin.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[schemars(inline)]
pub struct CorsEntry(#[schemars(length(min = 1, max = 253))] pub String);

/// A method of HTTP, or `*`.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[schemars(inline)]
pub struct CorsMethod(
    #[schemars(length(min = 1, max = 6), regex(pattern = r"^(GET|PUT|HEAD|POST|PATCH|DELETE|\*)$"))]
    pub  String,
);
