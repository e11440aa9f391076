//! What can be changed about a function in AWS, in plain data. Part of `plan`; `execute` carries it out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::function::desired::Package;
use crate::function::model::{Configuration, Field, Observed, Publication};
use crate::section::{Change, Section};
use crate::text;

/// One change to a function in AWS.
#[derive(Clone, PartialEq, Eq)]
pub enum Action {
    /// CreateFunction.
    Create {
        /// Its configuration.
        configuration: Box<Configuration>,
        /// Its package.
        package: Box<Package>,
        /// The user's tags and the owner's.
        tags: BTreeMap<String, String>,
        /// ARN of the code-signing configuration.
        code_signing: Option<String>,
    },
    /// TagResource with the owner's tags: from now on the function is this object's.
    Own {
        /// The owner's tags.
        tags: BTreeMap<String, String>,
    },
    /// UpdateFunctionConfiguration with some of the fields.
    UpdateConfiguration {
        /// Values.
        configuration: Box<Configuration>,
        /// The fields that are sent.
        fields: BTreeSet<Field>,
        /// The code has to be sent after it, although no difference may be left to see.
        then_code: bool,
    },
    /// UpdateFunctionCode.
    UpdateCode {
        /// What is sent.
        package: Box<Package>,
        /// The hash of the code that it takes the place of.
        replaces: String,
    },
    /// TagResource.
    Tag {
        /// Tags to set.
        tags: BTreeMap<String, String>,
    },
    /// UntagResource.
    Untag {
        /// Keys to remove.
        keys: Vec<String>,
    },
    /// PutFunctionConcurrency.
    PutConcurrency(i32),
    /// DeleteFunctionConcurrency.
    DeleteConcurrency,
    /// PutFunctionCodeSigningConfig with this ARN.
    LinkCodeSigning(String),
    /// DeleteFunctionCodeSigningConfig.
    UnlinkCodeSigning,
    /// Nothing: what was changed has given the function a new revision, which is needed now.
    Reread,
    /// Reads sections, to go on from what they are.
    Look(BTreeSet<Section>),
    /// Changes sections, in order.
    Sections(Vec<Change>),
    /// ListVersionsByFunction: which versions others have published.
    ListVersions,
    /// PublishVersion.
    Publish {
        /// What is sent.
        publication: Publication,
        /// The fingerprint of the configuration that is published.
        fingerprint: String,
        /// The largest number of a version that is known to be there.
        newest_known: i64,
        /// How often this configuration and code was published before.
        attempts: i32,
    },
    /// DeleteFunction of a version of ours that failed, if nothing uses it.
    Discard {
        /// Its number.
        version: i64,
    },
    /// DeleteFunction of versions of ours, as far as nothing uses them.
    Retire {
        /// Their numbers.
        versions: Vec<i64>,
    },
    /// DeleteFunction of a function whose creation failed, if it has no version and no alias.
    Replace,
    /// StopDurableExecution of some.
    Stop {
        /// Their ARNs.
        executions: Vec<String>,
    },
    /// DeleteFunction.
    Delete,
    /// UntagResource of the owner's tags.
    Disown {
        /// Keys to remove.
        keys: Vec<String>,
    },
}

impl Action {
    /// What people are told once AWS has taken a change of something that the function merely has. Keys of tags, no values.
    pub(super) fn told(&self, before: &Observed) -> String {
        let reserved = before.live.as_ref().and_then(|live| live.reserved_concurrency);
        let reserved = reserved.map(|value| value.to_string());
        let link = before.code_signing.as_deref().filter(|arn| !arn.is_empty());
        let concurrency =
            |after: Option<&str>| text::changed("reserved concurrency", reserved.as_deref(), after);
        let signing = |after: Option<&str>| text::changed("code-signing configuration", link, after);
        match self {
            Self::Tag { tags } => text::tags_set(tags.keys()),
            Self::Untag { keys } => text::tags_removed(keys),
            Self::PutConcurrency(value) => concurrency(Some(&value.to_string())),
            Self::DeleteConcurrency => concurrency(None),
            Self::LinkCodeSigning(arn) => signing(Some(arn)),
            Self::UnlinkCodeSigning => signing(None),
            other => format!("{other:?}."),
        }
    }
}

/// Names what changes, never a value of the environment. For logs.
impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { .. } => f.write_str("CreateFunction"),
            Self::Own { .. } => f.write_str("TagResource(owner)"),
            Self::UpdateConfiguration { fields, .. } => write!(f, "UpdateFunctionConfiguration{fields:?}"),
            Self::UpdateCode { package, .. } => write!(f, "UpdateFunctionCode({:?})", package.code.source),
            Self::Tag { tags } => write!(f, "TagResource{:?}", tags.keys()),
            Self::Untag { keys } => write!(f, "UntagResource{keys:?}"),
            Self::PutConcurrency(value) => write!(f, "PutFunctionConcurrency({value})"),
            Self::DeleteConcurrency => f.write_str("DeleteFunctionConcurrency"),
            Self::LinkCodeSigning(arn) => write!(f, "PutFunctionCodeSigningConfig({arn})"),
            Self::UnlinkCodeSigning => f.write_str("DeleteFunctionCodeSigningConfig"),
            Self::Reread => f.write_str("GetFunction"),
            Self::Look(sections) => write!(f, "Get{sections:?}"),
            Self::Sections(changes) => changes.fmt(f),
            Self::ListVersions => f.write_str("ListVersionsByFunction"),
            Self::Publish { publication, .. } => {
                let to = if publication.latest { ", LATEST_PUBLISHED" } else { "" };
                write!(f, "PublishVersion({}{to})", publication.code_sha256)
            }
            Self::Discard { version } => write!(f, "DeleteFunction(failed version {version})"),
            Self::Retire { versions } => write!(f, "DeleteFunction(versions {versions:?})"),
            Self::Replace => f.write_str("DeleteFunction(failed creation)"),
            Self::Stop { executions } => write!(f, "StopDurableExecution{executions:?}"),
            Self::Delete => f.write_str("DeleteFunction"),
            Self::Disown { .. } => f.write_str("UntagResource(owner)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::plan_tests::observed;

    #[test]
    fn changes_are_told_in_words_and_without_the_values_of_tags() {
        let mut before = observed();
        if let Some(live) = &mut before.live {
            live.reserved_concurrency = Some(3);
        }
        before.code_signing = Some(String::new());
        let tags = BTreeMap::from([("env".into(), "hunter2".into()), ("team".into(), "a".into())]);
        for (action, text) in [
            (Action::Tag { tags }, "Set the tags env, team."),
            (Action::Untag { keys: vec!["old".into()] }, "Removed the tags old."),
            (Action::PutConcurrency(5), "Changed the reserved concurrency: 3 → 5."),
            (Action::DeleteConcurrency, "Changed the reserved concurrency: 3 → none."),
            (
                Action::LinkCodeSigning("arn:c".into()),
                "Changed the code-signing configuration: none → arn:c.",
            ),
        ] {
            assert_eq!(action.told(&before), text);
        }
    }
}
