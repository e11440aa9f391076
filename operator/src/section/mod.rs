//! Sections: what hangs on a function or an alias as a resource of its own in AWS, with its own operations. Functions and
//! aliases have them in common. Pure but for `execute`.
//!
//! A section that was never in the spec isn't managed: not read, not changed, and it costs no call. Once it was applied it
//! is in `status.managedSections`, and removing it from the spec reverts it. In AWS a section is there or it isn't;
//! AWS's defaults count as not there. Each statement of `permissions` is a section of its own.

mod event_invoke;
pub mod execute;
pub mod manifest;
mod model;
mod permission;
mod plan;
#[cfg(test)]
mod plan_tests;
mod provisioned;
mod runtime_management;
mod scaling;
mod url;

use std::collections::{BTreeMap, BTreeSet};

use lambda_operator_crds::{
    CommonSections, CommonSpec, CommonStatus, ConcurrencyManager, LambdaAliasSpec, LambdaFunctionSpec,
    Origin, ProvisionedConcurrency, RecursiveLoop,
};

pub use event_invoke::EventInvoke;
pub use model::{Change, Has, Section, Value, told};
pub(crate) use permission::account_of;
pub use permission::{Document, Statement, statements};
pub use plan::{Step, announce, forget, paths, report, step, step_of};
pub use provisioned::Provisioned;
pub use runtime_management::RuntimeManagement;
pub use scaling::{Limits, Scaling};
pub use url::{Cors, Url};

/// What AWS does with a recursive loop unless it is told otherwise.
pub(crate) const TERMINATE: &str = "Terminate";

/// The statement that stands in for one that is being changed.
pub(crate) const STAND_IN: &str = "lambda-operator-change";

/// What the spec says of the sections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Those that are in the spec; `None`: the spec says that there is to be none.
    pub values: BTreeMap<Section, Option<Value>>,
    /// Paths of `ignoreDrift`: used at first, then neither compared nor changed.
    pub ignored: BTreeSet<String>,
}

impl Wanted {
    /// What the spec of a function says.
    pub fn of_function(spec: &LambdaFunctionSpec) -> Self {
        let treatment = |treatment: &RecursiveLoop| match treatment {
            RecursiveLoop::Allow => Some(Value::RecursiveLoop("Allow".into())),
            RecursiveLoop::Terminate => None,
        };
        let LambdaFunctionSpec { common, sections, recursive_loop, runtime_management, scaling, .. } = spec;
        Self::of_common(common, sections)
            .with(Section::RecursiveLoop, recursive_loop.as_ref(), treatment)
            .with(Section::RuntimeManagement, runtime_management.as_ref(), runtime_management::of_spec)
            .with(Section::Scaling, scaling.as_ref(), scaling::of_spec)
    }

    /// What the spec of an alias says.
    pub fn of_alias(spec: &LambdaAliasSpec) -> Self {
        let LambdaAliasSpec { common, sections, provisioned_concurrency, .. } = spec;
        let number = |spec: &ProvisionedConcurrency| {
            let number = spec.provisioned_concurrent_executions;
            (number > 0).then_some(Value::Provisioned(number))
        };
        let mut wanted = Self::of_common(common, sections).with(
            Section::Provisioned,
            provisioned_concurrency.as_ref(),
            number,
        );
        let manager = provisioned_concurrency.as_ref().and_then(|spec| spec.managed_by);
        if manager == Some(ConcurrencyManager::External) {
            wanted.ignored.insert(Section::Provisioned.path().into_owned());
        }
        wanted
    }

    /// What functions and aliases have in common. A URL for everybody adds two statements to the policy.
    fn of_common(common: &CommonSpec, sections: &CommonSections) -> Self {
        let CommonSections { event_invoke_config, function_url, permissions, resource_policy } = sections;
        let ignored = common.ignore_drift.iter().flatten().cloned().collect();
        let url = function_url.as_ref().map(url::of_spec);
        let mut values: BTreeMap<Section, Option<Value>> = BTreeMap::new();
        let added = url.as_ref().map(|url| (url.is_for_everybody(), url::statements()));
        if let Some(policy) = resource_policy {
            let added = added.filter(|(everybody, _)| *everybody).map(|(_, statements)| statements);
            let document = Document::of_spec(policy, added.as_ref().map_or(&[], |added| added));
            values.insert(Section::ResourcePolicy, Some(Value::ResourcePolicy(document)));
        } else {
            // A URL of the other type has none of them, whoever made them.
            if let Some((everybody, statements)) = added {
                values.extend(statements.map(|(sid, statement)| {
                    let statement = everybody.then(|| Value::Permission(sid.to_owned(), statement));
                    (Section::Permission(sid.to_owned()), statement)
                }));
            }
            values.extend(permissions.iter().flatten().map(|spec| {
                let (sid, statement) = permission::of_spec(spec);
                (Section::Permission(sid.clone()), Some(Value::Permission(sid, statement)))
            }));
        }
        values.extend(url.map(|url| (Section::Url, Some(Value::Url(url)))));
        Self { values, ignored }.with(
            Section::EventInvoke,
            event_invoke_config.as_ref(),
            event_invoke::of_spec,
        )
    }

    fn with<T>(mut self, section: Section, spec: Option<&T>, value: impl Fn(&T) -> Option<Value>) -> Self {
        self.values.extend(spec.map(|spec| (section, value(spec))));
        self
    }

    /// How many calls of Lambda's shared rate a look at them takes. All statements are read by one call.
    pub fn calls(&self) -> u32 {
        let looked_at = self.values.keys().filter(|section| !self.ignores(section));
        let looked_at = looked_at.map(|section| match section {
            Section::Permission(_) => Section::Permission(String::new()),
            other => other.clone(),
        });
        u32::try_from(looked_at.collect::<BTreeSet<_>>().len()).unwrap_or(u32::MAX)
    }

    fn ignores(&self, section: &Section) -> bool {
        self.ignored.iter().any(|path| section.is_covered_by(path))
    }

    /// What is to be there of each section that is managed; `None`: nothing.
    fn targets(&self, status: &CommonStatus) -> BTreeMap<Section, Option<&Value>> {
        let managed: BTreeSet<Section> =
            status.managed_sections.iter().filter_map(|path| Section::from_path(path)).collect();
        let mut sections: BTreeSet<Section> = self.values.keys().chain(&managed).cloned().collect();
        if managed.iter().any(Section::is_permission) {
            // What a change left that was cut off.
            sections.insert(Section::stand_in());
        }
        if self.values.contains_key(&Section::ResourcePolicy) {
            // The policy replaces them.
            sections.retain(|section| !section.is_permission());
        }
        let target = |section: Section| {
            let value = self.values.get(&section).and_then(Option::as_ref);
            (section, value)
        };
        sections.into_iter().filter(|section| !self.is_theirs(section, status)).map(target).collect()
    }

    /// Whether somebody else owns the section by now. What was adopted was never ours to set.
    fn is_theirs(&self, section: &Section, status: &CommonStatus) -> bool {
        let used = is_managed(section, status) || status.origin == Some(Origin::Adopted);
        used && self.ignores(section)
    }

    /// Whether the section isn't looked at.
    pub fn leaves(&self, section: &Section, status: &CommonStatus) -> bool {
        let concerns = self.values.contains_key(section) || is_managed(section, status);
        !concerns || self.is_theirs(section, status)
    }
}

/// Whether a path of `ignoreDrift` is one of a function's sections.
pub fn is_of_functions(path: &str) -> bool {
    is_of(&model::OF_FUNCTIONS, path)
}

/// Whether a path of `ignoreDrift` is one of an alias's sections.
pub fn is_of_aliases(path: &str) -> bool {
    is_of(&model::OF_ALIASES, path)
}

fn is_of(known: &[&str], path: &str) -> bool {
    known.contains(&path)
        || matches!(Section::from_path(path), Some(Section::Permission(sid)) if !sid.is_empty())
}

/// The paths of a function's sections, for texts.
pub fn paths_of_functions() -> String {
    format!("{}, permissions.STATEMENT_ID", model::OF_FUNCTIONS.join(", "))
}

/// The paths of an alias's sections, for texts.
pub fn paths_of_aliases() -> String {
    format!("{}, permissions.STATEMENT_ID", model::OF_ALIASES.join(", "))
}

/// Whether the object has applied the section.
pub fn is_managed(section: &Section, status: &CommonStatus) -> bool {
    status.managed_sections.iter().any(|managed| *managed == section.path())
}

/// Stores that the object answers for a section from now on.
pub fn manage(path: &str, status: &mut CommonStatus) {
    if !status.managed_sections.iter().any(|has| has == path) {
        status.managed_sections.push(path.to_owned());
    }
}
