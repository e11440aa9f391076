//! The sections in plain data, the same type for what is wanted and what AWS has.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::STAND_IN;
use super::event_invoke::EventInvoke;
use super::permission::{Document, Statement};
use super::provisioned::Provisioned;
use super::runtime_management::RuntimeManagement;
use super::scaling::{Limits, Scaling};
use super::url::Url;
use crate::text;

/// A section. In the order in which they are applied: a URL before its permissions, so that a change of its type lets
/// nobody in for whom it isn't meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// `functionUrl`.
    Url,
    /// `resourcePolicy`.
    ResourcePolicy,
    /// One statement of `permissions`, or of a URL, by its id.
    Permission(String),
    /// `eventInvokeConfig`.
    EventInvoke,
    /// `recursiveLoop`.
    RecursiveLoop,
    /// `runtimeManagement`.
    RuntimeManagement,
    /// `provisionedConcurrency`.
    Provisioned,
    /// `scaling`.
    Scaling,
}

/// Those that functions have, by their names in the spec.
pub(super) const OF_FUNCTIONS: [&str; 7] = [
    "functionUrl",
    "resourcePolicy",
    PERMISSIONS,
    "eventInvokeConfig",
    "recursiveLoop",
    "runtimeManagement",
    "scaling",
];

/// Those that aliases have.
pub(super) const OF_ALIASES: [&str; 5] =
    ["functionUrl", "resourcePolicy", PERMISSIONS, "eventInvokeConfig", "provisionedConcurrency"];

const PERMISSIONS: &str = "permissions";

impl Section {
    /// Its name in the spec, in `status.managedSections` and in `ignoreDrift`; that of a statement is
    /// `permissions.STATEMENT_ID`.
    pub fn path(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Url => "functionUrl",
            Self::ResourcePolicy => "resourcePolicy",
            Self::Permission(sid) => return Cow::Owned(format!("{PERMISSIONS}.{sid}")),
            Self::EventInvoke => "eventInvokeConfig",
            Self::RecursiveLoop => "recursiveLoop",
            Self::RuntimeManagement => "runtimeManagement",
            Self::Provisioned => "provisionedConcurrency",
            Self::Scaling => "scaling",
        })
    }

    /// The section of this path.
    pub fn from_path(path: &str) -> Option<Self> {
        Some(match path {
            "functionUrl" => Self::Url,
            "resourcePolicy" => Self::ResourcePolicy,
            "eventInvokeConfig" => Self::EventInvoke,
            "recursiveLoop" => Self::RecursiveLoop,
            "runtimeManagement" => Self::RuntimeManagement,
            "provisionedConcurrency" => Self::Provisioned,
            "scaling" => Self::Scaling,
            _ => Self::Permission(path.strip_prefix(PERMISSIONS)?.strip_prefix('.')?.to_owned()),
        })
    }

    /// Whether a path of `ignoreDrift` covers it.
    pub(super) fn is_covered_by(&self, path: &str) -> bool {
        self.path() == path || (path == PERMISSIONS && self.is_permission())
    }

    /// Whether setting it replaces what is there, so that nothing has to be known of that.
    pub(super) fn is_replaced(&self) -> bool {
        !matches!(self, Self::Url | Self::Permission(_))
    }

    /// The statement that stands in for one that is being changed.
    pub(super) fn stand_in() -> Self {
        Self::Permission(STAND_IN.to_owned())
    }

    /// Whether it is a statement of a policy.
    pub(super) fn is_permission(&self) -> bool {
        matches!(self, Self::Permission(_))
    }

    /// What it is, for texts.
    fn noun(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Url => "function URL",
            Self::ResourcePolicy => "resource policy",
            Self::Permission(sid) => return Cow::Owned(format!("permission {sid}")),
            Self::EventInvoke => "settings of asynchronous invocations",
            Self::RecursiveLoop => "treatment of recursive loops",
            Self::RuntimeManagement => "updates of the runtime",
            Self::Provisioned => "provisioned concurrency",
            Self::Scaling => "number of execution environments",
        })
    }
}

/// What a section is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// An HTTPS endpoint.
    Url(Url),
    /// A whole policy.
    ResourcePolicy(Document),
    /// A statement of the policy, with its id.
    Permission(String, Statement),
    /// How asynchronous invocations are repeated, and where their outcome is sent.
    EventInvoke(EventInvoke),
    /// `Allow`; `Terminate`, AWS's default, is none.
    RecursiveLoop(String),
    /// When the runtime is updated.
    RuntimeManagement(RuntimeManagement),
    /// How many environments are asked for.
    Provisioned(i32),
    /// How many environments there are to be.
    Scaling(Limits),
}

impl Value {
    /// The section that it is one of.
    pub fn section(&self) -> Section {
        match self {
            Self::Url(_) => Section::Url,
            Self::ResourcePolicy(_) => Section::ResourcePolicy,
            Self::Permission(sid, _) => Section::Permission(sid.clone()),
            Self::EventInvoke(_) => Section::EventInvoke,
            Self::RecursiveLoop(_) => Section::RecursiveLoop,
            Self::RuntimeManagement(_) => Section::RuntimeManagement,
            Self::Provisioned(_) => Section::Provisioned,
            Self::Scaling(_) => Section::Scaling,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => url.fmt(f),
            Self::ResourcePolicy(document) => document.fmt(f),
            Self::Permission(_, statement) => statement.fmt(f),
            Self::EventInvoke(settings) => settings.fmt(f),
            Self::RecursiveLoop(treatment) => f.write_str(treatment),
            Self::RuntimeManagement(updates) => updates.fmt(f),
            Self::Provisioned(number) => number.fmt(f),
            Self::Scaling(limits) => limits.fmt(f),
        }
    }
}

/// What AWS has, as far as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Has {
    /// What a section is; `None`: there is none, or what there is is AWS's default.
    pub values: BTreeMap<Section, Option<Value>>,
    /// The address of the URL, as AWS named it.
    pub address: Option<String>,
    /// How far AWS is with the provisioned concurrency.
    pub provisioned: Option<Provisioned>,
    /// How far AWS is with the limits of execution environments.
    pub scaling: Option<Scaling>,
    /// The revision of the policy, by which its replacement is guarded.
    pub policy_revision: Option<String>,
}

impl Has {
    /// Completes what was read by what was read a moment ago.
    pub fn carry(&mut self, before: &Self) {
        let Self { values, address, provisioned, scaling, policy_revision } = before;
        for (section, value) in values {
            self.values.entry(section.clone()).or_insert_with(|| value.clone());
        }
        self.address = self.address.take().or_else(|| address.clone());
        self.provisioned = self.provisioned.take().or_else(|| provisioned.clone());
        self.scaling = self.scaling.take().or_else(|| scaling.clone());
        self.policy_revision = self.policy_revision.take().or_else(|| policy_revision.clone());
    }

    /// There is nothing of these, as far as nothing else is known.
    pub fn lack(&mut self, sections: impl IntoIterator<Item = Section>) {
        for section in sections {
            self.values.entry(section).or_insert(None);
        }
    }

    /// What AWS has once it has taken a change and is done with it.
    pub fn foresee(&mut self, change: &Change) {
        match change {
            Change::Put(Value::Provisioned(number)) => self.provisioned = Some(Provisioned::ready(*number)),
            Change::Clear(Section::Provisioned) => self.provisioned = None,
            Change::Put(Value::Scaling(limits)) => self.scaling = Some(Scaling::applied(*limits)),
            Change::Clear(Section::Scaling) => self.scaling = None,
            _ => {}
        }
        self.apply(change);
    }

    /// What AWS has after a change.
    pub fn apply(&mut self, change: &Change) {
        let (section, value) = match change {
            Change::Put(value) => (value.section(), Some(value.clone())),
            Change::Clear(section) => (section.clone(), None),
        };
        if section == Section::ResourcePolicy {
            // It was all that there is.
            let statements = self.values.iter_mut().filter(|(of, _)| of.is_permission());
            statements.for_each(|(_, statement)| *statement = None);
        }
        self.values.insert(section, value);
    }
}

/// One change to a section, which takes effect at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is as this from now on.
    Put(Value),
    /// It is AWS's default, or gone.
    Clear(Section),
}

impl Change {
    /// The section that it changes.
    pub fn section(&self) -> Section {
        match self {
            Self::Put(value) => value.section(),
            Self::Clear(section) => section.clone(),
        }
    }

    /// Whether it gives the function another revision.
    pub fn moves_revision(&self) -> bool {
        let section = self.section();
        section.is_permission() || section == Section::ResourcePolicy
    }

    /// What changes, from what to what, for an Event.
    pub fn told(&self, before: &Has) -> String {
        let section = self.section();
        let was = before.values.get(&section).and_then(Option::as_ref).map(ToString::to_string);
        let is = match self {
            Self::Put(value) => Some(value.to_string()),
            Self::Clear(_) => None,
        };
        text::changed(&section.noun(), was.as_deref(), is.as_deref())
    }
}

/// What changes, from what to what, for an Event.
pub fn told(changes: &[Change], before: &Has) -> String {
    changes.iter().map(|change| change.told(before)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_known_by_its_path() {
        for path in OF_FUNCTIONS.iter().chain(&OF_ALIASES).filter(|path| **path != PERMISSIONS) {
            assert_eq!(Section::from_path(path).unwrap().path(), *path);
        }
        let statement = Section::Permission("s3".into());
        assert_eq!(Section::from_path("permissions.s3"), Some(statement.clone()));
        assert_eq!(Section::from_path("permissionss3"), None);
        assert!(statement.is_covered_by("permissions") && statement.is_covered_by("permissions.s3"));
        assert!(!statement.is_covered_by("permissions.s4") && !Section::Url.is_covered_by("permissions"));
    }
}
