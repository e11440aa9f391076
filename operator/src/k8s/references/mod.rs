//! What objects refer to: Secrets and ConfigMaps, and other objects of the group. Who uses which, and at which version.
//!
//! [`index`] is synchronous and tested without a cluster; [`watch`] feeds it with Secrets and ConfigMaps, of which only
//! uid and resourceVersion are kept, and each controller with its own kind. [`read`] fetches what a visit needs.

mod index;
mod read;
mod wake;
mod watch;

pub use index::References;
pub use read::{Contents, is_forbidden, read};
pub use wake::{Waker, Woken};

use lambda_operator_crds::ReferenceVersion;

/// An object by namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

/// What can be referred to, and every kind that refers to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum ReferenceKind {
    Secret,
    ConfigMap,
    LambdaFunction,
    LambdaAlias,
    LambdaLayer,
    EventSourceMapping,
    CodeSigningConfig,
    CapacityProvider,
    LambdaInvocation,
    LambdaAccount,
}

impl ReferenceKind {
    /// The kind's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
            Self::LambdaFunction => "LambdaFunction",
            Self::LambdaAlias => "LambdaAlias",
            Self::LambdaLayer => "LambdaLayer",
            Self::EventSourceMapping => "EventSourceMapping",
            Self::CodeSigningConfig => "CodeSigningConfig",
            Self::CapacityProvider => "CapacityProvider",
            Self::LambdaInvocation => "LambdaInvocation",
            Self::LambdaAccount => "LambdaAccount",
        }
    }

    /// Whether objects of this kind are the operator's own.
    pub fn is_of_the_group(self) -> bool {
        !matches!(self, Self::Secret | Self::ConfigMap)
    }
}

/// An object by kind, namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReferenceKey {
    /// Which kind.
    pub kind: ReferenceKind,
    /// Where.
    pub object: ObjectKey,
}

impl ReferenceKey {
    /// An object of a namespace.
    pub fn new(kind: ReferenceKind, namespace: &str, name: &str) -> Self {
        Self { kind, object: ObjectKey { namespace: namespace.to_owned(), name: name.to_owned() } }
    }

    /// The version of the object as the status stores it; `None`: it does not exist.
    pub fn at(&self, version: Option<&Version>) -> ReferenceVersion {
        ReferenceVersion {
            kind: self.kind.as_str().to_owned(),
            name: self.object.name.clone(),
            uid: version.map(|version| version.uid.clone()),
            resource_version: version.map(|version| version.resource_version.clone()),
            value: None,
        }
    }

    /// What the object offers as the status stores it; `None`: it does not exist.
    pub fn offering(&self, offer: Option<&Offer>) -> ReferenceVersion {
        ReferenceVersion {
            kind: self.kind.as_str().to_owned(),
            name: self.object.name.clone(),
            uid: offer.map(|offer| offer.uid.clone()),
            resource_version: None,
            value: offer.filter(|offer| offer.is_usable()).map(Offer::value),
        }
    }
}

/// The version of a referenced Secret or ConfigMap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
}

/// What an object of the group offers to those that refer to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// `metadata.uid`.
    pub uid: String,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// Why it can't be used; `None`: it can, unless it is being deleted.
    pub unready: Option<String>,
    /// Whether AWS has what its present generation says.
    pub settled: bool,
    /// The account that its resource is in.
    pub account: String,
    /// The region that its resource is in.
    pub region: String,
    /// The resource's name in AWS, where it has one.
    pub name: String,
    /// The resource's ARN.
    pub arn: String,
    /// Its newest published version that is ready for use, where it has versions: a number, of a layer the ARN.
    pub version: Option<String>,
}

impl Offer {
    /// Whether somebody may build on it.
    pub fn is_usable(&self) -> bool {
        !self.deleting && self.unready.is_none()
    }

    /// What those that refer to it get: when this changes, they have to look again.
    fn value(&self) -> String {
        match &self.version {
            Some(version) if version.starts_with("arn:") => version.clone(),
            Some(version) => format!("{}:{version}", self.arn),
            None => self.arn.clone(),
        }
    }
}
