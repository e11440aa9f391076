//! The sections of a function: what belongs to it, or to one of its versions or aliases, beside code and
//! configuration. Each has operations of its own, in the file of `ops` with its name.

pub(crate) mod event_invoke;
pub(crate) mod provisioned;
pub(crate) mod runtime_management;
pub(crate) mod scaling;
pub(crate) mod url;

use std::collections::BTreeMap;

use crate::policy::Policy;

use event_invoke::EventInvoke;
use provisioned::Provisioned;
use runtime_management::RuntimeManagement;
use scaling::Scaling;
use url::Url;

/// What stands for the function itself where sections are kept by version and alias.
pub(crate) const LATEST: &str = "$LATEST";

/// What a function on a capacity provider can have besides its numbered versions
/// (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-version-publishing.html>).
pub(crate) const PUBLISHED: &str = "$LATEST.PUBLISHED";

/// The sections of one function, by the version or alias that they are of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sections {
    /// With their revisions: those that the function, version or alias got when they were last changed.
    pub(crate) policies: BTreeMap<String, (String, Policy)>,
    pub(crate) urls: BTreeMap<String, Url>,
    pub(crate) event_invokes: BTreeMap<String, EventInvoke>,
    /// Only the function has this one: `Allow`, or none for `Terminate`.
    pub(crate) recursive_loop: Option<String>,
    pub(crate) runtime_management: BTreeMap<String, RuntimeManagement>,
    pub(crate) provisioned: BTreeMap<String, Provisioned>,
    pub(crate) scaling: BTreeMap<String, Scaling>,
}

impl Sections {
    /// A version or an alias is gone, and all of its sections with it.
    pub(crate) fn forget(&mut self, qualifier: &str) {
        let Self {
            policies,
            urls,
            event_invokes,
            recursive_loop: _,
            runtime_management,
            provisioned,
            scaling,
        } = self;
        policies.remove(qualifier);
        urls.remove(qualifier);
        event_invokes.remove(qualifier);
        runtime_management.remove(qualifier);
        provisioned.remove(qualifier);
        scaling.remove(qualifier);
    }

    /// Provisioned concurrency of all versions and aliases together.
    pub(crate) fn total_provisioned(&self) -> u64 {
        self.provisioned.values().map(|provisioned| provisioned.requested).sum()
    }
}
