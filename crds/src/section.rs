//! Sections that functions and aliases share: each stands for a resource of its own in AWS, which hangs on the function or
//! the alias. A section that was never in the spec isn't managed: neither read nor changed.

mod event_invoke;
mod permission;
mod provisioned;
mod runtime;
mod url;

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

pub use event_invoke::*;
pub use permission::*;
pub use provisioned::*;
pub use runtime::*;
pub use url::*;

/// The sections that both functions and aliases have.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct CommonSections {
    /// How asynchronous invocations are repeated, and where their outcome is sent. Absent: not managed, and once
    /// it was set, deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "EventInvokeConfig")]
    pub event_invoke_config: Option<EventInvokeConfig>,

    /// An HTTPS endpoint. Absent: not managed, and once it was set, deleted with its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "FunctionUrl")]
    pub function_url: Option<FunctionUrl>,

    /// Who else may use it, by statements of its resource policy; those of others are left alone. Absent: not managed,
    /// and once they were set, removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["statementId".into()]))]
    pub permissions: Option<Vec<Permission>>,

    /// The whole resource policy instead of `permissions`: statements that others made are replaced. The statements of
    /// `functionUrl` are added to it. Absent: not managed, and once it was set, deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ResourcePolicy")]
    pub resource_policy: Option<ResourcePolicy>,
}
